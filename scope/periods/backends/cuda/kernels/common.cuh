// What all kernels share.
//
// Compiled by NVRTC without any header, and with --fmad=false: a product and a sum are two
// roundings, as in the CPU's loops, and fma() is written where one is wanted. No kernel
// uses warp-level functions, and every sum has a fixed order or is one of integers, so
// that a result does not depend on how threads are scheduled.

typedef long long i64;
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned char u8;

#ifndef SCOPE_HOST
#define KERNEL extern "C" __global__ void
#define DYNAMIC_SHARED(type, name)                            \
    extern __shared__ __align__(16) u8 scope_dynamic_shared[]; \
    type* const name = reinterpret_cast<type*>(scope_dynamic_shared)
#define NEGATIVE_INFINITY __longlong_as_double(0xfff0000000000000LL)
#define NOT_A_NUMBER __longlong_as_double(0x7ff8000000000000LL)
#endif

// The item of a ragged batch that owns position `at`: the last i with starts[i] <= at.
// Empty items own nothing.
__device__ inline int owner(const i64* starts, int n, i64 at) {
    int low = 0, high = n;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (starts[middle] <= at) low = middle;
        else high = middle;
    }
    return low;
}

__device__ inline double fraction(double cycles) { return cycles - floor(cycles); }

// cos and sin of 2 pi `cycles`.
__device__ inline double2 turn(double cycles) {
    double2 result;
    sincospi(2.0 * fraction(cycles), &result.y, &result.x);
    return result;
}

__device__ inline double2 times(double2 a, double2 b) {
    double2 result;
    result.x = fma(a.x, b.x, -(a.y * b.y));
    result.y = fma(a.y, b.x, a.x * b.y);
    return result;
}

// cos and sin of twice the angle.
__device__ inline double2 doubled(double2 a) {
    double2 result;
    result.x = fma(a.x, a.x, -(a.y * a.y));
    result.y = 2.0 * a.x * a.y;
    return result;
}

// Sum over the threads of a block of THREADS (a power of two), in a fixed order.
template <int THREADS>
__device__ inline double block_sum(double value, double* scratch) {
    const int me = threadIdx.x;
    scratch[me] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (me < half) scratch[me] += scratch[me + half];
        __syncthreads();
    }
    const double total = scratch[0];
    __syncthreads();
    return total;
}

// A value and where it stands; `where` < 0 is nothing.
struct Ranked {
    double value;
    i64 where;
};

// Larger values first, lower positions first among equals.
__device__ inline bool better(const Ranked& a, const Ranked& b) {
    if (b.where < 0) return a.where >= 0;
    if (a.where < 0) return false;
    return a.value > b.value || (a.value == b.value && a.where < b.where);
}

template <int THREADS>
__device__ inline Ranked block_best(Ranked mine, Ranked* scratch) {
    const int me = threadIdx.x;
    scratch[me] = mine;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (me < half && better(scratch[me + half], scratch[me])) scratch[me] = scratch[me + half];
        __syncthreads();
    }
    const Ranked best = scratch[0];
    __syncthreads();
    return best;
}
