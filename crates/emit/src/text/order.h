/* Whether element i of a line comes before element j: NaN comes last, and equal ones keep their order. */
WG_FN int wg_before@f(const @ *x, int step, int descending, int i, int j) {
  const @ a = x[i * step], b = x[j * step];
  if (descending ? a > b : a < b) return 1;
  if (descending ? a < b : a > b) return 0;
  if ((a != a) != (b != b)) return b != b;
  return i < j;
}
/* Moves the element at a place of a heap, of which the last one in order is the first, to where it belongs. */
WG_FN void wg_sift@f(const @ *x, int step, int descending, wg_long *y, int y_step, int n, int place) {
  for (int next = 2 * place + 1; next < n; next = 2 * place + 1) {
    const wg_long here = y[place * y_step];
    if (next + 1 < n && wg_before@f(x, step, descending, (int)y[next * y_step], (int)y[(next + 1) * y_step])) ++next;
    if (!wg_before@f(x, step, descending, (int)here, (int)y[next * y_step])) return;
    y[place * y_step] = y[next * y_step], y[next * y_step] = here;
    place = next;
  }
}
/* The places of the first elements of a line in order: they are a heap, which is then taken apart. */
WG_FN void wg_order@f(const @ *x, int step, int descending, int length, wg_long *y, int y_step, int first) {
  for (int i = 0; i < first; ++i) y[i * y_step] = i;
  for (int i = first / 2; i-- > 0;) wg_sift@f(x, step, descending, y, y_step, first, i);
  for (int i = first; i < length; ++i)
    if (wg_before@f(x, step, descending, i, (int)y[0])) {
      y[0] = i;
      wg_sift@f(x, step, descending, y, y_step, first, 0);
    }
  for (int n = first - 1; n > 0; --n) {
    const wg_long last = y[0];
    y[0] = y[n * y_step], y[n * y_step] = last;
    wg_sift@f(x, step, descending, y, y_step, n, 0);
  }
}
