//! The scalar functions behind the table, over any number with digits: `f32` and `f64`, and what prints them.
//!
//! They are free of branches and calls, so that a plain loop over them becomes SIMD code, and within 2 units in the last place
//! of the true value (`normal_cdf`: within 5); docs/functions.md says what was found. `sin`, `cos` and `tan` make an exception,
//! which branch for huge arguments (see [`all_near`]). Nothing is left to the system's library but the square root, roundings
//! and the multiply-add, which IEEE 754 defines to the last bit. Multiply-adds
//! (`mul_add`) are fused in every lane of every machine that has an instruction for it, so the bits are the same on all of these. On
//! wasm32, which has none, they round twice, and its bits are its own; what a rounding lost (`fused`) is exact there too.
//!
//! What single and double precision have apart (coefficients, bounds, here and there the way) is chosen by `N::SIZE`, a
//! constant; by a value only `if_lt` and its kin choose.

/// c₀ + x·(c₁ + x·(c₂ + …)) in fused steps.
macro_rules! horner {
    ($x:expr; $c:expr) => { $c };
    ($x:expr; $c:expr, $($rest:expr),+ $(,)?) => { $x.mul_add(horner!($x; $($rest),+), $c) };
}

/// Numbers that single and double precision have apart.
macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident: $single:expr, $double:expr;)*) => {
        $($(#[$doc])*
        #[inline(always)]
        fn $name<N: Digits>() -> f64 {
            const SINGLE: f64 = $single;
            const DOUBLE: f64 = $double;
            N::SIZE.of(SINGLE, DOUBLE)
        })*
    };
}

/// Polynomials with coefficients for single and for double precision, the constant one first.
macro_rules! polynomials {
    ($($(#[$doc:meta])* $visible:vis $name:ident: single $($single:literal),+; double $($double:literal),+;)*) => {
        $($(#[$doc])*
        #[inline(always)]
        $visible fn $name<N: Digits>(x: Num<N>) -> Num<N> {
            match N::SIZE {
                Size::Single => horner!(x; $($single),+),
                Size::Double => horner!(x; $($double),+),
            }
        })*
    };
}

mod arc;
mod area;
mod cbrt;
mod erf;
mod exp;
mod hyperbolic;
mod hypot;
mod log;
mod logistic;
mod pairs;
mod power;
pub(crate) mod special;
mod trigonometric;

pub(crate) use arc::{acos, asin, atan, atan2};
pub(crate) use area::{acosh, asinh, atanh};
pub(crate) use cbrt::cbrt;
pub(crate) use erf::{erf, normal_cdf};
pub(crate) use exp::{exp, exp_falling, exp_m1, exp2};
pub(crate) use hyperbolic::{cosh, sinh};
pub(crate) use hypot::hypot;
pub(crate) use log::{ln, ln_1p, log2, log10};
pub(crate) use logistic::{Logistic, logistic, sigmoid, tanh, tanh_and_logistic};
pub(crate) use power::powf;
pub(crate) use trigonometric::{all_near, cos, cos_near, sin, sin_near, tan, tan_near};

use crate::number::{Digits, Num};

#[cfg(test)]
mod tests;

constants! {
    /// 1.5 units of the first bit: adding it rounds to the nearest integer and leaves that integer in the low bits.
    magic: 12582912.0, 6755399441055744.0;
    /// What is added to an exponent in its bits.
    bias: 127.0, 1023.0;
    /// ln 2 in two parts; 2ᵏ·n times the first is exact.
    ln2_hi: 0.693359375, f64::from_bits(0x3fe62e42fefa3800);
    ln2_lo: -2.121_944_4e-4, f64::from_bits(0x3d2ef35793c76730);
    /// From 1 to the next number.
    epsilon: f32::EPSILON as f64, f64::EPSILON;
    smallest_normal: f32::MIN_POSITIVE as f64, f64::MIN_POSITIVE;
    largest: f32::MAX as f64, f64::MAX;
}

macro_rules! instructions {
    ($($name:ident $method:ident;)*) => {
        $(#[inline(always)]
        pub(crate) fn $name<N: Digits>(x: Num<N>) -> Num<N> {
            Num(x.0.$method())
        })*
    };
}
instructions! { sqrt root; abs absolute; floor rounded_down; ceil rounded_up; }
