// Conditional entropy and analysis of variance, over whole grids and at single frequencies.
//
// The scans hold phases as 32-bit integers of 2^-32 cycles, seeded from float64 every SEED
// frequencies, exactly as the CPU's do: the same bins, and for the entropy the same integer
// sums, to the last bit. A thread owns one frequency and a histogram of its own in shared
// memory, interleaved so that the threads of a warp never meet in a bank.

// Phase bin of one point at a single frequency, in float64.
__device__ inline int bin_at(double time, double frequency, int bins) {
    const int bin = (int)(fraction(time * frequency + NUDGE) * bins);
    return bin < bins - 1 ? bin : bins - 1;
}

// A staged point, read in one piece. x: its phase at the first frequency of the block; y: its
// step; z, w: the lower and upper half of its load.
typedef uint4 Place;

__device__ inline u32 as_phase(double cycles) {
    return (u32)(u64)(fraction(cycles + NUDGE) * 4294967296.0);
}

__device__ inline u32 as_step(double cycles) {
    return (u32)(u64)rint(fraction(cycles) * 4294967296.0);
}

__device__ inline u32 bits_of(int bins) {
    u32 bits = 0;
    while ((1 << bits) < bins) ++bits;
    return bits;
}

// Stage as many points as the block has threads, from `base` on. The lower half of a load is
// multiplied by `scale`.
__device__ inline void stage(
    Place* places, const double* time, const u64* load, i64 base, i64 high, double f0, double df,
    i64 start, u32 scale
) {
    const i64 j = base + threadIdx.x;
    const i64 seed = start / SEED * SEED;
    __syncthreads();
    if (j < high) {
        Place place;
        place.y = as_step(time[j] * df);
        place.x = as_phase(time[j] * (f0 + df * (double)seed)) + place.y * (u32)(start - seed);
        place.z = (u32)load[j] * scale;
        place.w = (u32)(load[j] >> 32);
        places[threadIdx.x] = place;
    }
    __syncthreads();
}

// The histogram of a thread has a row of words per phase bin and two 16-bit counts to a
// word, or one of 32 bits where a curve has more points than 16 bits count (`wide`). A
// point's `load` is the word of its magnitude bin within a row, and above it the one to add.
__device__ inline int words_of(int mag_bins, int wide) { return wide ? mag_bins : (mag_bins + 1) / 2; }

// Points in both magnitude bins of a word, and the sum of their table entries.
template <typename T>
__device__ inline u32 count_of(u32 word, int wide, const T* table, T& sum) {
    if (wide) {
        sum -= table[word];
        return word;
    }
    sum -= table[word & 0xffffu];
    sum -= table[word >> 16];
    return (word & 0xffffu) + (word >> 16);
}

// -H at grid frequencies f0 + df * k, one thread each. `table` holds k ln k in units of
// 1 / ENTROPY_UNIT. Dynamic shared memory: the places, then the histograms.
KERNEL entropy_scan(
    int n_curves, const i64* offsets, const double* time, const u64* level, const i64* table,
    const double* f0, const double* df, const i64* n_freq, int phase_bins, int mag_bins, int wide,
    const i64* block_starts, const i64* out_starts, double* out
) {
    DYNAMIC_SHARED(Place, places);
    u32* const cells = reinterpret_cast<u32*>(places + blockDim.x) + threadIdx.x;
    const int curve = owner(block_starts, n_curves, blockIdx.x);
    const i64 start = (blockIdx.x - block_starts[curve]) * blockDim.x;
    const i64 low = offsets[curve], high = offsets[curve + 1];
    const u32 bits = bits_of(phase_bins), rest = 32 - bits, mine = threadIdx.x;
    const int words = words_of(mag_bins, wide);
    const u32 row = (u32)words * blockDim.x;
    for (int word = 0; word < phase_bins * words; ++word) cells[word * blockDim.x] = 0;
    for (i64 base = low; base < high; base += blockDim.x) {
        stage(places, time, level, base, high, f0[curve], df[curve], start, blockDim.x);
        const int count = high - base < blockDim.x ? (int)(high - base) : (int)blockDim.x;
#pragma unroll 4
        for (int j = 0; j < count; ++j) {
            const Place place = places[j];
            const u32 phase = place.x + place.y * mine;
            const u32 bin = ((phase >> bits) * (u32)phase_bins) >> rest;
            cells[bin * row + place.z] += place.w;
        }
    }
    i64 entropy = 0;
    for (int b = 0; b < phase_bins; ++b) {
        u32 total = 0;
        for (int word = 0; word < words; ++word)
            total += count_of(cells[(b * words + word) * blockDim.x], wide, table, entropy);
        entropy += table[total];
    }
    if (start + mine < n_freq[curve])
        out[out_starts[curve] + start + mine] = (double)(-entropy) / ENTROPY_UNIT / (double)(high - low);
}

// H at any frequencies, one thread each; `table` holds k ln k. NaN where the frequency is.
KERNEL entropy_at(
    int n_curves, const i64* offsets, const double* time, const u64* level, const double* table,
    int phase_bins, int mag_bins, int wide, const i64* frequency_starts, const double* frequencies,
    double* out
) {
    DYNAMIC_SHARED(u32, all_cells);
    u32* const cells = all_cells + threadIdx.x;
    const i64 at = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= frequency_starts[n_curves]) return;
    const int curve = owner(frequency_starts, n_curves, at);
    const double frequency = frequencies[at];
    if (isnan(frequency)) {
        out[at] = NOT_A_NUMBER;
        return;
    }
    const i64 low = offsets[curve], high = offsets[curve + 1];
    const int words = words_of(mag_bins, wide);
    for (int word = 0; word < phase_bins * words; ++word) cells[word * blockDim.x] = 0;
    for (i64 j = low; j < high; ++j) {
        const u32 word = bin_at(time[j], frequency, phase_bins) * words + (u32)level[j];
        cells[word * blockDim.x] += (u32)(level[j] >> 32);
    }
    double entropy = 0.0;
    for (int b = 0; b < phase_bins; ++b) {
        u32 total = 0;
        for (int word = 0; word < words; ++word)
            total += count_of(cells[(b * words + word) * blockDim.x], wide, table, entropy);
        entropy += table[total];
    }
    out[at] = entropy / (double)(high - low);
}

// F from the sums of squares; see scope.periods.kernels.variance.
__device__ inline double f_ratio(double between, double total, i64 n, int phase_bins) {
    const double left = total - between, least = VARIANCE_PERFECT * total;
    const double within = left > least ? left : least;
    return (double)(n - phase_bins) / (phase_bins - 1.0) * between / within;
}

// F at grid frequencies, one thread each. `packed` holds a count of one above COUNT_SHIFT
// bits and the scaled magnitude below: one addition counts and sums, exactly. `mean` and
// `total` are the scaled magnitudes' mean and sum of squares about it; inverse[k] = 1 / k.
KERNEL variance_scan(
    int n_curves, const i64* offsets, const double* time, const u64* packed, const double* mean,
    const double* total, const double* inverse, const double* f0, const double* df,
    const i64* n_freq, int phase_bins, const i64* block_starts, const i64* out_starts, double* out
) {
    DYNAMIC_SHARED(Place, places);
    u64* const cells = reinterpret_cast<u64*>(places + blockDim.x) + threadIdx.x;
    const int curve = owner(block_starts, n_curves, blockIdx.x);
    const i64 start = (blockIdx.x - block_starts[curve]) * blockDim.x;
    const i64 low = offsets[curve], high = offsets[curve + 1];
    const u32 bits = bits_of(phase_bins), rest = 32 - bits, mine = threadIdx.x;
    for (int b = 0; b < phase_bins; ++b) cells[b * blockDim.x] = 0;
    for (i64 base = low; base < high; base += blockDim.x) {
        stage(places, time, packed, base, high, f0[curve], df[curve], start, 1);
        const int count = high - base < blockDim.x ? (int)(high - base) : (int)blockDim.x;
#pragma unroll 4
        for (int j = 0; j < count; ++j) {
            const Place place = places[j];
            const u32 phase = place.x + place.y * mine;
            const u32 bin = ((phase >> bits) * (u32)phase_bins) >> rest;
            cells[bin * blockDim.x] += (u64)place.w << 32 | place.z;
        }
    }
    const u64 sum_bits = (1ull << COUNT_SHIFT) - 1;
    double between = 0.0;
    for (int b = 0; b < phase_bins; ++b) {
        const u64 cell = cells[b * blockDim.x];
        const i64 number = (i64)(cell >> COUNT_SHIFT);
        const double offset = (double)(i64)(cell & sum_bits) - (double)number * mean[curve];
        between += offset * offset * inverse[number];
    }
    if (start + mine < n_freq[curve])
        out[out_starts[curve] + start + mine] = f_ratio(between, total[curve], high - low, phase_bins);
}

// F at any frequencies with float64 phases and magnitudes, one thread each.
KERNEL variance_at(
    int n_curves, const i64* offsets, const double* time, const double* mag, int phase_bins,
    const i64* frequency_starts, const double* frequencies, double* out
) {
    DYNAMIC_SHARED(double, all_cells);
    double* const offset = all_cells + threadIdx.x;
    double* const number = offset + phase_bins * blockDim.x;
    const i64 at = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= frequency_starts[n_curves]) return;
    const int curve = owner(frequency_starts, n_curves, at);
    const double frequency = frequencies[at];
    if (isnan(frequency)) {
        out[at] = NOT_A_NUMBER;
        return;
    }
    const i64 low = offsets[curve], high = offsets[curve + 1];
    double mean = 0.0, total = 0.0;
    for (i64 j = low; j < high; ++j) mean += mag[j] / (double)(high - low);
    for (int b = 0; b < phase_bins; ++b) offset[b * blockDim.x] = number[b * blockDim.x] = 0.0;
    for (i64 j = low; j < high; ++j) {
        const double deviation = mag[j] - mean;
        const int b = bin_at(time[j], frequency, phase_bins) * blockDim.x;
        total += deviation * deviation;
        offset[b] += deviation;
        number[b] += 1.0;
    }
    double between = 0.0;
    for (int b = 0; b < phase_bins; ++b) {
        const double sum = offset[b * blockDim.x], count = number[b * blockDim.x];
        between += sum * sum / (count > 1.0 ? count : 1.0);
    }
    out[at] = f_ratio(between, total, high - low, phase_bins);
}
