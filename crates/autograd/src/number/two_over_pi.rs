//! The digits of 2/π, as many as the largest number needs.

/// 2/π in binary: 64 zeros before the point, 1344 digits behind it.
const DIGITS: [u64; 22] = [
    0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
    0xa9e391615ee61b08,
];

/// 2ᵏ⁻⁵³·2/π modulo 4: its 53 bits from 2^(1 − 53·part) on, for k from −9 to 1024.
pub(super) fn two_over_pi(k: i64, part: u32) -> f64 {
    // The digit of weight 2ʲ⁻¹ of the product has weight 2^(j − 1 − k + 53) in 2/π; place 64 of the list has weight ½.
    let place = (k - 53 - 1 + 63 + 53 * i64::from(part)).max(0) as usize;
    let word = |i: usize| u128::from(DIGITS.get(i).copied().unwrap_or(0));
    let window = word(place / 64) << 64 | word(place / 64 + 1);
    let bits = (window << (place % 64) >> 75) as u64;
    // 2^(−51 − 53·part), by its exponent.
    bits as f64 * f64::from_bits(u64::from(1023 - 51 - 53 * part) << 52)
}
