//! The logistic function and tanh, from parts that they have in common with their derivatives.
//!
//! With e = e⁻|x| and r = 1/(1 + e): σ(|x|) = r, σ(−|x|) = e·r, and tanh|x/2| = (1 − e)·r. Nothing overflows, and where a
//! difference would cancel, the exponential gives it directly.

use super::abs;
use super::exp::{exp_and_rest, exp_falling};
use crate::number::{Digits, Num, choose};
use crate::table::Compare::Lt;

/// σ(|x|) and σ(−|x|).
#[derive(Clone, Copy)]
pub(crate) struct Logistic<N> {
    pub(crate) near_one: Num<N>,
    pub(crate) near_zero: Num<N>,
}

impl<N: Digits> Logistic<N> {
    /// σ(x) and σ(−x).
    #[inline(always)]
    pub(crate) fn of(self, x: Num<N>) -> (Num<N>, Num<N>) {
        let Logistic { near_one, near_zero } = self;
        let negative = x.is(Lt, 0.0);
        (choose(negative, near_zero, near_one), choose(negative, near_one, near_zero))
    }
}

/// r and what its rounding and that of the sum lost: 1/(1 + e) is about r + lost.
#[inline(always)]
fn reciprocal<N: Digits>(e: Num<N>) -> (Num<N>, Num<N>) {
    let r = 1.0 / (1.0 + e);
    // 1 − r·(1 + e); the difference is exact, because r is not below ½.
    (r, r * (-r).fused_within(e, 1.0 - r))
}

/// σ of ±|x|.
#[inline(always)]
pub(crate) fn logistic<N: Digits>(x: Num<N>) -> Logistic<N> {
    let e = exp_falling(-abs(x));
    let (r, lost) = reciprocal(e);
    Logistic { near_one: r, near_zero: e.mul_add(r, e * lost) }
}

/// tanh x, and σ of ±|2x|.
#[inline(always)]
pub(crate) fn tanh_and_logistic<N: Digits>(x: Num<N>) -> (Num<N>, Logistic<N>) {
    let (e, rest) = exp_and_rest(-2.0 * abs(x));
    let (r, lost) = reciprocal(e);
    // Two roundings here would make it more than 2 units in the last place.
    let tanh = rest.fused_within(r, rest * lost).copysign(x);
    (tanh, Logistic { near_one: r, near_zero: e.mul_add(r, e * lost) })
}

#[inline(always)]
pub(crate) fn sigmoid<N: Digits>(x: Num<N>) -> Num<N> {
    logistic(x).of(x).0
}

#[inline(always)]
pub(crate) fn tanh<N: Digits>(x: Num<N>) -> Num<N> {
    tanh_and_logistic(x).0
}
