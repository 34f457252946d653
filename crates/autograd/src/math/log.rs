//! Logarithms: x = 2ᵏ·m with ½√2 ≤ m < √2, and ln m = 2·artanh s with s = f/(2 + f), f = m − 1.
//!
//! Source: the method of `log` and `log1p` in FreeBSD's msun (Ng, 1993); the coefficients are our minimax fits.

use super::pairs::{ordered_sum, product, quotient};
use super::{abs, epsilon, largest, ln2_hi, ln2_lo, smallest_normal};
use crate::number::{Digits, Literal, Num, Size, choose, if_eq, if_gt, if_lt};
use crate::table::Compare::Lt;
use std::f64::consts::{LOG2_E, LOG10_E};

constants! {
    /// The power of two that makes subnormal numbers normal, and its exponent.
    lift: 33554432.0, 18014398509481984.0;
    lift_exponent: 25.0, 54.0;
    /// Logarithms of e and, with zeros at its end, of 2; and what they are more than that.
    log2_e: 1.4426950216293335, LOG2_E;
    log2_e_lost: 1.9259629911266175e-08, f64::from_bits(0x3c7777d0ffda0d24);
    log10_e: 0.4342944920063019, LOG10_E;
    log10_e_lost: -1.0103050052231683e-08, f64::from_bits(0x3c695355baaafad3);
    log10_2: 0.301025390625, 0.3010299956640665;
    log10_2_lost: 4.605038981195214e-06, -8.532344317057107e-14;
}

/// What ⅔ is more than its double.
const TWO_THIRDS_LOST: f64 = f64::from_bits(0x3c85555555555555);

polynomials! {
    /// 2·artanh s = 2s + s³·P(s²).
    pub(super) tail:
        single 0.6666666, 0.40000337, 0.28537285, 0.23581994;
        double 0.6666666666666733, 0.3999999999941833, 0.28571428741887117, 0.2222219861384802, 0.18183562404084633,
            0.1531409823420347, 0.14795472184814012;
}

/// k·ln 2 + ln(1 + f) + correction, with s = f/(2 + f).
#[inline(always)]
pub(super) fn assemble<N: Digits>(k: Num<N>, f: Num<N>, s: Num<N>, correction: impl Literal<N>) -> Num<N> {
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

/// ln(u + u′), for u positive and normal and a small u′.
#[inline(always)]
pub(super) fn ln_of_sum<N: Digits>(u: Num<N>, lost: Num<N>) -> Num<N> {
    let (k, m) = u.0.exponent_and_rest();
    let f = Num(m) - 1.0;
    let s = f / (2.0 + f);
    let lost = lost * Num(N::power_of_minus(k));
    assemble(Num(N::of_whole(k)), f, s, lost * (2.0 * s).mul_add(s - 1.0, 1.0))
}

/// k, and ln m as a sum of two, for x = 2ᵏ·m positive.
#[inline(always)]
fn split<N: Digits>(x: Num<N>) -> (Num<N>, Num<N>, Num<N>) {
    let subnormal = x.is(Lt, smallest_normal::<N>());
    let (k, m) = choose(subnormal, x * lift::<N>(), x).0.exponent_and_rest();
    let k = Num(N::of_whole(k)) - choose(subnormal, lift_exponent::<N>(), 0.0.number(x));
    let f = Num(m) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let (square, square_lost) = product(0.5 * f, f);
    let (hi, lo) = ordered_sum(f, -square);
    (k, hi, s.mul_add(square + z * tail(z), lo - square_lost))
}

/// k·c + (hi + lo)/ln base, where k times the first part of c is exact.
#[inline(always)]
fn in_base<N: Digits>(x: Num<N>, c: [f64; 2], inverse: [f64; 2]) -> Num<N> {
    let (k, hi, lo) = split(x);
    let (p, p_lost) = product(hi, inverse[0].number(x));
    let (leading, lost) = ordered_sum(k * c[0], p);
    let rest = hi.mul_add(inverse[1], lo.mul_add(inverse[0], p_lost));
    edges(x, leading + (lost + k.mul_add(c[1], rest)))
}

#[inline(always)]
pub(crate) fn log2<N: Digits>(x: Num<N>) -> Num<N> {
    in_base(x, [1.0, 0.0], [log2_e::<N>(), log2_e_lost::<N>()])
}

#[inline(always)]
pub(crate) fn log10<N: Digits>(x: Num<N>) -> Num<N> {
    in_base(x, [log10_2::<N>(), log10_2_lost::<N>()], [log10_e::<N>(), log10_e_lost::<N>()])
}

/// ln x for powers: as a sum of two, to about 65 bits, for x positive. With s = f/(2 + f): 2s + s³·(⅔ + s²·(…)), of which the
/// first two terms are sums of two. The coefficients are our fit.
#[inline(always)]
pub(super) fn ln_twofold<N: Digits>(x: Num<N>) -> (Num<N>, Num<N>) {
    let subnormal = x.is(Lt, smallest_normal::<N>());
    let (k, m) = choose(subnormal, x * lift::<N>(), x).0.exponent_and_rest();
    let k = Num(N::of_whole(k)) - choose(subnormal, lift_exponent::<N>(), 0.0.number(x));
    let f = Num(m) - 1.0;
    let (d, d_lost) = ordered_sum(2.0.number(f), f);
    let (s, s_lost) = quotient(f, 0.0.number(f), d, d_lost);
    let (z, z_lost) = product(s, s);
    let z_lost = (2.0 * s).mul_add(s_lost, z_lost);
    let series = horner!(z; 0.4, 0.28571428571429364, 0.22222222221656196, 0.18181818335322242, 0.15384594970057874,
        0.13334804283783175, 0.11706247320841309, 0.11723063787600672);
    let (c, c_lost) = ordered_sum((2.0 / 3.0).number(z), z * series);
    let c_lost = c_lost + TWO_THIRDS_LOST;
    // s²·c, then s·(2 + s²·c).
    let (t, t_lost) = product(z, c);
    let t_lost = z.mul_add(c_lost, z_lost.mul_add(c, t_lost));
    let (t, t_lost) = (2.0 + t, ((2.0 - (2.0 + t)) + t) + t_lost);
    let (l, l_lost) = product(s, t);
    let l_lost = s.mul_add(t_lost, s_lost.mul_add(t, l_lost));
    let (hi, lo) = ordered_sum(k * ln2_hi::<N>(), l);
    let lo = lo + k.mul_add(ln2_lo::<N>(), l_lost);
    let (hi, lo) = ordered_sum(hi, lo);
    (edges(x, hi), lo)
}

/// `y`, which is ln x, or what ln is where x is not positive and finite.
#[inline(always)]
fn edges<N: Digits>(x: Num<N>, y: Num<N>) -> Num<N> {
    let y = if_gt(x, largest::<N>(), x, y);
    let y = if_gt(x, 0.0, y, f64::NAN);
    if_eq(x, 0.0, f64::NEG_INFINITY, y)
}
