//! The loop of a formula over many numbers, on several threads.

use crate::Formula;
use autograd::loops::{Workers, widest};
use autograd::{Float, Num, Number};

/// One thread updates up to this many numbers. More numbers are cut into pieces of at most this length.
const ALONE: usize = 1 << 13;
const PIECES: usize = 64;

/// The most numbers that are updated side by side.
const LANES: usize = 32;

/// What is done with each number of a gradient first.
pub(crate) trait Prepared<T>: Fn(T) -> T + Copy + Sync {}
impl<T, G: Fn(T) -> T + Copy + Sync> Prepared<T> for G {}

/// Updates a part of the slab. Several threads share a long part.
#[inline]
pub(crate) fn share<T: Float + Number, F: Formula<S, C>, const S: usize, const C: usize>(
    c: [T; C],
    prepare: impl Prepared<T>,
    workers: &Workers,
    point: &mut [T],
    gradient: &[T],
    memory: [&mut [T]; S],
) {
    if workers.threads() == 1 || point.len() <= ALONE {
        return update_wide::<T, F, S, C>(c, prepare, point, gradient, memory);
    }
    let size = point.len().div_ceil(PIECES).max(ALONE).next_multiple_of(LANES);
    let mut memory = memory.map(|slab| slab.chunks_mut(size));
    let points = point.chunks_mut(size).zip(gradient.chunks(size));
    let mut pieces =
        points.map(|(x, g)| (x, g, memory.each_mut().map(|slab| slab.next().unwrap_or_default())));
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| pieces.next());
    workers.each_of(&mut pieces, |piece| {
        if let Some((point, gradient, memory)) = piece.take() {
            update_wide::<T, F, S, C>(c, prepare, point, gradient, memory);
        }
    });
}

/// Updates a piece. A long piece uses the widest vectors of this CPU.
#[inline]
fn update_wide<T: Float + Number, F: Formula<S, C>, const S: usize, const C: usize>(
    c: [T; C],
    prepare: impl Prepared<T>,
    point: &mut [T],
    gradient: &[T],
    memory: [&mut [T]; S],
) {
    if point.len() < LANES {
        update::<T, F, S, C>(c, prepare, point, gradient, memory);
    } else {
        widest(
            #[inline(always)]
            || update::<T, F, S, C>(c, prepare, point, gradient, memory),
        );
    }
}

/// Updates a piece with the vectors of the caller.
#[inline(always)]
pub(crate) fn update<T: Float + Number, F: Formula<S, C>, const S: usize, const C: usize>(
    c: [T; C],
    prepare: impl Prepared<T>,
    point: &mut [T],
    gradient: &[T],
    memory: [&mut [T]; S],
) {
    // No write to a slab can change these copies, so the compiler keeps the numbers in registers.
    let (count, c, prepare) = (point.len(), c.map(Num::of), prepare);
    let gradient = &gradient[..count];
    let memory = memory.map(
        #[inline(always)]
        |slab| &mut slab[..count],
    );
    for i in 0..count {
        let state: [Num<T>; S] = std::array::from_fn(
            #[inline(always)]
            |k| Num::of(memory[k][i]),
        );
        let (p, state) = F::update(c, Num::of(point[i]), Num::of(prepare(gradient[i])), state);
        point[i] = p.get();
        for k in 0..S {
            memory[k][i] = state[k].get();
        }
    }
}
