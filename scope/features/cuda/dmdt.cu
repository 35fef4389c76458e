// The dmdt histogram, one block per light curve: whole numbers until the last division, so
// that it is the CPU's to the last bit; see scope.features.dmdt.

#define DMDT_THREADS 128

// The bin of a difference of magnitudes within the edges; the last one is closed.
__device__ inline int bin_of(const double* edges, double value) {
    int low = 0, high = DMDT_BINS;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (edges[middle] <= value) low = middle;
        else high = middle;
    }
    return low;
}

// One block of DMDT_THREADS per light curve, with times from its first point and rising.
// Times rise, so along j the bin of t_j - t_i only ever moves up.
KERNEL __launch_bounds__(DMDT_THREADS) dmdt(
    const i64* offsets, const double* time, const double* mag, const double* dm_edges,
    const double* dt_edges, double* out
) {
    __shared__ double dm_edge[DMDT_BINS + 1], dt_edge[DMDT_BINS + 1];
    __shared__ int counts[DMDT_BINS * DMDT_BINS];
    __shared__ u64 squares;
    const i64 curve = blockIdx.x, low = offsets[curve], n = offsets[curve + 1] - low;
    const double *t = time + low, *m = mag + low;
    const int me = threadIdx.x;
    for (int b = me; b <= DMDT_BINS; b += DMDT_THREADS) {
        dm_edge[b] = dm_edges[b];
        dt_edge[b] = dt_edges[b];
    }
    for (int b = me; b < DMDT_BINS * DMDT_BINS; b += DMDT_THREADS) counts[b] = 0;
    if (me == 0) squares = 0;
    __syncthreads();
    for (i64 i = me; i < n - 1; i += DMDT_THREADS) {
        int column = 0;
        for (i64 j = i + 1; j < n; ++j) {
            const double dt = t[j] - t[i], dm = m[j] - m[i];
            if (dt < dt_edge[0]) continue;
            while (column < DMDT_BINS && dt >= dt_edge[column + 1]) {
                if (column == DMDT_BINS - 1 && dt == dt_edge[DMDT_BINS]) break;
                ++column;
            }
            if (column == DMDT_BINS) break;
            if (dm >= dm_edge[0] && dm <= dm_edge[DMDT_BINS])
                atomicAdd(&counts[bin_of(dm_edge, dm) * DMDT_BINS + column], 1);
        }
    }
    __syncthreads();
    for (int b = me; b < DMDT_BINS * DMDT_BINS; b += DMDT_THREADS)
        if (counts[b]) atomicAdd(&squares, (u64)counts[b] * (u64)counts[b]);
    __syncthreads();
    const double norm = sqrt((double)squares);
    double* const result = out + curve * (DMDT_BINS * DMDT_BINS);
    for (int b = me; b < DMDT_BINS * DMDT_BINS; b += DMDT_THREADS)
        result[b] = squares ? (double)counts[b] / norm : 0.0;
}
