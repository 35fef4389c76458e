// The 22 basic statistics, one block per light curve. Formulas as in
// scope.features.statistics and scope.features.normality; sums over points are those of the
// threads, added in a fixed order.

// STATISTICS, their number, and AT_<NAME>, the column of each, come from the registry.
#define THREADS 128

// Sums of several values over the threads of a block, in a fixed order.
template <int N>
__device__ void block_sums(double (&values)[N], double* scratch) {
    const int me = threadIdx.x;
    for (int k = 0; k < N; ++k) scratch[k * THREADS + me] = values[k];
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (me < half)
            for (int k = 0; k < N; ++k)
                scratch[k * THREADS + me] += scratch[k * THREADS + me + half];
        __syncthreads();
    }
    for (int k = 0; k < N; ++k) values[k] = scratch[k * THREADS];
    __syncthreads();
}

// Sort `size` values, a power of two, rising (bitonic; Batcher 1968).
__device__ void sort(double* values, i64 size) {
    __syncthreads();
    for (i64 run = 2; run <= size; run *= 2) {
        for (i64 apart = run / 2; apart > 0; apart /= 2) {
            for (i64 i = threadIdx.x; i < size; i += THREADS) {
                const i64 other = i ^ apart;
                if (other <= i) continue;
                const bool rising = (i & run) == 0;
                const double a = values[i], b = values[other];
                if ((a > b) == rising && a != b) {
                    values[i] = b;
                    values[other] = a;
                }
            }
            __syncthreads();
        }
    }
}

__device__ inline double median_of(const double* ordered, i64 n) {
    return n % 2 ? ordered[n / 2] : 0.5 * (ordered[n / 2 - 1] + ordered[n / 2]);
}

// As numpy.percentile: interpolated from the nearer side.
__device__ double percentile_of(const double* ordered, i64 n, double fraction) {
    const double position = fraction * (double)(n - 1);
    const i64 low = (i64)floor(position);
    if (low + 1 >= n) return ordered[n - 1];
    const double share = position - (double)low, step = ordered[low + 1] - ordered[low];
    return share >= 0.5 ? ordered[low + 1] - step * (1.0 - share) : ordered[low] + step * share;
}

__device__ double log_normal_cdf(double z) {
    const double root_half = 0.70710678118654752440, half_log_2_pi = 0.91893853320467274178;
    if (z > -20.0) {
        if (z > 0.0) return log1p(-0.5 * erfc(z * root_half));
        return log(0.5 * erfc(-z * root_half));
    }
    const double inverse = 1.0 / (z * z);
    double series = 0.0, term = 1.0;
    for (int k = 1; k < 10; ++k) {
        term *= -(2 * k - 1) * inverse;
        series += term;
    }
    return -0.5 * z * z - log(-z) - half_log_2_pi + log1p(series);
}

__device__ double normal_quantile(double p) {
    const double q = p - 0.5;
    if (fabs(q) <= 0.42) {
        const double r = q * q;
        const double above =
            ((-25.44106049637 * r + 41.39119773534) * r - 18.61500062529) * r + 2.50662823884;
        const double below =
            (((3.13082909833 * r - 21.06224101826) * r + 23.08336743743) * r - 8.47351093090) * r
            + 1.0;
        return q * above / below;
    }
    const double r = sqrt(-log(q > 0.0 ? 1.0 - p : p));
    const double above = ((2.32121276858 * r + 4.85014127135) * r - 2.29796479134) * r - 2.78718931138;
    const double below = (1.63706781897 * r + 3.54388924762) * r + 1.0;
    return q < 0.0 ? -above / below : above / below;
}

// Anderson-Darling of sorted values.
__device__ double anderson_darling(const double* ordered, i64 n, double* scratch) {
    const int me = threadIdx.x;
    if (n < 2) return NOT_A_NUMBER;
    double sums[1] = {0.0};
    for (i64 i = me; i < n; i += THREADS) sums[0] += ordered[i];
    block_sums(sums, scratch);
    const double mean = sums[0] / (double)n;
    sums[0] = 0.0;
    for (i64 i = me; i < n; i += THREADS) sums[0] += (ordered[i] - mean) * (ordered[i] - mean);
    block_sums(sums, scratch);
    const double deviation = sqrt(sums[0] / (double)(n - 1));
    if (!(deviation > 0.0)) return NOT_A_NUMBER;
    sums[0] = 0.0;
    for (i64 i = me; i < n; i += THREADS) {
        const double low = (ordered[i] - mean) / deviation;
        const double high = (ordered[n - 1 - i] - mean) / deviation;
        sums[0] += (2.0 * i + 1.0) / (double)n * (log_normal_cdf(low) + log_normal_cdf(-high));
    }
    block_sums(sums, scratch);
    return -(double)n - sums[0];
}

// Weights of the upper half of n order statistics (Royston 1995), n at least 3.
__device__ void shapiro_wilk_weights(i64 n, double* weights, double* scratch) {
    const int me = threadIdx.x;
    const i64 half = n / 2;
    if (n == 3) {
        if (me == 0) weights[0] = 0.70710678118654752440;
        __syncthreads();
        return;
    }
    double sums[1] = {0.0};
    for (i64 i = me; i < half; i += THREADS) {
        weights[i] = normal_quantile((i + 0.625) / (n + 0.25));
        sums[0] += weights[i] * weights[i];
    }
    block_sums(sums, scratch);
    const double squares = 2.0 * sums[0], norm = sqrt(squares), x = 1.0 / sqrt((double)n);
    const double first =
        ((((-2.706056 * x + 4.434685) * x - 2.07119) * x - 0.147981) * x + 0.221157) * x
        - weights[0] / norm;
    const double second =
        ((((-3.582633 * x + 5.682633) * x - 1.752461) * x - 0.293762) * x + 0.042981) * x
        - weights[1] / norm;
    const i64 start = n > 5 ? 2 : 1;
    double rest = squares - 2.0 * weights[0] * weights[0], left = 1.0 - 2.0 * first * first;
    if (n > 5) {
        rest -= 2.0 * weights[1] * weights[1];
        left -= 2.0 * second * second;
    }
    const double factor = sqrt(rest / left);
    __syncthreads();
    for (i64 i = me; i < half; i += THREADS)
        weights[i] = i >= start ? weights[i] / -factor : i == 0 ? first : second;
    __syncthreads();
}

// Shapiro-Wilk of sorted values, less some central value of theirs.
__device__ double shapiro_wilk(const double* ordered, i64 n, double* weights, double* scratch) {
    const int me = threadIdx.x;
    if (n < 3) return NOT_A_NUMBER;
    const double spread = ordered[n - 1] - ordered[0];
    if (spread < 1e-19) return 1.0;
    shapiro_wilk_weights(n, weights, scratch);
    double mean[1] = {0.0};
    for (i64 i = me; i < n; i += THREADS) mean[0] += ordered[i] / spread;
    block_sums(mean, scratch);
    double sums[3] = {0.0, 0.0, 0.0};
    for (i64 i = me; i < n; i += THREADS) {
        const i64 j = n - 1 - i;
        const double weight = i < j ? -weights[i] : i > j ? weights[j] : 0.0;
        const double deviation = ordered[i] / spread - mean[0] / (double)n;
        sums[0] += weight * weight;
        sums[1] += deviation * deviation;
        sums[2] += weight * deviation;
    }
    block_sums(sums, scratch);
    const double scale = sqrt(sums[0] * sums[1]);
    // 1 - W, from the difference of nearly equal numbers, before W itself.
    const double w = 1.0 - (scale - sums[2]) * (scale + sums[2]) / (sums[0] * sums[1]);
    return n == 3 && w < 0.75 ? 0.75 : w;
}

// Largest m - e and smallest m + e.
__device__ void block_range(double& high, double& low, double* scratch) {
    const int me = threadIdx.x;
    scratch[me] = high;
    scratch[THREADS + me] = low;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (me < half) {
            double* const other = scratch + me + half;
            if (other[0] > scratch[me]) scratch[me] = other[0];
            if (other[THREADS] < scratch[THREADS + me]) scratch[THREADS + me] = other[THREADS];
        }
        __syncthreads();
    }
    high = scratch[0];
    low = scratch[THREADS];
    __syncthreads();
}

// One block of THREADS per light curve. `work` has two runs of sizes[curve] values for each,
// the smallest power of two that holds its points.
KERNEL __launch_bounds__(THREADS) statistics(
    const i64* offsets, const double* time, const double* mag, const double* magerr,
    const i64* work_starts, double* work, double* out
) {
    __shared__ double scratch[8 * THREADS];
    const i64 curve = blockIdx.x, low = offsets[curve], n = offsets[curve + 1] - low;
    const i64 size = (work_starts[curve + 1] - work_starts[curve]) / 2;
    const int me = threadIdx.x;
    const double *t = time + low, *m = mag + low, *e = magerr + low;
    double *const ordered = work + work_starts[curve], *const spare = ordered + size;
    double* const result = out + curve * STATISTICS;
    if (me < STATISTICS) result[me] = me == AT_N ? (double)n : NOT_A_NUMBER;
    if (n == 0) return;
    __syncthreads();
    const double infinity = -NEGATIVE_INFINITY, count = (double)n;

    double means[2] = {0.0, 0.0}, bright = infinity, faint = NEGATIVE_INFINITY;
    for (i64 i = me; i < size; i += THREADS) ordered[i] = i < n ? m[i] : infinity;
    for (i64 i = me; i < n; i += THREADS) {
        const double w = 1.0 / (e[i] * e[i]);
        means[0] += w;
        means[1] += w * m[i];
        if (m[i] + e[i] < bright) bright = m[i] + e[i];
        if (m[i] - e[i] > faint) faint = m[i] - e[i];
    }
    block_sums(means, scratch);
    block_range(faint, bright, scratch);
    sort(ordered, size);
    const double sum_w = means[0], wmean = means[1] / sum_w, median = median_of(ordered, n);

    double sums[7] = {};
    for (i64 i = me; i < size; i += THREADS) spare[i] = infinity;
    for (i64 i = me; i < n; i += THREADS) {
        const double from_mean = m[i] - wmean, scaled = from_mean / e[i], square = scaled * scaled;
        sums[0] += square;
        sums[1] += square * scaled;
        sums[2] += square * square;
        sums[3] += fabs(scaled);
        sums[4] += from_mean * from_mean / (e[i] * e[i]);
        sums[5] += from_mean * from_mean - e[i] * e[i];
        spare[i] = fabs(m[i] - median);
        sums[6] += spare[i] / e[i];
    }
    block_sums(sums, scratch);
    sort(spare, size);
    const double variance = sums[4] / sum_w;
    double pairs[4] = {};
    const double bessel = count / (count - 1.0);
    for (i64 i = me; i < n - 1; i += THREADS) {
        const double dt = t[i + 1] - t[i], dm = m[i + 1] - m[i], u = 1.0 / (dt * dt);
        const double product = bessel * ((m[i] - wmean) / e[i]) * ((m[i + 1] - wmean) / e[i + 1]);
        pairs[0] += u;
        pairs[1] += u * dm * dm;
        pairs[2] += product;
        pairs[3] += copysign(sqrt(fabs(product)), product);
    }
    block_sums(pairs, scratch);
    if (me == 0) {
        result[AT_MEDIAN] = median;
        result[AT_WMEAN] = wmean;
        result[AT_CHI2RED] = sums[4] / (count - 1.0);
        result[AT_ROMS] = sums[6] / (count - 1.0);
        result[AT_WSTD] = sqrt(variance);
        result[AT_NORM_PEAK_TO_PEAK_AMP] = (faint - bright) / (faint + bright);
        result[AT_NORM_EXCESS_VAR] = sums[5] / (count * wmean * wmean);
        result[AT_MEDIAN_ABS_DEV] = median_of(spare, n);
        for (int k = 0; k < 5; ++k) {
            // 25-75, 20-80, 15-85, 10-90, 5-95 per cent.
            const double tail = (25.0 - 5.0 * k) / 100.0;
            result[AT_IQR + k] = percentile_of(ordered, n, 1.0 - tail) - percentile_of(ordered, n, tail);
        }
        if (n > 2) result[AT_SKEW] = count / ((count - 1.0) * (count - 2.0)) * sums[1];
        if (n > 3)
            result[AT_SMALLKURT] = count * (count + 1.0) / ((count - 1.0) * (count - 2.0) * (count - 3.0)) * sums[2]
                - 3.0 * ((count - 1.0) * (count - 1.0)) / ((count - 2.0) * (count - 3.0));
        if (n > 1) {
            result[AT_INV_VONNEUMANNRATIO] = pairs[0] * variance / pairs[1];
            result[AT_WELCH_I] = pairs[2];
            result[AT_STETSON_J] = pairs[3];
            // The common factor sqrt(n / (n - 1)) of numerator and denominator cancels.
            result[AT_STETSON_K] = (sums[3] / count) / sqrt(sums[0] / count);
        }
    }
    __syncthreads();
    for (i64 i = me; i < size; i += THREADS) ordered[i] = i < n ? m[i] / e[i] : infinity;
    const double centre = m[n / 2] / e[n / 2];
    sort(ordered, size);
    const double ad = anderson_darling(ordered, n, scratch);
    for (i64 i = me; i < n; i += THREADS) ordered[i] -= centre;
    __syncthreads();
    const double sw = shapiro_wilk(ordered, n, spare, scratch);
    if (me == 0) {
        result[AT_AD] = ad;
        result[AT_SW] = sw;
        for (int k = 0; k < STATISTICS; ++k)
            if (!isfinite(result[k])) result[k] = NOT_A_NUMBER;
    }
}
