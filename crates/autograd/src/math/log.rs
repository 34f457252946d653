//! Logarithms: x = 2ᵏ·m with ½√2 ≤ m < √2, and ln m = 2·artanh s with s = f/(2 + f), f = m − 1.
//!
//! Source: the method of `log` and `log1p` in FreeBSD's msun (Ng, 1993); the coefficients are our minimax fits.

use super::{abs, epsilon, largest, ln2_hi, ln2_lo, smallest_normal};
use crate::number::{Digits, Literal, Num, Size, choose, if_eq, if_gt, if_lt};
use crate::table::Compare::Lt;

constants! {
    /// The power of two that makes subnormal numbers normal, and its exponent.
    lift: 33554432.0, 18014398509481984.0;
    lift_exponent: 25.0, 54.0;
}

polynomials! {
    /// 2·artanh s = 2s + s³·P(s²).
    tail:
        single 0.6666666, 0.40000337, 0.28537285, 0.23581994;
        double 0.6666666666666733, 0.3999999999941833, 0.28571428741887117, 0.2222219861384802, 0.18183562404084633,
            0.1531409823420347, 0.14795472184814012;
}

/// k·ln 2 + ln(1 + f) + correction, with s = f/(2 + f).
#[inline(always)]
fn assemble<N: Digits>(k: Num<N>, f: Num<N>, s: Num<N>, correction: impl Literal<N>) -> Num<N> {
    let z = s * s;
    let series = z * tail(z);
    let square = 0.5 * f * f;
    let small = s.mul_add(square + series, k.mul_add(ln2_lo::<N>(), correction));
    k.mul_add(ln2_hi::<N>(), f - (square - small))
}

#[inline(always)]
pub(crate) fn ln<N: Digits>(x: Num<N>) -> Num<N> {
    let subnormal = x.is(Lt, smallest_normal::<N>());
    let (k, m) = choose(subnormal, x * lift::<N>(), x).0.exponent_and_rest();
    let k = Num(N::of_whole(k)) - choose(subnormal, lift_exponent::<N>(), 0.0.number(x));
    let f = Num(m) - 1.0;
    edges(x, assemble(k, f, f / (2.0 + f), 0.0))
}

/// ln(1 + x): what the rounding of 1 + x lost is put back as a correction.
#[inline(always)]
pub(crate) fn ln_1p<N: Digits>(x: Num<N>) -> Num<N> {
    let u = 1.0 + x;
    let back = u - 1.0;
    let lost = (1.0 - (u - back)) + (x - back);
    let (k, m) = u.0.exponent_and_rest();
    let near_one = N::is_zero(k);
    let f = choose(near_one, x, Num(m) - 1.0);
    let lost = choose(near_one, 0.0, lost * Num(N::power_of_minus(k)));
    let s = f / (2.0 + f);
    // 1/m = 1 − 2s + 2s² − …
    let correction = lost * (2.0 * s).mul_add(s - 1.0, 1.0);
    let y = edges(u, assemble(Num(N::of_whole(k)), f, s, correction));
    // Keeps the sign of zero and the last bit of subnormal numbers.
    if_lt(abs(x), 0.25 * epsilon::<N>(), x, y)
}

/// `y`, which is ln x, or what ln is where x is not positive and finite.
#[inline(always)]
fn edges<N: Digits>(x: Num<N>, y: Num<N>) -> Num<N> {
    let y = if_gt(x, largest::<N>(), x, y);
    let y = if_gt(x, 0.0, y, f64::NAN);
    if_eq(x, 0.0, f64::NEG_INFINITY, y)
}
