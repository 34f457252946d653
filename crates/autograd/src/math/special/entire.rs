//! Functions whose formulas are 0/0 or 0·∞ at 0, or cancel there.

use super::plain::{exp, exp_m1, ln, power, series, sign, sin_cos_pi, tanh, turned};
use std::f64::consts::PI;

/// The n-th derivative of sin(πx)/(πx) = ∫ cos(πxt) dt over 0 ≤ t ≤ 1: near 0 by its power series, beyond by
/// u·yₙ + n·yₙ₋₁ = sin(u + n·π/2), u = πx.
pub(crate) fn sinc(n: u32, x: f64) -> f64 {
    let u = PI * x;
    let scale = power(PI, n);
    if u.is_infinite() {
        return 0.0;
    } else if u.abs() < f64::from(n) + 2.0 {
        let odd = n % 2;
        let (first, n_, odd_) = (if odd == 1 { u } else { 1.0 }, f64::from(n), f64::from(odd));
        // Terms ±uᵐ/(m!·(m + n + 1)) for every other m.
        let sum = series(first / (odd_ + n_ + 1.0), |k| {
            let m = 2.0 * k + odd_;
            -u * u / (m * (m - 1.0)) * ((m + n_ - 1.0) / (m + n_ + 1.0))
        });
        return scale * sign(n.div_ceil(2)) * sum;
    }
    let wave = sin_cos_pi(x);
    let mut y = wave.0 / u;
    for k in 1..=n {
        y = (turned(f64::from(k), wave).0 - f64::from(k) * y) / u;
    }
    scale * y
}

/// (1/x·d/dx)ⁿ of sinh x/x: Σ x²ᵏ/(2ᵏ·k!·(2k + 2n + 1)!!).
pub(crate) fn sinhc(n: u32, x: f64) -> f64 {
    let (w, n_) = (x * x, 2.0 * f64::from(n) + 1.0);
    let first = (0..=n).fold(1.0, |y, k| y / (2.0 * f64::from(k) + 1.0));
    series(first, |k| w / (2.0 * k * (2.0 * k + n_)))
}

/// The n-th derivative of (eˣ − 1)/x = ∫ e^(xt) dt over 0 ≤ t ≤ 1: by series of positive terms, and far out by
/// x·yₙ + n·yₙ₋₁ = eˣ.
pub(crate) fn phi1(n: u32, x: f64) -> f64 {
    let n_ = f64::from(n);
    if x.abs() < n_ + 20.0 {
        if x >= 0.0 {
            return series(1.0 / (n_ + 1.0), |k| x / k * ((k + n_) / (k + n_ + 1.0)));
        }
        return exp(x) * series(1.0 / (n_ + 1.0), |k| -x / (k + n_ + 1.0));
    }
    if x == f64::INFINITY {
        return x;
    }
    let e = exp(x);
    (1..=n).fold(exp_m1(x) / x, |y, k| (e - f64::from(k) * y) / x)
}

/// x − tanh x, near 0 as x³·s/cosh x with s = (cosh x − sinh x/x)/x².
pub(crate) fn tanhshrink(x: f64) -> f64 {
    if x.abs() < 1.0 {
        let e = exp(x);
        x * x * x * sinhc(1, x) / (0.5 * (e + 1.0 / e))
    } else {
        x - tanh(x)
    }
}

/// −x·ln x; 0 at 0 and −∞ below.
pub(crate) fn entropy(x: f64) -> f64 {
    if x < 0.0 {
        f64::NEG_INFINITY
    } else if x == 0.0 {
        0.0
    } else {
        -x * ln(x)
    }
}
