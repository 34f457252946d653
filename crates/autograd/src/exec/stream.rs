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

    /// Whether the gradient of a range of the slab is still to be computed.
    pub fn contain(&self, range: &Range<usize>) -> bool {
        self.product(range).is_some()
    }

    fn product(&self, range: &Range<usize>) -> Option<&'a Kernel> {
        let found = self.products.binary_search_by_key(&range.start, |kernel| result(kernel).offset);
        found.ok().map(|i| &self.products[i])
    }

    /// Computes the gradient of a range of the slab and updates that range by it. `update` is called on several threads: with a
    /// part of `point`, the same part of the gradient, and the same part of each `memory`.
    ///
    /// # Panics
    /// If there is no such gradient, or its length or type differs from that of the slices.
    pub fn update<T: Float, const S: usize>(
        &mut self,
        range: &Range<usize>,
        point: &mut [T],
        memory: [&mut [T]; S],
        update: impl Fn(&mut [T], &[T], [&mut [T]; S]) + Sync,
    ) {
        let kernel = self.product(range).expect("a gradient that is still to come");
        let Work::Product { a, b, c } = &kernel.work else { unreachable!("only products are streamed") };
        let elements: usize = c.shape.iter().product();
        assert!(T::DTYPE == c.dtype && point.len() == elements, "{} {} for {c:?}", point.len(), T::DTYPE);
        let memory = memory.map(|slab| {
            assert!(slab.len() == elements, "{} of {elements} elements", slab.len());
            slab.as_mut_ptr()
        });
        let slabs = Slabs { point: point.as_mut_ptr(), memory };
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
                            let (point, memory) = slabs.part(at, values.len());
                            update(point, gradient, memory);
                        }
                    }
                },
            );
            // SAFETY: the caller of `new` promised that the operands live and are not written. They are no parameters, as the
            // verifier has checked.
            let (a, b) = unsafe { (view::<U>(self.bases, a, c.memory), view::<U>(self.bases, b, c.memory)) };
            // The first ones matter: each asks for memory that the next tile will need.
            let mut beside = [std::ptr::null(); 3];
            let all = [slabs.point].into_iter().chain(slabs.memory);
            beside.iter_mut().zip(all).for_each(|(beside, slab)| *beside = slab.cast_const().cast());
            matmul::each_tile(a, b, beside, &consume, self.scratch, self.workers);
        });
    }
}

/// Slabs of equal lengths.
struct Slabs<T, const S: usize> {
    point: *mut T,
    memory: [*mut T; S],
}

// SAFETY: each thread uses other parts.
unsafe impl<T: Send, const S: usize> Sync for Slabs<T, S> {}

impl<T, const S: usize> Slabs<T, S> {
    /// The same part of each slab.
    ///
    /// # Safety
    /// The part lies within the slabs, and nobody else uses it.
    #[inline(always)]
    unsafe fn part<'s>(&self, at: usize, length: usize) -> (&'s mut [T], [&'s mut [T]; S]) {
        // SAFETY: the caller's promise.
        let point = unsafe { std::slice::from_raw_parts_mut(self.point.add(at), length) };
        let memory = self.memory.map(
            #[inline(always)]
            // SAFETY: the caller's promise.
            |slab| unsafe { std::slice::from_raw_parts_mut(slab.add(at), length) },
        );
        (point, memory)
    }
}

fn result(kernel: &Kernel) -> &crate::code::MemoryView {
    match &kernel.work {
        Work::Product { c, .. } => c,
        _ => unreachable!("only products are streamed"),
    }
}

/// A bound of every number of a product, and of every partial sum: |Σ aₖ·bₖ| ≤ ‖a‖·‖b‖ (Cauchy and Schwarz), and the norm of a
/// row or column is at most that of its matrix. It is infinite if an operand is infinite or NaN.
///
/// # Safety
/// The product is part of a verified plan, and `bases` are the memories that the plan has run in. Nobody writes its operands
/// meanwhile.
pub(super) unsafe fn bound(kernel: &Kernel, bases: &Bases, workers: &Workers) -> f64 {
    let Work::Product { a, b, c } = &kernel.work else { return f64::INFINITY };
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
        let bound = a.to_f64().sqrt() * b.to_f64().sqrt();
        if bound.is_nan() { f64::INFINITY } else { bound }
    })
}
