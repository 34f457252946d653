//! Convolutions as products of matrices whose second operand is read from a [field](field): no column is made for an element of
//! the kernel. The three forms of a convolution, any strides, dilations and groups, and convolutions by channel go this way; a
//! kernel of one element that visits all places is a product of matrices as it is.
//!
//! Work is cut by sizes alone, and sums follow orders given by sizes alone, so no bit depends on threads or instruction sets.
mod field;
mod layout;
mod order;
mod parts;
mod products;
mod sizes;
mod sparse;
mod weight;

pub use order::WeightOrder;
pub(crate) use sizes::Sizes;
pub(crate) use weight::weight;

use super::matmul::{Multiply, matmul, scratch_bytes};
use super::workers::Workers;
use crate::dtype::Float;
use crate::scratch::Scratch;
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
    let field = Field::of(sizes.over).filter(|_| sizes.products() > 0);
    field.map_or(0, |(field, jobs)| Products::forward::<T>(sizes, field, jobs).bytes::<T>())
}

/// As [`conv_bytes`], for the adjoint.
pub(crate) fn transpose_bytes<T: Multiply>(sizes: Sizes<'_>) -> usize {
    if sizes.is_product() {
        return scratch_bytes::<T>(sizes.inputs, sizes.outputs, sizes.positions());
    }
    let field = Field::of_adjoint(sizes.over).filter(|_| sizes.products() > 0);
    field.map_or(0, |(field, jobs)| Products::adjoint::<T>(sizes, field, jobs).bytes::<T>())
}

/// As [`conv_bytes`], for the derivative by the weight.
pub(crate) fn weight_bytes<T: Multiply>(sizes: Sizes<'_>) -> usize {
    weight::bytes::<T>(sizes)
}
