//! The gamma function, its logarithm, and the derivatives of that.
//!
//! ln Γ(2 + z) = z·(1 − γ) + z²·Q(z) near 2, with our minimax fit of Q. Elsewhere: recurrence, NIST Digital Library of Mathematical
//! Functions 5.5.1, reflection 5.5.3, Stirling's series 5.11.1, and their derivatives.
//!
//! ln Γ and ψ are free of branches on the right, where nearly all arguments are, so that loops over them become SIMD code.

use super::plain::{exp, ln, power, sign, sin_cos_pi};
use crate::math;
use crate::number::{Digits, Literal, Num, choose, if_ge, if_gt, if_lt};
use crate::table::Compare::{Ge, Lt};
use std::f64::consts::PI;

/// From here on, what is taken of Stirling's series for ln Γ has all digits; and so does what the other functions take, from `FAR` on.
const NEARLY_FAR: f64 = 8.0;
const FAR: f64 = 10.0;
const HALF_LN_2PI: f64 = 0.9189385332046728;

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
#[inline(always)]
pub(crate) fn ln_gamma_near_2<N: Digits>(z: Num<N>) -> Num<N> {
    let q = horner!(z; 0.3224670334241132, -0.06735230105319759, 0.020580808427784307, -0.0073855510287714685,
        0.0028905103307878756, -0.0011927539062598581, 0.0005096695221547781, -0.00022315489463809116,
        9.945757753419642e-05, -4.492443535898787e-05, 2.0506356296054763e-05, -9.452938473714576e-06,
        4.381261405000474e-06, -1.982565620739196e-06, 9.282109272701004e-07, -5.72865350810801e-07,
        2.708245957688481e-07);
    z * z.mul_add(q, 0.42278433509846713)
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

/// Σ B₂ₖ/(2k(2k − 1)·x²ᵏ⁻¹): what Stirling's formula leaves, from `NEARLY_FAR` on.
#[inline(always)]
pub(crate) fn stirling_rest<N: Digits>(x: Num<N>) -> Num<N> {
    let y = 1.0 / x;
    let w = y * y;
    y * horner!(w; 1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360360.0, 1.0 / 156.0,
        -3617.0 / 122400.0)
}

fn is_pole(x: f64) -> bool {
    x <= 0.0 && x.floor() == x
}

/// ln |Γ(x)| for x > −½.
///
/// Below 8: Γ(2 + z) times or by the factors between, and one logarithm, which is that of x beyond. The steps from
/// x to z are exact.
#[inline(always)]
pub(crate) fn ln_gamma_right<N: Digits>(x: Num<N>) -> Num<N> {
    let n = math::floor(x + 0.5);
    let z = x - n;
    let up = if_lt(n, 1.0, math::abs(x) * (1.0 + x), x);
    let mut down = 1.0.number(x);
    for i in [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] {
        down = if_ge(n, i + 2.0, down * (x - i), down);
    }
    let far = x.is(Ge, NEARLY_FAR);
    let is_up = n.is(Lt, 2.0);
    let l = math::ln(choose(far, x, choose(is_up, up, down)));
    let near_value = ln_gamma_near_2(z) + choose(is_up, -l, l);
    let far_value = x * (l - 1.0) - 0.5 * l + (HALF_LN_2PI + stirling_rest(x));
    // ∞ less ∞ is NaN.
    if_gt(x, f64::MAX, x, choose(far, far_value, near_value))
}

pub(crate) fn ln_gamma(x: f64) -> f64 {
    if x == f64::NEG_INFINITY || is_pole(x) {
        f64::INFINITY
    } else if x <= -0.5 {
        ln((PI / (x * sin_cos_pi(x).0)).abs()) - ln_gamma_right(Num(-x)).0
    } else {
        ln_gamma_right(Num(x)).0
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
        exp(ln_gamma_near_2(Num(x)).0) / (x * (1.0 + x))
    } else if x < 1.5 {
        exp(ln_gamma_near_2(Num(x - 1.0)).0) / x
    } else if x < 172.0 {
        let (z, product) = near_2(x);
        product * exp(ln_gamma_near_2(Num(z)).0)
    } else {
        // NaN stays.
        x * f64::INFINITY
    }
}

/// ψ(x) = Γ′(x)/Γ(x) for x > 0.
///
/// ψ(x) = ψ(x + 10) − Σ 1/(x + i), whose terms i and 9 − i together are (2x + 9)/(t + i·(9 − i)) with t = x·(x + 9): one quotient of
/// polynomials in t.
#[inline(always)]
pub(crate) fn digamma_right<N: Digits>(x: Num<N>) -> Num<N> {
    let near = x.is(Lt, FAR);
    let t = x * (x + 9.0);
    // p/q, with one factor after the other.
    let (mut p, mut q) = (1.0.number(x), t);
    for c in [8.0, 14.0, 18.0, 20.0] {
        let factor = t + c;
        p = p.mul_add(factor, q);
        q = q * factor;
    }
    let terms = choose(near, (2.0 * x + 9.0) * (p / q), 0.0.number(x));
    let far = choose(near, x + 10.0, x);
    let y = 1.0 / far;
    let w = y * y;
    let rest = w
        * horner!(w; 1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0,
        1.0 / 12.0, -3617.0 / 8160.0);
    (math::ln(far) - (0.5 * y + rest)) - terms
}

/// ψ(x) = Γ′(x)/Γ(x).
pub(crate) fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return -1.0 / x;
    } else if x == f64::NEG_INFINITY || is_pole(x) {
        return f64::NAN;
    } else if x < 0.0 {
        let (sin, cos) = sin_cos_pi(x);
        return digamma_right(Num(1.0 - x)).0 - PI * (cos / sin);
    }
    digamma_right(Num(x)).0
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
