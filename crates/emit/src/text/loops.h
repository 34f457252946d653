#ifdef __CUDACC__
#define WG_ROWS(r, rows, i, row) \
  for (int wg_at = WG_ME, r = wg_at / (row), i = wg_at % (row); wg_at < (rows) * (row); \
       wg_at += WG_ALL, r = wg_at / (row), i = wg_at % (row))
#else
#define WG_ROWS(r, rows, i, row) for (int r = 0; r < (rows); ++r) WG_VECTORS for (int i = 0; i < (row); ++i)
#endif
/* Each block has tiles of its own, and its threads share the loops of a tile. */
#ifdef __CUDACC__
#define WG_TILES(tile, tiles) for (int tile = blockIdx.x; tile < (tiles); tile += gridDim.x)
#else
#define WG_TILES(tile, tiles) for (int tile = 0; tile < (tiles); ++tile)
#endif
#ifdef __CUDACC__
#define WG_IN(i, n) for (int i = threadIdx.x; i < (n); i += blockDim.x)
#else
#define WG_IN(i, n) WG_EACH(i, n)
#endif
#ifdef __CUDACC__
#define WG_IN_ROWS(r, rows, i, row) \
  for (int wg_at = threadIdx.x, r = wg_at / (row), i = wg_at % (row); wg_at < (rows) * (row); \
       wg_at += blockDim.x, r = wg_at / (row), i = wg_at % (row))
#else
#define WG_IN_ROWS(r, rows, i, row) WG_ROWS(r, rows, i, row)
#endif
/* Memory of a tile: in what a block shares, or in the scratch. Where one kernel calls all, they take turns in one piece. */
#define WG_FAR(T, name, n) T *name = (T *)wg_scratch; wg_scratch += ((n) * (int)sizeof(T) + 63) / 64 * 64
#ifdef __CUDACC__
#ifdef WG_TOGETHER
#define WG_ARRAY(T, name, n) WG_FAR(T, name, n)
#else
#define WG_ARRAY(T, name, n) __shared__ T name[n]
#endif
#define WG_FEW(T, name, n) __shared__ T name[n]
#define WG_OWN(bytes) wg_scratch += (size_t)blockIdx.x * (bytes)
#else
#define WG_ARRAY(T, name, n) WG_FAR(T, name, n)
#define WG_FEW(T, name, n) T name[n]
#define WG_OWN(bytes) ((void)0)
#endif
