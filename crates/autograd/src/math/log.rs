//! Logarithms: x = 2ᵏ·m with ½√2 ≤ m < √2, and ln m = 2·artanh s with s = f/(2 + f), f = m − 1.
//!
//! Source: the method of `log` and `log1p` in FreeBSD's msun (Ng, 1993); the coefficients are our minimax fits.

macro_rules! logarithms {
    (
        $size:ident: $t:ident, $signed:ident, $unsigned:ident; magic $magic:literal; ln2 $hi:expr, $lo:expr;
        subnormal $lift:literal = $lift_exponent:literal; series $($c:literal),*;
    ) => {
        pub(in crate::math) mod $size {
            const FRACTION: u32 = $t::MANTISSA_DIGITS - 1;
            const BIAS: $signed = $t::MAX_EXP as $signed - 1;
            const MAGIC: $t = $magic;
            const LN2_HI: $t = $hi;
            const LN2_LO: $t = $lo;

            /// k and m; x is positive and normal.
            #[inline(always)]
            fn split(x: $t) -> ($signed, $t) {
                let bits = x.to_bits();
                let k = (bits.wrapping_sub(std::$t::consts::FRAC_1_SQRT_2.to_bits()) as $signed) >> FRACTION;
                (k, $t::from_bits(bits.wrapping_sub((k << FRACTION) as $unsigned)))
            }

            /// An integer below 2²² as a number, without a conversion that AVX2 lacks.
            #[inline(always)]
            fn float(k: $signed) -> $t {
                $t::from_bits(MAGIC.to_bits().wrapping_add(k as $unsigned)) - MAGIC
            }

            /// k·ln 2 + ln(1 + f) + correction, with s = f/(2 + f).
            #[inline(always)]
            fn assemble(k: $t, f: $t, s: $t, correction: $t) -> $t {
                let z = s * s;
                let series = z * horner!(z; $($c),*);
                let square = 0.5 * f * f;
                let small = s.mul_add(square + series, k.mul_add(LN2_LO, correction));
                k.mul_add(LN2_HI, f - (square - small))
            }

            #[inline(always)]
            pub(in crate::math) fn ln(x: $t) -> $t {
                let subnormal = x < $t::MIN_POSITIVE;
                let (k, m) = split(if subnormal { x * $lift } else { x });
                let k = float(k) - if subnormal { $lift_exponent } else { 0.0 };
                let f = m - 1.0;
                edges(x, assemble(k, f, f / (2.0 + f), 0.0))
            }

            /// ln(1 + x): what the rounding of 1 + x lost is put back as a correction.
            #[inline(always)]
            pub(in crate::math) fn ln_1p(x: $t) -> $t {
                let u = 1.0 + x;
                let back = u - 1.0;
                let lost = (1.0 - (u - back)) + (x - back);
                let (k, m) = split(u);
                let (f, lost) = if k == 0 {
                    (x, 0.0)
                } else {
                    (m - 1.0, lost * $t::from_bits(((BIAS - k.min(BIAS)) as $unsigned) << FRACTION))
                };
                let s = f / (2.0 + f);
                // 1/m = 1 − 2s + 2s² − …
                let correction = lost * (2.0 * s).mul_add(s - 1.0, 1.0);
                let y = edges(u, assemble(float(k), f, s, correction));
                // Keeps the sign of zero and the last bit of subnormal numbers.
                if x.abs() < 0.25 * $t::EPSILON { x } else { y }
            }

            /// `y`, which is ln x, or what ln is where x is not positive and finite.
            #[inline(always)]
            fn edges(x: $t, y: $t) -> $t {
                let y = if x > $t::MAX { x } else { y };
                let y = if x > 0.0 { y } else { $t::NAN };
                if x == 0.0 { $t::NEG_INFINITY } else { y }
            }
        }
    };
}

logarithms! {
    single: f32, i32, u32; magic 12582912.0; ln2 0.693_359_4, -2.121_944_4e-4;
    subnormal 33554432.0 = 25.0; series 0.6666666, 0.40000337, 0.28537285, 0.23581994;
}
logarithms! {
    double: f64, i64, u64; magic 6755399441055744.0;
    ln2 f64::from_bits(0x3fe62e42fefa3800), f64::from_bits(0x3d2ef35793c76730);
    subnormal 18014398509481984.0 = 54.0;
    series 0.6666666666666733, 0.3999999999941833, 0.28571428741887117, 0.2222219861384802, 0.18183562404084633,
        0.1531409823420347, 0.14795472184814012;
}
