//! Convolutions as products of matrices whose second operand is read from a [field](field): no column is made for an element of
//! the kernel. The three forms of a convolution, any strides, dilations and groups, and convolutions by channel go this way; a
//! kernel of one element that visits all places is a product of matrices as it is.
//!
//! Work is cut by sizes alone, and sums follow orders given by sizes alone, so no bit depends on threads or instruction sets.
#![expect(unsafe_code, reason = "parts of one result are written by several threads, through raw pointers")]

mod field;
mod products;
mod sizes;
mod sparse;
mod weight;

pub(crate) use sizes::Sizes;
pub(crate) use weight::weight;

use super::matmul::{Multiply, matmul, scratch_bytes};
use super::workers::Workers;
use crate::dtype::Float;
use crate::scratch::Scratch;
use crate::target::Target;
use crate::view::View;
use field::Field;
use products::Products;
use std::borrow::Cow;

/// The elements of a view in row-major order: a copy only if they are not contiguous.
pub(crate) fn contiguous<'a, T: Float>(x: View<'a, T>) -> Cow<'a, [T]> {
    match x.as_slice() {
        Some(all) => Cow::Borrowed(all),
        None => {
            let mut all = vec![T::default(); x.shape.iter().product()];
            super::copies::copy_into(x, 0, &super::copies::row_major(x.shape), &mut all);
            Cow::Owned(all)
        }
    }
}

/// y\[n, o, p\] = Σ w\[o, c, k\]·x\[n, c, place(p, k)\].
pub(crate) fn conv<T: Multiply + Float>(
    [x, w]: [&[T]; 2],
    y: &mut [T],
    sizes: Sizes<'_>,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    if x.is_empty() || w.is_empty() || y.is_empty() {
        return y.fill(T::default());
    }
    if sizes.is_product() {
        return product([w, x], y, [sizes.outputs, sizes.inputs], [sizes.inputs, 1], sizes, scratch, workers);
    }
    match Field::of(sizes.over) {
        Some((field, jobs)) => Products::forward::<T>(sizes, field, jobs).run([x, w], y, scratch, workers),
        None => sparse::conv([x, w], y, sizes),
    }
}

/// x\[n, c, place(p, k)\] += w\[o, c, k\]·y\[n, o, p\].
pub(crate) fn transpose<T: Multiply + Float>(
    [y, w]: [&[T]; 2],
    x: &mut [T],
    sizes: Sizes<'_>,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    // A sum of no products, however many places there are.
    if y.is_empty() || w.is_empty() || x.is_empty() {
        return x.fill(T::default());
    }
    if sizes.is_product() {
        return product([w, y], x, [sizes.inputs, sizes.outputs], [1, sizes.inputs], sizes, scratch, workers);
    }
    match Field::of_adjoint(sizes.over) {
        Some((field, jobs)) => Products::adjoint::<T>(sizes, field, jobs).run([y, w], x, scratch, workers),
        None => sparse::transpose([y, w], x, sizes),
    }
}

/// A product of \[m, k\] weights, with these strides, and the places of each image.
fn product<T: Multiply + Float>(
    [w, x]: [&[T]; 2],
    y: &mut [T],
    [m, k]: [usize; 2],
    strides: [usize; 2],
    sizes: Sizes<'_>,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    let (images, groups, places) = (sizes.images, sizes.groups, sizes.positions());
    let a = View {
        data: w,
        offset: 0,
        shape: &[images, groups, m, k],
        strides: &[0, (m * k) as isize, strides[0] as isize, strides[1] as isize],
    };
    let each = k * places;
    let b = View {
        data: x,
        offset: 0,
        shape: &[images, groups, k, places],
        strides: &[(groups * each) as isize, each as isize, places as isize, 1],
    };
    matmul(a, b, y, scratch, workers);
}

/// The most bytes per worker that a convolution needs, to [reserve](Scratch::reserve) them ahead of time.
pub(crate) fn conv_bytes<T: Multiply>(sizes: Sizes<'_>) -> usize {
    if sizes.is_product() {
        return scratch_bytes::<T>(sizes.outputs, sizes.inputs, sizes.positions());
    }
    Field::of(sizes.over).map_or(0, |(field, jobs)| Products::forward::<T>(sizes, field, jobs).bytes::<T>())
}

/// As [`conv_bytes`], for the adjoint.
pub(crate) fn transpose_bytes<T: Multiply>(sizes: Sizes<'_>) -> usize {
    if sizes.is_product() {
        return scratch_bytes::<T>(sizes.inputs, sizes.outputs, sizes.positions());
    }
    Field::of_adjoint(sizes.over)
        .map_or(0, |(field, jobs)| Products::adjoint::<T>(sizes, field, jobs).bytes::<T>())
}

/// As [`conv_bytes`], for the derivative by the weight.
pub(crate) fn weight_bytes<T: Multiply>(sizes: Sizes<'_>) -> usize {
    weight::bytes::<T>(sizes)
}

/// Calls `f` for each task, with the worker, on any of the threads if there is enough to do.
fn each_task(sizes: Sizes<'_>, tasks: usize, workers: &Workers, f: impl Fn(usize, usize) + Sync) {
    if workers.threads() > 1 && sizes.products() >= Target::CPU.threads.products_from {
        workers.each(tasks, f);
    } else {
        (0..tasks).for_each(|task| f(task, 0));
    }
}

/// Memory that tasks share; each writes parts of its own.
struct Shared<T>(*mut T, usize);

// SAFETY: each part is used by one thread at a time.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn of(all: &mut [T]) -> Shared<T> {
        Shared(all.as_mut_ptr(), all.len())
    }

    /// # Safety
    /// Nobody else uses these elements while the slice lives.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that parts do not overlap")]
    unsafe fn part(&self, start: usize, length: usize) -> &mut [T] {
        assert!(start <= self.1 && length <= self.1 - start, "a part of {length} from {start} on");
        // SAFETY: within the memory, and nobody else uses it.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), length) }
    }
}

/// The scratch as memory that all share, and an area for each worker.
fn areas<T: Float>(scratch: &mut Scratch, [shared, own]: [usize; 2], workers: &Workers) -> [Shared<T>; 2] {
    let threads = workers.threads();
    let (start, _) = scratch.areas((shared + own) * size_of::<T>(), threads);
    let start = start.cast::<T>();
    // SAFETY: a worker has room for both, and memory of cache lines is initialised and aligned for numbers.
    [Shared(start, shared), Shared(unsafe { start.add(shared) }, own * threads)]
}

/// Copies a row, which is short more often than not.
#[inline(always)]
fn copy_row<T: Copy>(from: &[T], to: &mut [T]) {
    let n = to.len();
    let from = &from[..n];
    macro_rules! by {
        ($wide:literal) => {{
            // The last piece overlaps the one before.
            for at in (0..n - $wide).step_by($wide).chain([n - $wide]) {
                to[at..at + $wide].copy_from_slice(&from[at..at + $wide]);
            }
        }};
    }
    match n {
        0..4 => to.iter_mut().zip(from).for_each(|(to, &x)| *to = x),
        4..8 => by!(4),
        8..16 => by!(8),
        _ => by!(16),
    }
}
