//! √(a² + b²). Source: Borges 2019, "An improved algorithm for hypot(a, b)", the corrected form with fused steps.

use super::{abs, largest, sqrt};
use crate::number::{Digits, Literal, Num, Size, choose, if_eq, if_gt};
use crate::table::Compare::{Gt, Lt};

/// Beyond these, squares overflow, or lose digits to underflow; and what takes them back.
const LARGE: f64 = f64::from_bits((1023 + 500) << 52);
const SMALL: f64 = f64::from_bits((1023 - 400) << 52);
const UP: f64 = f64::from_bits((1023 + 600) << 52);
const DOWN: f64 = f64::from_bits((1023 - 600) << 52);

#[inline(always)]
pub(crate) fn hypot<N: Digits>(a: Num<N>, b: Num<N>) -> Num<N> {
    let (a, b) = (abs(a), abs(b));
    let y = match N::SIZE {
        Size::Single => {
            let (a, b) = (a.widen(), b.widen());
            Num::narrow(sqrt(a.mul_add(a, b * b)))
        }
        Size::Double => double(a, b),
    };
    // Also beside NaN.
    choose(a.is(Gt, largest::<N>()) | b.is(Gt, largest::<N>()), f64::INFINITY, y)
}

#[inline(always)]
fn double<N: Digits>(a: Num<N>, b: Num<N>) -> Num<N> {
    let (x, y) = (if_gt(a, b, a, b), if_gt(a, b, b, a));
    let (large, small) = (x.is(Gt, LARGE), x.is(Lt, SMALL));
    let scale = choose(large, DOWN, choose(small, UP, 1.0.number(x)));
    let back = choose(large, UP, choose(small, DOWN, 1.0.number(x)));
    let (x, y) = (x * scale, y * scale);
    let h = sqrt(x.mul_add(x, y * y));
    let (h2, x2) = (h * h, x * x);
    let excess = (-y).fused(y, h2 - x2) + (h.fused(h, -h2) - x.fused(x, -x2));
    (h - excess / if_eq(h, 0.0, 1.0, 2.0 * h)) * back
}
