//! The logistic function and tanh, from parts that they have in common with their derivatives.
//!
//! With e = e⁻|x| and r = 1/(1 + e): σ(|x|) = r, σ(−|x|) = e·r, and tanh|x/2| = (1 − e)·r. Nothing overflows, and where a
//! difference would cancel, the exponential gives it directly.

/// σ(|x|) and σ(−|x|).
#[derive(Clone, Copy)]
pub(crate) struct Logistic<T> {
    pub(crate) near_one: T,
    pub(crate) near_zero: T,
}

impl<T: Copy + PartialOrd + Default> Logistic<T> {
    /// σ(x) and σ(−x).
    #[inline(always)]
    pub(crate) fn of(self, x: T) -> (T, T) {
        let Logistic { near_one, near_zero } = self;
        if x < T::default() { (near_zero, near_one) } else { (near_one, near_zero) }
    }
}

macro_rules! logistics {
    ($size:ident: $t:ident; gelu $linear:literal, $cubic:literal;) => {
        pub(in crate::math) mod $size {
            use super::Logistic;
            use crate::math::exp::$size::{exp_and_rest, exp_falling};

            /// r and what its rounding and that of the sum lost: 1/(1 + e) is about r + lost.
            #[inline(always)]
            fn reciprocal(e: $t) -> ($t, $t) {
                let r = 1.0 / (1.0 + e);
                // 1 − r·(1 + e); the difference is exact, because r is not below ½.
                (r, r * (-r).mul_add(e, 1.0 - r))
            }

            #[inline(always)]
            pub(in crate::math) fn logistic(x: $t) -> Logistic<$t> {
                let e = exp_falling(-x.abs());
                let (r, lost) = reciprocal(e);
                Logistic { near_one: r, near_zero: e.mul_add(r, e * lost) }
            }

            /// tanh x, and the logistic function of 2x.
            #[inline(always)]
            pub(in crate::math) fn tanh_and_logistic(x: $t) -> ($t, Logistic<$t>) {
                let (e, rest) = exp_and_rest(-2.0 * x.abs());
                let (r, lost) = reciprocal(e);
                let tanh = rest.mul_add(r, rest * lost).copysign(x);
                (tanh, Logistic { near_one: r, near_zero: e.mul_add(r, e * lost) })
            }

            #[inline(always)]
            pub(in crate::math) fn sigmoid(x: $t) -> $t {
                logistic(x).of(x).0
            }

            #[inline(always)]
            pub(in crate::math) fn tanh(x: $t) -> $t {
                tanh_and_logistic(x).0
            }

            /// √(8/π)·(x + 0.044715·x³), twice the argument of tanh in the approximate GELU.
            #[inline(always)]
            pub(in crate::math) fn gelu_exponent(x: $t) -> $t {
                x * ($linear + $cubic * (x * x))
            }
        }
    };
}

logistics! {
    single: f32; gelu 1.5957692, 0.071354814;
}
logistics! {
    double: f64; gelu 1.5957691216057308, 0.07135481627260025;
}
