//! Convolutions by channel: an output channel reads one channel of x. Products of so few rows do not repay that columns are made
//! for them. So each element of the kernel meets the places under it as they lie, run by run.

use super::sizes::Sizes;
use crate::dtype::Float;
use crate::kernels::simd::Isa;
use crate::kernels::workers::Workers;
use crate::tree::{self, LANES};

/// The elements of a task, about: threads share planes, several small ones at a time.
const TASK: usize = 1 << 12;

impl Sizes<'_> {
    /// Calls `f` for each plane of a tensor, with the image and the channel, on any of the threads.
    fn each_plane<T: Send>(
        &self,
        all: &mut [T],
        [channels, elements]: [usize; 2],
        workers: &Workers,
        f: impl Fn(usize, usize, &mut [T]) + Sync,
    ) {
        let planes = TASK.div_ceil(elements.max(1));
        workers.each_chunk(all, planes * elements.max(1), |task, some| {
            for (i, plane) in some.chunks_exact_mut(elements.max(1)).enumerate() {
                let plane_number = task * planes + i;
                f(plane_number / channels, plane_number % channels, plane);
            }
        });
    }
}

/// y\[n, o, p\] = Σ w\[o, k\]·x\[n, o / outputs, place(p, k)\].
pub(super) fn conv<T: Float>([x, w]: [&[T]; 2], y: &mut [T], sizes: Sizes<'_>, workers: &Workers) {
    let (channels, positions, step) = (sizes.groups * sizes.outputs, sizes.positions(), sizes.over.step());
    let (places, taps, isa) = (sizes.over.input.elements(), sizes.rows(), Isa::widest());
    sizes.each_plane(y, [channels, positions], workers, |n, o, y| {
        let x = &x[(n * sizes.groups + o / sizes.outputs) * places..][..places];
        let w = &w[o * taps..][..taps];
        y.fill(T::default());
        sizes.over.each_run(&mut |run| {
            let (y, x, w) = (&mut y[run.output..][..run.length], &x[run.input..], w[run.kernel]);
            if step == 1 {
                isa.run(
                    #[inline(always)]
                    || add_scaled(y.iter_mut().zip(x), w),
                );
            } else {
                add_scaled(y.iter_mut().zip(x.iter().step_by(step)), w);
            }
        });
    });
}

/// x\[n, c, place(p, k)\] += w\[o, k\]·y\[n, o, p\] for all output channels o of c.
pub(super) fn transpose<T: Float>([y, w]: [&[T]; 2], x: &mut [T], sizes: Sizes<'_>, workers: &Workers) {
    let (outputs, positions, step) = (sizes.outputs, sizes.positions(), sizes.over.step());
    let (places, taps, isa) = (sizes.over.input.elements(), sizes.rows(), Isa::widest());
    sizes.each_plane(x, [sizes.groups, places], workers, |n, c, x| {
        x.fill(T::default());
        for o in c * outputs..(c + 1) * outputs {
            let y = &y[(n * sizes.groups * outputs + o) * positions..][..positions];
            let w = &w[o * taps..][..taps];
            sizes.over.each_run(&mut |run| {
                let (x, y, w) = (&mut x[run.input..], &y[run.output..][..run.length], w[run.kernel]);
                if step == 1 {
                    isa.run(
                        #[inline(always)]
                        || add_scaled(x.iter_mut().zip(y), w),
                    );
                } else {
                    add_scaled(x.iter_mut().step_by(step).zip(y), w);
                }
            });
        }
    });
}

#[inline(always)]
fn add_scaled<'a, T: Float>(pairs: impl Iterator<Item = (&'a mut T, &'a T)>, factor: T) {
    for (y, &x) in pairs {
        *y = *y + factor * x;
    }
}

/// w\[o, k\] = Σ x\[n, o / outputs, place(p, k)\]·y\[n, o, p\]. The products of an image are added in the lanes of a sum, the images
/// one after the other.
pub(super) fn weight<T: Float>([x, y]: [&[T]; 2], w: &mut [T], sizes: Sizes<'_>, workers: &Workers) {
    let (channels, positions, step) = (sizes.groups * sizes.outputs, sizes.positions(), sizes.over.step());
    let (places, taps, isa) = (sizes.over.input.elements(), sizes.rows(), Isa::widest());
    workers.each_chunk(w, taps, |o, w| {
        let mut sums = vec![[T::default(); LANES]; taps];
        w.fill(T::default());
        for n in 0..sizes.images {
            let x = &x[(n * sizes.groups + o / sizes.outputs) * places..][..places];
            let y = &y[(n * channels + o) * positions..][..positions];
            sums.fill([T::default(); LANES]);
            sizes.over.each_run(&mut |run| {
                let (lanes, x, y) = (&mut sums[run.kernel], &x[run.input..], &y[run.output..][..run.length]);
                if step == 1 {
                    isa.run(
                        #[inline(always)]
                        || add_products(lanes, &x[..y.len()], y),
                    );
                } else {
                    let terms = y.iter().zip(x.iter().step_by(step));
                    terms.enumerate().for_each(|(i, (&y, &x))| lanes[i % LANES] = lanes[i % LANES] + x * y);
                }
            });
            w.iter_mut().zip(&sums).for_each(|(w, &lanes)| *w = *w + tree::fold(lanes));
        }
    });
}

/// Adds products to lanes, the first one to the first lane.
#[inline(always)]
fn add_products<T: Float>(lanes: &mut [T; LANES], x: &[T], y: &[T]) {
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    // A local copy stays in registers.
    let mut sums = *lanes;
    for (x, y) in x.iter().zip(y) {
        for i in 0..LANES {
            sums[i] = sums[i] + x[i] * y[i];
        }
    }
    for (sum, (&x, &y)) in sums.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *sum = *sum + x * y;
    }
    *lanes = sums;
}
