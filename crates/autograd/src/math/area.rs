//! The inverses of the hyperbolic functions, by the logarithm of an argument that is known beyond its last digit.
//!
//! Source: the formulas of `asinh`, `acosh` and `atanh` in FreeBSD's msun (Ng, 1993), with the roundings carried along.

use super::log::{assemble, ln_of_sum, tail};
use super::pairs::{ordered_sum, quotient, sum};
use super::{abs, largest, sqrt};
use crate::number::{Digits, Literal, Num, choose, if_lt};
use crate::table::Compare::{Eq, Ge, Gt, Le};

constants! {
    /// Beyond, asinh x and acosh x are ln x + ln 2.
    beyond: 8192.0, 536870912.0;
    /// Below this, atanh is a polynomial: that of the logarithm, where it is the whole of it.
    atanh_near: 0.171, 0.171;
}

/// ln(1 + w + w′), or ln a + ln 2 where a is beyond.
#[inline(always)]
fn logarithm<N: Digits>(a: Num<N>, w: Num<N>, w_tail: Num<N>) -> Num<N> {
    let far = a.is(Gt, beyond::<N>());
    let (near, lost) = sum(1.0.number(w), w);
    let (k, m) = choose(far, a, near).0.exponent_and_rest();
    let near_one = N::is_zero(k);
    let f = choose(near_one, w, Num(m) - 1.0);
    let lost = choose(far, 0.0, (lost + w_tail) * Num(N::power_of_minus(k)));
    let lost = choose(near_one, w_tail, lost);
    let s = f / (2.0 + f);
    let k = Num(N::of_whole(k)) + choose(far, 1.0, 0.0.number(a));
    // 1/m = 1 − 2s + 2s² − …
    assemble(k, f, s, lost * (2.0 * s).mul_add(s - 1.0, 1.0))
}

#[inline(always)]
pub(crate) fn asinh<N: Digits>(x: Num<N>) -> Num<N> {
    let a = abs(x);
    let square = a * a;
    let (w, w_tail) = ordered_sum(a, square / (1.0 + sqrt(1.0 + square)));
    choose(a.is(Le, largest::<N>()), logarithm(a, w, w_tail), a).copysign(x)
}

/// With t = x − 1: ln(1 + t + √(t·(t + 2))).
#[inline(always)]
pub(crate) fn acosh<N: Digits>(x: Num<N>) -> Num<N> {
    let t = x - 1.0;
    let (w, w_tail) = sum(sqrt(t.mul_add(t, 2.0 * t)), t);
    let y = choose(x.is(Le, largest::<N>()), logarithm(x, w, w_tail), x);
    choose(x.is(Ge, 1.0), y, f64::NAN.number(x))
}

/// ½·ln((1 + x)/(1 − x)).
#[inline(always)]
pub(crate) fn atanh<N: Digits>(x: Num<N>) -> Num<N> {
    let a = abs(x);
    let z = a * a;
    let near = (0.5 * a * z).mul_add(tail(z), a);
    let (n, n_lost) = ordered_sum(1.0.number(a), a);
    let (d, d_lost) = ordered_sum(1.0.number(a), -a);
    let (u, lost) = quotient(n, n_lost, d, d_lost);
    let y = if_lt(a, atanh_near::<N>(), near, 0.5 * ln_of_sum(u, lost));
    let y = choose(a.is(Eq, 1.0), f64::INFINITY, y);
    choose(a.is(Le, 1.0), y, f64::NAN.number(x)).copysign(x)
}
