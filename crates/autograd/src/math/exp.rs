//! eˣ and its kin: x = n·ln 2 + r with |r| ≤ ½·ln 2, a polynomial in r, and a power of two.

use super::pairs::ordered_sum;
use super::{abs, bias, epsilon, ln2_hi, ln2_lo, magic};
use crate::number::{Digits, Literal, Num, Size, choose, if_gt, if_lt};
use crate::table::Compare::{Le, Lt};
use std::f64::consts::{LN_2, LOG2_E};

constants! {
    /// From here on eˣ is infinite.
    infinite: 89.0, 710.0;
    /// Up to here eˣ is 0 to the last bit.
    zero: -104.0, -746.0;
    /// From here on 2ˣ is infinite; not above this, it is 0.
    infinite2: 128.0, 1024.0;
    zero2: -150.0, -1075.0;
    /// ln 2, and what it is more than that.
    ln2: 0.6931471824645996, LN_2;
    ln2_lost: -1.904654299957768e-09, f64::from_bits(0x3c7abc9e3b39803f);
    /// Below this, eˣ − 1 is −1.
    minus_one: -20.0, -40.0;
}

polynomials! {
    /// The even powers of (eʳ − 1 − r)/r², by the polynomial that agrees with it where a Chebyshev polynomial is zero.
    even:
        single 0.500_000_24, 0.041_660_737, 0.001_424_038;
        double 0.5000000000000016, 0.041666666666500526, 0.0013888888950298695, 2.4801486975901924e-05,
            2.763222657233778e-07;
    /// Its odd powers.
    odd:
        single 0.166_665, 0.008_370_634;
        double 0.16666666666666677, 0.008333333333320557, 0.0001984126988849669, 2.7557242067180346e-06,
            2.5109719945450414e-08;
}

/// By how much an exponent is lifted (lowered) while results may be subnormal (overflow), and the powers of two that take it
/// back.
const LIFT: f64 = 64.0;
const DOWN: f64 = 1.0 / UP;
const UP: f64 = (1u128 << 64) as f64;

/// The magic number that leaves n + k in the low bits in the form of an exponent.
#[inline(always)]
pub(super) fn magic_of<N: Digits>(k: f64) -> f64 {
    magic::<N>() + (k + bias::<N>())
}

/// x = n·ln 2 + r: eʳ − 1, and 2ⁿ⁺ᵏ for the magic number of k.
#[inline(always)]
fn reduce<N: Digits>(x: Num<N>, magic: impl Literal<N>) -> (Num<N>, Num<N>) {
    let magic = magic.number(x);
    let shifted = x.mul_add(LOG2_E, magic);
    let n = shifted - magic;
    let r = (-n).mul_add(ln2_lo::<N>(), (-n).mul_add(ln2_hi::<N>(), x));
    ((series(r) * r).mul_add(r, r), Num(shifted.0.power_in_low_bits()))
}

/// (eʳ − 1 − r)/r². Even and odd powers apart: two short chains of steps that wait for each other, not a long one.
#[inline(always)]
fn series<N: Digits>(r: Num<N>) -> Num<N> {
    let z = r * r;
    odd(z).mul_add(r, even(z))
}

/// As [`reduce`], but the power is 0 where eˣ is 0 to the last bit. Such arguments, the −∞ of masks among them, must not get as
/// far as the last product: one whose result underflows takes the processor as long as a hundred others. They are kept at the
/// bound, so that all else is finite, and 0 stays 0 in every product.
#[inline(always)]
fn reduce_or_vanish<N: Digits>(x: Num<N>, magic: impl Literal<N>) -> (Num<N>, Num<N>) {
    // One instruction, the larger of two, and a comparison with what it gives: so the compiler keeps it one instruction.
    let kept = if_lt(x, zero::<N>(), zero::<N>(), x);
    let (m1, power) = reduce(kept, magic);
    (m1, choose(kept.is(Le, zero::<N>()), 0.0, power))
}

/// eˣ where x ≤ 1.
#[inline(always)]
pub(crate) fn exp_falling<N: Digits>(x: Num<N>) -> Num<N> {
    let (m1, power) = reduce_or_vanish(x, magic_of::<N>(LIFT));
    (m1 + 1.0) * power * DOWN
}

/// eˣ, and 1 − eˣ without cancellation, where x ≤ 0.
#[inline(always)]
pub(super) fn exp_and_rest<N: Digits>(x: Num<N>) -> (Num<N>, Num<N>) {
    let (m1, power) = reduce_or_vanish(x, magic_of::<N>(LIFT));
    let whole = power * DOWN;
    ((m1 + 1.0) * power * DOWN, (-whole).mul_add(m1, 1.0 - whole))
}

#[inline(always)]
pub(crate) fn exp<N: Digits>(x: Num<N>) -> Num<N> {
    let falls = x.is(Lt, 0.0);
    let bounded = if_gt(x, infinite::<N>(), infinite::<N>(), x);
    let lift = choose(falls, magic_of::<N>(LIFT), magic_of::<N>(-LIFT).number(x));
    let back = choose(falls, DOWN, UP.number(x));
    let (m1, power) = reduce_or_vanish(bounded, lift);
    (m1 + 1.0) * power * back
}

/// 2ˣ = 2ⁿ·e^(r·ln 2), where x = n + r and |r| ≤ ½: exact for whole numbers.
#[inline(always)]
pub(crate) fn exp2<N: Digits>(x: Num<N>) -> Num<N> {
    let (none, falls) = (x.is(Lt, zero2::<N>()), x.is(Lt, 0.0));
    let bounded = choose(none, 0.0, if_gt(x, infinite2::<N>(), infinite2::<N>(), x));
    let magic = choose(falls, magic_of::<N>(LIFT), magic_of::<N>(-LIFT).number(x));
    let shifted = bounded + magic;
    let part = bounded - (shifted - magic);
    let r = part * ln2::<N>();
    let tail = part.fused_within(ln2::<N>(), -r) + part * ln2_lost::<N>();
    let power = Num(shifted.0.power_in_low_bits());
    choose(none, 0.0, fine_exp(r, tail) * power * choose(falls, DOWN, UP.number(x)))
}

/// e^(x + x′) for a small x′.
#[inline(always)]
pub(super) fn exp_of_sum<N: Digits>(x: Num<N>, tail: Num<N>) -> Num<N> {
    let (none, falls) = (x.is(Lt, zero::<N>()), x.is(Lt, 0.0));
    let bounded = choose(none, 0.0, if_gt(x, infinite::<N>(), infinite::<N>(), x));
    let magic = choose(falls, magic_of::<N>(LIFT), magic_of::<N>(-LIFT).number(x));
    let shifted = bounded.mul_add(LOG2_E, magic);
    let n = shifted - magic;
    let t = (-n).mul_add(ln2_hi::<N>(), bounded);
    let r = (-n).mul_add(ln2_lo::<N>(), t);
    let tail = (-n).mul_add(ln2_lo::<N>(), t - r) + tail;
    let power = Num(shifted.0.power_in_low_bits());
    choose(none, 0.0, fine_exp(r, tail) * power * choose(falls, DOWN, UP.number(x)))
}

/// e^(r + r′) for |r| ≤ ½·ln 2 and a small r′, with little more than the last rounding.
#[inline(always)]
fn fine_exp<N: Digits>(r: Num<N>, tail: Num<N>) -> Num<N> {
    let (leading, lost) = ordered_sum(1.0.number(r), r);
    let rest = series(r) * (r * r);
    leading + (lost + tail.mul_add(leading + rest, rest))
}

/// eˣ − 1 = 2·(2ⁿ⁻¹·(eʳ − 1) + (2ⁿ⁻¹ − ½)).
#[inline(always)]
pub(crate) fn exp_m1<N: Digits>(x: Num<N>) -> Num<N> {
    let bounded = if_gt(x, infinite::<N>(), infinite::<N>(), x);
    let bounded = if_lt(bounded, minus_one::<N>(), minus_one::<N>(), bounded);
    let (m1, half) = reduce(bounded, magic_of::<N>(-1.0));
    let y = 2.0 * half.mul_add(m1, half - 0.5);
    // Keeps the sign of zero and the last bit of subnormal numbers.
    if_lt(abs(x), 0.25 * epsilon::<N>(), x, y)
}
