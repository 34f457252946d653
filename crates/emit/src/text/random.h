/* Philox4x32-10: random words as a function of a key and a counter (Salmon et al. 2011). */
WG_FN void wg_philox(const wg_long *key, unsigned purpose, wg_bits number, unsigned *w) {
  unsigned k0 = (unsigned)key[0], k1 = (unsigned)((wg_bits)key[0] >> 32);
  w[0] = (unsigned)number, w[1] = (unsigned)(number >> 32);
  w[2] = (unsigned)key[1], w[3] = (unsigned)((wg_bits)key[1] >> 32) | purpose << 30;
  for (int i = 0; i < 10; ++i) {
    wg_bits p = (wg_bits)0xd2511f53u * w[0], q = (wg_bits)0xcd9e8d57u * w[2];
    unsigned a = (unsigned)(q >> 32) ^ w[1] ^ k0, c = (unsigned)(p >> 32) ^ w[3] ^ k1;
    w[0] = a, w[1] = (unsigned)q, w[2] = c, w[3] = (unsigned)p;
    k0 += 0x9e3779b9u, k1 += 0xbb67ae85u;
  }
}
WG_FN float wg_unitf(const unsigned *w, int i) { return (float)(int)(w[i] >> 8) * (1.0f / 16777216.0f); }
WG_FN double wg_unit(const unsigned *w, int i) {
  return ((double)w[2 * i + 1] * 2097152.0 + (double)(w[2 * i] >> 11)) * (1.0 / 9007199254740992.0);
}
