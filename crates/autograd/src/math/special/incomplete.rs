//! The incomplete gamma functions P and Q = 1 − P, and their derivatives by the parameter.
//!
//! P(a, x) = D·Σ xᵏ/((a + 1)⋯(a + k)) with D = xᵃ·e⁻ˣ/Γ(a + 1), and from x = a + 1 on Q by its continued fraction: NIST
//! Digital Library of Mathematical Functions, 8.7.1 and 8.9.2. A derivative by a is the same series for power series in t, at
//! a + t.

use super::gamma::{digamma, ln_gamma, polygamma, stirling_rest};
use super::plain::{exp, ln, ln_1p, series};
use crate::number::Num;

/// The derivative of order `m` by a of P(a, x), or of Q(a, x); NaN where a ≤ 0 or x < 0.
pub(crate) fn incomplete_gamma(m: u32, upper: bool, a: f64, x: f64) -> f64 {
    if a.is_nan() || x.is_nan() || a <= 0.0 || x < 0.0 || a.is_infinite() {
        return f64::NAN;
    }
    if m > 0 {
        let slope = if x == 0.0 || x.is_infinite() { 0.0 } else { by_parameter(m, a, x) };
        return if upper { -slope } else { slope };
    }
    if x == 0.0 || x.is_infinite() {
        return if upper == (x == 0.0) { 1.0 } else { 0.0 };
    }
    let (value, is_upper) = if x < a + 1.0 {
        (factor(a, x) * series(1.0, |k| x / (a + k)), false)
    } else {
        (factor(a, x) * a * fraction(a, x), true)
    };
    if upper == is_upper { value } else { 1.0 - value }
}

/// D = xᵃ·e⁻ˣ/Γ(a + 1).
fn factor(a: f64, x: f64) -> f64 {
    if a < 10.0 {
        return exp(a * ln(x) - x - ln_gamma(a + 1.0));
    }
    // By Stirling's formula, so that what is large cancels on paper.
    let d = x - a;
    let ln_ratio = if d.abs() < 0.5 * a { ln_1p(d / a) } else { ln(x / a) };
    exp(a * ln_ratio - d - stirling_rest(Num(a)).0) / (2.0 * std::f64::consts::PI * a).sqrt()
}

/// Γ(a, x)·eˣ/xᵃ by Lentz's way.
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut d = 1.0 / b;
    let (mut c, mut y, mut k) = (f64::MAX, d, 1.0);
    loop {
        let n = k * (a - k);
        b += 2.0;
        d = 1.0 / (b + n * d);
        c = b + n / c;
        y *= c * d;
        if (c * d - 1.0).abs() < 1e-16 || k > 1e6 {
            return y;
        }
        k += 1.0;
    }
}

/// The derivative of order `m` by a of P(a, x).
fn by_parameter(m: u32, a: f64, x: f64) -> f64 {
    let d = factor(a, x);
    // So far out, P is 1 to the last bit for all a near this one.
    if x > a && d < 1e-250 {
        return 0.0;
    }
    let n = m as usize + 1;
    // ln D at a + t, without its first term, and D itself.
    let mut ln_d = vec![0.0, ln(x) - digamma(a + 1.0)];
    let mut factorial = 1.0;
    for j in 2..n {
        factorial *= j as f64;
        ln_d.push(-polygamma(j as u32 - 1, a + 1.0) / factorial);
    }
    let mut power = vec![d];
    for k in 1..n {
        let sum: f64 = (1..=k).map(|j| j as f64 * ln_d[j] * power[k - j]).sum();
        power.push(sum / k as f64);
    }
    let mut term = vec![0.0; n];
    term[0] = 1.0;
    let (mut sum, mut k) = (term.clone(), 1.0);
    loop {
        let mut before = 0.0;
        for t in &mut term {
            before = (x * *t - before) / (a + k);
            *t = before;
        }
        let mut counts = false;
        for (s, t) in sum.iter_mut().zip(&term) {
            *s += t;
            counts |= t.abs() > 1e-17 * s.abs();
        }
        if !counts || k > 1e6 {
            break;
        }
        k += 1.0;
    }
    let coefficient: f64 = (0..n).map(|j| power[j] * sum[n - 1 - j]).sum();
    coefficient * (1..=m).fold(1.0, |y, k| y * f64::from(k))
}
