/* The language of the kernels: C11 for any compiler, and CUDA C++. */
#ifndef WG_PRELUDE
#define WG_PRELUDE
#ifdef __CUDACC__
/* Where a kernel has thousands of lines, functions are called: a compiler takes minutes to write all of them out. */
#ifdef WG_LONG
#define WG_FN static __device__ __noinline__
#else
#define WG_FN static __device__ __forceinline__
#endif
/* Kernels are launched one by one, or all are called by one: then each reads what others write, and who brings WG_TOGETHER says
   how many threads there are (WG_THREADS_OF_ALL), and at which of them a kernel begins (WG_SKIP). */
#ifdef WG_TOGETHER
#define WG_ALONE
#define WG_KERNEL static __device__ __forceinline__ void
#define WG_ALL WG_THREADS_OF_ALL
#define WG_ME (int)((blockIdx.x * blockDim.x + threadIdx.x + WG_ALL - (WG_SKIP)) % WG_ALL)
#else
#define WG_ALONE __restrict__
#define WG_KERNEL extern "C" __global__ void
#define WG_ALL (gridDim.x * blockDim.x)
#define WG_ME (int)(blockIdx.x * blockDim.x + threadIdx.x)
#endif
/* All threads of the grid share its elements. */
#define WG_EACH(i, n) for (int i = WG_ME; i < (n); i += WG_ALL)
#define WG_SYNC __syncthreads()
#define WG_ONE if (blockIdx.x == 0 && threadIdx.x == 0)
typedef long long wg_long;
typedef unsigned long long wg_bits;
WG_FN unsigned wg_to_bitsf(float x) { return __float_as_uint(x); }
WG_FN float wg_of_bitsf(unsigned x) { return __uint_as_float(x); }
WG_FN wg_bits wg_to_bits(double x) { return (wg_bits)__double_as_longlong(x); }
WG_FN double wg_of_bits(wg_bits x) { return __longlong_as_double((wg_long)x); }
#define WG_LANES _Pragma("unroll")
#define wg_fmaf __fmaf_rn
#define wg_fma __fma_rn
#else
#include <stdint.h>
#include <string.h>
#define WG_ALONE restrict
#ifdef __GNUC__
#define WG_FN static inline __attribute__((always_inline, unused))
#define WG_KERNEL static __attribute__((unused)) void
#else
#define WG_FN static inline
#define WG_KERNEL static void
#endif
#ifdef __clang__
#define WG_VECTORS _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define WG_VECTORS _Pragma("GCC ivdep")
/* Lanes are one vector, not so many numbers. */
#define WG_LANES _Pragma("GCC unroll 1")
#else
#define WG_VECTORS
#endif
/* No element of a loop reads what another one writes. A test may bring loops of its own. */
#ifndef WG_EACH
/* One thread does it all. */
#define WG_SERIAL
#define WG_EACH(i, n) WG_VECTORS for (int i = 0; i < (n); ++i)
#define WG_ONE
#endif
#ifndef WG_SYNC
#define WG_SYNC ((void)0)
#endif
typedef int64_t wg_long;
typedef uint64_t wg_bits;
WG_FN unsigned wg_to_bitsf(float x) { unsigned y; memcpy(&y, &x, 4); return y; }
WG_FN float wg_of_bitsf(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
WG_FN wg_bits wg_to_bits(double x) { wg_bits y; memcpy(&y, &x, 8); return y; }
WG_FN double wg_of_bits(wg_bits x) { double y; memcpy(&y, &x, 8); return y; }
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__aarch64__)
#define wg_fmaf __builtin_fmaf
#define wg_fma __builtin_fma
#else
#define WG_SOFT_FMA
#endif
#endif
#ifndef WG_LANES
#define WG_LANES
#endif
typedef unsigned char wg_bool;
#endif
