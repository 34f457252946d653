//! Shared code of the loops written by hand: exponentials without branches, and the choice of the instruction set.

use wengert::autograd::Float;

/// A float that loops of plain arithmetic can be written with.
pub(super) trait Scalar: Float {
    /// eˣ without a branch or a call, so that the loop around it becomes vector code; a few units in the last place.
    fn exp(self) -> Self;
    /// self·a + b, rounded once.
    fn fused(self, a: Self, b: Self) -> Self;
}

/// 2ⁿ·P(r) with n = x/ln 2 rounded, r = x − n·ln 2 in two parts, P a polynomial; n is found by adding a number so large
/// that its last bit is one.
macro_rules! scalar {
    ($T:ident, $bits:ident, $range:expr, $round:expr, $mantissa:expr, $bias:expr, $ln2:expr, $polynomial:expr) => {
        impl Scalar for $T {
            #[inline(always)]
            fn exp(self) -> $T {
                let x = self.clamp($range.0, $range.1);
                let shifted = x * std::$T::consts::LOG2_E + $round;
                let n = shifted - $round;
                let r = (-n).mul_add($ln2.1, (-n).mul_add($ln2.0, x));
                let mut p = $polynomial[0];
                let mut k = 1;
                while k < $polynomial.len() {
                    p = p.mul_add(r, $polynomial[k]);
                    k += 1;
                }
                p * $T::from_bits((shifted.to_bits() << $mantissa).wrapping_add($bias << $mantissa))
            }
            #[inline(always)]
            fn fused(self, a: $T, b: $T) -> $T {
                self.mul_add(a, b)
            }
        }
    };
}
scalar!(f32, u32, (-87.0, 88.0), 12_582_912.0, 23, 127, (0.693_359_4, -2.121_944_4e-4), TAYLOR_32);
scalar!(
    f64,
    u64,
    (-708.0, 709.0),
    6_755_399_441_055_744.0,
    52,
    1023,
    (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10),
    TAYLOR_64
);

const TAYLOR_32: [f32; 8] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
const TAYLOR_64: [f64; 13] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// 1/(1 + e⁻ˣ).
#[inline(always)]
pub(super) fn sigmoid<T: Scalar>(x: T) -> T {
    T::from_f64(1.0) / (T::from_f64(1.0) + (-x).exp())
}

/// Σ aᵢ·bᵢ in sixteen partial sums.
#[inline(always)]
pub(super) fn dot<T: Scalar>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::from_f64(0.0); 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for k in 0..16 {
            sums[k] = a[k].fused(b[k], sums[k]);
        }
    }
    for k in 0..a_rest.len() {
        sums[k] = a_rest[k].fused(b_rest[k], sums[k]);
    }
    let mut sum = sums[0];
    for &s in &sums[1..] {
        sum = sum + s;
    }
    sum
}

/// Runs `f` compiled for the widest vectors of this CPU.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calling a function compiled for a CPU feature is unsafe; it is checked just before"
    )
)]
pub(super) fn widest<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
        fn avx512<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        use std::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512dq") && has!("avx512vl") && has!("avx512bw") {
            // SAFETY: the features were detected.
            return unsafe { avx512(f) };
        }
        if has!("avx2") && has!("fma") {
            // SAFETY: both features were detected.
            return unsafe { avx2(f) };
        }
    }
    f()
}
