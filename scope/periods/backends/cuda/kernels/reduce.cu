// What is left of a periodogram: its best points, its best distinct peaks, mean, deviation.
//
// `summarise` cuts every periodogram into chunks and notes the best of each; `select` then
// takes the best of all chunks, again and again, and looks for the next best only in the
// chunks that changed. Nothing is sorted, nothing is approximate: ties go to the lower
// frequency, and any number of equal values is handled.

#define CHUNK 256
#define CHUNKS 8
#define PER_THREAD 8
#define REDUCE_THREADS 256
#define SELECTABLE 1
#define PEAK 2

__device__ inline Ranked nothing() {
    Ranked none;
    none.value = NEGATIVE_INFINITY;
    none.where = -1;
    return none;
}

__device__ inline bool removed_at(const i64* removed, i64 first, i64 stop, i64 k) {
    for (i64 r = first; r < stop; ++r)
        if (removed[2 * r] <= k && k < removed[2 * r + 1]) return true;
    return false;
}

// Sum over the 32 threads of a chunk.
__device__ inline double chunk_sum(double value, double* scratch) {
    const int me = threadIdx.x, lane = me % 32;
    scratch[me] = value;
    __syncthreads();
    for (int half = 16; half > 0; half /= 2) {
        if (lane < half) scratch[me] += scratch[me + half];
        __syncthreads();
    }
    const double total = scratch[me - lane];
    __syncthreads();
    return total;
}

__device__ inline Ranked chunk_best(Ranked mine, Ranked* scratch) {
    const int me = threadIdx.x, lane = me % 32;
    scratch[me] = mine;
    __syncthreads();
    for (int half = 16; half > 0; half /= 2) {
        if (lane < half && better(scratch[me + half], scratch[me])) scratch[me] = scratch[me + half];
        __syncthreads();
    }
    const Ranked best = scratch[me - lane];
    __syncthreads();
    return best;
}

// One block of REDUCE_THREADS per CHUNKS * CHUNK values of one curve.
KERNEL summarise(
    int n_curves, const i64* n_freq, const i64* out_starts, const double* values,
    const i64* removed_starts, const i64* removed, const i64* block_starts, const i64* chunk_starts,
    u8* flags, Ranked* best_point, Ranked* best_peak, double* sums, double* squares, double* numbers
) {
    __shared__ double scratch[REDUCE_THREADS];
    __shared__ Ranked ranks[REDUCE_THREADS];
    const int curve = owner(block_starts, n_curves, blockIdx.x);
    const i64 chunk = (blockIdx.x - block_starts[curve]) * CHUNKS + threadIdx.x / 32;
    const i64 n = n_freq[curve];
    const double* const v = values + out_starts[curve];
    u8* const flag = flags + out_starts[curve];
    const double pivot = v[0];
    Ranked point = nothing(), peak = nothing();
    double sum = 0.0, square = 0.0, number = 0.0;
    for (int i = 0; i < PER_THREAD; ++i) {
        const i64 k = chunk * CHUNK + (threadIdx.x % 32) * PER_THREAD + i;
        if (k >= n) break;
        const double value = v[k];
        // A plateau is a peak at its first point.
        const bool rises = k == 0 ? value > NEGATIVE_INFINITY : value > v[k - 1];
        const bool falls = k == n - 1 || value >= v[k + 1];
        u8 state = 0;
        if (!removed_at(removed, removed_starts[curve], removed_starts[curve + 1], k)) {
            state = rises && falls ? SELECTABLE | PEAK : SELECTABLE;
            const double offset = value - pivot;
            sum += offset;
            square += offset * offset;
            number += 1.0;
            Ranked here;
            here.value = value;
            here.where = k;
            if (value > point.value) point = here;
            if ((state & PEAK) && value > peak.value) peak = here;
        }
        flag[k] = state;
    }
    sum = chunk_sum(sum, scratch);
    square = chunk_sum(square, scratch);
    number = chunk_sum(number, scratch);
    point = chunk_best(point, ranks);
    peak = chunk_best(peak, ranks);
    if (threadIdx.x % 32 == 0 && chunk * CHUNK < n) {
        const i64 at = chunk_starts[curve] + chunk;
        best_point[at] = point;
        best_peak[at] = peak;
        sums[at] = sum;
        squares[at] = square;
        numbers[at] = number;
    }
}

// Mean and standard deviation from the sums of the chunks; by all threads of a block.
__device__ inline void moments_of(
    const double* sums, const double* squares, const double* numbers, i64 chunks, double pivot,
    double* scratch, double* moments
) {
    double sum = 0.0, square = 0.0, number = 0.0;
    for (i64 c = threadIdx.x; c < chunks; c += REDUCE_THREADS) {
        sum += sums[c];
        square += squares[c];
        number += numbers[c];
    }
    sum = block_sum<REDUCE_THREADS>(sum, scratch);
    square = block_sum<REDUCE_THREADS>(square, scratch);
    number = block_sum<REDUCE_THREADS>(number, scratch);
    if (threadIdx.x != 0) return;
    const double shift = sum / number;
    const double variance = square / number - shift * shift;
    moments[0] = number > 0.0 ? pivot + shift : NOT_A_NUMBER;
    // Not a number stays one.
    moments[1] = number > 0.0 ? sqrt(variance < 0.0 ? 0.0 : variance) : NOT_A_NUMBER;
}

// The best of the chunks that this thread looks after.
__device__ inline Ranked best_of_mine(const Ranked* best, i64 chunks) {
    Ranked mine = nothing();
    for (i64 c = threadIdx.x; c < chunks; c += REDUCE_THREADS)
        if (better(best[c], mine)) mine = best[c];
    return mine;
}

// Two blocks of REDUCE_THREADS per curve: the even one writes the best points, the odd one
// the best peaks, more than `separation` grid steps apart. `frequency` gets `keep` values a
// block, NaN beyond the last one found.
KERNEL select_best(
    const i64* n_freq, const i64* out_starts, const double* values, const i64* chunk_starts,
    u8* flags, Ranked* best_point, Ranked* best_peak, const double* sums, const double* squares,
    const double* numbers, const double* f0, const double* df, i64 separation, i64 keep,
    double* frequency, double* moments
) {
    __shared__ double scratch[REDUCE_THREADS];
    __shared__ Ranked ranks[REDUCE_THREADS];
    const int curve = blockIdx.x / 2, me = threadIdx.x;
    const bool peaks = blockIdx.x % 2 == 1;
    const i64 n = n_freq[curve], from = chunk_starts[curve];
    const i64 chunks = chunk_starts[curve + 1] - from;
    const double* const v = values + out_starts[curve];
    u8* const flag = flags + out_starts[curve];
    Ranked* const best = (peaks ? best_peak : best_point) + from;
    if (!peaks)
        moments_of(
            sums + from, squares + from, numbers + from, chunks, v[0], scratch, moments + 2 * curve
        );
    Ranked mine = best_of_mine(best, chunks);
    for (i64 slot = 0; slot < keep; ++slot) {
        const Ranked chosen = block_best<REDUCE_THREADS>(mine, ranks);
        double* const place = frequency + (i64)blockIdx.x * keep + slot;
        if (chosen.where < 0) {
            if (me == 0) *place = NOT_A_NUMBER;
            continue;
        }
        if (me == 0) *place = f0[curve] + df[curve] * (double)chosen.where;
        // Points: the rest of the chunk is what comes after the chosen one. Peaks: those
        // too near to the chosen one are out, which may reach into other chunks.
        i64 low = chosen.where, high = chosen.where;
        if (peaks) {
            low = low - separation > 0 ? low - separation : 0;
            high = high + separation < n - 1 ? high + separation : n - 1;
            for (i64 k = low + me; k <= high; k += REDUCE_THREADS) flag[k] &= (u8)~PEAK;
        }
        __syncthreads();
        for (i64 c = low / CHUNK; c <= high / CHUNK; ++c) {
            const i64 k = c * CHUNK + me;
            Ranked here = nothing();
            if (k < n && (flag[k] & (peaks ? PEAK : SELECTABLE))) {
                here.value = v[k];
                here.where = k;
                // Not a number, and minus infinity, are never chosen.
                if (!(here.value > NEGATIVE_INFINITY) || (!peaks && !better(chosen, here)))
                    here = nothing();
            }
            here = block_best<REDUCE_THREADS>(here, ranks);
            if (c % REDUCE_THREADS == me) best[c] = here;
        }
        __syncthreads();
        bool changed = false;
        for (i64 c = low / CHUNK; c <= high / CHUNK; ++c) changed |= c % REDUCE_THREADS == me;
        if (changed) mine = best_of_mine(best, chunks);
    }
}
