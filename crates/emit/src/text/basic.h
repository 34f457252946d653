#ifdef __CUDACC__
#define WG_TABLE static __device__ const
#else
#define WG_TABLE static const
#endif
WG_FN float wg_inff(void) { return wg_of_bitsf(0x7f800000u); }
WG_FN float wg_nanf(void) { return wg_of_bitsf(0x7fc00000u); }
WG_FN double wg_inf(void) { return wg_of_bits(0x7ff0000000000000u); }
WG_FN double wg_nan(void) { return wg_of_bits(0x7ff8000000000000u); }
#if defined(__GNUC__) && !defined(__CUDACC__)
#define wg_fabsf __builtin_fabsf
#define wg_fabs __builtin_fabs
#else
WG_FN float wg_fabsf(float x) { return wg_of_bitsf(wg_to_bitsf(x) & 0x7fffffffu); }
WG_FN double wg_fabs(double x) { return wg_of_bits(wg_to_bits(x) & 0x7fffffffffffffffu); }
#endif
WG_FN float wg_copysignf(float x, float s) { return wg_of_bitsf((wg_to_bitsf(x) & 0x7fffffffu) | (wg_to_bitsf(s) & 0x80000000u)); }
WG_FN double wg_copysign(double x, double s) {
  return wg_of_bits((wg_to_bits(x) & 0x7fffffffffffffffu) | (wg_to_bits(s) & 0x8000000000000000u));
}
/* 2 to the power of what the low bits hold, its bias included. */
WG_FN float wg_power_in_low_bitsf(float x) { return wg_of_bitsf(wg_to_bitsf(x) << 23); }
WG_FN double wg_power_in_low_bits(double x) { return wg_of_bits(wg_to_bits(x) << 52); }
/* x = 2^exponent * rest, with rest in [1/sqrt 2, sqrt 2). */
WG_FN int wg_exponentf(float x) { return (int)(wg_to_bitsf(x) - 0x3f3504f3u) >> 23; }
WG_FN wg_long wg_exponent(double x) { return (wg_long)(wg_to_bits(x) - 0x3fe6a09e667f3bcdu) >> 52; }
WG_FN float wg_restf(float x, int k) { return wg_of_bitsf(wg_to_bitsf(x) - ((unsigned)k << 23)); }
WG_FN double wg_rest(double x, wg_long k) { return wg_of_bits(wg_to_bits(x) - ((wg_bits)k << 52)); }
WG_FN float wg_power_of_minusf(int k) { return wg_of_bitsf((unsigned)(127 - (k < 127 ? k : 127)) << 23); }
WG_FN double wg_power_of_minus(wg_long k) { return wg_of_bits((wg_bits)(1023 - (k < 1023 ? k : 1023)) << 52); }
WG_FN float wg_by_quadrantf(float n, unsigned shift, float sine, float cosine) {
  unsigned q = wg_to_bitsf(n) + shift;
  return wg_of_bitsf(wg_to_bitsf(q & 1 ? cosine : sine) ^ ((q & 2) << 30));
}
WG_FN double wg_by_quadrant(double n, unsigned shift, double sine, double cosine) {
  wg_bits q = wg_to_bits(n) + shift;
  return wg_of_bits(wg_to_bits(q & 1 ? cosine : sine) ^ ((q & 2) << 62));
}
