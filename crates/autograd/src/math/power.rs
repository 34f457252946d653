//! xᵖ as IEEE 754 has it.

use super::exp::exp_of_sum;
use super::log::ln_twofold;
use super::pairs::product;
use super::{abs, exp, floor, largest, ln};
use crate::number::{Digits, Literal, Num, Size, choose};
use crate::table::Compare::{Eq, Ge, Gt, Lt, Ne};

#[inline(always)]
pub(crate) fn powf<N: Digits>(x: Num<N>, p: Num<N>) -> Num<N> {
    let a = abs(x);
    let size = match N::SIZE {
        // In double precision, whose logarithm is accurate enough for every exponent.
        Size::Single => Num::narrow(exp(p.widen() * ln(a.widen()))),
        Size::Double => double(a, p),
    };
    let size = choose(a.is(Eq, 1.0) & p.is(Eq, p), 1.0, size);
    let whole = floor(p).is(Eq, p);
    let odd = whole & floor(0.5 * p).is(Ne, 0.5 * p);
    let signed = choose(odd, size.copysign(x), size);
    let defined = whole | x.is(Ge, 0.0) | a.is(Gt, largest::<N>());
    let y = choose(defined, signed, f64::NAN.number(x));
    choose(p.is(Eq, 0.0) | x.is(Eq, 1.0), 1.0, y)
}

/// The logarithm has the extra bits that large exponents need.
#[inline(always)]
fn double<N: Digits>(a: Num<N>, p: Num<N>) -> Num<N> {
    // Beyond, powers are 0 or infinite, and what is lost is no number.
    const LARGE: f64 = 800.0;
    let (hi, lo) = ln_twofold(a);
    let (t, lost) = product(p, hi);
    exp_of_sum(t, choose(abs(t).is(Lt, LARGE), p.mul_add(lo, lost), 0.0.number(t)))
}
