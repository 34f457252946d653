//! Small products, which skip the choice of a form: tiny ones, those with few terms and columns, and some that are computed as
//! transposes. Each follows the order of the product.
#![expect(unsafe_code, reason = "kernels read and write through raw pointers")]

use super::block::Block;
use super::few_terms::TERMS;
use super::instructions::{Multiply, Table};
use super::product::{Product, check};
use crate::kernels::workers::Workers;
use crate::scratch::Scratch;
use crate::target::Target;
use crate::tree::{FEW, Order};
use crate::view::View;
use std::mem::MaybeUninit;

/// The most elements of a result that is transposed. It lies on the stack.
const AREA: usize = 512;

/// Products of at most this many multiplications are computed number by number. Each sum is one chain.
const TINY: usize = FEW;

/// Computes a tiny product. Returns false if it is not one.
#[inline(always)]
pub(super) fn tiny<T: Multiply>(
    a: &View<'_, T>,
    b: &View<'_, T>,
    c: &mut [MaybeUninit<T>],
    kernels: Table<T>,
) -> bool {
    let Some(([rows, k, columns], _)) = matrices(a, b) else { return false };
    if rows.max(k).max(columns) > TINY
        || !(1..=TINY).contains(&(rows * k * columns))
        || c.len() != rows * columns
    {
        return false;
    }
    check(a);
    check(b);
    let x = Block::of(a, b, c.as_mut_ptr().cast());
    // SAFETY: every element of the operands lies within its slice, and C has as many as it needs.
    unsafe { (kernels.0.scalar)(&x) };
    true
}

/// Computes a product with few terms and few columns. Returns false if it is not one. Each sum is one chain, whatever the
/// strides.
#[inline(always)]
pub(super) fn few_terms<T: Multiply>(
    a: &View<'_, T>,
    b: &View<'_, T>,
    c: &mut [MaybeUninit<T>],
    kernels: Table<T>,
) -> bool {
    let Some(([rows, k, columns], [[a0, _], _])) = matrices(a, b) else { return false };
    let is_one = (1..=TERMS).contains(&k) && (1..=2 * kernels.0.lanes).contains(&columns) && rows > 0;
    // Two kinds are left to others: a single column where A is a transpose is computed as a row, and large products are shared
    // by threads.
    if !is_one || (columns == 1 && a0 == 1) || c.len() * k >= Target::CPU.threads.products_from {
        return false;
    }
    assert!(c.len() == rows * columns, "a product of {:?} and {:?}", a.shape, b.shape);
    assert!(a.is_within() && b.is_within(), "a view beyond its buffer");
    let x = Block::of(a, b, c.as_mut_ptr().cast());
    // SAFETY: every element of the operands lies within its slice, and C has as many as it needs; terms and columns are few.
    unsafe { (kernels.0.few_terms)(&x) };
    true
}

/// Computes a product with few rows and columns where A is a transpose with many columns, such as the gradient of the weights
/// of a layer of a few units. It computes the transpose of the product of the transposes: its tiles fill more of their
/// vectors. The order is that of the product itself. Returns false if the product is not of this kind.
#[inline(always)]
pub(super) fn transposed<T: Multiply>(
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
    by_transposes(
        View { shape: &[columns, k], strides: &[b1, b0], ..*b },
        View { shape: &[k, rows], strides: &[a1, a0], ..*a },
        c,
        Order::of([rows, k, columns], [[a0, a1], [b0, b1]]),
        kernels,
    );
    true
}

/// C = (A·B)ᵀ, in a given order, with A·B on the stack. It is a function of its own because of the stack that it needs.
#[inline(never)]
fn by_transposes<T: Multiply>(
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

/// The rows, terms and columns of the product of two matrices, and the strides of both. None for a batch, and where the shapes
/// do not fit.
#[inline(always)]
fn matrices<T>(a: &View<'_, T>, b: &View<'_, T>) -> Option<([usize; 3], [[isize; 2]; 2])> {
    match (a.shape, b.shape, a.strides, b.strides) {
        (&[rows, k], &[l, columns], &[a0, a1], &[b0, b1]) if k == l => {
            Some(([rows, k, columns], [[a0, a1], [b0, b1]]))
        }
        _ => None,
    }
}
