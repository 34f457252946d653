//! Gradients that go straight into an update: products whose tiles change the parameters as they are made.

#![expect(
    unsafe_code,
    reason = "tiles of several slabs are changed by several threads, through raw pointers"
)]

use super::operands::view;
use crate::dtype::{Float, with_float};
use crate::kernels::bases::Bases;
use crate::kernels::matmul::{self, Tile};
use crate::kernels::rough;
use crate::kernels::simd::widest;
use crate::kernels::workers::Workers;
use crate::plan::{Kernel, Work};
use crate::scratch::Scratch;
use crate::view::View;
use std::ops::Range;

/// The gradients of a step that are still to be computed, each by one product.
#[derive(Debug)]
pub struct Streams<'a> {
    products: &'a [Kernel],
    bases: &'a Bases,
    scratch: &'a mut Scratch,
    workers: &'a Workers,
}

impl<'a> Streams<'a> {
    /// # Safety
    /// The products are the streamed ones of a verified plan, and the memories are those that the plan has run in: their
    /// operands live and are not written for `'a`.
    pub(super) unsafe fn new(
        products: &'a [Kernel],
        bases: &'a Bases,
        scratch: &'a mut Scratch,
        workers: &'a Workers,
    ) -> Streams<'a> {
        Streams { products, bases, scratch, workers }
    }

    /// Whether a part of the slab has its gradient still to come; each of them is finite.
    pub fn contain(&self, range: &Range<usize>) -> bool {
        self.product(range).is_some()
    }

    fn product(&self, range: &Range<usize>) -> Option<&'a Kernel> {
        let place = self.products.binary_search_by_key(&range.start, |kernel| result(kernel).offset);
        place.ok().map(|place| &self.products[place])
    }

    /// Computes the gradient of a part of the slab and updates that part by it: `update` gets pieces of `point`, the
    /// same pieces of the gradient, and of each `memory` that is not empty, on several threads.
    ///
    /// # Panics
    /// If there is no such gradient, or it is not as long as the slices, or of another type.
    pub fn update<T: Float>(
        &mut self,
        range: &Range<usize>,
        point: &mut [T],
        memory: [&mut [T]; 2],
        update: impl Fn(&mut [T], &[T], [&mut [T]; 2]) + Sync,
    ) {
        let kernel = self.product(range).expect("a gradient that is still to come");
        let Work::Product { a, b, c } = &kernel.work else { unreachable!("only products are streamed") };
        let elements: usize = c.shape.iter().product();
        assert!(T::DTYPE == c.dtype && point.len() == elements, "{} {} for {c:?}", point.len(), T::DTYPE);
        let [m, v] = memory.map(|slab| {
            assert!(slab.is_empty() || slab.len() == elements, "{} of {elements} elements", slab.len());
            if slab.is_empty() { std::ptr::null_mut() } else { slab.as_mut_ptr() }
        });
        let slabs = Slabs([point.as_mut_ptr(), m, v]);
        with_float!(c.dtype, U => {
            let take = |tile: &Tile<'_, U>| widest(
                #[inline(always)]
                || {
                    for (row, values) in tile.values.chunks_exact(tile.columns).enumerate() {
                        let at = tile.first + row * tile.stride;
                        // SAFETY: U is T, which `assert` has seen. The tile lies within C and the slabs are as long; no
                        // other tile has a part of it.
                        unsafe {
                            let gradient = std::slice::from_raw_parts(values.as_ptr().cast::<T>(), values.len());
                            let [point, m, v] = slabs.part(at, values.len());
                            update(point, gradient, [m, v]);
                        }
                    }
                },
            );
            // SAFETY: `new` was promised that the operands live and are not written; parameters are none of them, as the
            // verifier has checked.
            let (a, b) = unsafe { (view::<U>(self.bases, a, c.home), view::<U>(self.bases, b, c.home)) };
            matmul::each_tile(a, b, slabs.0.map(|slab| slab.cast_const().cast()), &take, self.scratch, self.workers);
        });
    }
}

/// Slabs of equal lengths, or null.
struct Slabs<T>([*mut T; 3]);

// SAFETY: each thread takes other parts.
unsafe impl<T: Send> Sync for Slabs<T> {}

impl<T> Slabs<T> {
    /// The same part of each, empty where there is no slab.
    ///
    /// # Safety
    /// It lies within the slabs, and nobody else has a part of it.
    #[inline(always)]
    unsafe fn part<'s>(&self, at: usize, length: usize) -> [&'s mut [T]; 3] {
        self.0.map(
            #[inline(always)]
            |slab| match slab.is_null() {
                true => &mut [],
                // SAFETY: the caller's promise.
                false => unsafe { std::slice::from_raw_parts_mut(slab.add(at), length) },
            },
        )
    }
}

fn result(kernel: &Kernel) -> &crate::code::Operand {
    match &kernel.work {
        Work::Product { c, .. } => c,
        _ => unreachable!("only products are streamed"),
    }
}

/// Whether every number of a product is finite for sure, on the way to it too: |Σ aₖ·bₖ| ≤ ‖a‖·‖b‖ (Cauchy and Schwarz),
/// and no row or column is longer than its matrix.
///
/// # Safety
/// The product is one of a verified plan, and the memories are those that the plan has run in. Nobody writes to its operands
/// meanwhile.
pub(super) unsafe fn is_finite(kernel: &Kernel, bases: &Bases, workers: &Workers) -> bool {
    let Work::Product { a, b, c } = &kernel.work else { return false };
    with_float!(c.dtype, T => {
        // SAFETY: the caller's promise.
        let (a, b): (View<'_, T>, View<'_, T>) = unsafe { (view(bases, a, c.home), view(bases, b, c.home)) };
        let [a, b] = [a, b].map(|x| {
            rough::sum(
                x.reach(),
                workers,
                #[inline(always)]
                |x| x * x,
            )
        });
        // Infinite or NaN where an operand is; a tenth is far more than all rounding.
        (a.to_f64().sqrt() * b.to_f64().sqrt()) < T::MAX.to_f64() / 10.0
    })
}
