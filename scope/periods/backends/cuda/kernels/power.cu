// Lomb-Scargle power over a whole grid, summed directly in float64.
//
// The sums over points at the frequency f + k df are those of a product of matrices,
//
//     sum_j a_j e^{2 pi i (f + k df) t_j} = sum_j [a_j e^{2 pi i f t_j}] [e^{2 pi i k df t_j}]
//
// so a block of GROUPS centres f and PAIRS offsets +-(k + 1/2) df needs one sine and cosine
// per point and centre, and two fused multiply-adds per point, frequency and sum: both
// members of a pair share four real products. Three sums make the power: the weighted
// magnitudes at f, the weights at f and at 2f (Press & Rybicki 1989, ApJ 338, 277).

#define GROUPS 32
#define PAIRS 32
#define WIDTH (2 * PAIRS)
#define POINTS 16
#define STRIDE 8
#define TABLE (STRIDE + 2)
#define POWER_THREADS 256

// Power from the sums; see scope.periods.kernels.power.
__device__ inline double power_of(
    double yc, double ys, double c1, double s1, double c2, double s2, double variance
) {
    const double cc = 0.5 + 0.5 * c2 - c1 * c1;
    const double ss = 0.5 - 0.5 * c2 - s1 * s1;
    const double cs = 0.5 * s2 - c1 * s1;
    const double determinant = cc * ss - cs * cs;
    if (!(determinant >= POWER_SINGULAR)) return 0.0;
    return (ss * yc * yc + cc * ys * ys - 2.0 * cs * yc * ys) / (determinant * variance);
}

// Per point: e^{i (q + 1/2) a} for q < STRIDE, e^{i STRIDE a}, e^{i STRIDE WIDTH a}, of
// a = 2 pi df t. One thread per point.
KERNEL power_table(
    int n_curves, const i64* offsets, const double* time, const double* df, double2* table
) {
    const i64 j = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= offsets[n_curves]) return;
    const double cycles = time[j] * df[owner(offsets, n_curves, j)];
    double2* const mine = table + j * TABLE;
    for (int q = 0; q < STRIDE; ++q) mine[q] = turn(cycles * (q + 0.5));
    mine[STRIDE] = turn(cycles * STRIDE);
    mine[STRIDE + 1] = turn(cycles * (STRIDE * WIDTH));
}

__device__ inline void multiply(double sum[4], double2 a, double2 b) {
    sum[0] = fma(a.x, b.x, sum[0]);
    sum[1] = fma(a.y, b.y, sum[1]);
    sum[2] = fma(a.y, b.x, sum[2]);
    sum[3] = fma(a.x, b.y, sum[3]);
}

// One block of POWER_THREADS per GROUPS * WIDTH frequencies df * (first + k) of one curve.
// A thread keeps the sums of two groups by two pairs.
KERNEL __launch_bounds__(POWER_THREADS, 2) power_scan(
    int n_curves, const i64* offsets, const double* time, const double* weight,
    const double* weighted, const double2* table, const double* df, const i64* first,
    const i64* n_freq, const double* variance, const i64* block_starts, const i64* out_starts,
    double* out
) {
    __shared__ double2 centre_y[POINTS][GROUPS];
    __shared__ double2 centre_w[POINTS][GROUPS];
    __shared__ double2 centre_v[POINTS][GROUPS];
    __shared__ double2 offset_1[POINTS][PAIRS];
    __shared__ double2 offset_2[POINTS][PAIRS];
    const int curve = owner(block_starts, n_curves, blockIdx.x);
    const i64 start = (blockIdx.x - block_starts[curve]) * (GROUPS * WIDTH);
    const i64 low = offsets[curve], high = offsets[curve + 1];
    const int me = threadIdx.x;
    // A warp covers 4 groups by 8 pairs, so that few distinct words leave shared memory.
    const int lane = me % 32, warp = me / 32;
    const int pair = lane % 8 + 8 * (warp % 2);
    const int group = lane / 8 + 4 * (warp / 2);
    const int row = me % 128 / STRIDE, column = me % STRIDE;
    const double middle = (double)(first[curve] + start) + (column * WIDTH + PAIRS - 0.5);
    const double centre = df[curve] * middle;

    double sum_y[2][2][4] = {}, sum_w[2][2][4] = {}, sum_v[2][2][4] = {};
    for (i64 base = low; base < high; base += POINTS) {
        const i64 j = base + row;
        const bool there = j < high;
        const double2* const mine = table + (there ? j : low) * TABLE;
        __syncthreads();
        if (me < 128) {
            const double a = there ? weighted[j] : 0.0, b = there ? weight[j] : 0.0;
            double2 at = turn((there ? time[j] : 0.0) * centre);
            const double2 step = mine[STRIDE + 1];
            for (int g = column; g < GROUPS; g += STRIDE) {
                const double2 twice = doubled(at);
                centre_y[row][g] = make_double2(a * at.x, a * at.y);
                centre_w[row][g] = make_double2(b * at.x, b * at.y);
                centre_v[row][g] = make_double2(b * twice.x, b * twice.y);
                at = times(at, step);
            }
        } else {
            double2 at = mine[column];
            const double2 step = mine[STRIDE];
            for (int k = column; k < PAIRS; k += STRIDE) {
                offset_1[row][k] = at;
                offset_2[row][k] = doubled(at);
                at = times(at, step);
            }
        }
        __syncthreads();
        // Unrolled, the sums would not stay in registers.
#pragma unroll 1
        for (int p = 0; p < POINTS; ++p) {
#pragma unroll
            for (int k = 0; k < 2; ++k) {
                const double2 once = offset_1[p][pair + 16 * k];
                const double2 twice = offset_2[p][pair + 16 * k];
#pragma unroll
                for (int g = 0; g < 2; ++g) {
                    multiply(sum_y[g][k], centre_y[p][group + 16 * g], once);
                    multiply(sum_w[g][k], centre_w[p][group + 16 * g], once);
                    multiply(sum_v[g][k], centre_v[p][group + 16 * g], twice);
                }
            }
        }
    }
    double* const mine = out + out_starts[curve];
#pragma unroll
    for (int g = 0; g < 2; ++g) {
#pragma unroll
        for (int k = 0; k < 2; ++k) {
            const double *y = sum_y[g][k], *w = sum_w[g][k], *v = sum_v[g][k];
            const i64 above = start + (group + 16 * g) * WIDTH + PAIRS + pair + 16 * k;
            const i64 below = above - 1 - 2 * (pair + 16 * k);
            if (above < n_freq[curve])
                mine[above] = power_of(
                    y[0] - y[1], y[2] + y[3], w[0] - w[1], w[2] + w[3], v[0] - v[1], v[2] + v[3],
                    variance[curve]
                );
            if (below < n_freq[curve])
                mine[below] = power_of(
                    y[0] + y[1], y[2] - y[3], w[0] + w[1], w[2] - w[3], v[0] + v[1], v[2] - v[3],
                    variance[curve]
                );
        }
    }
}

// Power at any frequencies, one thread each; NaN where the frequency is NaN.
KERNEL power_at(
    int n_curves, const i64* offsets, const double* time, const double* weight,
    const double* weighted, const double* variance, const i64* frequency_starts,
    const double* frequencies, double* out
) {
    const i64 at = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= frequency_starts[n_curves]) return;
    const int curve = owner(frequency_starts, n_curves, at);
    const double frequency = frequencies[at];
    if (isnan(frequency)) {
        out[at] = NOT_A_NUMBER;
        return;
    }
    double yc = 0.0, ys = 0.0, c1 = 0.0, s1 = 0.0, c2 = 0.0, s2 = 0.0;
    for (i64 j = offsets[curve]; j < offsets[curve + 1]; ++j) {
        const double2 once = turn(time[j] * frequency), twice = doubled(once);
        yc = fma(weighted[j], once.x, yc);
        ys = fma(weighted[j], once.y, ys);
        c1 = fma(weight[j], once.x, c1);
        s1 = fma(weight[j], once.y, s1);
        c2 = fma(weight[j], twice.x, c2);
        s2 = fma(weight[j], twice.y, s2);
    }
    out[at] = power_of(yc, ys, c1, s1, c2, s2, variance[curve]);
}
