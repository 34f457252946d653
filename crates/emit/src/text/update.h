/* What optimisers ask of all gradients, in double precision. */
WG_FN int wg_is_finite@f(@ x) { return x - x == 0; }
WG_FN double wg_squares@f(const @ *x, int n) {
  double lanes[16] = {0};
  for (int i = 0; i < n; ++i) lanes[i % 16] = lanes[i % 16] + (double)x[i] * (double)x[i];
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
  return lanes[0];
}
/* The Euclidean norm of a part: of numbers by the largest, where squares overflow or vanish. */
WG_FN double wg_norm@f(const @ *x, int n) {
  const double plain = wg_squares@f(x, n);
  if ((plain > 1e-280 && plain < wg_inf()) || plain != plain) return wg_sqrt(plain);
  double largest = 0, sum = 0;
  for (int i = 0; i < n; ++i) largest = wg_fabs((double)x[i]) > largest ? wg_fabs((double)x[i]) : largest;
  if (largest == 0 || !(largest < wg_inf())) return largest;
  for (int i = 0; i < n; ++i) sum = sum + (double)x[i] / largest * ((double)x[i] / largest);
  return largest * wg_sqrt(sum);
}
