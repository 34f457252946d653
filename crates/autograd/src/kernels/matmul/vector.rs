//! Vectors of one instruction set, as the kernels of the products see them.
//!
//! Every method is inlined into functions that are compiled for the instruction set, and is called nowhere else.
#![expect(unsafe_code, reason = "vector instructions and raw pointers")]

use crate::dtype::Float;
use crate::number::Digits;

/// Numbers with a multiply-add.
pub(crate) trait Fused: Float {
    /// self·b + c, rounded once where the machine has an instruction for it.
    fn fused(self, b: Self, c: Self) -> Self;
}

impl Fused for f32 {
    #[inline(always)]
    fn fused(self, b: f32, c: f32) -> f32 {
        self.times_plus(b, c)
    }
}

impl Fused for f64 {
    #[inline(always)]
    fn fused(self, b: f64, c: f64) -> f64 {
        self.times_plus(b, c)
    }
}

/// A vector register.
///
/// # Safety
/// The CPU has the instruction set. Loads and stores need as many elements as they name, at any alignment.
pub(super) trait Vector: Copy {
    type Element: Fused;
    const LANES: usize;
    /// Whether vectors pay: else tiles are computed one number at a time, by one loop for all of them.
    const SPECIAL: bool;
    unsafe fn zero() -> Self;
    unsafe fn splat(x: Self::Element) -> Self;
    unsafe fn load(p: *const Self::Element) -> Self;
    unsafe fn store(self, p: *mut Self::Element);
    /// Loads the first `n` elements, 1 ≤ n ≤ `LANES`. The others are 0 and not read.
    unsafe fn load_first(p: *const Self::Element, n: usize) -> Self;
    /// Stores the first `n` elements, 1 ≤ n ≤ `LANES`. What follows is not written.
    unsafe fn store_first(self, p: *mut Self::Element, n: usize);
    /// self·b + c, rounded as [`Fused`] has it.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    unsafe fn add(self, b: Self) -> Self;
    /// a₀ b₀ a₁ b₁ …, as two vectors.
    unsafe fn interleave(self, b: Self) -> [Self; 2];
    /// The sum of all lanes: the upper half is added to the lower half, again and again.
    unsafe fn fold(self) -> Self::Element;
}

/// For all other CPUs: an array, for which the compiler chooses the instructions.
#[derive(Clone, Copy)]
pub(super) struct Plain<T>([T; 4]);

macro_rules! plain {
    ($T:ident) => {
        // SAFETY of the whole: the caller's promise on pointers, see the trait.
        impl Vector for Plain<$T> {
            type Element = $T;
            const LANES: usize = 4;
            // An x86 CPU that needs this one calls a function for each multiply-add: no other cost shows.
            const SPECIAL: bool = !cfg!(target_arch = "x86_64");
            #[inline(always)]
            unsafe fn zero() -> Self {
                Plain([0.0; 4])
            }
            #[inline(always)]
            unsafe fn splat(x: $T) -> Self {
                Plain([x; 4])
            }
            #[inline(always)]
            unsafe fn load(p: *const $T) -> Self {
                // SAFETY: four elements are there, by contract.
                Plain(unsafe { p.cast::<[$T; 4]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $T) {
                // SAFETY: four elements are there, by contract.
                unsafe { p.cast::<[$T; 4]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn load_first(p: *const $T, n: usize) -> Self {
                let mut x = [0.0; 4];
                for (i, x) in x.iter_mut().enumerate().take(n) {
                    // SAFETY: `n` elements are there, by contract.
                    *x = unsafe { *p.add(i) };
                }
                Plain(x)
            }
            #[inline(always)]
            unsafe fn store_first(self, p: *mut $T, n: usize) {
                for (i, &x) in self.0.iter().enumerate().take(n) {
                    // SAFETY: `n` elements are there, by contract.
                    unsafe { *p.add(i) = x };
                }
            }
            #[inline(always)]
            unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                let (x, y, z) = (self.0, b.0, c.0);
                Plain([
                    x[0].times_plus(y[0], z[0]),
                    x[1].times_plus(y[1], z[1]),
                    x[2].times_plus(y[2], z[2]),
                    x[3].times_plus(y[3], z[3]),
                ])
            }
            #[inline(always)]
            unsafe fn add(self, b: Self) -> Self {
                let (x, y) = (self.0, b.0);
                Plain([x[0] + y[0], x[1] + y[1], x[2] + y[2], x[3] + y[3]])
            }
            #[inline(always)]
            unsafe fn interleave(self, b: Self) -> [Self; 2] {
                let (x, y) = (self.0, b.0);
                [Plain([x[0], y[0], x[1], y[1]]), Plain([x[2], y[2], x[3], y[3]])]
            }
            #[inline(always)]
            unsafe fn fold(self) -> $T {
                let x = self.0;
                (x[0] + x[2]) + (x[1] + x[3])
            }
        }
    };
}
plain!(f32);
plain!(f64);

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    use std::arch::x86_64::*;

    /// Registers of 256 bits: AVX2 and FMA.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2<R>(R);

    /// Registers of 512 bits: AVX-512F and DQ.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512<R>(R);

    /// Implements the trait by intrinsics; the parts that differ in form come as expressions.
    macro_rules! vector {
        ($V:ty, $T:ident, $lanes:literal, $zero:ident, $splat:ident, $load:ident, $store:ident, $fma:ident, $add:ident,
         load_first: |$lp:ident, $ln:ident| $load_first:expr,
         store_first: |$sx:ident, $sp:ident, $sn:ident| $store_first:expr,
         interleave: |$a:ident, $b:ident| $interleave:expr,
         fold: |$f:ident| $fold:expr) => {
            impl Vector for $V {
                type Element = $T;
                const LANES: usize = $lanes;
                const SPECIAL: bool = true;
                #[inline(always)]
                unsafe fn zero() -> Self {
                    // SAFETY: the CPU has the instructions, by contract.
                    Self(unsafe { $zero() })
                }
                #[inline(always)]
                unsafe fn splat(x: $T) -> Self {
                    // SAFETY: the CPU has the instructions, by contract.
                    Self(unsafe { $splat(x) })
                }
                #[inline(always)]
                unsafe fn load(p: *const $T) -> Self {
                    // SAFETY: instructions and elements are there, by contract.
                    Self(unsafe { $load(p) })
                }
                #[inline(always)]
                unsafe fn store(self, p: *mut $T) {
                    // SAFETY: instructions and elements are there, by contract.
                    unsafe { $store(p, self.0) }
                }
                #[inline(always)]
                unsafe fn load_first($lp: *const $T, $ln: usize) -> Self {
                    // SAFETY: instructions and the elements under the mask are there, by contract.
                    Self(unsafe { $load_first })
                }
                #[inline(always)]
                unsafe fn store_first(self, $sp: *mut $T, $sn: usize) {
                    let $sx = self.0;
                    // SAFETY: instructions and the elements under the mask are there, by contract.
                    unsafe { $store_first }
                }
                #[inline(always)]
                unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                    // SAFETY: the CPU has the instructions, by contract.
                    Self(unsafe { $fma(self.0, b.0, c.0) })
                }
                #[inline(always)]
                unsafe fn add(self, b: Self) -> Self {
                    // SAFETY: the CPU has the instructions, by contract.
                    Self(unsafe { $add(self.0, b.0) })
                }
                #[inline(always)]
                unsafe fn interleave(self, b: Self) -> [Self; 2] {
                    let ($a, $b) = (self.0, b.0);
                    // SAFETY: the CPU has the instructions, by contract.
                    let [low, high] = unsafe { $interleave };
                    [Self(low), Self(high)]
                }
                #[inline(always)]
                unsafe fn fold(self) -> $T {
                    let $f = self.0;
                    // SAFETY: the CPU has the instructions, by contract.
                    unsafe { $fold }
                }
            }
        };
    }

    /// The mask of n lanes starts at element `LANES − n`.
    static MASK32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    static MASK64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

    #[inline(always)]
    unsafe fn mask32(n: usize) -> __m256i {
        debug_assert!(n <= 8);
        // SAFETY: eight of the sixteen numbers, from at most the eighth on.
        unsafe { _mm256_loadu_si256(MASK32.as_ptr().add(8 - n).cast()) }
    }

    #[inline(always)]
    unsafe fn mask64(n: usize) -> __m256i {
        debug_assert!(n <= 4);
        // SAFETY: four of the eight numbers, from at most the fourth on.
        unsafe { _mm256_loadu_si256(MASK64.as_ptr().add(4 - n).cast()) }
    }

    #[inline(always)]
    unsafe fn fold128(x: __m128) -> f32 {
        // SAFETY: SSE is part of every x86-64.
        unsafe {
            let pair = _mm_add_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
        }
    }

    #[inline(always)]
    unsafe fn fold128d(x: __m128d) -> f64 {
        // SAFETY: SSE2 is part of every x86-64.
        unsafe { _mm_cvtsd_f64(_mm_add_sd(x, _mm_unpackhi_pd(x, x))) }
    }

    #[inline(always)]
    unsafe fn fold256(x: __m256) -> f32 {
        // SAFETY: the caller has AVX.
        unsafe { fold128(_mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x))) }
    }

    #[inline(always)]
    unsafe fn fold256d(x: __m256d) -> f64 {
        // SAFETY: the caller has AVX.
        unsafe { fold128d(_mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x))) }
    }

    vector!(Avx2<__m256>, f32, 8, _mm256_setzero_ps, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps,
        _mm256_fmadd_ps, _mm256_add_ps,
        load_first: |p, n| _mm256_maskload_ps(p, mask32(n)),
        store_first: |x, p, n| _mm256_maskstore_ps(p, mask32(n), x),
        interleave: |a, b| {
            let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            [_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high)]
        },
        fold: |x| fold256(x));

    vector!(Avx2<__m256d>, f64, 4, _mm256_setzero_pd, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd,
        _mm256_fmadd_pd, _mm256_add_pd,
        load_first: |p, n| _mm256_maskload_pd(p, mask64(n)),
        store_first: |x, p, n| _mm256_maskstore_pd(p, mask64(n), x),
        interleave: |a, b| {
            let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            [_mm256_permute2f128_pd::<0x20>(low, high), _mm256_permute2f128_pd::<0x31>(low, high)]
        },
        fold: |x| fold256d(x));

    vector!(Avx512<__m512>, f32, 16, _mm512_setzero_ps, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps,
        _mm512_fmadd_ps, _mm512_add_ps,
        load_first: |p, n| _mm512_maskz_loadu_ps((u16::MAX >> (16 - n)) as __mmask16, p),
        store_first: |x, p, n| _mm512_mask_storeu_ps(p, (u16::MAX >> (16 - n)) as __mmask16, x),
        interleave: |a, b| {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            [_mm512_permutex2var_ps(a, low, b), _mm512_permutex2var_ps(a, high, b)]
        },
        fold: |x| fold256(_mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps::<1>(x))));

    vector!(Avx512<__m512d>, f64, 8, _mm512_setzero_pd, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd,
        _mm512_fmadd_pd, _mm512_add_pd,
        load_first: |p, n| _mm512_maskz_loadu_pd(u8::MAX >> (8 - n), p),
        store_first: |x, p, n| _mm512_mask_storeu_pd(p, u8::MAX >> (8 - n), x),
        interleave: |a, b| {
            let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
            [_mm512_permutex2var_pd(a, low, b), _mm512_permutex2var_pd(a, high, b)]
        },
        fold: |x| fold256d(_mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd::<1>(x))));
}
