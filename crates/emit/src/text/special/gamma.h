/* The gamma function, its logarithm, and the derivatives of that. */
WG_TABLE double wg_bernoulli[12] = {0.16666666666666666, -0.03333333333333333, 0.023809523809523808, -0.03333333333333333,
  0.07575757575757576, -0.2531135531135531, 1.1666666666666667, -7.092156862745098, 54.971177944862156, -529.1242424242424,
  6192.123188405797, -86580.25311355312};
/* x less whole numbers, near 2, and their product. */
WG_FN double wg_near_2(double x, double *product) {
  *product = 1.0;
  while (x >= 2.5) {
    x = x - 1.0;
    *product = *product * x;
  }
  return x - 2.0;
}
WG_FN int wg_is_pole(double x) { return x <= 0.0 && wg_floor(x) == x; }
WG_FN double wg_ln_gamma(double x) {
  double s, c;
  if (x == -wg_inf() || wg_is_pole(x)) return wg_inf();
  if (!(x <= -0.5)) return wg_ln_gamma_right(x);
  wg_sin_cos_pi(x, &s, &c);
  return wg_of_ln(wg_fabs(WG_PI / (x * s))) - wg_ln_gamma_right(-x);
}
WG_FN double wg_gamma_above(double x) {
  if (x < 0.5) return wg_of_exp(wg_ln_gamma_near_2(x)) / (x * (1.0 + x));
  if (x < 1.5) return wg_of_exp(wg_ln_gamma_near_2(x - 1.0)) / x;
  if (!(x < 172.0)) return x * wg_inf();
  double product;
  const double z = wg_near_2(x, &product);
  return product * wg_of_exp(wg_ln_gamma_near_2(z));
}
WG_FN double wg_gamma(int n, double x) {
  double s, c;
  (void)n;
  if (x == 0.0) return 1.0 / x;
  if (x == -wg_inf() || wg_is_pole(x)) return wg_nan();
  if (!(x <= -0.5)) return wg_gamma_above(x);
  wg_sin_cos_pi(x, &s, &c);
  return -WG_PI / (x * s * wg_gamma_above(-x));
}
WG_FN double wg_digamma(double x) {
  double s, c;
  if (x == 0.0) return -1.0 / x;
  if (x == -wg_inf() || wg_is_pole(x)) return wg_nan();
  if (!(x < 0.0)) return wg_digamma_right(x);
  wg_sin_cos_pi(x, &s, &c);
  return wg_digamma_right(1.0 - x) - WG_PI * (c / s);
}
WG_FN double wg_scaled_power(int n, double x) {
  double y = 1.0 / x;
  for (int j = 1; j <= n; ++j) y = y * ((double)j / x);
  return y;
}
/* The slope of order n of pi cot, as a polynomial in the cotangent: p has room for n + 2 coefficients. */
WG_FN double wg_slope_of_cotangent(int n, double cotangent, double *p) {
  p[0] = 0.0, p[1] = 1.0;
  for (int length = 2; length < n + 2; ++length) {
    for (int k = 1; k < length; ++k) p[k - 1] = -WG_PI * (double)k * p[k];
    p[length - 1] = 0.0, p[length] = 0.0;
    for (int k = length; k >= 2; --k) p[k] = p[k] + p[k - 2];
  }
  double sum = -0.0;
  for (int k = 0; k < n + 2; ++k)
    if (p[k] != 0.0) sum = sum + p[k] * wg_whole_power(cotangent, k);
  return WG_PI * sum;
}
WG_FN double wg_polygamma_above(int n, double x) {
  double sum = 0.0;
  while (x < 10.0 + (double)n) {
    sum = sum + wg_scaled_power(n, x);
    x = x + 1.0;
  }
  const double n_ = n, w = 1.0 / (x * x);
  double factor = 0.5 * (n_ + 1.0) / x, rest = 0.5 + x / n_;
  for (int k = 0; k < 12; ++k) {
    rest = rest + wg_bernoulli[k] * factor;
    const double m = 2.0 * (double)k + 2.0;
    factor = factor * (w * (m + n_) * (m + 1.0 + n_) / ((m + 1.0) * (m + 2.0)));
  }
  const double tail = wg_scaled_power(n, x) * rest;
  return -wg_sign_of(n) * (sum + (wg_is_infinite(x) ? 0.0 : tail));
}
/* The derivative of order n of digamma; p has room for n + 2 numbers. */
WG_FN double wg_polygamma(int n, double x, double *p) {
  double s, c;
  const int odd = n % 2;
  if (x == -wg_inf() || (wg_is_pole(x) && !odd)) return x == 0.0 ? -1.0 / x : wg_nan();
  if (wg_is_pole(x)) return wg_inf();
  if (!(x < 0.0)) return wg_polygamma_above(n, x);
  wg_sin_cos_pi(x, &s, &c);
  return wg_sign_of(n) * wg_polygamma_above(n, 1.0 - x) - wg_slope_of_cotangent(n, c / s, p);
}
