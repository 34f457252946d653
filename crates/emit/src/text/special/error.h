/* The complementary error function, scaled and not, and inverses. */
WG_TABLE double wg_bell[12] = {0.7788007830714049, 0.36787944117144233, 0.10539922456186433, 0.01831563888873418,
  0.0019304541362277093, 0.00012340980408667956, 4.785117392129009e-06, 1.1253517471925912e-07, 1.6052280551856116e-09,
  1.3887943864964021e-11, 7.287724095819692e-14, 2.3195228302435696e-16};
WG_FN double wg_exp_of_square(double sign, double x) {
  const double square = x * x, e = wg_of_exp(sign * square);
  if (!(square < wg_inf())) return e;
  const double lost = wg_fma(x, x, -square);
  return wg_fabs(e) < wg_inf() ? e + e * (sign * lost) : e;
}
WG_FN double wg_erfcx_from_half(double x) {
  if (x > 50.0) {
    const double w = 0.5 / (x * x);
    return 0.5 * WG_TWO_OVER_ROOT_PI / x * (1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w * (1.0 - 7.0 * w))));
  }
  double sum = 0.0;
  for (int k = 11; k >= 0; --k) sum = sum + wg_bell[k] / (0.25 * (double)((k + 1) * (k + 1)) + x * x);
  sum = (0.5 * x / WG_PI) * (1.0 / (x * x) + 2.0 * sum);
  const double poles = x < 6.3 ? 2.0 * wg_of_exp(x * x) / wg_of_expm1(4.0 * WG_PI * x) : 0.0;
  return sum - poles;
}
WG_FN double wg_erfcx_itself(double x) {
  if (x < -0.5) return 2.0 * wg_exp_of_square(1.0, x) - wg_erfcx_from_half(-x);
  if (x < 0.5) return wg_exp_of_square(1.0, x) * (1.0 - wg_of_erf(x));
  return wg_erfcx_from_half(x);
}
WG_FN double wg_erfc(int n, double x) {
  (void)n;
  if (x < 0.5) return 1.0 - wg_of_erf(x);
  if (x < 28.0) return wg_exp_of_square(-1.0, x) * wg_erfcx_itself(x);
  return x != x ? x : 0.0;
}
WG_FN double wg_erfcx(int n, double x) {
  if (n == 0) return wg_erfcx_itself(x);
  if (x < 1.0) {
    double before = WG_TWO_OVER_ROOT_PI, y = wg_erfcx_itself(x), twice = -1.0;
    for (int k = 0; k < n; ++k) {
      const double next = 2.0 * x * y + twice * before;
      before = y, y = next;
      twice = 2.0 * (double)(k + 1);
    }
    return y;
  }
  double ratio = 0.0, product = 1.0;
  for (int k = n + 200; k >= 1; --k) {
    ratio = 2.0 * (double)k / (2.0 * x + ratio);
    if (k <= n) product = product * -ratio;
  }
  return product * wg_erfcx_itself(x);
}
WG_FN double wg_erfinv_near(double x) {
  double y = x / WG_TWO_OVER_ROOT_PI;
  y = y + y * y * y / 3.0;
  for (int i = 0; i < 4; ++i) {
    const double step = (wg_of_erf(y) - x) / WG_TWO_OVER_ROOT_PI * wg_of_exp(y * y);
    y = y - step / (1.0 + y * step);
  }
  return y;
}
WG_FN double wg_erfcinv(double d) {
  if (d == 0.0) return wg_inf();
  const double goal = wg_of_ln(d), t = wg_sqrt(2.0 * (0.69314718055994530942 - goal));
  const double fraction =
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  double y = (t - fraction) / 1.41421356237309504880;
  for (int i = 0; i < 4; ++i) {
    const double scaled = wg_erfcx_itself(y);
    y = y + ((wg_of_ln(scaled) - goal) - y * y) * scaled / WG_TWO_OVER_ROOT_PI;
  }
  return y;
}
WG_FN double wg_erfinv(int n, double x) {
  (void)n;
  const double a = wg_fabs(x);
  return a <= 0.5 ? wg_erfinv_near(x) : a <= 1.0 ? wg_copysign(wg_erfcinv(1.0 - a), x) : wg_nan();
}
WG_FN double wg_normal_quantile(int n, double p) {
  (void)n;
  double y = wg_nan();
  if (p >= 0.25 && p <= 0.75) y = wg_erfinv_near(2.0 * p - 1.0);
  else if (p >= 0.0 && p < 0.25) y = -wg_erfcinv(2.0 * p);
  else if (p > 0.75 && p <= 1.0) y = wg_erfcinv(2.0 * (1.0 - p));
  return 1.41421356237309504880 * y;
}
