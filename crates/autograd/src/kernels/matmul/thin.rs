//! Products of few terms and few columns, such as a batch times a layer of a few units: all of B is laid into vectors
//! once, and the rows of A pass by.
#![expect(unsafe_code, reason = "vector instructions and raw pointers")]
#![expect(clippy::needless_range_loop, reason = "loops over arrays of registers are to be unrolled")]

use super::micro::{Block, Multiply, Table};
use super::product::{Product, matrices};
use super::vector::Vector;
use crate::kernels::workers::Workers;
use crate::scratch::Scratch;
use crate::target::Target;
use crate::tree::{FEW, Order};
use crate::view::View;
use std::mem::MaybeUninit;

/// The most terms: each sum is one chain.
const TERMS: usize = FEW;

/// The widest rows of B, of two vectors.
const WIDEST: usize = 32;

/// Elements of a result that is transposed: it lies on the stack.
const AREA: usize = 512;

/// Computes such a product; false if it is none. The sums are those of a tile, whatever the strides: one chain of fused
/// multiply-adds for each element.
#[inline(always)]
pub(super) fn thin<T: Multiply>(
    a: &View<'_, T>,
    b: &View<'_, T>,
    c: &mut [MaybeUninit<T>],
    kernels: Table<T>,
) -> bool {
    let Some(([rows, k, columns], [[a0, _], _])) = matrices(a, b) else { return false };
    let is_thin = (1..=TERMS).contains(&k) && (1..=2 * kernels.0.lanes).contains(&columns) && rows > 0;
    // Where A is a transpose, a single column is computed as a row elsewhere; large products are shared by threads.
    if !is_thin || (columns == 1 && a0 == 1) || c.len() * k >= Target::CPU.threads.products_from {
        return false;
    }
    assert!(c.len() == rows * columns, "a product of {:?} and {:?}", a.shape, b.shape);
    assert!(a.is_within() && b.is_within(), "a view beyond its buffer");
    let x = Block::of(a, b, c.as_mut_ptr().cast());
    // SAFETY: every element of the operands lies within its slice, and C has as many as it needs; terms and columns are few.
    unsafe { (kernels.0.thin)(&x) };
    true
}

/// Computes a product of few rows and fewer columns, where A is a transpose with many columns (the gradient of a layer
/// of a few units): as the transpose of the product of the transposes, whose tiles fill more of their vectors. False if
/// it is none. The order is that of the product itself.
#[inline(always)]
pub(super) fn turned<T: Multiply>(
    a: &View<'_, T>,
    b: &View<'_, T>,
    c: &mut [MaybeUninit<T>],
    kernels: Table<T>,
) -> bool {
    let Some(([rows, k, columns], [[a0, a1], [b0, b1]])) = matrices(a, b) else { return false };
    let lanes = kernels.0.lanes;
    let is_one = k > TERMS && a0 == 1 && a1 > 1 && b1 == 1 && (2..=2 * lanes).contains(&columns);
    let fills_more = || columns * rows.div_ceil(lanes) < rows * columns.div_ceil(lanes);
    if !is_one || !fills_more() || c.len() > AREA || c.len() * k >= Target::CPU.threads.products_from {
        return false;
    }
    across(
        View { shape: &[columns, k], strides: &[b1, b0], ..*b },
        View { shape: &[k, rows], strides: &[a1, a0], ..*a },
        c,
        Order::of([rows, k, columns], [[a0, a1], [b0, b1]]),
        kernels,
    );
    true
}

/// C = (A·B)ᵀ, where A·B lies on the stack, in the order of the product that C is. A function of its own, for the room that
/// it takes.
#[inline(never)]
fn across<T: Multiply>(
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [MaybeUninit<T>],
    order: Order,
    kernels: Table<T>,
) {
    let (columns, rows) = (a.shape[0], b.shape[1]);
    assert!(c.len() == rows * columns, "elements of the result");
    let mut area = [const { MaybeUninit::uninit() }; AREA];
    let transpose = &mut area[..rows * columns];
    Product::in_order(a, b, transpose, order, kernels).run(&mut Scratch::default(), &Workers::default());
    for (i, row) in c.chunks_exact_mut(columns).enumerate() {
        row.iter_mut().zip(transpose[i..].iter().step_by(rows)).for_each(|(y, x)| *y = *x);
    }
}

/// The whole of a product of at most [`TERMS`] terms and two vectors of columns.
#[inline(always)]
pub(super) unsafe fn product<V: Vector>(x: &Block<V::Element>) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        match (x.columns <= V::LANES, x.a_strides[1]) {
            (true, 1) => passing::<V, 1, 8, true>(x),
            (true, _) => passing::<V, 1, 8, false>(x),
            (false, 1) => passing::<V, 2, 4, true>(x),
            (false, _) => passing::<V, 2, 4, false>(x),
        }
    }
}

/// All rows of A, `R` at a time, past the rows of B, each of `NV` vectors. `UNIT`: the numbers of a row of A lie side by
/// side.
#[inline(always)]
unsafe fn passing<V: Vector, const NV: usize, const R: usize, const UNIT: bool>(x: &Block<V::Element>) {
    let last = x.columns - (NV - 1) * V::LANES;
    // SAFETY: rows, columns and terms exist, by contract; loads and stores touch no others.
    unsafe {
        let mut b = [[V::zero(); NV]; TERMS];
        for p in 0..x.k {
            let mut row = x.b.wrapping_offset(p as isize * x.b_strides[0]);
            let mut laid = [V::Element::default(); WIDEST];
            if x.b_strides[1] != 1 {
                for j in 0..x.columns {
                    laid[j] = *row.wrapping_offset(j as isize * x.b_strides[1]);
                }
                row = laid.as_ptr();
            }
            for v in 0..NV {
                let n = if v == NV - 1 { last } else { V::LANES };
                b[p][v] = V::load_first(row.wrapping_add(v * V::LANES), n);
            }
        }
        let mut i = 0;
        while i + R <= x.rows {
            some_rows::<V, NV, R, UNIT>(x, &b, last, i);
            i += R;
        }
        while i < x.rows {
            some_rows::<V, NV, 1, UNIT>(x, &b, last, i);
            i += 1;
        }
    }
}

/// `R` rows of C, from row `i` on.
#[inline(always)]
unsafe fn some_rows<V: Vector, const NV: usize, const R: usize, const UNIT: bool>(
    x: &Block<V::Element>,
    b: &[[V; NV]; TERMS],
    last: usize,
    i: usize,
) {
    let [down, along] = [x.a_strides[0], if UNIT { 1 } else { x.a_strides[1] }];
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
