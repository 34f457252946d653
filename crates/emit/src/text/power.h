/* The norm of several parts: the largest one, and the sum of the squares of all by it. */
WG_FN void wg_join_norm(double *all, double part) {
  if (part > all[0]) {
    const double ratio = all[0] / part;
    all[1] = 1.0 + all[1] * (ratio * ratio), all[0] = part;
  } else if (part > 0 || part != part) {
    const double ratio = part / all[0];
    all[1] = all[1] + ratio * ratio;
  }
}
WG_FN double wg_whole_norm(const double *all) {
  return all[0] == 0 && all[1] == all[1] ? 0 : all[0] * wg_sqrt(all[1]);
}
/* x to the power of n, by squares. */
WG_FN double wg_power(double x, wg_long n) {
  double y = 1;
  for (;; x = x * x) {
    if (n & 1) y = y * x;
    n /= 2;
    if (n == 0) return y;
  }
}
