// Fourier series of folded light curves, one block per curve: modified Gram-Schmidt on the
// columns line, cos 1, sin 1, cos 2, ...; see scope.features.fourier.

// FOURIER, their number, and AT_<NAME>, the column of each, come from the registry.
#define COEFFICIENTS (2 + 2 * MAX_HARMONICS)
#define FOURIER_THREADS 128

// A remainder of the sign of p, which is positive.
__device__ inline double modulo(double x, double p) {
    const double rest = fmod(x, p);
    return rest < 0.0 ? rest + p : rest;
}

__device__ double inner(const double* a, const double* b, i64 n, double* scratch) {
    double sum = 0.0;
    for (i64 i = threadIdx.x; i < n; i += FOURIER_THREADS) sum += a[i] * b[i];
    return block_sum<FOURIER_THREADS>(sum, scratch);
}

// Fill the weighted design and magnitudes; out: where the line's column is zero, half the
// span of the times, and what was taken off the magnitudes.
__device__ void fill(
    const double* t, const double* m, const double* e, i64 n, double p, double* design,
    double* residual, double* scratch, double& centre, double& half_span, double& mean
) {
    double sum_w = 0.0, sum_wt = 0.0, sum_wm = 0.0;
    for (i64 i = threadIdx.x; i < n; i += FOURIER_THREADS) {
        const double w = 1.0 / (e[i] * e[i]);
        sum_w += w;
        sum_wt += w * (t[i] - t[0]);
        sum_wm += w * (m[i] - m[0]);
    }
    sum_w = block_sum<FOURIER_THREADS>(sum_w, scratch);
    centre = t[0] + block_sum<FOURIER_THREADS>(sum_wt, scratch) / sum_w;
    mean = m[0] + block_sum<FOURIER_THREADS>(sum_wm, scratch) / sum_w;
    half_span = 0.5 * (t[n - 1] - t[0]);
    for (i64 i = threadIdx.x; i < n; i += FOURIER_THREADS) {
        const double root_w = 1.0 / e[i];
        residual[i] = (m[i] - mean) * root_w;
        design[i] = root_w;
        design[n + i] = (t[i] - centre) / half_span * root_w;
        double2 first;
        sincos(TWO_PI * modulo(t[i] - t[0], p) / p, &first.y, &first.x);
        double2 at = first;
        for (int k = 1; k <= MAX_HARMONICS; ++k) {
            design[2 * k * n + i] = at.x * root_w;
            design[(2 * k + 1) * n + i] = at.y * root_w;
            const double c = at.x * first.x - at.y * first.y;
            at.y = at.x * first.y + at.y * first.x;
            at.x = c;
        }
    }
}

// Orthogonalise columns `start` to `stop` and take them out of the residual; false, with
// the residual as it was, if a column depends on those before it. Every thread keeps to its
// own points, so that only the sums need barriers.
__device__ bool orthogonalise(
    double* design, double (*upper)[COEFFICIENTS], double* projection, double* residual, i64 n,
    int start, int stop, double* scratch
) {
    const int me = threadIdx.x;
    for (int j = start; j < stop; ++j) {
        double* const column = design + j * n;
        const double before = sqrt(inner(column, column, n, scratch));
        for (int i = 0; i < j; ++i) {
            const double share = inner(design + i * n, column, n, scratch);
            if (me == 0) upper[i][j] = share;
            for (i64 k = me; k < n; k += FOURIER_THREADS) column[k] -= share * design[i * n + k];
        }
        const double after = sqrt(inner(column, column, n, scratch));
        if (!(after > FOURIER_DEPENDENT * before)) return false;
        if (me == 0) upper[j][j] = after;
        for (i64 k = me; k < n; k += FOURIER_THREADS) column[k] /= after;
    }
    for (int j = start; j < stop; ++j) {
        const double share = inner(design + j * n, residual, n, scratch);
        if (me == 0) projection[j] = share;
        for (i64 k = me; k < n; k += FOURIER_THREADS) residual[k] -= share * design[j * n + k];
    }
    return true;
}

// One block of FOURIER_THREADS per light curve; `work` has COEFFICIENTS + 1 columns for each.
KERNEL __launch_bounds__(FOURIER_THREADS) fourier(
    const i64* offsets, const double* time, const double* mag, const double* magerr,
    double time_zero_hjd, const double* period, double* work, double* out
) {
    __shared__ double scratch[FOURIER_THREADS];
    __shared__ double upper[COEFFICIENTS][COEFFICIENTS], projection[COEFFICIENTS];
    const i64 curve = blockIdx.x, low = offsets[curve], n = offsets[curve + 1] - low;
    const int me = threadIdx.x;
    const double p = period[curve];
    double* const result = out + curve * FOURIER;
    if (me < FOURIER) result[me] = NOT_A_NUMBER;
    if (n < 2 || !(p > 0.0 && isfinite(p))) return;
    double* const design = work + low * (COEFFICIENTS + 1);
    double* const residual = design + COEFFICIENTS * n;
    double centre, half_span, mean;
    fill(
        time + low, mag + low, magerr + low, n, p, design, residual, scratch, centre, half_span, mean
    );
    double chi2_line = 0.0, chi2_best = 0.0, best_bic = -NEGATIVE_INFINITY;
    int best = -1, solved = 0;
    for (int k = 0; k <= MAX_HARMONICS; ++k) {
        const int size = 2 + 2 * k;
        if (size > n) break;
        if (!orthogonalise(design, upper, projection, residual, n, solved, size, scratch)) break;
        solved = size;
        const double chi2 = inner(residual, residual, n, scratch);
        if (k == 0) chi2_line = chi2;
        const double bic = chi2 + log((double)n) * size;
        if (bic < best_bic) {
            best = k;
            best_bic = bic;
            chi2_best = chi2;
        }
    }
    __syncthreads();
    if (me != 0 || best < 0) return;
    double coefficients[COEFFICIENTS];
    for (int i = 0; i < COEFFICIENTS; ++i) coefficients[i] = 0.0;
    for (int i = 1 + 2 * best; i >= 0; --i) {
        double value = projection[i];
        for (int j = i + 1; j < 2 + 2 * best; ++j) value -= upper[i][j] * coefficients[j];
        coefficients[i] = value / upper[i][i];
    }
    const double t0 = time[low], slope = coefficients[1] / half_span;
    result[AT_F1_POWER] = (chi2_line - chi2_best) / chi2_line;
    result[AT_F1_BIC] = best_bic;
    result[AT_F1_A] = mean + coefficients[0] + slope * (t0 - centre);
    result[AT_F1_B] = slope;
    // The fit took its phase from the first epoch, the features have it from HJD 0.
    const double epoch = TWO_PI * (modulo(time_zero_hjd, p) + modulo(t0, p)) / p;
    for (int k = 1; k <= MAX_HARMONICS; ++k) {
        const double a = coefficients[2 * k], b = coefficients[2 * k + 1];
        const double c = cos(k * epoch), s = sin(k * epoch);
        result[AT_F1_AMP + 2 * (k - 1)] = k <= best ? a * c - b * s : 0.0;
        result[AT_F1_PHI0 + 2 * (k - 1)] = k <= best ? a * s + b * c : 0.0;
    }
    for (int i = 0; i < FOURIER; ++i)
        if (!isfinite(result[i])) result[i] = NOT_A_NUMBER;
}
