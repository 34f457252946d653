/* Products in the order of the CPU: a block of 256 threads computes a tile of C, from tiles of A and B that it shares. What a
   thread keeps from phase to phase is its own: on a host, which plays all threads of a phase in turn, there is one of each. */
#ifndef WG_THREADS
#if defined(__CUDACC__)
#define WG_THREADS(t) for (int t = threadIdx.x, wg_once = 1; wg_once; wg_once = 0)
#define WG_SHARED(T, name, n) __shared__ T name[n]
#define WG_OWNED(T, name, n) T name[1][n]
#define WG_MINE(name, t) name[0]
#else
#define WG_THREADS(t) for (int t = 255; t >= 0; --t)
#define WG_SHARED(T, name, n) T name[n]
#define WG_OWNED(T, name, n) T name[256][n]
#define WG_MINE(name, t) name[t]
#endif
#endif
