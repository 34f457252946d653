//! sinh and cosh: |x| = n·ln 2 + r with |r| ≤ ½·ln 2, and
//!
//! sinh |x| = 2·((p − q)·cosh r + (p + q)·sinh r), cosh |x| = 2·((p + q)·cosh r + (p − q)·sinh r), with p = 2ⁿ⁻², q = 2⁻ⁿ⁻².
//!
//! The coefficients are our fits. What the leading sum rounds off is carried along, so that the error is little more than half
//! a unit.

use super::exp::magic_of;
use super::pairs::{ordered_sum, product};
use super::{abs, epsilon, ln2_hi, ln2_lo, magic};
use crate::number::{Digits, Num, Size, if_gt, if_lt};
use std::f64::consts::LOG2_E;

constants! {
    /// From here on, sinh x and cosh x are infinite; n is as large as it may be.
    infinite: 89.5, 710.6;
}

polynomials! {
    /// (sinh r − r)/r³ in r².
    sine:
        single 0.16666667, 0.008333311, 0.00019890986;
        double 0.16666666666666669, 0.008333333333330063, 0.0001984126986304708, 2.755726847015456e-06,
            2.5100380663793766e-08;
    /// (cosh r − 1)/r² in r².
    cosine:
        single 0.5, 0.041666465, 0.0013933646;
        double 0.5, 0.04166666666666668, 0.0013888888888879077, 2.4801587336431777e-05, 2.755726329028275e-07,
            2.0918133596097454e-09;
}

/// Where n exceeds this, q is nothing beside p.
const NOTHING: f64 = 64.0;

/// ½·sinh |x| where `even` is false, else ½·cosh |x|.
#[inline(always)]
fn half<N: Digits>(a: Num<N>, even: bool) -> Num<N> {
    let a = if_gt(a, infinite::<N>(), infinite::<N>(), a);
    let n = a.mul_add(LOG2_E, magic::<N>()) - magic::<N>();
    let t = (-n).mul_add(ln2_hi::<N>(), a);
    let r = (-n).mul_add(ln2_lo::<N>(), t);
    let tail = (-n).mul_add(ln2_lo::<N>(), t - r);
    let p = Num((n + magic_of::<N>(-2.0)).0.power_in_low_bits());
    let q = Num((magic_of::<N>(-2.0) - if_gt(n, NOTHING, NOTHING, n)).0.power_in_low_bits());
    // Both are exact together with what is lost.
    let (plus, plus_lost) = ordered_sum(p, q);
    let (minus, minus_lost) = ordered_sum(p, -q);
    let (of_cosine, of_sine) = if even { (plus, minus) } else { (minus, plus) };
    let (cosine_lost, sine_lost) = if even { (plus_lost, minus_lost) } else { (minus_lost, plus_lost) };
    let z = r * r;
    let sine = (r * z).mul_add(sine(z), tail);
    let cosine = z.mul_add(cosine(z), r * tail);
    let (linear, linear_lost) = product(of_sine, r);
    let (leading, lost) = ordered_sum(of_cosine, linear);
    let lost = lost + (linear_lost + sine_lost.mul_add(r, cosine_lost));
    leading + of_cosine.mul_add(cosine, of_sine.mul_add(sine, lost))
}

#[inline(always)]
pub(crate) fn sinh<N: Digits>(x: Num<N>) -> Num<N> {
    let a = abs(x);
    // Keeps the last bit of subnormal numbers.
    if_lt(a, epsilon::<N>(), x, (2.0 * half(a, false)).copysign(x))
}

#[inline(always)]
pub(crate) fn cosh<N: Digits>(x: Num<N>) -> Num<N> {
    2.0 * half(abs(x), true)
}
