//! The gamma function, its logarithm, and the derivatives of that.
//!
//! ln Γ(2 + z) has the series z·(1 − γ) + Σ (ζ(k) − 1)·(−z)ᵏ/k, from k = 2 on: NIST Digital Library of Mathematical
//! Functions, 5.7.3. Elsewhere: recurrence 5.5.1, reflection 5.5.3, Stirling's series 5.11.1, and their derivatives.

use super::plain::{exp, ln, ln_1p, power, sign, sin_cos_pi};
use std::f64::consts::PI;

/// From here on, Stirling's series has all digits.
const FAR: f64 = 10.0;
const ONE_LESS_EULER: f64 = 0.42278433509846713;
const HALF_LN_2PI: f64 = 0.9189385332046728;

/// ζ(k) − 1, from k = 2 on.
const ZETA_LESS_ONE: [f64; 28] = [
    0.6449340668482264,
    0.2020569031595943,
    0.08232323371113819,
    0.03692775514336993,
    0.01734306198444914,
    0.008349277381922827,
    0.00407735619794434,
    0.0020083928260822143,
    0.0009945751278180853,
    0.0004941886041194645,
    0.0002460865533080483,
    0.00012271334757848915,
    6.124813505870483e-05,
    3.058823630702049e-05,
    1.528225940865187e-05,
    7.637197637899763e-06,
    3.81729326499984e-06,
    1.908212716553939e-06,
    9.539620338727962e-07,
    4.769329867878064e-07,
    2.38450502727733e-07,
    1.1921992596531106e-07,
    5.960818905125948e-08,
    2.980350351465228e-08,
    1.4901554828365043e-08,
    7.45071178983543e-09,
    3.725334024788457e-09,
    1.862659723513049e-09,
];

/// Bernoulli's numbers B₂, B₄, …
const BERNOULLI: [f64; 12] = [
    0.16666666666666666,
    -0.03333333333333333,
    0.023809523809523808,
    -0.03333333333333333,
    0.07575757575757576,
    -0.2531135531135531,
    1.1666666666666667,
    -7.092156862745098,
    54.971177944862156,
    -529.1242424242424,
    6192.123188405797,
    -86580.25311355312,
];

/// ln Γ(2 + z), |z| ≤ ½.
fn ln_gamma_near_2(z: f64) -> f64 {
    let (mut sum, mut k) = (0.0, 29.0);
    for zeta in ZETA_LESS_ONE.iter().rev() {
        sum = zeta / k - z * sum;
        k -= 1.0;
    }
    z * (ONE_LESS_EULER + z * sum)
}

/// z and p with Γ(x) = p·Γ(2 + z) and |z| ≤ ½, for x ≥ 1.5.
fn near_2(x: f64) -> (f64, f64) {
    let (mut x, mut product) = (x, 1.0);
    while x >= 2.5 {
        x -= 1.0;
        product *= x;
    }
    (x - 2.0, product)
}

/// Σ B₂ₖ/(2k(2k − 1)·x²ᵏ⁻¹): what Stirling's formula leaves.
pub(super) fn stirling_rest(x: f64) -> f64 {
    let (w, mut sum) = (1.0 / (x * x), 0.0);
    for k in (1..=10).rev() {
        let n = 2.0 * k as f64;
        sum = BERNOULLI[k - 1] / (n * (n - 1.0)) + w * sum;
    }
    sum / x
}

fn is_pole(x: f64) -> bool {
    x <= 0.0 && x.floor() == x
}

pub(crate) fn ln_gamma(x: f64) -> f64 {
    if x.is_infinite() || is_pole(x) {
        f64::INFINITY
    } else if x <= -0.5 {
        ln(PI / (x * sin_cos_pi(x).0).abs()) - ln_gamma(-x)
    } else if x < 0.5 {
        ln_gamma_near_2(x) - ln_1p(x) - ln(x.abs())
    } else if x < 1.5 {
        ln_gamma_near_2(x - 1.0) - ln_1p(x - 1.0)
    } else if x < FAR {
        let (z, product) = near_2(x);
        ln_gamma_near_2(z) + ln(product)
    } else {
        let l = ln(x);
        x * (l - 1.0) - 0.5 * l + (HALF_LN_2PI + stirling_rest(x))
    }
}

pub(crate) fn gamma(x: f64) -> f64 {
    if x == 0.0 {
        1.0 / x
    } else if x == f64::NEG_INFINITY || is_pole(x) {
        f64::NAN
    } else if x <= -0.5 {
        -PI / (x * sin_cos_pi(x).0 * gamma(-x))
    } else if x < 0.5 {
        exp(ln_gamma_near_2(x)) / (x * (1.0 + x))
    } else if x < 1.5 {
        exp(ln_gamma_near_2(x - 1.0)) / x
    } else if x < 172.0 {
        let (z, product) = near_2(x);
        product * exp(ln_gamma_near_2(z))
    } else {
        // NaN stays.
        x * f64::INFINITY
    }
}

/// ψ(x) = Γ′(x)/Γ(x).
pub(crate) fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return -1.0 / x;
    } else if x == f64::NEG_INFINITY || is_pole(x) {
        return f64::NAN;
    } else if x < 0.0 {
        let (sin, cos) = sin_cos_pi(x);
        return digamma(1.0 - x) - PI * (cos / sin);
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < FAR {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let (w, mut rest) = (1.0 / (x * x), 0.0);
    for k in (1..=10).rev() {
        rest = w * (BERNOULLI[k - 1] / (2.0 * k as f64) + rest);
    }
    sum + (ln(x) - (0.5 / x + rest))
}

/// ψ⁽ⁿ⁾(x), n ≥ 1.
pub(crate) fn polygamma(n: u32, x: f64) -> f64 {
    let odd = !n.is_multiple_of(2);
    if x == f64::NEG_INFINITY || (is_pole(x) && !odd) {
        return if x == 0.0 { -1.0 / x } else { f64::NAN };
    } else if is_pole(x) {
        return f64::INFINITY;
    } else if x < 0.0 {
        // ψ(x) = ψ(1 − x) − π·cot πx, differentiated n times.
        let (sin, cos) = sin_cos_pi(x);
        return sign(n) * polygamma(n, 1.0 - x) - slope_of_cotangent(n, cos / sin);
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < FAR + f64::from(n) {
        sum += scaled_power(n, x);
        x += 1.0;
    }
    // The terms of the series relative to n!/xⁿ⁺¹: x/n, ½, and B₂ₖ·(2k + n − 1)!/((2k)!·n!·x²ᵏ⁻¹).
    let (n_, w) = (f64::from(n), 1.0 / (x * x));
    let mut factor = 0.5 * (n_ + 1.0) / x;
    let mut rest = 0.5 + x / n_;
    for (k, b) in BERNOULLI.iter().enumerate() {
        rest += b * factor;
        let m = 2.0 * k as f64 + 2.0;
        factor *= w * (m + n_) * (m + 1.0 + n_) / ((m + 1.0) * (m + 2.0));
    }
    let tail = scaled_power(n, x) * rest;
    // At infinity 0·∞.
    -sign(n) * (sum + if x.is_infinite() { 0.0 } else { tail })
}

/// n!/xⁿ⁺¹, without overflow of either.
fn scaled_power(n: u32, x: f64) -> f64 {
    (1..=n).fold(1.0 / x, |y, j| y * (f64::from(j) / x))
}

/// The n-th derivative of π·cot πx where cot πx = c: a polynomial in c, from p₀ = c by pₙ₊₁ = −(1 + c²)·pₙ′.
fn slope_of_cotangent(n: u32, c: f64) -> f64 {
    let mut p = vec![0.0, 1.0];
    for _ in 0..n {
        let slope: Vec<f64> = p.iter().enumerate().skip(1).map(|(k, a)| -PI * k as f64 * a).collect();
        p = slope.iter().copied().chain([0.0, 0.0]).collect();
        for (k, a) in slope.iter().enumerate() {
            p[k + 2] += a;
        }
    }
    // Every other coefficient is 0, and 0·∞ is not.
    PI * p.iter().enumerate().filter(|(_, a)| **a != 0.0).map(|(k, a)| a * power(c, k as u32)).sum::<f64>()
}
