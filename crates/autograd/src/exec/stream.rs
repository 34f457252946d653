//! Streamed gradients: products whose tiles go straight into an update of the parameters.

#![expect(unsafe_code, reason = "several threads change parts of several slabs, through raw pointers")]

use super::operands::view;
use crate::dtype::{Float, with_float};
use crate::kernels::bases::Bases;
use crate::kernels::matmul::{self, Tile};
use crate::kernels::simd::widest;
use crate::kernels::unordered;
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
    /// The products are the streamed ones of a verified plan, and `bases` are the memories that the plan has run in. Their
    /// operands live and are not written during `'a`.
    pub(super) unsafe fn new(
        products: &'a [Kernel],
        bases: &'a Bases,
        scratch: &'a mut Scratch,
        workers: &'a Workers,
    ) -> Streams<'a> {
        Streams { products, bases, scratch, workers }
    }

    /// Whether the gradient of a range of the slab is still to be computed. All such gradients are finite.
    pub fn contain(&self, range: &Range<usize>) -> bool {
        self.product(range).is_some()
    }

    fn product(&self, range: &Range<usize>) -> Option<&'a Kernel> {
        let found = self.products.binary_search_by_key(&range.start, |kernel| result(kernel).offset);
        found.ok().map(|i| &self.products[i])
    }

    /// Computes the gradient of a range of the slab and updates that range by it. `update` is called on several threads: with a
    /// part of `point`, the same part of the gradient, and the same part of each `memory` that is not empty.
    ///
    /// # Panics
    /// If there is no such gradient, or its length or type differs from that of the slices.
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
            let consume = |tile: &Tile<'_, U>| widest(
                #[inline(always)]
                || {
                    for (row, values) in tile.values.chunks_exact(tile.columns).enumerate() {
                        let at = tile.first + row * tile.stride;
                        // SAFETY: the assertion has checked that U is T. The tile lies within C, and the slabs are as long as
                        // C. No other tile overlaps it.
                        unsafe {
                            let gradient = std::slice::from_raw_parts(values.as_ptr().cast::<T>(), values.len());
                            let [point, m, v] = slabs.part(at, values.len());
                            update(point, gradient, [m, v]);
                        }
                    }
                },
            );
            // SAFETY: the caller of `new` promised that the operands live and are not written. They are no parameters, as the
            // verifier has checked.
            let (a, b) = unsafe { (view::<U>(self.bases, a, c.memory), view::<U>(self.bases, b, c.memory)) };
            matmul::each_tile(a, b, slabs.0.map(|slab| slab.cast_const().cast()), &consume, self.scratch, self.workers);
        });
    }
}

/// Slabs of equal lengths, or null.
struct Slabs<T>([*mut T; 3]);

// SAFETY: each thread uses other parts.
unsafe impl<T: Send> Sync for Slabs<T> {}

impl<T> Slabs<T> {
    /// The same part of each slab; empty where there is none.
    ///
    /// # Safety
    /// The part lies within the slabs, and nobody else uses it.
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

fn result(kernel: &Kernel) -> &crate::code::MemoryView {
    match &kernel.work {
        Work::Product { c, .. } => c,
        _ => unreachable!("only products are streamed"),
    }
}

/// Whether every number of a product is certainly finite, and every partial sum too. It is a bound: |Σ aₖ·bₖ| ≤ ‖a‖·‖b‖ (Cauchy
/// and Schwarz), and the norm of a row or column is at most that of its matrix.
///
/// # Safety
/// The product is part of a verified plan, and `bases` are the memories that the plan has run in. Nobody writes its operands
/// meanwhile.
pub(super) unsafe fn is_finite(kernel: &Kernel, bases: &Bases, workers: &Workers) -> bool {
    let Work::Product { a, b, c } = &kernel.work else { return false };
    with_float!(c.dtype, T => {
        // SAFETY: the caller's promise.
        let (a, b): (View<'_, T>, View<'_, T>) = unsafe { (view(bases, a, c.memory), view(bases, b, c.memory)) };
        let [a, b] = [a, b].map(|x| {
            unordered::sum(
                x.span(),
                workers,
                #[inline(always)]
                |x| x * x,
            )
        });
        // The norms are infinite or NaN if an operand is. The factor of ten is far more than all rounding errors.
        (a.to_f64().sqrt() * b.to_f64().sqrt()) < T::MAX.to_f64() / 10.0
    })
}
