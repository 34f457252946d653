//! eˣ and its kin: x = n·ln 2 + r with |r| ≤ ½·ln 2, a polynomial in r, and a power of two.

macro_rules! exponentials {
    (
        $size:ident: $t:ident, $signed:ident, $unsigned:ident;
        even $($even:literal),*; odd $($odd:literal),*;
        magic $magic:literal; ln2 $hi:expr, $lo:expr;
        infinite from $infinite:literal; zero from $zero:literal; minus_one from $minus_one:literal;
    ) => {
        pub(in crate::math) mod $size {
            const FRACTION: u32 = $t::MANTISSA_DIGITS - 1;
            const BIAS: $signed = $t::MAX_EXP as $signed - 1;
            /// 1.5 units of the first bit: adding it rounds to the nearest integer and leaves that integer in the low
            /// bits.
            const MAGIC: $t = $magic;
            /// ln 2 in two parts; n times the first is exact.
            const LN2_HI: $t = $hi;
            const LN2_LO: $t = $lo;
            /// By how much an exponent is lifted (lowered) while results may be subnormal (overflow), and the powers of
            /// two that take it back.
            const LIFT: $signed = 64;
            const DOWN: $t = power_of_two(-LIFT);
            const UP: $t = power_of_two(LIFT);

            const fn power_of_two(k: $signed) -> $t {
                $t::from_bits(((k + BIAS) as $unsigned) << FRACTION)
            }

            /// The magic number that leaves n + k in the low bits in the form of an exponent.
            const fn magic(k: $signed) -> $t {
                MAGIC + (k + BIAS) as $t
            }

            /// x = n·ln 2 + r: eʳ − 1, and 2ⁿ⁺ᵏ for the magic number of k.
            #[inline(always)]
            fn reduce(x: $t, magic: $t) -> ($t, $t) {
                let shifted = x.mul_add(std::$t::consts::LOG2_E, magic);
                let n = shifted - magic;
                let r = (-n).mul_add(LN2_LO, (-n).mul_add(LN2_HI, x));
                ((series(r) * r).mul_add(r, r), $t::from_bits(shifted.to_bits() << FRACTION))
            }

            /// (eʳ − 1 − r)/r², by the polynomial that agrees with it where a Chebyshev polynomial is zero. Even and odd
            /// powers apart: two short chains of steps that wait for each other, not a long one.
            #[inline(always)]
            fn series(r: $t) -> $t {
                let z = r * r;
                horner!(z; $($odd),*).mul_add(r, horner!(z; $($even),*))
            }

            /// Whether eˣ is 0 to the last bit. Such arguments, the −∞ of masks among them, must not get as far as the
            /// last product: one whose result underflows takes the processor as long as a hundred others.
            #[inline(always)]
            fn vanishes(x: $t) -> bool {
                x < $zero
            }

            /// eˣ where x ≤ 1.
            #[inline(always)]
            pub(in crate::math) fn exp_falling(x: $t) -> $t {
                let none = vanishes(x);
                let (m1, power) = reduce(if none { 0.0 } else { x }, magic(LIFT));
                let y = (m1 + 1.0) * power * DOWN;
                if none { 0.0 } else { y }
            }

            /// eˣ, and 1 − eˣ without cancellation, where x ≤ 0.
            #[inline(always)]
            pub(in crate::math) fn exp_and_rest(x: $t) -> ($t, $t) {
                let none = vanishes(x);
                let (m1, power) = reduce(if none { 0.0 } else { x }, magic(LIFT));
                let whole = power * DOWN;
                let (y, rest) = ((m1 + 1.0) * power * DOWN, (-whole).mul_add(m1, 1.0 - whole));
                if none { (0.0, 1.0) } else { (y, rest) }
            }

            #[inline(always)]
            pub(in crate::math) fn exp(x: $t) -> $t {
                let none = vanishes(x);
                let bounded = if x > $infinite { $infinite } else { x };
                let (lift, back) = if x < 0.0 { (magic(LIFT), DOWN) } else { (magic(-LIFT), UP) };
                let (m1, power) = reduce(if none { 0.0 } else { bounded }, lift);
                let y = (m1 + 1.0) * power * back;
                if none { 0.0 } else { y }
            }

            /// eˣ − 1 = 2·(2ⁿ⁻¹·(eʳ − 1) + (2ⁿ⁻¹ − ½)).
            #[inline(always)]
            pub(in crate::math) fn exp_m1(x: $t) -> $t {
                let bounded = if x > $infinite { $infinite } else { x };
                let (m1, half) = reduce(if bounded < $minus_one { $minus_one } else { bounded }, magic(-1));
                let y = 2.0 * half.mul_add(m1, half - 0.5);
                // Keeps the sign of zero and the last bit of subnormal numbers.
                if x.abs() < 0.25 * $t::EPSILON { x } else { y }
            }
        }
    };
}

exponentials! {
    single: f32, i32, u32;
    even 0.500_000_24, 0.041_660_737, 0.001_424_038;
    odd 0.166_665, 0.008_370_634;
    magic 12582912.0; ln2 0.693_359_4, -2.121_944_4e-4;
    infinite from 89.0; zero from -104.0; minus_one from -20.0;
}
exponentials! {
    double: f64, i64, u64;
    even 0.5000000000000016, 0.041666666666500526, 0.0013888888950298695, 2.4801486975901924e-05,
        2.763222657233778e-07;
    odd 0.16666666666666677, 0.008333333333320557, 0.0001984126988849669, 2.7557242067180346e-06,
        2.5109719945450414e-08;
    magic 6755399441055744.0; ln2 f64::from_bits(0x3fe62e42fefa3800), f64::from_bits(0x3d2ef35793c76730);
    infinite from 710.0; zero from -746.0; minus_one from -40.0;
}
