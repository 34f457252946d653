/* Functions whose formulas are 0/0 at 0, or cancel there. */
WG_FN double wg_sinc(int n, double x) {
  const double u = WG_PI * x, scale = wg_whole_power(WG_PI, n);
  if (wg_is_infinite(u)) return 0.0;
  if (wg_fabs(u) < (double)n + 2.0) {
    const double odd = n % 2, n_ = n;
    WG_SERIES(sum, (odd == 1.0 ? u : 1.0) / (odd + n_ + 1.0),
              -u * u / ((2.0 * k + odd) * ((2.0 * k + odd) - 1.0)) * (((2.0 * k + odd) + n_ - 1.0) / ((2.0 * k + odd) + n_ + 1.0)))
    return scale * wg_sign_of((n + 1) / 2) * sum;
  }
  double s, c, turned, other;
  wg_sin_cos_pi(x, &s, &c);
  double y = s / u;
  for (int k = 1; k <= n; ++k) {
    wg_turned((double)k, s, c, &turned, &other);
    y = (turned - (double)k * y) / u;
  }
  return scale * y;
}
WG_FN double wg_sinhc(int n, double x) {
  const double w = x * x, n_ = 2.0 * (double)n + 1.0;
  double first = 1.0;
  for (int k = 0; k <= n; ++k) first = first / (2.0 * (double)k + 1.0);
  WG_SERIES(sum, first, w / (2.0 * k * (2.0 * k + n_)))
  return sum;
}
WG_FN double wg_phi1(int n, double x) {
  const double n_ = n;
  if (wg_fabs(x) < n_ + 20.0) {
    if (x >= 0.0) {
      WG_SERIES(sum, 1.0 / (n_ + 1.0), x / k * ((k + n_) / (k + n_ + 1.0)))
      return sum;
    }
    WG_SERIES(sum, 1.0 / (n_ + 1.0), -x / (k + n_ + 1.0))
    return wg_of_exp(x) * sum;
  }
  if (x == wg_inf()) return x;
  const double e = wg_of_exp(x);
  double y = wg_of_expm1(x) / x;
  for (int k = 1; k <= n; ++k) y = (e - (double)k * y) / x;
  return y;
}
WG_FN double wg_tanh_shrink(int n, double x) {
  (void)n;
  if (!(wg_fabs(x) < 1.0)) return x - wg_of_tanh(x);
  const double e = wg_of_exp(x);
  return x * x * x * wg_sinhc(1, x) / (0.5 * (e + 1.0 / e));
}
WG_FN double wg_entropy(int n, double x) {
  (void)n;
  return x < 0.0 ? -wg_inf() : x == 0.0 ? 0.0 : -x * wg_of_ln(x);
}
