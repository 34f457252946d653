//! Packing: operands rearranged into panels that tiles read from front to back.
#![expect(unsafe_code, reason = "vector instructions and raw pointers")]
#![expect(clippy::needless_range_loop, reason = "loops over arrays of registers are to be unrolled")]

use super::prefetch::Prefetch;
use super::vector::Vector;
use crate::dtype::Float;
use crate::kernels::simd::Fetch;

/// What packing reads, and the panels that it writes one after the other. `panel[p·width + i]` is element i of vector p, or 0
/// if i ≥ `filled`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel<T> {
    pub(super) from: *const T,
    /// The stride between elements of a vector, across the panel.
    pub(super) across: isize,
    /// The stride between vectors, along k.
    pub(super) along: isize,
    pub(super) k: usize,
    pub(super) filled: usize,
    pub(super) width: usize,
    /// How many panels lie side by side. If more than one, all of them are filled.
    pub(super) count: usize,
    pub(super) to: *mut T,
}

/// How many panels are packed together where their vectors lie side by side in memory, so that pages and cache lines are
/// visited once.
pub(super) const TOGETHER: usize = 4;

/// A panel that is read piece by piece along k.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piecewise<T> {
    rest: Panel<T>,
    /// The steps along k of each piece.
    each: usize,
}

impl<T: Copy> Piecewise<T> {
    /// In at most `pieces` pieces.
    pub(super) fn new(panel: Panel<T>, pieces: usize) -> Piecewise<T> {
        let unit = if panel.along == 1 { Prefetch::<T>::PAIR } else { 1 };
        Piecewise { rest: panel, each: panel.k.div_ceil(pieces).next_multiple_of(unit) }
    }

    /// The next piece, to be prefetched.
    #[inline(always)]
    pub(super) fn prefetch(&self) -> Prefetch<T> {
        let Panel { from, across, along, k, filled, .. } = self.rest;
        Prefetch::of(from, [self.each.min(k), filled], [along, across])
    }

    /// Moves on to the next piece. The current one is packed if `pack` is given.
    ///
    /// # Safety
    /// As for the packing of the whole.
    #[inline(always)]
    pub(super) unsafe fn advance(&mut self, pack: Option<unsafe fn(&Panel<T>)>) {
        let k = self.each.min(self.rest.k);
        if let Some(pack) = pack.filter(|_| k > 0) {
            // SAFETY: a part of the panel, by the caller's promise.
            unsafe { pack(&Panel { k, ..self.rest }) };
        }
        self.rest.k -= k;
        self.rest.from = self.rest.from.wrapping_offset(k as isize * self.rest.along);
        self.rest.to = self.rest.to.wrapping_add(k * self.rest.width);
    }
}

/// Packs a panel.
#[inline(always)]
pub(super) unsafe fn pack<V: Vector, const LANES: usize>(x: &Panel<V::Element>) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        if x.across == 1 {
            return pack_rows::<V>(x);
        }
        for i in 0..x.count {
            let from = x.from.wrapping_offset((i * x.width) as isize * x.across);
            let panel = Panel { from, to: x.to.add(i * x.width * x.k), count: 1, ..*x };
            if x.along == 1 && x.k >= 4 {
                pack_columns::<V, LANES>(&panel);
            } else {
                pack_strided(&panel);
            }
        }
    }
}

#[inline(always)]
unsafe fn pack_rows<V: Vector>(x: &Panel<V::Element>) {
    let (mut from, mut to) = (x.from, x.to);
    let size = x.width * x.k;
    // SAFETY: k vectors of `filled` elements are read, k of `width` written, by contract.
    unsafe {
        for _ in 0..x.k {
            for i in 0..x.count {
                let (from, to) = (from.add(i * x.width), to.add(i * size));
                let mut at = 0;
                while at + V::LANES <= x.filled {
                    V::load(from.add(at)).store(to.add(at));
                    at += V::LANES;
                }
                while at < x.width {
                    let piece = match x.filled.saturating_sub(at) {
                        0 => V::zero(),
                        n => V::load_first(from.add(at), n.min(V::LANES)),
                    };
                    piece.store_first(to.add(at), V::LANES.min(x.width - at));
                    at += V::LANES;
                }
            }
            from = from.wrapping_offset(x.along);
            to = to.add(x.width);
        }
    }
}

/// Packs an operand that is contiguous along k: squares of vectors are transposed in registers.
#[inline(always)]
unsafe fn pack_columns<V: Vector, const LANES: usize>(x: &Panel<V::Element>) {
    const { assert!(LANES == V::LANES) };
    let mut at = 0;
    // SAFETY: as for `pack_rows`; what is loaded is cut at `filled` and k, what is stored at `width` and k.
    unsafe {
        while at < x.width {
            let there = x.filled.saturating_sub(at).min(LANES);
            let wide = LANES.min(x.width - at);
            let mut p = 0;
            while p < x.k {
                let deep = LANES.min(x.k - p);
                let mut square = [V::zero(); LANES];
                for i in 0..LANES {
                    if i < there {
                        let from = x.from.offset((at + i) as isize * x.across).add(p);
                        Fetch::ToRead.line(from.wrapping_add(AHEAD));
                        square[i] = if deep == LANES { V::load(from) } else { V::load_first(from, deep) };
                    }
                }
                let square = transpose::<V, LANES>(square);
                for i in 0..LANES {
                    if i < deep {
                        let to = x.to.add((p + i) * x.width + at);
                        if wide == LANES {
                            square[i].store(to)
                        } else {
                            square[i].store_first(to, wide)
                        };
                    }
                }
                p += LANES;
            }
            at += LANES;
        }
    }
}

/// How many elements ahead of the packing memory is prefetched.
const AHEAD: usize = 64;

/// Transposes a square by interleaving its halves log₂ `LANES` times.
#[inline(always)]
unsafe fn transpose<V: Vector, const LANES: usize>(mut x: [V; LANES]) -> [V; LANES] {
    let mut size = LANES;
    while size > 1 {
        let mut y = x;
        for i in 0..LANES / 2 {
            // SAFETY: the instruction set is there, by contract.
            let [low, high] = unsafe { x[i].interleave(x[i + LANES / 2]) };
            y[2 * i] = low;
            y[2 * i + 1] = high;
        }
        x = y;
        size /= 2;
    }
    x
}

#[inline(always)]
unsafe fn pack_strided<T: Float>(x: &Panel<T>) {
    for p in 0..x.k {
        // SAFETY: k vectors of `filled` elements are read, k of `width` written, by contract.
        unsafe {
            let from = x.from.offset(p as isize * x.along);
            let to = x.to.add(p * x.width);
            for i in 0..x.filled {
                *to.add(i) = *from.offset(i as isize * x.across);
            }
            for i in x.filled..x.width {
                *to.add(i) = T::default();
            }
        }
    }
}
