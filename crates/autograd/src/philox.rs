//! Philox4x32-10: random words as a function of a key and a counter, without a state.
//!
//! Source: Salmon, Moraes, Dror & Shaw, *Parallel random numbers: as easy as 1, 2, 3*, 2011, section 3.3. For each key it is a
//! bijection of the counters: ten rounds of two multiplications, whose halves are mixed with the key and change places.

use crate::dtype::Float;

const ROUNDS: usize = 10;
const FACTORS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// What the key grows by from round to round: the golden ratio and √3 − 1, as fractions of 2³².
const STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// The four words at a counter.
pub(crate) fn block(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    (0..ROUNDS).fold(counter, |words, i| round(words, key_of_round(key, i)))
}

/// The four words at each of `N` counters, side by side: the compiler makes one vector of each word.
#[inline(always)]
pub(crate) fn blocks<const N: usize>(key: [u32; 2], counters: [[u32; N]; 4]) -> [[u32; N]; 4] {
    let [mut a, mut b, mut c, mut d] = counters;
    for i in 0..ROUNDS {
        let key = key_of_round(key, i);
        for n in 0..N {
            [a[n], b[n], c[n], d[n]] = round([a[n], b[n], c[n], d[n]], key);
        }
    }
    [a, b, c, d]
}

#[inline(always)]
fn round([a, b, c, d]: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (first, second) = (product(FACTORS[0], a), product(FACTORS[1], c));
    [second[1] ^ b ^ key[0], second[0], first[1] ^ d ^ key[1], first[0]]
}

#[inline(always)]
fn key_of_round(key: [u32; 2], i: usize) -> [u32; 2] {
    let step = |n: usize| key[n].wrapping_add(STEPS[n].wrapping_mul(i as u32));
    [step(0), step(1)]
}

/// The lower and the upper half of a·b.
#[inline(always)]
fn product(a: u32, b: u32) -> [u32; 2] {
    let all = u64::from(a) * u64::from(b);
    [all as u32, (all >> 32) as u32]
}

/// A number type that random words make a number in [0, 1) of.
pub(crate) trait Unit: Float {
    /// The numbers that four words make.
    const PER_BLOCK: usize;

    /// The i-th of them. It is exact: a multiple of the distance between the numbers just below 1.
    fn unit(block: [u32; 4], i: usize) -> Self;
}

/// The upper 24 bits of a word.
impl Unit for f32 {
    const PER_BLOCK: usize = 4;

    #[inline(always)]
    fn unit(block: [u32; 4], i: usize) -> f32 {
        // A conversion from i32 is one instruction everywhere.
        const SCALE: f32 = 1.0 / (1 << 24) as f32;
        (block[i] >> 8) as i32 as f32 * SCALE
    }
}

/// The upper 53 bits of two words, of which the second is the upper half.
impl Unit for f64 {
    const PER_BLOCK: usize = 2;

    #[inline(always)]
    fn unit(block: [u32; 4], i: usize) -> f64 {
        // Two conversions from 32 bits are faster than one from 64. The sum is exact.
        const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
        let (low, high) = (block[2 * i] >> 11, block[2 * i + 1]);
        (f64::from(high) * f64::from(1u32 << 21) + f64::from(low)) * SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of the authors' library, Random123: `kat_vectors`, philox4x32 with 10 rounds.
    #[test]
    fn known_answers() {
        let zeros = block([0; 2], [0; 4]);
        assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = block([u32::MAX; 2], [u32::MAX; 4]);
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let (key, counter) =
            ([0xa409_3822, 0x299f_31d0], [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]);
        assert_eq!(block(key, counter), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn blocks_are_what_each_counter_gives() {
        let counters = [[1, u32::MAX, 3], [4, 0, u32::MAX], [7, 8, 9], [u32::MAX, 11, 12]];
        let all = blocks([5, 6], counters);
        for n in 0..3 {
            assert_eq!(all.map(|word| word[n]), block([5, 6], counters.map(|word| word[n])));
        }
    }

    #[test]
    fn numbers_are_the_upper_bits_and_less_than_1() {
        assert_eq!((f32::unit([0; 4], 3), f64::unit([0; 4], 1)), (0.0, 0.0));
        let below = |one: f64, bits: i32| one - 2f64.powi(-bits);
        assert_eq!(f64::from(f32::unit([u32::MAX; 4], 0)), below(1.0, 24));
        assert_eq!(f64::unit([u32::MAX; 4], 0), below(1.0, 53));
        let words = [0x0123_4567, 0x89ab_cdef, 0xfedc_ba98, 0x7654_3210];
        let whole = |i: usize| u64::from(words[2 * i + 1]) << 32 | u64::from(words[2 * i]);
        for i in 0..2 {
            assert_eq!(f64::unit(words, i), (whole(i) >> 11) as f64 / 2f64.powi(53));
        }
        for (i, word) in words.into_iter().enumerate() {
            assert_eq!(f32::unit(words, i), (word >> 8) as f32 / 2f32.powi(24));
        }
    }
}
