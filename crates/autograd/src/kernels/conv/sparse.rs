//! Kernels that reach far beyond what they read, such as two elements a thousand places apart: run by run, for a field would be
//! much larger than its source. They are rare, so the loops are plain.

use super::sizes::Sizes;
use crate::dtype::Float;

/// Calls `f` with each run: where it begins in the whole of w, y and x, and how long it is.
fn each_run(sizes: Sizes<'_>, f: &mut dyn FnMut([usize; 3], usize)) {
    let (places, positions) = (sizes.over.input.elements(), sizes.positions());
    let kernel = sizes.over.kernel.elements();
    for entry in 0..sizes.images * sizes.groups {
        for o in 0..sizes.outputs {
            for c in 0..sizes.inputs {
                let w = ((entry % sizes.groups * sizes.outputs + o) * sizes.inputs + c) * kernel;
                let (x, y) = ((entry * sizes.inputs + c) * places, (entry * sizes.outputs + o) * positions);
                sizes.over.each_run(&mut |run| {
                    f([w + run.kernel, y + run.output, x + run.input], run.length);
                });
            }
        }
    }
}

pub(super) fn conv<T: Float>([x, w]: [&[T]; 2], y: &mut [T], sizes: Sizes<'_>) {
    y.fill(T::default());
    each_run(sizes, &mut |[k, p, place], n| {
        let (y, x) = (&mut y[p..p + n], x[place..].iter().step_by(sizes.over.step()));
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = *y + w[k] * x);
    });
}

pub(super) fn transpose<T: Float>([y, w]: [&[T]; 2], x: &mut [T], sizes: Sizes<'_>) {
    x.fill(T::default());
    each_run(sizes, &mut |[k, p, place], n| {
        let (y, x) = (&y[p..p + n], x[place..].iter_mut().step_by(sizes.over.step()));
        x.zip(y).for_each(|(x, &y)| *x = *x + w[k] * y);
    });
}

pub(super) fn weight<T: Float>([x, y]: [&[T]; 2], w: &mut [T], sizes: Sizes<'_>) {
    w.fill(T::default());
    each_run(sizes, &mut |[k, p, place], n| {
        let (y, x) = (&y[p..p + n], x[place..].iter().step_by(sizes.over.step()));
        let w = &mut w[k];
        y.iter().zip(x).for_each(|(&y, &x)| *w = *w + x * y);
    });
}
