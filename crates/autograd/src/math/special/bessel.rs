//! Bessel functions of whole orders, and modified ones.
//!
//! Power series (NIST Digital Library of Mathematical Functions, 10.2.2 and 10.25.2), Hankel's expansions far out (10.17.3
//! and 10.40.1), and between them integrals over the circle (10.9.2 and 10.32.3), for which the trapezoidal rule converges
//! faster than any power.

use super::plain::{asymptotic, cos, exp, power, series, sign, sin, turned};
use std::f64::consts::PI;

/// Whether Hankel's expansion has all digits.
fn is_far(n: u32, x: f64) -> bool {
    x >= 25.0 + 0.5 * f64::from(n) * f64::from(n)
}

/// (x/2)ⁿ/n!, the first term of the power series.
fn first(n: u32, x: f64) -> f64 {
    (1..=n).fold(1.0, |y, k| y * (0.5 * x / f64::from(k)))
}

/// The power series with terms of one sign, or of both.
fn power_series(n: u32, x: f64, sign: f64) -> f64 {
    let (w, n_) = (sign * 0.25 * x * x, f64::from(n));
    series(first(n, x), |k| w / (k * (k + n_)))
}

/// Iₙ(x).
pub(crate) fn bessel_i(n: u32, x: f64) -> f64 {
    let a = x.abs();
    let y = if a.is_infinite() {
        a
    } else if is_far(n, a) {
        // In two parts: eˣ overflows before the result does.
        let half = exp(0.5 * a);
        half * (hankel(n, 0, a) * half)
    } else {
        power_series(n, a, 1.0)
    };
    if x < 0.0 { sign(n) * y } else { y }
}

/// The size of the m-th derivative of e⁻ˣ·Iₙ(x), by Hankel's expansion.
fn hankel(n: u32, m: u32, x: f64) -> f64 {
    let (square, m_) = (4.0 * f64::from(n) * f64::from(n), f64::from(m));
    let sum = asymptotic(1.0, |k| {
        let odd = 2.0 * k - 1.0;
        (odd * odd - square) / (8.0 * k * x) * ((k - 0.5 + m_) / (k - 0.5))
    });
    (0..m).fold(sum / (2.0 * PI * x).sqrt(), |y, j| y * ((0.5 + f64::from(j)) / x))
}

/// The m-th derivative of e⁻ˣ·I₀(x), x ≥ 0: the mean of (cos t − 1)ᵐ·e^(x·(cos t − 1)) over the circle.
fn falling(m: u32, x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    } else if x >= 25.0 + 2.0 * f64::from(m) {
        return sign(m) * hankel(0, m, x);
    } else if m == 0 {
        return exp(-x) * power_series(0, x, 1.0);
    }
    let half = 32 + 2 * m;
    let mut sum = 0.0;
    for j in 0..=half {
        let s = sin(0.5 * PI * f64::from(j) / f64::from(half));
        let rise = -2.0 * s * s;
        let weight = if j == 0 || j == half { 0.5 } else { 1.0 };
        sum += weight * power(rise, m) * exp(x * rise);
    }
    sum / f64::from(half)
}

/// The m-th derivative of e^(−|x|)·I₀(x): an even function with a kink at 0, where odd ones are 0.
pub(crate) fn bessel_i0e(m: u32, x: f64) -> f64 {
    if m.is_multiple_of(2) || x > 0.0 {
        falling(m, x.abs())
    } else if x < 0.0 {
        -falling(m, -x)
    } else {
        x
    }
}

/// The m-th derivative of e^(−|x|)·I₁(x). With x ≥ 0, it is that of y + y′ for y = e⁻ˣ·I₀(x).
pub(crate) fn bessel_i1e(m: u32, x: f64) -> f64 {
    let a = x.abs();
    let y = if m > 0 {
        falling(m, a) + falling(m + 1, a)
    } else if a.is_infinite() {
        0.0
    } else if is_far(1, a) {
        hankel(1, 0, a)
    } else {
        exp(-a) * power_series(1, a, 1.0)
    };
    if x < 0.0 { -sign(m) * y } else { y }
}

/// Jₙ(x).
pub(crate) fn bessel_j(n: u32, x: f64) -> f64 {
    let a = x.abs();
    let y = if a.is_infinite() {
        0.0
    } else if 0.25 * a * a <= f64::from(n) + 1.0 {
        power_series(n, a, -1.0)
    } else if is_far(n, a) {
        oscillating(n, a)
    } else {
        mean_over_circle(n, a)
    };
    if x < 0.0 { sign(n) * y } else { y }
}

/// The mean of cos(n·t − x·sin t) over the circle: that of cos nt·cos(x·sin t) for even n and of sin nt·sin(x·sin t) for odd
/// n over a quarter of it.
fn mean_over_circle(n: u32, x: f64) -> f64 {
    let quarter = (0.25 * (f64::from(n) + x) + x.sqrt()).ceil() + 9.0;
    let wave = if n.is_multiple_of(2) { cos } else { sin };
    let (mut sum, mut j) = (0.0, 0.0);
    while j <= quarter {
        let t = 0.5 * PI * j / quarter;
        let weight = if j == 0.0 || j == quarter { 0.5 } else { 1.0 };
        sum += weight * wave(f64::from(n) * t) * wave(x * sin(t));
        j += 1.0;
    }
    sum / quarter
}

/// √(2/(πx))·(P·cos χ − Q·sin χ), χ = x − (n/2 + ¼)·π.
fn oscillating(n: u32, x: f64) -> f64 {
    let square = 4.0 * f64::from(n) * f64::from(n);
    // aₖ/xᵏ of Hankel's expansion, whose even and odd ones make P and Q, with alternating signs.
    let (mut parts, mut term, mut k) = ([1.0, 0.0], 1.0f64, 1u32);
    while term.abs() > 1e-17 && k < 200 {
        let odd = f64::from(2 * k - 1);
        let factor = (square - odd * odd) / (8.0 * f64::from(k) * x);
        if factor.abs() >= 1.0 && k > n {
            break;
        }
        term *= factor;
        parts[(k % 2) as usize] += sign(k / 2) * term;
        k += 1;
    }
    let (s, c) = (sin(x), cos(x));
    // The sine and the cosine of x − π/4, and of that turned back by n quarters.
    let (s, c) = turned(-f64::from(n), (s - c, s + c));
    (parts[0] * c - parts[1] * s) / (PI * x).sqrt()
}
