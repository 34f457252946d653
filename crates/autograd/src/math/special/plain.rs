//! What the special functions are made of: elementary functions of one number, and sums of series.

use crate::math;
use crate::number::Num;

macro_rules! elementary {
    ($($name:ident)*) => {
        $(pub(super) fn $name(x: f64) -> f64 {
            math::$name(Num(x)).0
        })*
    };
}
elementary! { exp exp_m1 ln ln_1p sin cos tanh erf }

/// xⁿ.
pub(super) fn power(x: f64, n: u32) -> f64 {
    (0..n).fold(1.0, |y, _| y * x)
}

/// (−1)ⁿ.
pub(super) fn sign(n: u32) -> f64 {
    if n.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// sin πx and cos πx, exact at multiples of ½.
pub(super) fn sin_cos_pi(x: f64) -> (f64, f64) {
    // To the nearest multiple of ½; the difference is exact.
    let half = (2.0 * x).round_ties_even();
    let rest = (x - 0.5 * half) * std::f64::consts::PI;
    turned(half, (sin(rest), cos(rest)))
}

/// The sine and the cosine of an angle that has been turned by a quarter of a circle so many times.
pub(super) fn turned(quarters: f64, (sin, cos): (f64, f64)) -> (f64, f64) {
    match quarters.rem_euclid(4.0) {
        0.0 => (sin, cos),
        1.0 => (cos, -sin),
        2.0 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// The sum of a series, from its first term and the factors from each term to the next, until the terms do not count.
pub(super) fn series(first: f64, mut factor: impl FnMut(f64) -> f64) -> f64 {
    let (mut sum, mut term, mut k) = (first, first, 1.0);
    // Also ends where the sum is not a number, or infinite.
    while term.abs() > 1e-17 * sum.abs() && sum.is_finite() {
        term *= factor(k);
        sum += term;
        k += 1.0;
    }
    sum
}

/// As [`series`], for one that diverges in the end: it is cut off before its smallest term.
pub(super) fn asymptotic(first: f64, mut factor: impl FnMut(f64) -> f64) -> f64 {
    series(first, |k| {
        let factor = factor(k);
        if factor.abs() < 1.0 { factor } else { 0.0 }
    })
}
