//! The complementary error function, scaled and not, and inverses.
//!
//! e^(x²)·erfc x = x/π·∫ e^(−t²)/(x² + t²) dt by the trapezoidal rule with steps of ½, whose error is e^(−4π²) after the
//! poles are accounted for: F. Matta and A. Reichel, "Uniform computation of the error function and other related functions",
//! 1971. Its derivatives satisfy yₙ = 2x·yₙ₋₁ + 2(n − 1)·yₙ₋₂ (NIST Digital Library of Mathematical Functions, 7.18.7).

use super::plain::{erf, exp, exp_m1, ln};
use std::f64::consts::{FRAC_2_SQRT_PI, PI, SQRT_2};

/// e^(−k²/4), from k = 1 on.
const BELL: [f64; 12] = [
    0.7788007830714049,
    0.36787944117144233,
    0.10539922456186433,
    0.01831563888873418,
    0.0019304541362277093,
    0.00012340980408667956,
    4.785117392129009e-06,
    1.1253517471925912e-07,
    1.6052280551856116e-09,
    1.3887943864964021e-11,
    7.287724095819692e-14,
    2.3195228302435696e-16,
];

/// e^(±x²), without the rounding of the square.
fn exp_of_square(sign: f64, x: f64) -> f64 {
    let square = x * x;
    if !square.is_finite() {
        return exp(sign * square);
    }
    let lost = x.mul_add(x, -square);
    let e = exp(sign * square);
    if e.is_finite() { e + e * (sign * lost) } else { e }
}

pub(crate) fn erfc(x: f64) -> f64 {
    if x < 0.5 {
        1.0 - erf(x)
    } else if x < 28.0 {
        exp_of_square(-1.0, x) * scaled(x)
    } else {
        if x.is_nan() { x } else { 0.0 }
    }
}

/// The n-th derivative of e^(x²)·erfc x.
pub(crate) fn erfcx(n: u32, x: f64) -> f64 {
    if n == 0 {
        return scaled(x);
    }
    if x < 1.0 {
        // Forwards from y₀ and y₁ = 2x·y₀ − 2/√π.
        let (mut before, mut y) = (FRAC_2_SQRT_PI, scaled(x));
        let mut twice = -1.0;
        for k in 0..n {
            (before, y) = (y, 2.0 * x * y + twice * before);
            twice = 2.0 * f64::from(k + 1);
        }
        return y;
    }
    // Backwards by the ratios −yₙ/yₙ₋₁, which are positive, from one that does not matter.
    let last = n + 200;
    let (mut ratio, mut product) = (0.0, 1.0);
    for k in (1..=last).rev() {
        ratio = 2.0 * f64::from(k) / (2.0 * x + ratio);
        if k <= n {
            product *= -ratio;
        }
    }
    product * scaled(x)
}

/// e^(x²)·erfc x.
fn scaled(x: f64) -> f64 {
    if x < -0.5 {
        2.0 * exp_of_square(1.0, x) - scaled(-x)
    } else if x < 0.5 {
        exp_of_square(1.0, x) * (1.0 - erf(x))
    } else if x > 50.0 {
        let w = 0.5 / (x * x);
        0.5 * FRAC_2_SQRT_PI / x * (1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w * (1.0 - 7.0 * w))))
    } else {
        let mut sum = 0.0;
        for (k, bell) in BELL.iter().enumerate().rev() {
            sum += bell / (0.25 * ((k + 1) * (k + 1)) as f64 + x * x);
        }
        let sum = (0.5 * x / PI) * (1.0 / (x * x) + 2.0 * sum);
        let poles = if x < 6.3 { 2.0 * exp(x * x) / exp_m1(4.0 * PI * x) } else { 0.0 };
        sum - poles
    }
}

/// erf⁻¹ x, where |x| ≤ ½, by Halley's steps.
fn erfinv_near(x: f64) -> f64 {
    let mut y = x / FRAC_2_SQRT_PI;
    y += y * y * y / 3.0;
    for _ in 0..4 {
        let step = (erf(y) - x) / FRAC_2_SQRT_PI * exp(y * y);
        y -= step / (1.0 + y * step);
    }
    y
}

/// y ≥ 0 with erfc y = d, for d ≤ ½, by Newton's steps on the logarithms from 26.2.23 of Abramowitz and Stegun.
fn erfcinv(d: f64) -> f64 {
    if d == 0.0 {
        return f64::INFINITY;
    }
    let goal = ln(d);
    let t = (2.0 * (std::f64::consts::LN_2 - goal)).sqrt();
    let fraction =
        (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    let mut y = (t - fraction) / SQRT_2;
    for _ in 0..4 {
        let scaled = scaled(y);
        y += ((ln(scaled) - goal) - y * y) * scaled / FRAC_2_SQRT_PI;
    }
    y
}

/// The inverse of erf; NaN beyond ±1.
pub(crate) fn erfinv(x: f64) -> f64 {
    let a = x.abs();
    if a <= 0.5 {
        erfinv_near(x)
    } else if a <= 1.0 {
        erfcinv(1.0 - a).copysign(x)
    } else {
        f64::NAN
    }
}

/// The inverse of the distribution function of the standard normal; NaN beyond 0 and 1.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    SQRT_2
        * if (0.25..=0.75).contains(&p) {
            erfinv_near(2.0 * p - 1.0)
        } else if (0.0..0.25).contains(&p) {
            -erfcinv(2.0 * p)
        } else if p > 0.75 && p <= 1.0 {
            erfcinv(2.0 * (1.0 - p))
        } else {
            f64::NAN
        }
}
