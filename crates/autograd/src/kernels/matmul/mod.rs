//! Products of matrices, batch by batch: C = A·B, behind one function.
//!
//! In the manner of BLIS (F. G. Van Zee, R. A. van de Geijn, "BLIS: a framework for rapidly instantiating BLAS
//! functionality", 2015): C is cut into tiles that fit in registers, operands are packed where that pays, and blocks
//! are sized by the caches. Short products skip what they do not need.
//!
//! An element of C is a sum over k in an [`Order`](crate::tree::Order) given by the shape and strides of the whole product, to
//! which every kernel keeps: neither threads nor instruction sets nor the borders of blocks change a bit.
//!
//! From the ground up; a file names those above it:
//!
//! | files | what they hold |
//! |---|---|
//! | `ahead` `vector` | asking for what is read next; vectors of one instruction set |
//! | `block` `pack` | what a loop is given; operands rearranged into panels |
//! | `micro` `few_terms` | the innermost loops: tiles and scalar products; all of B in registers |
//! | `instructions` | these loops for each instruction set |
//! | `taken` `walk` | who takes tiles as they are made; the order of blocks |
//! | `blocks` | a part of a product, block by block |
//! | `strips` | the same by whole rows, for who takes them |
//! | `product` | a product as a whole: its order, its form, and who computes which part |
//! | `shortcuts` | products that are over before a form is chosen |
#![expect(unsafe_code, reason = "a result is written where nothing was before: zeroing it costs a pass")]

mod ahead;
mod block;
mod blocks;
mod few_terms;
mod instructions;
mod micro;
mod pack;
mod product;
mod shortcuts;
mod strips;
mod taken;
#[cfg(test)]
mod tests;
mod vector;
mod walk;

pub(crate) use instructions::Multiply;
pub(crate) use taken::Tile;

use super::workers::Workers;
use crate::scratch::Scratch;
use crate::view::View;
use product::Product;
use std::mem::MaybeUninit;
use taken::Taker;

/// C = A·B. a: \[batch…, m, k\], b: \[batch…, k, n\] of any strides; c: \[batch…, m, n\] in row-major order, overwritten.
pub(crate) fn matmul<T: Multiply>(
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [T],
    scratch: &mut Scratch,
    workers: &Workers,
) {
    // SAFETY: products write numbers, nothing else.
    write(a, b, unsafe { places(c) }, scratch, workers);
}

/// A·B of two matrices, tile by tile: `take` gets each one while it lies in the first-level cache, from several threads at
/// a time, and the result as a whole is stored nowhere. k is at least 1 and at most [`DEPTH`](crate::tree::DEPTH).
///
/// `beside` are memories laid out as the result, or null, of which `take` uses the part of its tile: they are asked for
/// ahead, not read. The first one is not null.
pub(crate) fn each_tile<T: Multiply>(
    a: View<'_, T>,
    b: View<'_, T>,
    beside: [*const T; 3],
    take: &(dyn Fn(&Tile<'_, T>) + Sync),
    scratch: &mut Scratch,
    workers: &Workers,
) {
    Product::taken(a, b, Taker { take, beside }, T::kernels()).run(scratch, workers);
}

/// Numbers as places that are to be written.
///
/// # Safety
/// Nothing but numbers is written there.
unsafe fn places<T: Multiply>(c: &mut [T]) -> &mut [MaybeUninit<T>] {
    // SAFETY: the caller's promise.
    unsafe { &mut *(std::ptr::from_mut(c) as *mut [MaybeUninit<T>]) }
}

/// Writes every element of C.
#[inline]
fn write<T: Multiply>(
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [MaybeUninit<T>],
    scratch: &mut Scratch,
    workers: &Workers,
) {
    let kernels = T::kernels();
    let done = shortcuts::tiny(&a, &b, c, kernels)
        || shortcuts::few_terms(&a, &b, c, kernels)
        || shortcuts::transposed(&a, &b, c, kernels);
    if done {
        return;
    }
    if let Some(mut product) = Product::new(a, b, c, kernels) {
        product.run(scratch, workers);
    }
}

/// Bytes per worker that no product of \[m, k\] and \[k, n\] exceeds: for [`Scratch::reserve`] ahead of time.
pub(crate) fn scratch_bytes<T: Multiply>(m: usize, k: usize, n: usize) -> usize {
    blocks::area([m, k, n], [true; 2], T::kernels()) * size_of::<T>()
}
