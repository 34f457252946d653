//! `f32` and `f64` as numbers.

use super::fused::{FUSES, MultiplyAdd};
use super::two_over_pi::two_over_pi;
use super::{BinaryRow, Digits, Num, Number, Size, UnaryRow};
use crate::table::Compare;

macro_rules! float {
    ($T:ident $Size:ident $signed:ident $unsigned:ident; magic $magic:literal;) => {
        impl Number for $T {
            type Mask = bool;
            const PLAIN: bool = true;

            #[inline(always)]
            fn literal(self, value: f64) -> $T {
                value as $T
            }
            #[inline(always)]
            fn holds(self, relation: Compare, other: $T) -> bool {
                relation.holds(self, other)
            }
            #[inline(always)]
            fn select(mask: bool, then: $T, otherwise: $T) -> $T {
                if mask { then } else { otherwise }
            }
            #[inline(always)]
            fn apply<F: UnaryRow>(self, p: f64) -> $T {
                F::value(Num(self), Num(p as $T)).0
            }
            #[inline(always)]
            fn apply_with<F: BinaryRow>(self, other: $T) -> $T {
                F::value(Num(self), Num(other)).0
            }
        }

        impl Digits for $T {
            const SIZE: Size = Size::$Size;
            type Wide = f64;
            type Whole = $signed;

            #[inline(always)]
            fn widen(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn narrow(wide: f64) -> $T {
                wide as $T
            }
            #[inline(always)]
            fn fused(self, a: $T, b: $T) -> $T {
                if FUSES { self.mul_add(a, b) } else { self.by_parts(a, b) }
            }
            #[inline(always)]
            fn fused_within(self, a: $T, b: $T) -> $T {
                if FUSES { self.mul_add(a, b) } else { self.by_parts_within(a, b) }
            }
            #[inline(always)]
            fn times_plus(self, a: $T, b: $T) -> $T {
                if FUSES { self.mul_add(a, b) } else { self * a + b }
            }
            #[inline(always)]
            fn signed_as(self, sign: $T) -> $T {
                self.copysign(sign)
            }
            #[inline(always)]
            fn absolute(self) -> $T {
                self.abs()
            }
            #[inline(always)]
            fn root(self) -> $T {
                self.sqrt()
            }
            #[inline(always)]
            fn rounded_down(self) -> $T {
                self.floor()
            }
            #[inline(always)]
            fn rounded_up(self) -> $T {
                self.ceil()
            }

            #[inline(always)]
            fn power_in_low_bits(self) -> $T {
                $T::from_bits(self.to_bits() << ($T::MANTISSA_DIGITS - 1))
            }
            #[inline(always)]
            fn exponent_and_rest(self) -> ($signed, $T) {
                const FRACTION: u32 = $T::MANTISSA_DIGITS - 1;
                let bits = self.to_bits();
                let k = (bits.wrapping_sub(std::$T::consts::FRAC_1_SQRT_2.to_bits()) as $signed) >> FRACTION;
                (k, $T::from_bits(bits.wrapping_sub((k << FRACTION) as $unsigned)))
            }
            /// Without a conversion that AVX2 lacks.
            #[inline(always)]
            fn of_whole(k: $signed) -> $T {
                const MAGIC: $T = $magic;
                $T::from_bits(MAGIC.to_bits().wrapping_add(k as $unsigned)) - MAGIC
            }
            #[inline(always)]
            fn is_zero(k: $signed) -> bool {
                k == 0
            }
            #[inline(always)]
            fn power_of_minus(k: $signed) -> $T {
                const BIAS: $signed = $T::MAX_EXP as $signed - 1;
                $T::from_bits(((BIAS - k.min(BIAS)) as $unsigned) << ($T::MANTISSA_DIGITS - 1))
            }
            #[inline(always)]
            fn by_quadrant(self, shift: u32, sine: $T, cosine: $T) -> $T {
                let quadrant = self.to_bits().wrapping_add($unsigned::from(shift));
                let value = if quadrant & 1 == 0 { sine } else { cosine };
                $T::from_bits(value.to_bits() ^ ((quadrant & 2) << ($unsigned::BITS - 2)))
            }

            #[inline(always)]
            fn either(is: bool, then: impl FnOnce() -> $T, otherwise: impl FnOnce() -> $T) -> $T {
                if is { then() } else { otherwise() }
            }
            fn two_over_pi(k: $signed, part: u32) -> $T {
                two_over_pi(i64::from(k), part) as $T
            }
        }
    };
}
float! { f32 Single i32 u32; magic 12582912.0; }
float! { f64 Double i64 u64; magic 6755399441055744.0; }
