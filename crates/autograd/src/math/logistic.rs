//! The logistic function and tanh, cut into the parts that they have in common with their derivatives.
//!
//! With e = e⁻|x| and r = 1/(1 + e): σ(|x|) = r, σ(−|x|) = e·r, and tanh|x| = 1 − 2·e·r of 2x. Neither overflows, and
//! none of the two values of σ cancels.

macro_rules! logistics {
    (
        $size:ident: $t:ident; straight below $threshold:literal; series $($c:literal),*;
        gelu $linear:literal, $cubic:literal;
    ) => {
        pub(in crate::math) mod $size {
            /// 1/(1 + e).
            #[inline(always)]
            pub(in crate::math) fn recip_1p(e: $t) -> $t {
                1.0 / (1.0 + e)
            }

            /// σ(x), where e = e⁻|x| and r = 1/(1 + e). For x < 0 the product e·r takes back what the rounding of the sum
            /// and of the quotient cost.
            #[inline(always)]
            pub(in crate::math) fn sigmoid_from(x: $t, e: $t, r: $t) -> $t {
                let sum = 1.0 + e;
                let lost = e - (sum - 1.0);
                let residual = (-r).mul_add(sum, 1.0) - r * lost;
                let below = e.mul_add(r, e * (r * residual));
                if x < 0.0 { below } else { r }
            }

            /// tanh x, where e = e⁻|2x| and r = 1/(1 + e). Near 0, where the difference cancels, an odd polynomial.
            #[inline(always)]
            pub(in crate::math) fn tanh_from(x: $t, e: $t, r: $t) -> $t {
                let a = x.abs();
                let z = a * a;
                let near = (a * z).mul_add(horner!(z; $($c),*), a);
                let far = (-2.0 * e).mul_add(r, 1.0);
                (if a < $threshold { near } else { far }).copysign(x)
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
    single: f32; straight below 0.625; series -0.33333284, 0.1333149, -0.053743523, 0.02065117, -0.005718076;
    gelu 1.5957692, 0.071354814;
}
logistics! {
    double: f64; straight below 0.625;
    series -0.33333333333332893, 0.1333333333326627, -0.053968253932922886, 0.021869487609436182,
        -0.008863221396294007, 0.0035919920859262327, -0.0014549727585612211, 0.0005863591236461964,
        -0.00022864541665302675, 7.723193217239616e-05, -1.6113360411183004e-05;
    gelu 1.5957691216057308, 0.07135481627260025;
}
