/* Bessel functions of whole orders, and modified ones. */
WG_FN int wg_is_far(int n, double x) { return x >= 25.0 + 0.5 * (double)n * (double)n; }
WG_FN double wg_power_series(int n, double x, double sign) {
  const double w = sign * 0.25 * x * x, n_ = n;
  double first = 1.0;
  for (int k = 1; k <= n; ++k) first = first * (0.5 * x / (double)k);
  WG_SERIES(sum, first, w / (k * (k + n_)))
  return sum;
}
WG_FN double wg_hankel_factor(double k, double square, double m, double x) {
  const double odd = 2.0 * k - 1.0;
  const double factor = (odd * odd - square) / (8.0 * k * x) * ((k - 0.5 + m) / (k - 0.5));
  return wg_fabs(factor) < 1.0 ? factor : 0.0;
}
WG_FN double wg_hankel(int n, int m, double x) {
  const double square = 4.0 * (double)n * (double)n, m_ = m;
  WG_SERIES(sum, 1.0, wg_hankel_factor(k, square, m_, x))
  double y = sum / wg_sqrt(2.0 * WG_PI * x);
  for (int j = 0; j < m; ++j) y = y * ((0.5 + (double)j) / x);
  return y;
}
WG_FN double wg_bessel_i(int n, double x) {
  const double a = wg_fabs(x);
  double y = a;
  if (!wg_is_infinite(a)) {
    if (wg_is_far(n, a)) {
      const double half = wg_of_exp(0.5 * a);
      y = half * (wg_hankel(n, 0, a) * half);
    } else {
      y = wg_power_series(n, a, 1.0);
    }
  }
  return x < 0.0 ? wg_sign_of(n) * y : y;
}
WG_FN double wg_falling(int m, double x) {
  if (wg_is_infinite(x)) return 0.0;
  if (x >= 25.0 + 2.0 * (double)m) return wg_sign_of(m) * wg_hankel(0, m, x);
  if (m == 0) return wg_of_exp(-x) * wg_power_series(0, x, 1.0);
  const int half = 32 + 2 * m;
  double sum = 0.0;
  for (int j = 0; j <= half; ++j) {
    const double s = wg_of_sin(0.5 * WG_PI * (double)j / (double)half), rise = -2.0 * s * s;
    const double weight = j == 0 || j == half ? 0.5 : 1.0;
    sum = sum + weight * wg_whole_power(rise, m) * wg_of_exp(x * rise);
  }
  return sum / (double)half;
}
WG_FN double wg_bessel_i0e(int m, double x) {
  if (m % 2 == 0 || x > 0.0) return wg_falling(m, wg_fabs(x));
  return x < 0.0 ? -wg_falling(m, -x) : x;
}
WG_FN double wg_bessel_i1e(int m, double x) {
  const double a = wg_fabs(x);
  double y;
  if (m > 0) y = wg_falling(m, a) + wg_falling(m + 1, a);
  else if (wg_is_infinite(a)) y = 0.0;
  else if (wg_is_far(1, a)) y = wg_hankel(1, 0, a);
  else y = wg_of_exp(-a) * wg_power_series(1, a, 1.0);
  return x < 0.0 ? -wg_sign_of(m) * y : y;
}
WG_FN double wg_bessel_wave(int n, double x) { return n % 2 ? wg_of_sin(x) : wg_of_cos(x); }
WG_FN double wg_mean_over_circle(int n, double x) {
  const double quarter = wg_ceil(0.25 * ((double)n + x) + wg_sqrt(x)) + 9.0;
  double sum = 0.0;
  for (double j = 0.0; j <= quarter; j = j + 1.0) {
    const double t = 0.5 * WG_PI * j / quarter, weight = j == 0.0 || j == quarter ? 0.5 : 1.0;
    sum = sum + weight * wg_bessel_wave(n, (double)n * t) * wg_bessel_wave(n, x * wg_of_sin(t));
  }
  return sum / quarter;
}
WG_FN double wg_oscillating(int n, double x) {
  const double square = 4.0 * (double)n * (double)n;
  double even = 1.0, odd_part = 0.0, term = 1.0;
  for (int k = 1; wg_fabs(term) > 1e-17 && k < 200; ++k) {
    const double odd = (double)(2 * k - 1), factor = (square - odd * odd) / (8.0 * (double)k * x);
    if (wg_fabs(factor) >= 1.0 && k > n) break;
    term = term * factor;
    if (k % 2) odd_part = odd_part + wg_sign_of(k / 2) * term;
    else even = even + wg_sign_of(k / 2) * term;
  }
  const double sine = wg_of_sin(x), cosine = wg_of_cos(x);
  double s, c;
  wg_turned(-(double)n, sine - cosine, sine + cosine, &s, &c);
  return (even * c - odd_part * s) / wg_sqrt(WG_PI * x);
}
WG_FN double wg_bessel_j(int n, double x) {
  const double a = wg_fabs(x);
  double y;
  if (wg_is_infinite(a)) y = 0.0;
  else if (0.25 * a * a <= (double)n + 1.0) y = wg_power_series(n, a, -1.0);
  else if (wg_is_far(n, a)) y = wg_oscillating(n, a);
  else y = wg_mean_over_circle(n, a);
  return x < 0.0 ? wg_sign_of(n) * y : y;
}
