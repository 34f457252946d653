/* The incomplete gamma functions P and Q = 1 - P, and their derivatives by the parameter. */
WG_FN double wg_gamma_factor(double a, double x) {
  if (a < 10.0) return wg_of_exp(a * wg_of_ln(x) - x - wg_ln_gamma(a + 1.0));
  const double d = x - a, ln_ratio = wg_fabs(d) < 0.5 * a ? wg_of_ln1p(d / a) : wg_of_ln(x / a);
  return wg_of_exp(a * ln_ratio - d - wg_stirling_rest(a)) / wg_sqrt(2.0 * WG_PI * a);
}
WG_FN double wg_gamma_fraction(double a, double x) {
  double b = x + 1.0 - a, d = 1.0 / b, c = 1.7976931348623157e308, y = d;
  for (double k = 1.0;; k = k + 1.0) {
    const double n = k * (a - k);
    b = b + 2.0;
    d = 1.0 / (b + n * d);
    c = b + n / c;
    y = y * (c * d);
    if (wg_fabs(c * d - 1.0) < 1e-16 || k > 1e6) return y;
  }
}
/* `area` has room for 5 times m + 1 numbers. */
WG_FN double wg_gamma_by_parameter(int m, double a, double x, double *area) {
  const double d = wg_gamma_factor(a, x);
  const int n = m + 1;
  double *ln_d = area, *power = area + n, *term = area + 2 * n, *sum = area + 3 * n, *more = area + 4 * n, factorial = 1.0;
  if (x > a && d < 1e-250) return 0.0;
  ln_d[0] = 0.0, ln_d[1] = wg_of_ln(x) - wg_digamma(a + 1.0);
  for (int j = 2; j < n; ++j) {
    factorial = factorial * (double)j;
    ln_d[j] = -wg_polygamma(j - 1, a + 1.0, more) / factorial;
  }
  power[0] = d;
  for (int k = 1; k < n; ++k) {
    double all = -0.0;
    for (int j = 1; j <= k; ++j) all = all + (double)j * ln_d[j] * power[k - j];
    power[k] = all / (double)k;
  }
  for (int j = 0; j < n; ++j) term[j] = sum[j] = j ? 0.0 : 1.0;
  for (double k = 1.0;; k = k + 1.0) {
    double before = 0.0;
    int counts = 0;
    for (int j = 0; j < n; ++j) {
      before = (x * term[j] - before) / (a + k);
      term[j] = before;
    }
    for (int j = 0; j < n; ++j) {
      sum[j] = sum[j] + term[j];
      counts |= wg_fabs(term[j]) > 1e-17 * wg_fabs(sum[j]);
    }
    if (!counts || k > 1e6) break;
  }
  double coefficient = -0.0, order = 1.0;
  for (int j = 0; j < n; ++j) coefficient = coefficient + power[j] * sum[n - 1 - j];
  for (int k = 1; k <= m; ++k) order = order * (double)k;
  return coefficient * order;
}
WG_FN double wg_incomplete_gamma(int m, int upper, double a, double x, double *area) {
  if (a != a || x != x || a <= 0.0 || x < 0.0 || wg_is_infinite(a)) return wg_nan();
  if (m > 0) {
    const double slope = x == 0.0 || wg_is_infinite(x) ? 0.0 : wg_gamma_by_parameter(m, a, x, area);
    return upper ? -slope : slope;
  }
  if (x == 0.0 || wg_is_infinite(x)) return upper == (x == 0.0) ? 1.0 : 0.0;
  const int is_upper = !(x < a + 1.0);
  double value = wg_gamma_factor(a, x);
  if (is_upper) {
    value = value * a * wg_gamma_fraction(a, x);
  } else {
    WG_SERIES(sum, 1.0, x / (a + k))
    value = value * sum;
  }
  return upper == is_upper ? value : 1.0 - value;
}
