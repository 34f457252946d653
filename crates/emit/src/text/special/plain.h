/* What special functions are made of, in double precision. */
#define WG_PI 3.14159265358979323846
#define WG_TWO_OVER_ROOT_PI 1.12837916709551257390
WG_FN int wg_is_infinite(double x) { return wg_fabs(x) == wg_inf(); }
WG_FN double wg_whole_power(double x, int n) {
  double y = 1.0;
  for (int i = 0; i < n; ++i) y = y * x;
  return y;
}
WG_FN double wg_sign_of(int n) { return n % 2 ? -1.0 : 1.0; }
/* The sine and the cosine of an angle turned forward by so many quarters. */
WG_FN void wg_turned(double quarters, double sine, double cosine, double *s, double *c) {
  const double rest = quarters - 4.0 * wg_floor(quarters / 4.0);
  *s = -cosine, *c = sine;
  if (rest == 0.0) *s = sine, *c = cosine;
  else if (rest == 1.0) *s = cosine, *c = -sine;
  else if (rest == 2.0) *s = -sine, *c = -cosine;
}
/* The sine and the cosine of pi x: the difference to the nearest multiple of a half is exact. */
WG_FN void wg_sin_cos_pi(double x, double *s, double *c) {
  const double twice = 2.0 * x, big = 4503599627370496.0;
  double half = twice;
  if (wg_fabs(twice) < big) half = wg_copysign(wg_fabs(twice) + big - big, twice);
  const double rest = (x - 0.5 * half) * WG_PI;
  wg_turned(half, wg_of_sin(rest), wg_of_cos(rest), s, c);
}
/* The sum of a series, from its first term and the factor that makes term k of the one before, until terms do not count. */
#define WG_SERIES(sum, first, factor) \
  double sum = first; \
  { \
    double term = sum; \
    for (double k = 1.0; wg_fabs(term) > 1e-17 * wg_fabs(sum) && wg_fabs(sum) < wg_inf(); k = k + 1.0) { \
      term = term * (factor); \
      sum = sum + term; \
    } \
  }
