/* What the processor lacks, correctly rounded. */
#ifdef __CUDACC__
#define wg_floorf floorf
#define wg_floor floor
#define wg_ceilf ceilf
#define wg_ceil ceil
#elif defined(__SSE4_1__) || defined(__aarch64__)
#define wg_floorf __builtin_floorf
#define wg_floor __builtin_floor
#define wg_ceilf __builtin_ceilf
#define wg_ceil __builtin_ceil
#else
WG_FN double wg_floor(double x) {
  if (!(wg_fabs(x) < 4503599627370496.0)) return x;
  double y = (double)(wg_long)x;
  return wg_copysign(y > x ? y - 1.0 : y, x);
}
WG_FN double wg_ceil(double x) { return -wg_floor(-x); }
WG_FN float wg_floorf(float x) { return (float)wg_floor((double)x); }
WG_FN float wg_ceilf(float x) { return (float)wg_ceil((double)x); }
#endif
#ifdef __CUDACC__
#define wg_sqrtf __fsqrt_rn
#define wg_sqrt __dsqrt_rn
#elif !defined(WG_NO_SQRT) && (defined(__SSE2__) || defined(__ARM_FP) || defined(__aarch64__))
/* One instruction; `-fno-math-errno` spares the call that would set errno for numbers below 0. */
#define wg_sqrtf __builtin_sqrtf
#define wg_sqrt __builtin_sqrt
#else
#define WG_SOFT_SQRT
#endif
#if defined(WG_SOFT_FMA) || defined(WG_SOFT_SQRT)
/* The number sign * m * 2^e for m below 2^63, of which `sticky` tells that it is a little more; rounded to the nearest, to even. */
static double wg_rounded(wg_bits sign, wg_bits m, int e, int sticky) {
  if (m == 0) return wg_of_bits(sign);
  while (m < (1ull << 62)) m <<= 1, --e;
  int cut = 10; /* 63 bits become 53 */
  if (e + 62 < -1022) cut += -1022 - (e + 62);
  if (cut > 63) return wg_of_bits(sign);
  wg_bits low = m & ((1ull << cut) - 1), half = 1ull << (cut - 1), kept = cut > 62 ? 0 : m >> cut;
  if (low > half || (low == half && (sticky || (kept & 1)))) ++kept;
  e += cut;
  if (kept >> 53) kept >>= 1, ++e;
  if (kept < (1ull << 52)) return wg_of_bits(sign | kept);
  if (e + 52 > 1023) return wg_of_bits(sign | 0x7ff0000000000000u);
  return wg_of_bits(sign | ((wg_bits)(e + 52 + 1023) << 52 | (kept & ((1ull << 52) - 1))));
}
WG_FN void wg_parts(double x, wg_bits *m, int *e) {
  wg_bits b = wg_to_bits(x) & 0x7fffffffffffffffu;
  int k = (int)(b >> 52);
  *m = k ? (b & ((1ull << 52) - 1)) | (1ull << 52) : b;
  *e = (k ? k : 1) - 1075;
}
#endif
#ifdef WG_SOFT_FMA
static double wg_fma(double a, double b, double c) {
  const wg_bits top = 0x8000000000000000u;
  wg_bits sign = (wg_to_bits(a) ^ wg_to_bits(b)) & top, sign_c = wg_to_bits(c) & top;
  /* Where something is not finite, or a factor is 0, a product and a sum have what is wanted. */
  if (!(wg_fabs(a) < wg_inf()) || !(wg_fabs(b) < wg_inf()) || a == 0.0 || b == 0.0) return a * b + c;
  if (!(wg_fabs(c) < wg_inf())) return c;
  wg_bits ma, mb, mc;
  int ea, eb, ec;
  wg_parts(a, &ma, &ea);
  wg_parts(b, &mb, &eb);
  wg_parts(c, &mc, &ec);
  /* The product in two words of 64 bits. */
  wg_bits a1 = ma >> 32, a0 = ma & 0xffffffffu, b1 = mb >> 32, b0 = mb & 0xffffffffu;
  wg_bits mid = a1 * b0 + (a0 * b0 >> 32), more = a0 * b1 + (mid & 0xffffffffu);
  wg_bits hi = a1 * b1 + (mid >> 32) + (more >> 32), lo = (more << 32) | (a0 * b0 & 0xffffffffu);
  int e = ea + eb;
  /* Both numbers with their first bit at place 125 of two words. */
  while (!(hi >> 61)) hi = hi << 1 | lo >> 63, lo <<= 1, --e;
  wg_bits ch = 0, cl = 0;
  int sticky = 0;
  if (mc) {
    ch = mc, cl = 0, ec -= 64;
    while (!(ch >> 61)) ch <<= 1, --ec;
    if (e < ec || (e == ec && (hi < ch || (hi == ch && lo < cl)))) {
      wg_bits t;
      int k;
      t = hi, hi = ch, ch = t, t = lo, lo = cl, cl = t, t = sign, sign = sign_c, sign_c = t;
      k = e, e = ec, ec = k;
    }
    int shift = e - ec;
    if (shift >= 128) sticky = 1, ch = cl = 0;
    else {
      if (shift >= 64) sticky |= cl != 0, cl = ch, ch = 0, shift -= 64;
      if (shift) sticky |= (cl << (64 - shift)) != 0, cl = cl >> shift | ch << (64 - shift), ch >>= shift;
    }
    if (sign == sign_c) {
      wg_bits sum = lo + cl;
      hi += ch + (sum < lo), lo = sum;
    } else {
      /* What was shifted out makes the difference a little less. */
      wg_bits less = cl + (wg_bits)sticky, borrow = lo < less || (sticky && less == 0);
      lo -= less, hi -= ch + borrow;
      if (!hi && !lo && !sticky) return 0.0;
    }
  }
  while (!(hi >> 62) && (hi || lo)) hi = hi << 1 | lo >> 63, lo <<= 1, --e;
  if (hi >> 63) sticky |= (int)(lo & 1), lo = lo >> 1 | hi << 63, hi >>= 1, ++e;
  return wg_rounded(sign, hi, e + 64, sticky || lo);
}
#endif
#ifdef WG_SOFT_FMA
/* The product is exact in double precision; the sum is rounded to odd there, so that it can be rounded once more. */
WG_FN float wg_fmaf(float a, float b, float c) {
  double p = (double)a * (double)b, s = p + (double)c;
  if (!(s - s == 0.0)) return (float)s;
  double back = s - p, lost = (p - (s - back)) + ((double)c - back);
  if (lost != 0.0 && !(wg_to_bits(s) & 1)) {
    wg_bits bits = wg_to_bits(s);
    s = wg_of_bits((lost > 0.0) == (s > 0.0) ? bits + 1 : bits - 1);
  }
  return (float)s;
}
#endif
#ifdef WG_SOFT_SQRT
static double wg_sqrt(double x) {
  if (!(x > 0.0) || !(x < wg_inf())) return x == 0.0 || x > 0.0 ? x : wg_nan();
  wg_bits m, root = 0, rest = 0;
  int e, i;
  wg_parts(x, &m, &e);
  while (!(m >> 52)) m <<= 1, --e;
  if (e & 1) m <<= 1, --e;
  /* Bit by bit: 63 bits of the root of m * 2^72 or so. */
  for (i = 0; i < 60; ++i) {
    wg_bits pair = i < 27 ? (m >> (2 * (26 - i))) & 3 : 0;
    wg_bits next = rest << 2 | pair, bit = root << 2 | 1;
    root <<= 1;
    if (next >= bit) next -= bit, root |= 1;
    rest = next;
  }
  return wg_rounded(0, root, e / 2 - 33, rest != 0);
}
WG_FN float wg_sqrtf(float x) { return (float)wg_sqrt((double)x); }
#endif
