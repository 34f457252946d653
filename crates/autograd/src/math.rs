//! The scalar functions behind the table, for `f32` and `f64`.
//!
//! `exp` and `sigmoid` are branch-free, so that a loop over them becomes SIMD code. Their multiply-adds are fused
//! wherever they are written so, on every machine and in every lane: the bits are the same everywhere. The others are
//! the standard library's.

macro_rules! vocabulary {
    ($($name:ident($($arg:ident),*);)*) => {
        /// The functions that rows of the table may call.
        pub(crate) trait Scalar: Copy + PartialOrd {
            fn exp(self) -> Self;
            fn sigmoid(self) -> Self;
            $(fn $name(self $(, $arg: Self)*) -> Self;)*
        }
        scalar! { f32, exp32, $($name($($arg),*);)* }
        scalar! { f64, exp64, $($name($($arg),*);)* }
        free_functions! { exp(); sigmoid(); $($name($($arg),*);)* }
    };
}

macro_rules! scalar {
    ($t:ident, $exp:ident, $($name:ident($($arg:ident),*);)*) => {
        impl Scalar for $t {
            #[inline(always)]
            fn exp(self) -> $t {
                $exp(self)
            }
            /// e⁻|x| never overflows, and neither branch cancels.
            #[inline(always)]
            fn sigmoid(self) -> $t {
                let e = $exp(-$t::abs(self));
                let numerator = if self < 0.0 { e } else { 1.0 };
                numerator / (1.0 + e)
            }
            $(#[inline(always)]
            fn $name(self $(, $arg: $t)*) -> $t {
                $t::$name(self $(, $arg)*)
            })*
        }
    };
}

macro_rules! free_functions {
    ($($name:ident($($arg:ident),*);)*) => {
        $(#[inline(always)]
        pub(crate) fn $name<T: Scalar>(x: T $(, $arg: T)*) -> T {
            x.$name($($arg),*)
        })*
    };
}

// Besides `exp` and `sigmoid`, which are ours: these are the standard library's.
vocabulary! { exp_m1(); ln(); ln_1p(); sqrt(); powf(p); sin(); cos(); abs(); tanh(); }

macro_rules! conditionals {
    ($($name:ident $op:tt;)*) => {
        $(#[inline(always)]
        pub(crate) fn $name<T: Scalar>(a: T, b: T, then: T, otherwise: T) -> T {
            if a $op b { then } else { otherwise }
        })*
    };
}
conditionals! { if_gt >; if_ge >=; if_lt <; if_le <=; }

pub(crate) fn exp_neg_abs<T: Scalar>(x: T) -> T { x.exp() }
pub(crate) fn recip_1p<T: Scalar>(x: T) -> T { x.exp() }
pub(crate) fn sigmoid_from<T: Scalar>(x: T, _e: T, _r: T) -> T { x.sigmoid() }
pub(crate) fn tanh_from<T: Scalar>(x: T, _e: T, _r: T) -> T { x.tanh() }

/// 1/n!, the coefficients of the exponential.
const INVERSE_FACTORIALS: [f64; 14] = {
    let mut table = [1.0; 14];
    let (mut n, mut factorial) = (1, 1.0);
    while n < 14 {
        factorial *= n as f64;
        table[n] = 1.0 / factorial;
        n += 1;
    }
    table
};

/// eˣ in double precision: x = n·ln 2 + r with |r| ≤ ½·ln 2, then a Taylor polynomial of degree 13 in r, whose
/// remainder is below 2⁻⁵⁶ of the result, times 2ⁿ in two factors, so that subnormal results come out right too.
#[inline(always)]
fn exp64(x: f64) -> f64 {
    // 1.5·2⁵²: adding it rounds to the nearest integer and leaves that integer in the low bits.
    const MAGIC: f64 = 6755399441055744.0;
    // ln 2 in two parts; the first has 11 zero bits at the end, so that n·LN2_HI is exact for |n| < 2¹¹.
    const LN2_HI: f64 = f64::from_bits(0x3fe62e42fefa3800);
    const LN2_LO: f64 = f64::from_bits(0x3d2ef35793c76730);
    // Beyond these the result is ∞ or 0 all the same; NaN passes through both comparisons.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let shifted = x.mul_add(std::f64::consts::LOG2_E, MAGIC);
    let n = shifted - MAGIC;
    let r = (-n).mul_add(LN2_LO, (-n).mul_add(LN2_HI, x));
    let mut p = INVERSE_FACTORIALS[13];
    for &c in INVERSE_FACTORIALS[2..13].iter().rev() {
        p = p.mul_add(r, c);
    }
    let p = (p * r).mul_add(r, r) + 1.0;
    let n = shifted.to_bits().wrapping_sub(MAGIC.to_bits()) as i64;
    let half = n >> 1;
    let power = |k: i64| f64::from_bits(((k + 1023) as u64) << 52);
    p * power(half) * power(n - half)
}

/// eˣ in single precision, as [`exp64`] with a polynomial of degree 7 (remainder below 2⁻²⁷).
#[inline(always)]
fn exp32(x: f32) -> f32 {
    const MAGIC: f32 = 12582912.0; // 1.5·2²³
    const LN2_HI: f32 = 0.693_359_4;
    const LN2_LO: f32 = -2.121_944_4e-4;
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, MAGIC);
    let n = shifted - MAGIC;
    let r = (-n).mul_add(LN2_LO, (-n).mul_add(LN2_HI, x));
    let mut p = INVERSE_FACTORIALS[7] as f32;
    for &c in INVERSE_FACTORIALS[2..7].iter().rev() {
        p = p.mul_add(r, c as f32);
    }
    let p = (p * r).mul_add(r, r) + 1.0;
    let n = shifted.to_bits().wrapping_sub(MAGIC.to_bits()) as i32;
    let half = n >> 1;
    let power = |k: i32| f32::from_bits(((k + 127) as u32) << 23);
    p * power(half) * power(n - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units in the last place, across the subnormals.
    fn ulps64(a: f64, b: f64) -> u64 {
        (a.to_bits() as i64).abs_diff(b.to_bits() as i64)
    }

    #[test]
    fn exp64_is_within_two_ulp_of_the_standard_library() {
        let mut worst = 0;
        for i in 0..400_000 {
            let x = -746.0 + 1456.0 * (f64::from(i) * 0.618_033_988_749_894_9).fract();
            worst = worst.max(ulps64(exp64(x), x.exp()));
        }
        assert!(worst <= 2, "{worst} ulp");
    }

    #[test]
    fn exp32_is_within_two_ulp_of_the_rounded_double() {
        let mut worst = 0;
        // Every 1009th bit pattern, all exponents and both signs.
        for bits in (0..=u32::MAX).step_by(1009) {
            let x = f32::from_bits(bits);
            if x.is_finite() {
                let want = f64::from(x).exp() as f32;
                worst = worst.max((exp32(x).to_bits() as i32).abs_diff(want.to_bits() as i32));
            }
        }
        assert!(worst <= 2, "{worst} ulp");
    }

    #[test]
    fn exponentials_at_the_edges() {
        assert_eq!(exp64(f64::INFINITY), f64::INFINITY);
        assert_eq!(exp64(f64::NEG_INFINITY), 0.0);
        assert_eq!((exp64(0.0), exp64(-0.0)), (1.0, 1.0));
        assert!(exp64(f64::NAN).is_nan() && exp32(f32::NAN).is_nan());
        assert_eq!((exp32(f32::INFINITY), exp32(f32::NEG_INFINITY)), (f32::INFINITY, 0.0));
        assert_eq!((exp64(709.79), exp32(88.73)), (f64::INFINITY, f32::INFINITY));
    }

    #[test]
    fn sigmoid_keeps_its_tails() {
        assert_eq!(sigmoid(-745.0f64), (-745.0f64).exp());
        assert_eq!(sigmoid(-800.0f64), 0.0);
        assert_eq!(sigmoid(800.0f64), 1.0);
        assert_eq!(sigmoid(0.0f32), 0.5);
        assert!(sigmoid(f64::NAN).is_nan());
        assert!((sigmoid(-250.0f64) / (-250.0f64).exp() - 1.0).abs() < 1e-15);
    }
}
