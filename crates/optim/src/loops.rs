//! Loops over many numbers, on several threads: updates, and the check that all numbers are finite.

use crate::rule::{Formula, Rule};
use autograd::Float;
use autograd::loops::{Workers, unordered_sum, widest};

/// One thread updates up to this many numbers. More numbers are cut into pieces of at most this length.
const ALONE: usize = 1 << 13;
const PIECES: usize = 64;

/// The most numbers that are updated side by side.
const LANES: usize = 32;

/// Updates a part of the slab. Several threads share a long part.
#[inline]
pub(crate) fn share<T: Float, R: Rule>(
    by: &impl Formula<T>,
    workers: &Workers,
    point: &mut [T],
    gradient: &[T],
    memory: [&mut [T]; 2],
) {
    if workers.threads() == 1 || point.len() <= ALONE {
        return update_wide::<T, R>(by, point, gradient, memory);
    }
    let size = point.len().div_ceil(PIECES).max(ALONE).next_multiple_of(LANES);
    let [mut m, mut v] = memory.map(|slab| slab.chunks_mut(size));
    let points = point.chunks_mut(size).zip(gradient.chunks(size));
    // A rule without memory has no slab to cut.
    let mut pieces =
        points.map(|(x, g)| (x, g, [m.next().unwrap_or_default(), v.next().unwrap_or_default()]));
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| pieces.next());
    workers.each_of(&mut pieces, |piece| {
        if let Some((point, gradient, memory)) = piece.take() {
            update_wide::<T, R>(by, point, gradient, memory);
        }
    });
}

/// Updates a piece. A long piece uses the widest vectors of this CPU.
#[inline]
fn update_wide<T: Float, R: Rule>(
    by: &impl Formula<T>,
    point: &mut [T],
    gradient: &[T],
    memory: [&mut [T]; 2],
) {
    if point.len() < LANES {
        update::<T, R>(by, point, gradient, memory);
    } else {
        widest(
            #[inline(always)]
            || update::<T, R>(by, point, gradient, memory),
        );
    }
}

/// Updates a piece with the vectors of the caller.
#[inline(always)]
pub(crate) fn update<T: Float, R: Rule>(
    by: &impl Formula<T>,
    point: &mut [T],
    gradient: &[T],
    [m, v]: [&mut [T]; 2],
) {
    // No write to a slab can change this copy, so the compiler keeps its numbers in registers.
    let (by, count, zero) = (*by, point.len(), T::default());
    let gradient = &gradient[..count];
    // A rule with less memory has empty slabs.
    let (first, second) = (R::SLABS > 0, R::SLABS > 1);
    let (m, v) = (&mut m[..if first { count } else { 0 }], &mut v[..if second { count } else { 0 }]);
    for i in 0..count {
        let memory = [if first { m[i] } else { zero }, if second { v[i] } else { zero }];
        let (p, memory) = by(point[i], gradient[i], memory);
        point[i] = p;
        if first {
            m[i] = memory[0];
        }
        if second {
            v[i] = memory[1];
        }
    }
}

/// Whether all numbers are finite. x·0 is 0 for finite numbers and NaN for others, so the sum of these products tells. Several
/// threads share a long slice.
#[inline]
pub(crate) fn all_finite<T: Float>(workers: &Workers, numbers: &[T]) -> bool {
    let zero = T::default();
    let sum = unordered_sum(
        numbers,
        workers,
        #[inline(always)]
        |x| x * zero,
    );
    sum == zero
}
