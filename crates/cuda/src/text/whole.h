/* One kernel that calls all others, step by step. A host that plays the device brings all of this itself. */
#ifdef __CUDACC__
#define WG_ENTRY(threads) extern "C" __global__ void __launch_bounds__(threads)
extern __shared__ __align__(64) char wg_pool[];
/* An address as any kernel takes it. */
struct wg_place {
  char *at;
  template <class T> __device__ __forceinline__ operator T *() const { return (T *)at; }
};
#define WG_AT(place) wg_place{place}
#define WG_CARRY(to, from, words) \
  for (int i = threadIdx.x; i < (words); i += blockDim.x) ((wg_bits *)(to))[i] = ((const wg_bits *)(from))[i]
/* The threads of a block wait for each other. */
#define WG_MEET(number) __syncthreads()
/* All blocks do: each comes once, and goes on once as many have come as a whole round has. */
#define WG_MEET_ALL(number, gate, blocks) \
  do { \
    __syncthreads(); \
    if (threadIdx.x == 0) { \
      __threadfence(); \
      const wg_bits came = atomicAdd((wg_bits *)(gate), 1ull), round = (came / (blocks) + 1) * (blocks); \
      while (*(volatile wg_bits *)(gate) < round) {} \
      __threadfence(); \
    } \
    __syncthreads(); \
  } while (0)
#endif
