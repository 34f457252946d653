//! The innermost loops: a tile of C in registers, and a tile of scalar products.
//!
//! An element of C is one chain of fused multiply-adds over k (tiles), or one for each lane, folded in halves (scalar
//! products): see [`Order`](crate::tree::Order). Neither depends on the size of tiles or vectors, so all instruction sets give
//! the same bits.
#![expect(unsafe_code, reason = "vector instructions and raw pointers")]
#![expect(clippy::needless_range_loop, reason = "loops over arrays of registers are to be unrolled")]

use super::block::Block;
use super::prefetch::Prefetcher;
use super::vector::{Fused, Vector};
use crate::tree::LANES;

/// The tile of `MR` rows and `NV` vectors, by strides.
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const MR: usize, const NV: usize, const UNIT: bool>(
    x: &Block<V::Element>,
) {
    // SAFETY: the caller's promise, passed on.
    unsafe { tile_from::<V, MR, NV, UNIT, false>(x) }
}

/// The same where the rows of B begin at offsets, and the row stride of A is 1.
#[inline(always)]
pub(super) unsafe fn tap_tile<V: Vector, const MR: usize, const NV: usize>(x: &Block<V::Element>) {
    // SAFETY: the caller's promise, passed on.
    unsafe { tile_from::<V, MR, NV, true, true>(x) }
}

/// The same where the rows of A begin at offsets, and those of B lie by strides.
#[inline(always)]
pub(super) unsafe fn tile_of_taps<V: Vector, const MR: usize, const NV: usize>(x: &Block<V::Element>) {
    // SAFETY: the caller's promise, passed on.
    unsafe { tile_from::<V, MR, NV, false, true>(x) }
}

#[inline(always)]
unsafe fn tile_from<V: Vector, const MR: usize, const NV: usize, const UNIT: bool, const TAPS: bool>(
    x: &Block<V::Element>,
) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        if V::SPECIAL {
            if x.columns == NV * V::LANES {
                tile_of::<V, MR, NV, UNIT, TAPS, false>(x);
            } else {
                tile_of::<V, MR, NV, UNIT, TAPS, true>(x);
            }
        } else {
            scalar(x);
        }
    }
}

#[inline(always)]
unsafe fn tile_of<
    V: Vector,
    const MR: usize,
    const NV: usize,
    const UNIT: bool,
    const TAPS: bool,
    const EDGE: bool,
>(
    x: &Block<V::Element>,
) {
    let (rows, last) = (x.rows, x.columns - (NV - 1) * V::LANES);
    // Missing rows repeat the last one and are not stored.
    let mut starts = [x.a; MR];
    // SAFETY: rows below `rows` and columns below `columns` exist, by contract; loads and stores touch no others.
    unsafe {
        for (r, start) in starts.iter_mut().enumerate() {
            let r = r.min(rows - 1);
            *start = if TAPS && !UNIT {
                x.a.add(*x.taps.offsets.add(r))
            } else {
                x.a.offset(r as isize * x.a_strides[0])
            };
        }
        let mut sums = [[V::zero(); NV]; MR];
        let (mut a, mut b) = (0, x.b);
        let mut unit = x.a;
        let mut prefetcher = Prefetcher::new(x.next_c, x.next_stride, rows, &x.prefetch, x.k);
        for p in 0..x.k {
            if TAPS && UNIT {
                b = x.b.add(*x.taps.offsets.add(p));
            } else if !TAPS {
                prefetcher.step(p);
            }
            let mut right = [V::zero(); NV];
            for v in 0..NV {
                let p = b.add(v * V::LANES);
                right[v] = if EDGE && v == NV - 1 { V::load_first(p, last) } else { V::load(p) };
            }
            for r in 0..MR {
                let left = V::splat(if UNIT { *unit.add(r) } else { *starts[r].offset(a) });
                for v in 0..NV {
                    sums[r][v] = left.mul_add(right[v], sums[r][v]);
                }
            }
            a += x.a_strides[1];
            unit = unit.wrapping_offset(x.a_strides[1]);
            if !(TAPS && UNIT) {
                b = b.wrapping_offset(x.b_strides[0]);
            }
        }
        for r in 0..MR {
            if r < rows {
                for v in 0..NV {
                    let c = x.c.add(r * x.c_stride + v * V::LANES);
                    if EDGE && v == NV - 1 {
                        let sum = if x.add { V::load_first(c, last).add(sums[r][v]) } else { sums[r][v] };
                        sum.store_first(c, last);
                    } else {
                        let sum = if x.add { V::load(c).add(sums[r][v]) } else { sums[r][v] };
                        sum.store(c);
                    }
                }
            }
        }
    }
}

/// The same sums without vectors.
#[inline(always)]
pub(super) unsafe fn scalar<T: Fused>(x: &Block<T>) {
    for i in 0..x.rows {
        for j in 0..x.columns {
            let mut a = x.a.wrapping_offset(i as isize * x.a_strides[0]);
            let mut b = x.b.wrapping_offset(j as isize * x.b_strides[1]);
            let mut sum = T::default();
            if x.taps.of_a {
                // SAFETY: there is an offset for each row, by contract.
                a = x.a.wrapping_add(unsafe { *x.taps.offsets.add(i) });
            }
            for p in 0..x.k {
                if !x.taps.offsets.is_null() && !x.taps.of_a {
                    // SAFETY: there is an offset for each k, by contract.
                    b = x.b.wrapping_add(j + unsafe { *x.taps.offsets.add(p) });
                }
                // SAFETY: row, column and k exist, by contract.
                sum = unsafe { (*a).fused(*b, sum) };
                a = a.wrapping_offset(x.a_strides[1]);
                b = b.wrapping_offset(x.b_strides[0]);
            }
            // SAFETY: row and column exist, by contract.
            unsafe {
                let c = x.c.add(i * x.c_stride + j);
                *c = if x.add { *c + sum } else { sum };
            }
        }
    }
}

/// One row of C, of up to four vectors. `TAPS` tells whether the rows of B begin at offsets.
#[inline(always)]
pub(super) unsafe fn row<V: Vector, const TAPS: bool>(x: &Block<V::Element>) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        match x.columns.div_ceil(V::LANES) {
            _ if !V::SPECIAL => scalar(x),
            1 => tile_of::<V, 1, 1, TAPS, TAPS, true>(x),
            2 => tile_of::<V, 1, 2, TAPS, TAPS, true>(x),
            3 => tile_of::<V, 1, 3, TAPS, TAPS, true>(x),
            _ => tile_of::<V, 1, 4, TAPS, TAPS, true>(x),
        }
    }
}

/// `R`·`C` scalar products along k, each in [`LANES`] lanes, which are `L` vectors. If `TAPS`, the columns of B begin at offsets,
/// and the lanes go on from one image to the next.
#[inline(always)]
pub(super) unsafe fn dots<V: Vector, const R: usize, const C: usize, const L: usize, const TAPS: bool>(
    x: &Block<V::Element>,
) {
    const { assert!(L * V::LANES == LANES) };
    // SAFETY: rows, columns and k exist, by contract; loads touch no others.
    unsafe {
        let mut left = [x.a; R];
        for (r, p) in left.iter_mut().enumerate() {
            *p = x.a.offset(r.min(x.rows - 1) as isize * x.a_strides[0]);
        }
        let mut right = [x.b; C];
        for (c, p) in right.iter_mut().enumerate() {
            let c = c.min(x.columns - 1);
            *p = if TAPS { x.b.add(*x.taps.offsets.add(c)) } else { x.b.offset(c as isize * x.b_strides[1]) };
        }
        let mut sums = [[[V::zero(); L]; C]; R];
        for image in 0..if TAPS { x.taps.images } else { 1 } {
            if TAPS && image > 0 {
                left.iter_mut().for_each(|p| *p = p.add(x.taps.steps[0]));
                right.iter_mut().for_each(|p| *p = p.add(x.taps.steps[1]));
            }
            add_dots(&left, &right, x.k, &mut sums);
        }
        for r in 0..R {
            for c in 0..C {
                if r < x.rows && c < x.columns {
                    let sum = fold::<V, L>(sums[r][c]);
                    let at = x.c.add(r * x.c_stride + c);
                    *at = if x.add { *at + sum } else { sum };
                }
            }
        }
    }
}

/// Adds the products of one image to the lanes.
#[inline(always)]
unsafe fn add_dots<V: Vector, const R: usize, const C: usize, const L: usize>(
    left: &[*const V::Element; R],
    right: &[*const V::Element; C],
    k: usize,
    sums: &mut [[[V; L]; C]; R],
) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        let mut p = 0;
        while p + LANES <= k {
            for l in 0..L {
                let at = p + l * V::LANES;
                let mut b = [V::zero(); C];
                for c in 0..C {
                    b[c] = V::load(right[c].add(at));
                }
                for r in 0..R {
                    let a = V::load(left[r].add(at));
                    for c in 0..C {
                        sums[r][c][l] = a.mul_add(b[c], sums[r][c][l]);
                    }
                }
            }
            p += LANES;
        }
        for l in 0..L {
            let at = p + l * V::LANES;
            if at < k {
                let n = V::LANES.min(k - at);
                for r in 0..R {
                    let a = V::load_first(left[r].add(at), n);
                    for c in 0..C {
                        sums[r][c][l] = a.mul_add(V::load_first(right[c].add(at), n), sums[r][c][l]);
                    }
                }
            } else if p < k {
                // Adds terms of 0·0, as the vector with the last terms does in its other lanes.
                for r in 0..R {
                    for c in 0..C {
                        sums[r][c][l] = sums[r][c][l].add(V::zero());
                    }
                }
            }
        }
    }
}

/// The sum of all lanes, folded in halves.
#[inline(always)]
unsafe fn fold<V: Vector, const L: usize>(mut x: [V; L]) -> V::Element {
    let mut half = L / 2;
    // SAFETY: the instruction set is there, by contract.
    unsafe {
        while half > 0 {
            for l in 0..half {
                x[l] = x[l].add(x[l + half]);
            }
            half /= 2;
        }
        x[0].fold()
    }
}
