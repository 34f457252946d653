//! Products of matrices, batch by batch: C = A·B, behind one function.
//!
//! In the manner of BLIS (F. G. Van Zee, R. A. van de Geijn, "BLIS: a framework for rapidly instantiating BLAS
//! functionality", 2015): C is cut into tiles that fit in registers, operands are packed where that pays, and blocks
//! are sized by the caches. Small products skip the steps that they do not need.
//!
//! An element of C is a sum over k in an [`Order`](crate::tree::Order) given by the shape and strides of the whole product.
//! Every kernel follows it. So threads, instruction sets and block sizes change no bit.
//!
//! A file uses only files above it in this table:
//!
//! | files | what they hold |
//! |---|---|
//! | `prefetch` `vector` | prefetching what is read next; vectors of one instruction set |
//! | `block` `pack` | the arguments of a loop; operands rearranged into panels |
//! | `micro` `few_terms` | the innermost loops: tiles and scalar products; all of B in registers |
//! | `instructions` | these loops for each instruction set |
//! | `consumer` `walk` | a function that takes each tile once it is computed; the order of blocks |
//! | `blocks` | a part of a product, block by block |
//! | `strips` | the same by whole rows, for a tile consumer |
//! | `product` | a whole product: its order, its form, and which worker computes which part |
//! | `shortcuts` | small products, which need no form |
//! | `taps` | products whose operand B is read from a field |
#![expect(
    unsafe_code,
    reason = "results are written to uninitialised memory: zeroing it first would cost a pass"
)]

mod block;
mod blocks;
mod consumer;
mod few_terms;
mod instructions;
mod micro;
mod pack;
mod prefetch;
mod product;
mod shortcuts;
mod strips;
mod taps;
#[cfg(test)]
mod tests;
mod vector;
mod walk;

pub(crate) use consumer::Tile;
pub(crate) use instructions::Multiply;
pub(crate) use taps::{
    Lines, by_taps, dots_by_taps, of_taps, pack_rows, panel_columns, panel_height, tallest,
};

use super::workers::Workers;
use crate::scratch::Scratch;
use crate::view::View;
use consumer::TileConsumer;
use product::Product;
use std::mem::MaybeUninit;

/// C = A·B. `a` is \[batch…, m, k\] and `b` is \[batch…, k, n\], with any strides. `c` is \[batch…, m, n\] in row-major order
/// and is overwritten.
pub(crate) fn matmul<T: Multiply>(
    a: View<'_, T>,
    b: View<'_, T>,
    c: &mut [T],
    scratch: &mut Scratch,
    workers: &Workers,
) {
    // SAFETY: products write initialised numbers only.
    write(a, b, unsafe { uninit(c) }, scratch, workers);
}

/// C = A·B of two matrices, or C += A·B where `add` says so, by the calling thread and without packing: for the blocks of a
/// kernel that shares its own tasks. The columns of B lie side by side. Each sum is in chains, whatever the strides.
pub(crate) fn block<T: Multiply>(a: View<'_, T>, b: View<'_, T>, c: &mut [T], add: bool) {
    product::unpacked(a, b, c, add, T::kernels());
}

/// A·B of two matrices, tile by tile. `consume` is called with each tile while it is in the first-level cache, from several
/// threads at a time. The whole result is never stored. k is at least 1 and at most [`DEPTH`](crate::tree::DEPTH).
///
/// `beside` are memories with the layout of the result, or null. `consume` uses the part of them that belongs to its tile, so
/// that part is prefetched; it is not read here. The first one is not null.
pub(crate) fn each_tile<T: Multiply>(
    a: View<'_, T>,
    b: View<'_, T>,
    beside: [*const T; 3],
    consume: &(dyn Fn(&Tile<'_, T>) + Sync),
    scratch: &mut Scratch,
    workers: &Workers,
) {
    Product::consumed(a, b, TileConsumer { consume, beside }, T::kernels()).run(scratch, workers);
}

/// The elements as memory to be written.
///
/// # Safety
/// Only initialised numbers are written there.
unsafe fn uninit<T: Multiply>(c: &mut [T]) -> &mut [MaybeUninit<T>] {
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

/// The most bytes per worker that a product of \[m, k\] and \[k, n\] needs, to [reserve](Scratch::reserve) them ahead of time.
pub(crate) fn scratch_bytes<T: Multiply>(m: usize, k: usize, n: usize) -> usize {
    blocks::area([m, k, n], [true; 2], T::kernels()) * size_of::<T>()
}
