//! The choice of the instruction set at run time. Each loop is compiled for several; the best that the CPU has is used.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calling a function compiled for a CPU feature is unsafe; it is checked just before"
    )
)]

#[cfg(test)]
pub(crate) mod tests;

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// An instruction set that loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "the baseline is all there is"))]
pub(crate) enum Set {
    Avx512,
    Avx2,
    Baseline,
}

/// An instruction set that this CPU has. Results do not depend on it: the loops use no operation that rounds differently on
/// another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa(Set);

impl Isa {
    /// The widest vectors of this CPU.
    #[inline(always)]
    pub(crate) fn widest() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            if allows(Set::Avx512)
                && std::is_x86_feature_detected!("avx512f")
                && std::is_x86_feature_detected!("avx512dq")
                && std::is_x86_feature_detected!("avx512vl")
            {
                return Isa(Set::Avx512);
            }
            if allows(Set::Avx2)
                && std::is_x86_feature_detected!("avx2")
                && std::is_x86_feature_detected!("fma")
            {
                return Isa(Set::Avx2);
            }
        }
        Isa(Set::Baseline)
    }

    /// Which instruction set it is.
    pub(crate) fn set(self) -> Set {
        self.0
    }

    /// Runs `f` compiled for it. Closures within `f` are compiled for the baseline unless they are `#[inline(always)]`.
    #[inline(always)]
    pub(crate) fn run<R>(self, f: impl FnOnce() -> R) -> R {
        match self.0 {
            // SAFETY: `widest` has detected the three features.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512(f) },
            // SAFETY: `widest` has detected both features.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2(f) },
            _ => f(),
        }
    }
}

/// Whether an instruction set may be used: any, unless [`limit_vectors`] was called. Tests limit each thread by itself.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "the baseline is all there is"))]
#[inline(always)]
pub(crate) fn allows(set: Set) -> bool {
    #[cfg(test)]
    return tests::allows(set);
    #[cfg(not(test))]
    return set as u8 >= WIDEST.load(Relaxed);
}

/// The widest instruction set that may be used.
static WIDEST: AtomicU8 = AtomicU8::new(Set::Avx512 as u8);

/// Uses no vectors of more bits from now on: with 256, what AVX2 has. No bit of a result changes. It is for comparisons with
/// libraries that are held to narrower vectors, and is called before anything is planned.
pub fn limit_vectors(bits: usize) {
    let set = match bits {
        512.. => Set::Avx512,
        256..512 => Set::Avx2,
        _ => Set::Baseline,
    };
    WIDEST.store(set as u8, Relaxed);
}

/// Runs `f` compiled for the widest vectors of this CPU.
#[inline(always)]
pub fn widest<R>(f: impl FnOnce() -> R) -> R {
    Isa::widest().run(f)
}

/// Runs `f`, a scalar computation, compiled with fused multiply-adds if this CPU has them.
#[inline(always)]
pub(crate) fn fused<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if has_fma() {
        // SAFETY: the feature was detected.
        return unsafe { fma(f) };
    }
    f()
}

/// Whether this CPU has fused multiply-adds, and they are to be used.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn has_fma() -> bool {
    allows(Set::Avx2) && std::is_x86_feature_detected!("fma")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "fma")]
fn fma<R>(f: impl FnOnce() -> R) -> R {
    f()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn avx512<R>(f: impl FnOnce() -> R) -> R {
    f()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// A hint to the caches: what a cache line is fetched for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fetch {
    ToRead,
    ToWrite,
}

impl Fetch {
    /// Fetches the cache line of an address. The address need not be valid: a hint changes only the caches.
    #[inline(always)]
    pub(crate) fn line<T>(self, at: *const T) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_ET0, _MM_HINT_T0, _mm_prefetch};
            // SAFETY: part of the baseline, and no address faults.
            unsafe {
                match self {
                    Fetch::ToRead => _mm_prefetch::<_MM_HINT_T0>(at.cast()),
                    Fetch::ToWrite => _mm_prefetch::<_MM_HINT_ET0>(at.cast()),
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }
}
