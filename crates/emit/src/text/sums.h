/* Sums as trees of the number of terms alone: blocks of 1024 in 16 lanes, the lanes folded in halves, the blocks in pairs. */
WG_FN @ wg_fold@f(const @ *lanes) {
  @ h[8], q[4];
  WG_LANES for (int i = 0; i < 8; ++i) h[i] = lanes[i] + lanes[i + 8];
  WG_LANES for (int i = 0; i < 4; ++i) q[i] = h[i] + h[i + 4];
  return (q[0] + q[2]) + (q[1] + q[3]);
}
WG_FN @ wg_block@f(const @ *x, int n) {
  @ lanes[16];
  int i = 0;
  WG_LANES for (int l = 0; l < 16; ++l) lanes[l] = (@)0;
  for (; i + 16 <= n; i += 16)
    WG_LANES for (int l = 0; l < 16; ++l) lanes[l] = lanes[l] + x[i + l];
  if (i < n)
    WG_LANES for (int l = 0; l < 16; ++l) lanes[l] = i + l < n ? lanes[l] + x[i + l] : lanes[l];
  return wg_fold@f(lanes);
}
/* A lane of a block: where many threads share a sum, each has one. */
WG_FN @ wg_lane@f(const @ *x, int n, int lane) {
  @ sum = (@)0;
  for (int i = lane; i < n; i += 16) sum = sum + x[i];
  return sum;
}
/* The sums of blocks, in pairs: the left half is the longer one. Sums of 2^k blocks wait for their right neighbours. */
WG_FN @ wg_pairs@f(@ *x, int n) {
  if (n == 0) return (@)0;
  /* Parts of the tree of depth d are as long as halving, rounded up on the left, makes them. */
  int depth = 0;
  while ((1 << depth) < n) ++depth;
  for (int d = depth - 1; d >= 0; --d)
    for (int j = 0; j < 1 << d; ++j) {
      int start = 0, length = n;
      for (int b = d - 1; b >= 0; --b) {
        int left = (length + 1) / 2;
        if ((j >> b) & 1) start += left, length -= left;
        else length = left;
      }
      if (length >= 2) x[start] = x[start] + x[start + (length + 1) / 2];
    }
  return x[0];
}
/* The sum of n terms, of which `at(i)` is found by strides: a block of terms at a time is read. */
WG_FN @ wg_sum@f(const @ *x, int n, @ *blocks) {
  int count = (n + 1023) / 1024;
  if (count <= 1) return wg_block@f(x, n);
  for (int b = 0; b < count; ++b) blocks[b] = wg_block@f(x + 1024 * b, n - 1024 * b < 1024 ? n - 1024 * b : 1024);
  return wg_pairs@f(blocks, count);
}
WG_FN @ wg_larger@f(@ a, @ b) { return b > a ? b : a; }
/* The largest of a row; NaN where one is. */
WG_FN @ wg_largest@f(const @ *x, int n) {
  @ lanes[16], nans[16] = {0};
  WG_LANES for (int l = 0; l < 16; ++l) lanes[l] = x[0];
  for (int i = 0; i < n; i += 16)
    WG_LANES for (int l = 0; l < 16; ++l) {
      const @ y = i + l < n ? x[i + l] : x[0];
      lanes[l] = wg_larger@f(lanes[l], y);
      nans[l] = y != y ? y : nans[l];
    }
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) lanes[i] = wg_larger@f(lanes[i], lanes[i + half]);
  @ nan = wg_fold@f(nans);
  return nan != nan ? nan : lanes[0];
}
