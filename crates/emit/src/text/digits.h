/* The digits of 2/pi, as many as the largest number needs. */
WG_TABLE wg_bits wg_digits[23] = {
  0, 0xa2f9836e4e441529u, 0xfc2757d1f534ddc0u, 0xdb6295993c439041u, 0xfe5163abdebbc561u, 0xb7246e3a424dd2e0u,
  0x06492eea09d1921cu, 0xfe1deb1cb129a73eu, 0xe88235f52ebb4484u, 0xe99c7026b45f7e41u, 0x3991d639835339f4u,
  0x9c845f8bbdf9283bu, 0x1ff897ffde05980fu, 0xef2f118b5a0a6d1fu, 0x6d367ecf27cb09b7u, 0x4f463f669e5fea2du,
  0x7527bac7ebe5f17bu, 0x3d0739f78a5292eau, 0x6bfb5fb11f8d5d08u, 0x56033046fc7b6babu, 0xf0cfbc209af4361du,
  0xa9e391615ee61b08u, 0,
};
/* 2^(k - 53) * 2/pi modulo 4: its 53 bits from 2^(1 - 53 part) on. */
WG_FN double wg_two_over_pi(wg_long k, int part) {
  wg_long place = k - 53 - 1 + 63 + 53 * part;
  if (place < 0) place = 0;
  int word = (int)(place / 64), at = (int)(place % 64);
  wg_bits first = word < 22 ? wg_digits[word] : 0, second = word < 22 ? wg_digits[word + 1] : 0;
  wg_bits window = at ? first << at | second >> (64 - at) : first;
  return (double)(window >> 11) * wg_of_bits((wg_bits)(1023 - 51 - 53 * part) << 52);
}
WG_FN float wg_two_over_pif(wg_long k, int part) { return (float)wg_two_over_pi(k, part); }
