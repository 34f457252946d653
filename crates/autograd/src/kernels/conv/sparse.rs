//! Kernels that reach far beyond what they read, such as two elements a thousand places apart: run by run, for a field would be
//! much larger than its source. They are rare, so the loops are plain.

use super::sizes::Sizes;
use crate::dtype::Float;
use crate::ir::Run;

/// Calls `f` with each run, its offsets those in the whole of w, y and x.
fn each_run(sizes: Sizes<'_>, f: &mut dyn FnMut(Run)) {
    let (places, positions) = (sizes.over.input.elements(), sizes.positions());
    let kernel = sizes.over.kernel.elements();
    for entry in 0..sizes.images * sizes.groups {
        for o in 0..sizes.outputs {
            for c in 0..sizes.inputs {
                let w = ((entry % sizes.groups * sizes.outputs + o) * sizes.inputs + c) * kernel;
                let (x, y) = ((entry * sizes.inputs + c) * places, (entry * sizes.outputs + o) * positions);
                sizes.over.each_run(&mut |run| {
                    f(Run { kernel: w + run.kernel, output: y + run.output, input: x + run.input, ..run });
                });
            }
        }
    }
}

pub(super) fn conv<T: Float>([x, w]: [&[T]; 2], y: &mut [T], sizes: Sizes<'_>) {
    y.fill(T::default());
    each_run(sizes, &mut |run| {
        let (y, x) = (&mut y[run.output..][..run.length], x[run.input..].iter().step_by(sizes.over.step()));
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = *y + w[run.kernel] * x);
    });
}

pub(super) fn transpose<T: Float>([y, w]: [&[T]; 2], x: &mut [T], sizes: Sizes<'_>) {
    x.fill(T::default());
    each_run(sizes, &mut |run| {
        let (y, x) = (&y[run.output..][..run.length], x[run.input..].iter_mut().step_by(sizes.over.step()));
        x.zip(y).for_each(|(x, &y)| *x = *x + w[run.kernel] * y);
    });
}

pub(super) fn weight<T: Float>([x, y]: [&[T]; 2], w: &mut [T], sizes: Sizes<'_>) {
    w.fill(T::default());
    each_run(sizes, &mut |run| {
        let (y, x) = (&y[run.output..][..run.length], x[run.input..].iter().step_by(sizes.over.step()));
        let w = &mut w[run.kernel];
        y.iter().zip(x).for_each(|(&y, &x)| *w = *w + x * y);
    });
}
