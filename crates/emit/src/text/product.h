/* An element of a product: chains of multiply-adds, or 16 lanes of them. */
WG_FN @ wg_chains@f(const @ *a, int a_step, const @ *b, int b_step, int k, int length) {
  @ total = 0;
  for (int from = 0; from < k; from += length) {
    @ s = 0;
    int to = from + length < k ? from + length : k;
    for (int p = from; p < to; ++p) s = wg_fma@f(a[p * a_step], b[p * b_step], s);
    total = from ? total + s : s;
  }
  return total;
}
WG_FN @ wg_lanes@f(const @ *a, const @ *b, int k) {
  @ lanes[16];
  int p = 0;
  WG_LANES for (int l = 0; l < 16; ++l) lanes[l] = 0;
  for (; p + 16 <= k; p += 16)
    WG_LANES for (int l = 0; l < 16; ++l) lanes[l] = wg_fma@f(a[p + l], b[p + l], lanes[l]);
  if (p < k)
    WG_LANES for (int l = 0; l < 16; ++l) lanes[l] = p + l < k ? wg_fma@f(a[p + l], b[p + l], lanes[l]) : lanes[l] + (@)0;
  return wg_fold@f(lanes);
}
#ifndef __CUDACC__
/* A block of C, of few rows and columns: each element is the sum that wg_chains gives. */
WG_FN void wg_tile@f(const @ *a, int a_row, int a_step, const @ *b, int b_step, @ *c, int c_row, int k, int length, const int rows,
                     const int columns) {
  for (int from = 0; from < k; from += length) {
    @ s[4][32];
    const int to = from + length < k ? from + length : k;
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) s[i][j] = 0;
    for (int p = from; p < to; ++p)
      for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j) s[i][j] = wg_fma@f(a[i * a_row + p * a_step], b[p * b_step + j], s[i][j]);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) c[i * c_row + j] = from ? c[i * c_row + j] + s[i][j] : s[i][j];
  }
}
#endif
