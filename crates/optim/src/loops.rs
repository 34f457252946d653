//! Loops over many numbers, on several threads: updates, and the search for what is not finite.

use crate::step::{Formula, Rule};
use autograd::Float;
use autograd::loops::{Workers, widest};

/// So many numbers one thread updates alone.
const ALONE: usize = 1 << 13;

/// The most pieces that a part is cut into.
const PIECES: usize = 64;

/// Updates a part of the slab, many numbers by several threads.
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
    // A rule that remembers nothing has no slab to cut.
    let mut pieces =
        points.map(|(x, g)| (x, g, [m.next().unwrap_or_default(), v.next().unwrap_or_default()]));
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| pieces.next());
    workers.each_of(&mut pieces, |piece| {
        if let Some((point, gradient, memory)) = piece.take() {
            update_wide::<T, R>(by, point, gradient, memory);
        }
    });
}

/// Updates a piece, where it is long with the widest vectors of this CPU.
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
    let (point, gradient) = (point.as_chunks_mut::<SIDE_BY_SIDE>(), gradient.as_chunks());
    let (m, v) = (m.as_chunks_mut(), v.as_chunks_mut());
    rows::<T, R, SIDE_BY_SIDE>(by, point.0, gradient.0, m.0, v.0);
    let [point, m, v] = [point.1, m.1, v.1].map(|rest| rest.as_chunks_mut::<1>().0);
    rows::<T, R, 1>(by, point, gradient.1.as_chunks().0, m, v);
}

/// Updates rows of numbers. Each row is copied before and after, so that the compiler knows that no two overlap.
#[inline(always)]
fn rows<T: Float, R: Rule, const N: usize>(
    by: &impl Formula<T>,
    point: &mut [[T; N]],
    gradient: &[[T; N]],
    m: &mut [[T; N]],
    v: &mut [[T; N]],
) {
    let count = point.len();
    let gradient = &gradient[..count];
    // A rule that remembers less has shorter slabs, or none.
    let (m, v) =
        (&mut m[..if R::SLABS > 0 { count } else { 0 }], &mut v[..if R::SLABS > 1 { count } else { 0 }]);
    for i in 0..count {
        let (mut p, g, zeros) = (point[i], gradient[i], [T::default(); N]);
        let mut first = if R::SLABS > 0 { m[i] } else { zeros };
        let mut second = if R::SLABS > 1 { v[i] } else { zeros };
        for j in 0..N {
            (p[j], [first[j], second[j]]) = by(p[j], g[j], [first[j], second[j]]);
        }
        point[i] = p;
        if R::SLABS > 0 {
            m[i] = first;
        }
        if R::SLABS > 1 {
            v[i] = second;
        }
    }
}

/// Numbers that are updated side by side.
const SIDE_BY_SIDE: usize = 16;

/// Whether all numbers are finite: many of them are looked at by several threads.
#[inline]
pub(crate) fn all_finite<T: Float>(workers: &Workers, numbers: &[T]) -> bool {
    if workers.threads() == 1 || numbers.len() <= ALONE {
        return is_finite(numbers);
    }
    let size = numbers.len().div_ceil(PIECES).max(ALONE).next_multiple_of(LANES);
    let mut pieces = numbers.chunks(size);
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| (pieces.next().unwrap_or_default(), true));
    workers.each_of(&mut pieces, |(piece, finite)| *finite = is_finite(piece));
    pieces.iter().all(|(_, finite)| *finite)
}

/// Numbers that are looked at side by side.
const LANES: usize = 32;

/// Whether all numbers are finite: x·0 is 0 for those and NaN for others, so that one sum tells.
pub(crate) fn is_finite<T: Float>(numbers: &[T]) -> bool {
    let zero = T::default();
    let (rows, rest) = numbers.as_chunks::<LANES>();
    let mut tail = zero;
    for &x in rest {
        tail = tail + x * zero;
    }
    if rows.is_empty() {
        return tail == zero;
    }
    let lanes = widest(
        #[inline(always)]
        || {
            let mut lanes = [zero; LANES];
            for row in rows {
                for i in 0..LANES {
                    lanes[i] = lanes[i] + row[i] * zero;
                }
            }
            lanes
        },
    );
    lanes.iter().fold(tail, |sum, &x| sum + x) == zero
}
