// The models that judge candidates: Fourier series and eclipses, by BIC.
// See scope.periods.kernels.fourier and scope.periods.kernels.eclipse for the formulas.

#define MAX_SIZE (2 * MAX_ORDER + 1)

// Explained variance of each order by one Cholesky factor; the highest order that the
// points constrain. w: cos and sin sums of the weights at harmonics 1 .. 2 order; y: of the
// weighted magnitudes at 1 .. order.
__device__ int explained_by(const double* y, const double* w, int order, double* explained) {
    double factor[MAX_SIZE][MAX_SIZE], solution[MAX_SIZE];
    // Row 0 belongs to the constant, whose matrix element is the sum of weights, 1.
    factor[0][0] = 1.0;
    solution[0] = 0.0;
    double total = 0.0;
    for (int row = 1; row < 2 * order + 1; ++row) {
        const int p = (row + 1) / 2;
        const bool p_sine = row % 2 == 0;
        for (int col = 0; col <= row; ++col) {
            double value;
            if (col == 0) {
                value = w[p_sine ? 2 * p - 1 : 2 * p - 2];
            } else {
                const int q = (col + 1) / 2, d = p - q;
                const bool q_sine = col % 2 == 0;
                if (p_sine == q_sine) {
                    const double difference = d == 0 ? 1.0 : w[2 * d - 2];
                    const double both = w[2 * (p + q) - 2];
                    value = p_sine ? 0.5 * (difference - both) : 0.5 * (difference + both);
                } else {
                    const double difference = d == 0 ? 0.0 : w[2 * d - 1];
                    const double both = w[2 * (p + q) - 1];
                    value = p_sine ? 0.5 * (both + difference) : 0.5 * (both - difference);
                }
            }
            for (int i = 0; i < col; ++i) value -= factor[row][i] * factor[col][i];
            if (col < row) factor[row][col] = value / factor[col][col];
            else if (value < FOURIER_SINGULAR) return p - 1;
            else factor[row][row] = sqrt(value);
        }
        double value = y[p_sine ? 2 * p - 1 : 2 * p - 2];
        for (int i = 0; i < row; ++i) value -= factor[row][i] * solution[i];
        solution[row] = value / factor[row][row];
        total += solution[row] * solution[row];
        if (p_sine) explained[p] = total;
    }
    return order;
}

// The sums of one frequency over the points, for series of up to ORDER harmonics.
template <int ORDER>
__device__ void harmonic_sums(
    const double* time, const double* weight, const double* weighted, i64 n, double frequency,
    double* y_out, double* w_out
) {
    double w[4 * ORDER], y[2 * ORDER];
#pragma unroll
    for (int i = 0; i < 4 * ORDER; ++i) w[i] = 0.0;
#pragma unroll
    for (int i = 0; i < 2 * ORDER; ++i) y[i] = 0.0;
    for (i64 j = 0; j < n; ++j) {
        const double2 first = turn(time[j] * frequency);
        const double a = weight[j], b = weighted[j];
        double2 at = first;
#pragma unroll
        for (int k = 0; k < 2 * ORDER; ++k) {
            w[2 * k] = fma(a, at.x, w[2 * k]);
            w[2 * k + 1] = fma(a, at.y, w[2 * k + 1]);
            if (k < ORDER) {
                y[2 * k] = fma(b, at.x, y[2 * k]);
                y[2 * k + 1] = fma(b, at.y, y[2 * k + 1]);
            }
            at = times(at, first);
        }
    }
    // Copied, since indexing the sums by a variable would keep them out of registers.
#pragma unroll
    for (int i = 0; i < 4 * ORDER; ++i) w_out[i] = w[i];
#pragma unroll
    for (int i = 0; i < 2 * ORDER; ++i) y_out[i] = y[i];
}

// Highest order that the observed cycles can vouch for; see cycle_order of the CPU's kernel.
__device__ int cycle_order(double frequency, double span) {
    const double solar = rint(frequency);
    const double sidereal = rint(frequency / SIDEREAL) * SIDEREAL;
    double slow = frequency;
    if (solar > 0.0) {
        slow = fabs(frequency - solar) < slow ? fabs(frequency - solar) : slow;
        slow = fabs(frequency - sidereal) < slow ? fabs(frequency - sidereal) : slow;
    }
    const double order = slow * span / CYCLES_PER_ORDER;
    return order < 1.0 ? 1 : order < MAX_ORDER ? (int)order : MAX_ORDER;
}

// Smallest criterion over orders and its order at centres[i] + lanes[m], one thread each.
// Windows of request r: window_starts[r] and up; each request has lanes of its own.
KERNEL __launch_bounds__(128) fourier_bic(
    int n_requests, const i64* offsets, const double* time, const double* weight,
    const double* weighted, const double* variance, const double* span, const int* max_order,
    const i64* window_starts, const double* centres, int n_lanes, const double* lanes, double* bic, signed char* order
) {
    const i64 at = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    const i64 window = at / n_lanes;
    if (window >= window_starts[n_requests]) return;
    const int r = owner(window_starts, n_requests, window);
    const double frequency = centres[window] + lanes[(i64)r * n_lanes + at % n_lanes];
    const i64 low = offsets[r], n = offsets[r + 1] - low;
    const double *t = time + low, *a = weight + low, *b = weighted + low;
    double w[4 * MAX_ORDER], y[2 * MAX_ORDER], explained[MAX_ORDER + 1];
    switch (max_order[r]) {
        case 1: harmonic_sums<1>(t, a, b, n, frequency, y, w); break;
        case 2: harmonic_sums<2>(t, a, b, n, frequency, y, w); break;
        case 3: harmonic_sums<3>(t, a, b, n, frequency, y, w); break;
        case 4: harmonic_sums<4>(t, a, b, n, frequency, y, w); break;
        case 5: harmonic_sums<5>(t, a, b, n, frequency, y, w); break;
        default: harmonic_sums<6>(t, a, b, n, frequency, y, w);
    }
    const int vouched = cycle_order(frequency, span[r]);
    const int limit = max_order[r] < vouched ? max_order[r] : vouched;
    const int top = explained_by(y, w, limit, explained);
    const double log_n = log((double)n);
    double best = 0.0;
    int best_order = 0;
    for (int k = 1; k <= top; ++k) {
        const double left = 1.0 - explained[k] / variance[r];
        const double value = (double)n * log(left > 1e-12 ? left : 1e-12) + 2.0 * k * log_n;
        if (value < best) {
            best = value;
            best_order = k;
        }
    }
    bic[at] = best;
    order[at] = (signed char)best_order;
}

#define ECLIPSE_THREADS 128
// Weights are summed as integers of this, so that their order does not matter: finer than
// what float64 resolves of their sum, which is 1.
#define FIXED 1152921504606846976.0

// The best box of one width or more, and the largest weight that any box holds.
struct Box {
    double gain;
    double heaviest;
    int first;
    int width;
};

// Boxes around the same points tie but for rounding: the earlier and narrower one wins.
__device__ inline Box better_box(Box a, Box b) {
    Box best = a.first < b.first ? a : b;
    if (a.gain > b.gain * ECLIPSE_BETTER) best = a;
    if (b.gain > a.gain * ECLIPSE_BETTER) best = b;
    best.heaviest = a.heaviest > b.heaviest ? a.heaviest : b.heaviest;
    return best;
}

// Sums of the points up to each phase bin: weights, weighted magnitudes and their number.
struct Sums {
    i64 w, y;
    int number;
};

// Sums of one folded light curve up to each phase bin, running twice around the cycle.
// Weighted magnitudes are summed in integers of 1 / `scale`. `work` has room for two sets.
__device__ void fold(
    const double* time, const double* weight, const double* weighted, i64 n, double frequency,
    double scale, Sums* work, double* w, double* y, int* number
) {
    const int me = threadIdx.x;
    Sums *from = work, *to = work + ECLIPSE_BINS + 1;
    if (me <= ECLIPSE_BINS) {
        from[me].w = from[me].y = 0;
        from[me].number = 0;
    }
    __syncthreads();
    for (i64 j = me; j < n; j += ECLIPSE_THREADS) {
        const int b = bin_at(time[j], frequency, ECLIPSE_BINS) + 1;
        atomicAdd((u64*)&from[b].w, (u64)(i64)rint(weight[j] * FIXED));
        atomicAdd((u64*)&from[b].y, (u64)(i64)rint(weighted[j] * scale));
        atomicAdd(&from[b].number, 1);
    }
    __syncthreads();
    for (int step = 1; step <= ECLIPSE_BINS; step *= 2) {
        if (me <= ECLIPSE_BINS) {
            Sums sums = from[me];
            if (me >= step) {
                sums.w += from[me - step].w;
                sums.y += from[me - step].y;
                sums.number += from[me - step].number;
            }
            to[me] = sums;
        }
        __syncthreads();
        Sums* const written = to;
        to = from;
        from = written;
    }
    const Sums all = from[ECLIPSE_BINS];
    for (int b = me; b <= 2 * ECLIPSE_BINS; b += ECLIPSE_THREADS) {
        const bool again = b > ECLIPSE_BINS;
        const Sums sums = from[again ? b - ECLIPSE_BINS : b];
        w[b] = (double)(sums.w + (again ? all.w : 0)) / FIXED;
        y[b] = (double)(sums.y + (again ? all.y : 0)) / scale;
        number[b] = sums.number + (again ? all.number : 0);
    }
    __syncthreads();
}

// Most explained variance of one fainter box; width 0 where there is none.
__device__ Box one_box(const double* w_to, const double* y_to, const int* number, Box* boxes) {
    const int widths[] = {ECLIPSE_WIDTHS};
    const int b = threadIdx.x;
    Box best = {0.0, 0.0, b, 0};
    if (b < ECLIPSE_BINS) {
        for (int i = 0; i < (int)(sizeof(widths) / sizeof(int)); ++i) {
            const int d = widths[i];
            const double w = w_to[b + d] - w_to[b], y = y_to[b + d] - y_to[b];
            const double rest = w * (1.0 - w);
            const double gain = y * y / (rest > ECLIPSE_TINY ? rest : ECLIPSE_TINY);
            if (y > 0.0 && number[b + d] - number[b] >= ECLIPSE_MIN_POINTS
                && gain > best.gain * ECLIPSE_BETTER) {
                best.gain = gain;
                best.width = d;
            }
            best.heaviest = w;
        }
    }
    boxes[b] = best;
    __syncthreads();
    for (int half = ECLIPSE_THREADS / 2; half > 0; half /= 2) {
        if (b < half) boxes[b] = better_box(boxes[b], boxes[b + half]);
        __syncthreads();
    }
    return boxes[0];
}

// Most explained variance with a second fainter box beside the first; 0: none.
__device__ double second_box(
    const double* w_to, const double* y_to, const int* number, Box one, double* scratch
) {
    const int widths[] = {ECLIPSE_WIDTHS};
    const double w1 = w_to[one.first + one.width] - w_to[one.first];
    const double y1 = y_to[one.first + one.width] - y_to[one.first];
    const double inside = y1 * y1 / w1;
    double best = 0.0;
    for (int i = 0; i < (int)(sizeof(widths) / sizeof(int)); ++i) {
        const int d = widths[i];
        const int last = one.first + ECLIPSE_BINS - d;
        for (int b = one.first + one.width + threadIdx.x; b <= last; b += ECLIPSE_THREADS) {
            const int a = b < ECLIPSE_BINS ? b : b - ECLIPSE_BINS;
            const double w = w_to[a + d] - w_to[a], y = y_to[a + d] - y_to[a];
            const double rest = y1 + y, outside = 1.0 - w1 - w;
            if (outside < 1e-6 || number[a + d] - number[a] < ECLIPSE_MIN_POINTS) continue;
            const double gain = inside + y * y / w + rest * rest / outside;
            if (gain > best && y * outside > -rest * w) best = gain;
        }
    }
    const int me = threadIdx.x;
    scratch[me] = best;
    __syncthreads();
    for (int half = ECLIPSE_THREADS / 2; half > 0; half /= 2) {
        if (me < half && scratch[me + half] > scratch[me]) scratch[me] = scratch[me + half];
        __syncthreads();
    }
    return scratch[0];
}

// What two disjoint boxes explain at most; see _pair_bound of the CPU's kernel.
__device__ inline double pair_bound(double gain, double w1, double heaviest) {
    const double rest = 1.0 - w1, others = 1.0 - heaviest;
    const double r = sqrt(
        w1 / (rest > ECLIPSE_TINY ? rest : ECLIPSE_TINY) * heaviest
        / (others > ECLIPSE_TINY ? others : ECLIPSE_TINY)
    );
    return r >= 1.0 ? -NEGATIVE_INFINITY : 2.0 * gain / (1.0 - r);
}

__device__ inline double criterion(i64 n, double explained, double price) {
    const double left = 1.0 - explained;
    return (double)n * log(left > ECLIPSE_TINY ? left : ECLIPSE_TINY) + price * log((double)n);
}

// Criteria of one and of two boxes at each frequency, one block of ECLIPSE_THREADS each.
// `bound` is what a second box can at best bring; where that does not undercut `ceiling`
// no second one is tried and `two` is 0.
KERNEL __launch_bounds__(ECLIPSE_THREADS) eclipse_boxes(
    int n_requests, const i64* offsets, const double* time, const double* weight,
    const double* weighted, const double* variance, const double* scale, const double* ceiling,
    const i64* frequency_starts, const double* frequencies, double* one, double* bound, double* two
) {
    __shared__ Sums work[2 * (ECLIPSE_BINS + 1)];
    __shared__ double w[2 * ECLIPSE_BINS + 1], y[2 * ECLIPSE_BINS + 1];
    __shared__ int number[2 * ECLIPSE_BINS + 1];
    __shared__ Box boxes[ECLIPSE_THREADS];
    __shared__ double scratch[ECLIPSE_THREADS];
    const i64 at = blockIdx.x;
    const int r = owner(frequency_starts, n_requests, at);
    const i64 low = offsets[r], n = offsets[r + 1] - low;
    fold(
        time + low, weight + low, weighted + low, n, frequencies[at], scale[r], work, w, y, number
    );
    const Box box = one_box(w, y, number, boxes);
    double with_one = 0.0, limit = 0.0, with_two = 0.0;
    if (box.width > 0) {
        with_one = criterion(n, box.gain / variance[r], 3.0);
        const double w1 = w[box.first + box.width] - w[box.first];
        limit = criterion(n, pair_bound(box.gain, w1, box.heaviest) / variance[r], 6.0);
        if (limit < (ceiling[r] < 0.0 ? ceiling[r] : 0.0))
            with_two = criterion(n, second_box(w, y, number, box, scratch) / variance[r], 6.0);
    }
    if (threadIdx.x == 0) {
        one[at] = with_one;
        bound[at] = limit;
        two[at] = with_two;
    }
}

// The smaller criterion at each frequency, one thread per request: in the order of the
// frequencies, a second box counts only where it could have undercut all before.
KERNEL eclipse_settle(
    int n_requests, const double* ceiling, const i64* frequency_starts, const double* one,
    const double* bound, const double* two, double* bic, signed char* boxes
) {
    const int r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= n_requests) return;
    double lowest = ceiling[r];
    for (i64 i = frequency_starts[r]; i < frequency_starts[r + 1]; ++i) {
        double best = 0.0;
        signed char kind = 0;
        if (one[i] < best) {
            best = one[i];
            kind = 1;
        }
        if (bound[i] < (lowest < 0.0 ? lowest : 0.0) && two[i] < best) {
            best = two[i];
            kind = 2;
        }
        bic[i] = best;
        boxes[i] = kind;
        lowest = best < lowest ? best : lowest;
    }
}
