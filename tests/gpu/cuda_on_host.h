// Just enough CUDA for the kernels of this project to run on a processor.
//
// The threads of a block are coroutines that take turns between barriers, blocks run one
// after the other. The order of turns and blocks can be reversed: a kernel that forgets a
// barrier then answers differently. Shared memory starts each block with nonsense in it. A
// barrier that not all threads of a block reach is an error.

#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

#define SCOPE_HOST
#define __device__
#define __global__
#define __shared__ static
#define __launch_bounds__(...)
#define KERNEL extern "C" void
#define DYNAMIC_SHARED(type, name) type* const name = reinterpret_cast<type*>(host::dynamic_shared)
#define NEGATIVE_INFINITY (-INFINITY)
#define NOT_A_NUMBER NAN

using std::erfc;
using std::fma;
using std::isfinite;
using std::isnan;
using std::log1p;

struct dim3 {
    unsigned x;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(16) double2 {
    double x, y;
};
inline double2 make_double2(double x, double y) { return {x, y}; }

static dim3 threadIdx, blockIdx, blockDim, gridDim;

template <class T>
T atomicAdd(T* address, T value) {
    const T old = *address;
    *address += value;
    return old;
}

// sin and cos of pi x, for x in [0, 2).
inline void sincospi(double x, double* s, double* c) {
    const int quarter = (int)std::nearbyint(2.0 * x);
    const double angle = 3.14159265358979323846 * (x - 0.5 * quarter);
    const double a = std::sin(angle), b = std::cos(angle);
    switch (quarter & 3) {
        case 0: *s = a; *c = b; break;
        case 1: *s = b; *c = -a; break;
        case 2: *s = -a; *c = -b; break;
        default: *s = -b; *c = a;
    }
}

namespace host {

const size_t SHARED_BYTES = 227 << 10, STACK_BYTES = 64 << 10, MOST_THREADS = 1024;
alignas(16) static char dynamic_shared[SHARED_BYTES];

// A context starts a thread; jumps, which leave the signal mask alone, are for all later
// turns: they are far cheaper.
struct Thread {
    ucontext_t start;
    jmp_buf place;
    std::vector<char> stack;
    bool started = false, done = true, waiting = false;
};
static jmp_buf scheduler;
static std::vector<Thread> threads(MOST_THREADS);  // never moved: contexts point into themselves
static Thread* current;
static void (*body)(void**);
static void** arguments;

static void barrier() {
    current->waiting = true;
    if (_setjmp(current->place) == 0) _longjmp(scheduler, 1);
}

static void run() {
    body(arguments);
    current->done = true;
    _longjmp(scheduler, 1);
}

static void resume() {
    if (_setjmp(scheduler) != 0) return;
    if (current->started) _longjmp(current->place, 1);
    current->started = true;
    setcontext(&current->start);
}

// Run one block; false if a barrier was not reached by all threads.
static bool run_block(unsigned n_threads, bool reversed) {
    std::memset(dynamic_shared, 0xa5, SHARED_BYTES);
    for (unsigned i = 0; i < n_threads; ++i) {
        Thread& thread = threads[i];
        if (thread.stack.empty()) {
            thread.stack.resize(STACK_BYTES);
            getcontext(&thread.start);
            thread.start.uc_stack.ss_sp = thread.stack.data();
            thread.start.uc_stack.ss_size = thread.stack.size();
            thread.start.uc_link = nullptr;
        }
        makecontext(&thread.start, run, 0);
        thread.started = thread.done = false;
    }
    for (;;) {
        unsigned n_done = 0, n_waiting = 0;
        for (unsigned turn = 0; turn < n_threads; ++turn) {
            const unsigned i = reversed ? n_threads - 1 - turn : turn;
            current = &threads[i];
            current->waiting = false;
            threadIdx.x = i;
            if (!current->done) resume();
            n_done += current->done;
            n_waiting += current->waiting && !current->done;
        }
        if (n_done == n_threads) return true;
        if (n_waiting != n_threads) return false;
    }
}

template <class... A, size_t... I>
void apply(void (*kernel)(A...), void** given, std::index_sequence<I...>) {
    kernel(*static_cast<std::remove_const_t<A>*>(given[I])...);
}

template <class... A>
void call(void (*kernel)(A...), void** given) {
    apply(kernel, given, std::index_sequence_for<A...>{});
}

}  // namespace host

#define __syncthreads() host::barrier()

extern "C" int host_launch(
    void (*kernel)(void**), void** given, unsigned blocks, unsigned n_threads, int reversed
) {
    host::body = kernel;
    host::arguments = given;
    blockDim.x = n_threads;
    gridDim.x = blocks;
    for (unsigned turn = 0; turn < blocks; ++turn) {
        blockIdx.x = reversed ? blocks - 1 - turn : turn;
        if (!host::run_block(n_threads, reversed)) return 1;
    }
    return 0;
}

// Makes a kernel callable with pointers to its arguments, and says how many it has.
template <class... A>
int count_of(void (*)(A...)) {
    return sizeof...(A);
}
template <class... A>
void sizes_of(void (*)(A...), int* sizes) {
    int i = 0;
    ((sizes[i++] = std::is_pointer<A>::value ? 0 : (int)sizeof(A)), ...);
}
#define EXPORT(name)                                                               \
    extern "C" void call_##name(void** given) { host::call(name, given); }         \
    extern "C" int count_##name() { return count_of(name); }                       \
    extern "C" void sizes_##name(int* sizes) { sizes_of(name, sizes); }
