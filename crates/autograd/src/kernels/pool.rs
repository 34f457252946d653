//! Where the largest elements of windows lie.

use super::simd::Isa;
use super::workers::Workers;
use crate::dtype::Float;
use crate::ir::Sliding;
use std::hint::select_unpredictable;

/// The positions of a task, about: threads share planes, several small ones at a time.
pub(crate) const TASK: usize = 1 << 13;

/// Positions that the compiler compares side by side.
const WIDE: usize = 8;

/// The places of the first largest elements of windows, plane by plane. A NaN is larger than all that come before it.
pub(crate) fn largest<T: Float>(x: &[T], over: &Sliding, out: &mut [i64], workers: &Workers) {
    let (places, positions, step) = (over.input.elements(), over.output.elements(), over.step());
    if out.is_empty() {
        return;
    }
    let (planes, isa) = (TASK.div_ceil(positions), Isa::widest());
    workers.each_chunk(out, planes * positions, |task, out| {
        let (mut best, mut phases) = (vec![T::default(); positions], Phases::of(over));
        for (i, at) in out.chunks_exact_mut(positions).enumerate() {
            let x = &x[(task * planes + i) * places..][..places];
            if step > 1 {
                phases.fill(x);
            }
            at.fill(-1);
            over.each_run(&mut |run| {
                let x = if step > 1 { phases.from(run.input) } else { &x[run.input..] };
                let to = run.output..run.output + run.length;
                let (best, at) = (&mut best[to.clone()], &mut at[to]);
                isa.run(
                    #[inline(always)]
                    || keep_larger(best, at, &x[..run.length], run.input, step),
                );
            });
        }
    });
}

/// The rows of a plane in another order: every `step`-th element, from the first on, then from the second on, and so on. So the
/// elements that windows read together lie side by side.
struct Phases<T> {
    length: usize,
    step: usize,
    elements: Vec<T>,
}

impl<T: Float> Phases<T> {
    fn of(over: &Sliding) -> Phases<T> {
        Phases { length: over.input.last().copied().unwrap_or(1), step: over.step(), elements: vec![] }
    }

    fn fill(&mut self, plane: &[T]) {
        self.elements.clear();
        for row in plane.chunks_exact(self.length) {
            for phase in 0..self.step.min(self.length) {
                self.elements.extend(row[phase..].iter().step_by(self.step));
            }
        }
    }

    /// The elements from a place on, each a step after the one before.
    fn from(&self, place: usize) -> &[T] {
        let (row, column) = (place / self.length, place % self.length);
        let (phase, k) = (column % self.step, column / self.step);
        // Each phase before it has so many elements, the first ones one more.
        let before = phase * (self.length / self.step) + phase.min(self.length % self.step);
        &self.elements[row * self.length + before + k..]
    }
}

/// Keeps the larger one of each of the best elements so far and another, and its place. Whole vectors first, then the last one,
/// of which some may be looked at again: the second time changes nothing.
#[inline(always)]
fn keep_larger<T: Float>(best: &mut [T], at: &mut [i64], x: &[T], place: usize, step: usize) {
    let n = best.len();
    let parts = if n < WIDE { [0..0, 0..n] } else { [0..n - n % WIDE, n - WIDE..n] };
    for part in parts {
        let first = place + part.start * step;
        keep_each(&mut best[part.clone()], &mut at[part.clone()], &x[part], first, step);
    }
}

/// The same one by one. Whatever comes first is taken. There are no branches: nobody can guess which is larger.
#[inline(always)]
fn keep_each<T: Float>(best: &mut [T], at: &mut [i64], x: &[T], place: usize, step: usize) {
    for (k, ((best, at), &x)) in best.iter_mut().zip(at).zip(x).enumerate() {
        let larger = (*at < 0) | (x > *best) | x.is_nan();
        *best = select_unpredictable(larger, x, *best);
        *at = select_unpredictable(larger, (place + k * step) as i64, *at);
    }
}
