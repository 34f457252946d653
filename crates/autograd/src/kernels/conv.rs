//! Convolutions as products of matrices: what lies under the kernel at each position becomes a column.
//!
//! One image is unfolded at a time, so the columns take the memory of one image times the elements of the kernel. The
//! product is that of `matmul`, so its order of summation, and every bit, is the same for any number of threads. Convolutions by
//! channel are no such products: see `conv/channels.rs`.

mod channels;
mod sizes;

pub(crate) use sizes::Sizes;

use super::matmul::{Multiply, matmul};
use super::workers::Workers;
use crate::dtype::Float;
use crate::scratch::Scratch;
use crate::view::View;
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
    if x.is_empty() || w.is_empty() {
        return y.fill(T::default());
    }
    if sizes.by_channel() {
        return channels::conv([x, w], y, sizes, workers);
    }
    let (groups, rows, outputs, positions) = (sizes.groups, sizes.rows(), sizes.outputs, sizes.positions());
    let a = View {
        data: w,
        offset: 0,
        shape: &[groups, outputs, rows],
        strides: &[(outputs * rows) as isize, rows as isize, 1],
    };
    let mut memory = Columns::new(sizes);
    for n in 0..sizes.images {
        let columns = memory.of(&x[n * sizes.x()..(n + 1) * sizes.x()], sizes);
        let b = View {
            data: columns,
            offset: 0,
            shape: &[groups, rows, positions],
            strides: &[(rows * positions) as isize, positions as isize, 1],
        };
        matmul(a, b, &mut y[n * sizes.y()..(n + 1) * sizes.y()], scratch, workers);
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
    if y.is_empty() || w.is_empty() {
        return x.fill(T::default());
    }
    if sizes.by_channel() {
        return channels::transpose([y, w], x, sizes, workers);
    }
    let (groups, rows, outputs, positions) = (sizes.groups, sizes.rows(), sizes.outputs, sizes.positions());
    let a = View {
        data: w,
        offset: 0,
        shape: &[groups, rows, outputs],
        strides: &[(outputs * rows) as isize, 1, rows as isize],
    };
    let identity = sizes.over.is_identity();
    let mut columns = vec![T::default(); if identity { 0 } else { sizes.columns() }];
    for n in 0..sizes.images {
        let b = View {
            data: &y[n * sizes.y()..(n + 1) * sizes.y()],
            offset: 0,
            shape: &[groups, outputs, positions],
            strides: &[(outputs * positions) as isize, positions as isize, 1],
        };
        let image = &mut x[n * sizes.x()..(n + 1) * sizes.x()];
        if identity {
            matmul(a, b, image, scratch, workers);
        } else {
            matmul(a, b, &mut columns, scratch, workers);
            fold(&columns, image, sizes);
        }
    }
}

/// w\[o, c, k\] = Σ x\[n, c, place(p, k)\]·y\[n, o, p\].
pub(crate) fn weight<T: Multiply + Float>(
    [x, y]: [&[T]; 2],
    w: &mut [T],
    sizes: Sizes<'_>,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    if x.is_empty() || y.is_empty() {
        return w.fill(T::default());
    }
    if sizes.by_channel() {
        return channels::weight([x, y], w, sizes, workers);
    }
    let (groups, rows, outputs, positions) = (sizes.groups, sizes.rows(), sizes.outputs, sizes.positions());
    let mut memory = Columns::new(sizes);
    let mut part = vec![T::default(); if sizes.images > 1 { w.len() } else { 0 }];
    w.fill(T::default());
    for n in 0..sizes.images {
        let a = View {
            data: &y[n * sizes.y()..(n + 1) * sizes.y()],
            offset: 0,
            shape: &[groups, outputs, positions],
            strides: &[(outputs * positions) as isize, positions as isize, 1],
        };
        let b = View {
            data: memory.of(&x[n * sizes.x()..(n + 1) * sizes.x()], sizes),
            offset: 0,
            shape: &[groups, positions, rows],
            strides: &[(rows * positions) as isize, 1, positions as isize],
        };
        if n == 0 {
            matmul(a, b, w, scratch, workers);
            continue;
        }
        matmul(a, b, &mut part, scratch, workers);
        w.iter_mut().zip(&part).for_each(|(w, &part)| *w = *w + part);
    }
}

/// Memory for the columns of an image.
struct Columns<T>(Vec<T>);

impl<T: Float> Columns<T> {
    fn new(sizes: Sizes<'_>) -> Columns<T> {
        Columns(vec![T::default(); if sizes.over.is_identity() { 0 } else { sizes.columns() }])
    }

    /// The columns of an image. They are the image itself if the kernel is one element that visits all places.
    fn of<'a>(&'a mut self, image: &'a [T], sizes: Sizes<'_>) -> &'a [T] {
        if sizes.over.is_identity() {
            return image;
        }
        let (places, positions, step) = (sizes.over.input.elements(), sizes.positions(), sizes.over.step());
        let each = sizes.over.kernel.elements() * positions;
        // What lies outside of the image stays zero from one image to the next.
        for channel in 0..sizes.groups * sizes.inputs {
            let image = &image[channel * places..(channel + 1) * places];
            let columns = &mut self.0[channel * each..(channel + 1) * each];
            sizes.over.each_run(&mut |run| {
                let start = run.kernel * positions + run.output;
                let columns = &mut columns[start..start + run.length];
                if step == 1 {
                    return columns.copy_from_slice(&image[run.input..run.input + run.length]);
                }
                columns.iter_mut().zip(image[run.input..].iter().step_by(step)).for_each(|(c, &x)| *c = x);
            });
        }
        &self.0
    }
}

/// Adds the columns of an image up where they lie.
fn fold<T: Float>(columns: &[T], image: &mut [T], sizes: Sizes<'_>) {
    let (places, positions, step) = (sizes.over.input.elements(), sizes.positions(), sizes.over.step());
    let each = sizes.over.kernel.elements() * positions;
    image.fill(T::default());
    for channel in 0..sizes.groups * sizes.inputs {
        let image = &mut image[channel * places..(channel + 1) * places];
        let columns = &columns[channel * each..(channel + 1) * each];
        sizes.over.each_run(&mut |run| {
            let start = run.kernel * positions + run.output;
            let places = image[run.input..].iter_mut().step_by(step);
            places.zip(&columns[start..start + run.length]).for_each(|(x, &c)| *x = *x + c);
        });
    }
}
