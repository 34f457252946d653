//! The largest elements of windows, and where they lie.

mod beside;

use super::simd::Isa;
use super::workers::Workers;
use crate::dtype::Float;
use crate::ir::Sliding;
use beside::{Beside, are_pairs, is_beside};
use std::hint::select_unpredictable;

/// The positions of a task, about: threads share planes, several small ones at a time.
pub(crate) const TASK: usize = 1 << 13;

/// Positions that the compiler compares side by side.
const WIDE: usize = 8;

/// How many planes make a task.
fn planes(over: &Sliding) -> usize {
    TASK.div_ceil(over.output.elements().max(1))
}

/// The places of the first largest elements of windows, plane by plane. A NaN is larger than all that come before it.
pub(crate) fn largest<T: Float>(x: &[T], over: &Sliding, out: &mut [i64], workers: &Workers) {
    let (places, positions, planes) = (over.input.elements(), over.output.elements(), planes(over));
    if out.is_empty() {
        return;
    }
    workers.each_chunk(out, planes * positions, |task, out| {
        let mut search = Search::of(over);
        let x = x[task * planes * places..].chunks_exact(places);
        x.zip(out.chunks_exact_mut(positions)).for_each(|(x, at)| search.run(x, at));
    });
}

/// The first largest elements of windows themselves.
pub(crate) fn max<T: Float>(x: &[T], over: &Sliding, out: &mut [T], workers: &Workers) {
    let (places, positions, planes) = (over.input.elements(), over.output.elements(), planes(over));
    if out.is_empty() {
        return;
    }
    workers.each_chunk(out, planes * positions, |task, out| {
        let count = out.len() / positions;
        let x = &x[task * planes * places..][..count * places];
        if is_beside(over) {
            return Beside::of(over, count).max(x, out);
        }
        let (mut search, mut at) = (Search::of(over), vec![0; positions]);
        for (x, y) in x.chunks_exact(places).zip(out.chunks_exact_mut(positions)) {
            search.run(x, &mut at);
            y.copy_from_slice(&search.best);
        }
    });
}

/// For each window an element of g, added up where the first largest element of the window of x is.
pub(crate) fn max_back<T: Float>([x, g]: [&[T]; 2], over: &Sliding, out: &mut [T], workers: &Workers) {
    let (places, positions, planes) = (over.input.elements(), over.output.elements(), planes(over));
    if out.is_empty() {
        return;
    }
    workers.each_chunk(out, planes * places, |task, out| {
        let count = out.len() / places;
        let x = &x[task * planes * places..][..count * places];
        let g = &g[task * planes * positions..][..count * positions];
        if are_pairs(over) {
            return Beside::of(over, count).back([x, g], out);
        }
        let (mut search, mut at) = (Search::of(over), vec![0; positions]);
        let planes = x.chunks_exact(places).zip(g.chunks_exact(positions)).zip(out.chunks_exact_mut(places));
        for ((x, g), out) in planes {
            search.run(x, &mut at);
            out.fill(T::default());
            for (&at, &g) in at.iter().zip(g) {
                let y = &mut out[at as usize];
                *y = *y + g;
            }
        }
    });
}

/// The search through the windows of a plane, for any windows.
struct Search<'a, T> {
    over: &'a Sliding,
    isa: Isa,
    phases: Phases<T>,
    /// The largest elements that were found last.
    best: Vec<T>,
}

impl<T: Float> Search<'_, T> {
    fn of(over: &Sliding) -> Search<'_, T> {
        let best = vec![T::default(); over.output.elements()];
        Search { over, isa: Isa::widest(), phases: Phases::of(over), best }
    }

    fn run(&mut self, x: &[T], at: &mut [i64]) {
        let step = self.over.step();
        if step > 1 {
            self.phases.fill(x);
        }
        at.fill(-1);
        self.over.each_run(&mut |run| {
            let x = if step > 1 { self.phases.from(run.input) } else { &x[run.input..] };
            let to = run.output..run.output + run.length;
            let (best, at) = (&mut self.best[to.clone()], &mut at[to]);
            self.isa.run(
                #[inline(always)]
                || keep_larger(best, at, &x[..run.length], run.input, step),
            );
        });
    }
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
