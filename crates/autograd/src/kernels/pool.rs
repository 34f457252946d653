//! Where the largest elements of windows lie.

use super::simd::Isa;
use super::workers::Workers;
use crate::dtype::Float;
use crate::ir::Sliding;

/// The positions of a task, about: threads share planes, several small ones at a time.
pub(crate) const TASK: usize = 1 << 13;

/// The places of the first largest elements of windows, plane by plane. A NaN is larger than all that come before it.
pub(crate) fn largest<T: Float>(x: &[T], over: &Sliding, out: &mut [i64], workers: &Workers) {
    let (places, positions, step) = (over.input.elements(), over.output.elements(), over.step());
    if out.is_empty() {
        return;
    }
    let (planes, isa) = (TASK.div_ceil(positions), Isa::widest());
    workers.each_chunk(out, planes * positions, |task, out| {
        let mut best = vec![T::default(); positions];
        for (i, at) in out.chunks_exact_mut(positions).enumerate() {
            let x = &x[(task * planes + i) * places..][..places];
            at.fill(-1);
            over.each_run(&mut |run| {
                let to = run.output..run.output + run.length;
                let (best, at, x) = (&mut best[to.clone()], &mut at[to], &x[run.input..]);
                isa.run(
                    #[inline(always)]
                    || match step {
                        1 => keep_larger::<T, 1>(best, at, x, run.input),
                        2 => keep_larger::<T, 2>(best, at, x, run.input),
                        _ => keep_each(best, at, x.iter().step_by(step), (run.input, step)),
                    },
                );
            });
        }
    });
}

/// As [`keep_each`], with every `STEP`-th element from `first` on. The compiler reads them as vectors.
#[inline(always)]
fn keep_larger<T: Float, const STEP: usize>(best: &mut [T], at: &mut [i64], x: &[T], first: usize) {
    let (steps, rest) = x.as_chunks::<STEP>();
    let whole = steps.len().min(best.len());
    let ((best, last), (at, last_at)) = (best.split_at_mut(whole), at.split_at_mut(whole));
    keep_each(best, at, steps.iter().map(|step| &step[0]), (first, STEP));
    keep_each(last, last_at, rest.iter().take(1), (first + whole * STEP, STEP));
}

/// Keeps the larger one of each of the best elements so far and another, and its place. Whatever comes first is taken.
/// There are no branches: nobody can guess which is larger.
#[inline(always)]
fn keep_each<'a, T: Float>(
    best: &mut [T],
    at: &mut [i64],
    x: impl Iterator<Item = &'a T>,
    (first, step): (usize, usize),
) {
    for (k, ((best, at), &x)) in best.iter_mut().zip(at).zip(x).enumerate() {
        let larger = (*at < 0) | (x > *best) | x.is_nan();
        *best = if larger { x } else { *best };
        *at = if larger { (first + k * step) as i64 } else { *at };
    }
}
