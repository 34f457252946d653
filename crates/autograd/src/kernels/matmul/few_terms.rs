//! Products with few terms and few columns, such as a batch times the weights of a layer of a few units. All of B is loaded
//! into vectors once; then the rows of A are processed one after the other.
#![expect(unsafe_code, reason = "vector instructions and raw pointers")]
#![expect(clippy::needless_range_loop, reason = "loops over arrays of registers are to be unrolled")]

use super::block::Block;
use super::micro::scalar;
use super::vector::Vector;
use crate::tree::FEW;

/// The most terms. Each sum is one chain.
pub(super) const TERMS: usize = FEW;

/// The longest row of B, in elements: two of the widest vectors.
const WIDEST: usize = 32;

/// A whole product of at most [`TERMS`] terms whose columns fill at most two vectors.
#[inline(always)]
pub(super) unsafe fn product<V: Vector>(x: &Block<V::Element>) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        if V::SPECIAL {
            if x.columns <= V::LANES { all_rows::<V, 1, 8>(x) } else { all_rows::<V, 2, 4>(x) }
        } else {
            scalar(x);
        }
    }
}

/// All rows of A, `R` at a time. A row of B is `NV` vectors.
#[inline(always)]
unsafe fn all_rows<V: Vector, const NV: usize, const R: usize>(x: &Block<V::Element>) {
    let last = x.columns - (NV - 1) * V::LANES;
    // SAFETY: rows, columns and terms exist, by contract; loads and stores touch no others.
    unsafe {
        let mut b = [[V::zero(); NV]; TERMS];
        for p in 0..x.k {
            let mut row = x.b.wrapping_offset(p as isize * x.b_strides[0]);
            let mut packed = [V::Element::default(); WIDEST];
            if x.b_strides[1] != 1 {
                for j in 0..x.columns {
                    packed[j] = *row.wrapping_offset(j as isize * x.b_strides[1]);
                }
                row = packed.as_ptr();
            }
            for v in 0..NV {
                let n = if v == NV - 1 { last } else { V::LANES };
                b[p][v] = V::load_first(row.wrapping_add(v * V::LANES), n);
            }
        }
        let mut i = 0;
        while i + R <= x.rows {
            some_rows::<V, NV, R>(x, &b, last, i);
            i += R;
        }
        while i < x.rows {
            some_rows::<V, NV, 1>(x, &b, last, i);
            i += 1;
        }
    }
}

/// `R` rows of C, from row `i` on.
#[inline(always)]
unsafe fn some_rows<V: Vector, const NV: usize, const R: usize>(
    x: &Block<V::Element>,
    b: &[[V; NV]; TERMS],
    last: usize,
    i: usize,
) {
    let [down, along] = x.a_strides;
    let mut a = x.a.wrapping_offset(i as isize * down);
    // SAFETY: as above.
    unsafe {
        let mut sums = [[V::zero(); NV]; R];
        for p in 0..x.k {
            for r in 0..R {
                let left = V::splat(*a.wrapping_offset(r as isize * down));
                for v in 0..NV {
                    sums[r][v] = left.mul_add(b[p][v], sums[r][v]);
                }
            }
            a = a.wrapping_offset(along);
        }
        for r in 0..R {
            let c = x.c.add((i + r) * x.c_stride);
            for v in 0..NV - 1 {
                sums[r][v].store(c.add(v * V::LANES));
            }
            sums[r][NV - 1].store_first(c.add((NV - 1) * V::LANES), last);
        }
    }
}
