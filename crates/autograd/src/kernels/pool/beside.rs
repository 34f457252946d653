//! Windows side by side: the largest element of a window is found one axis after the other, the last one first. Of equal ones the
//! first of the last axis is kept, and then the first of these: the first in row-major order. So each axis is a pass over memory
//! in the cache, without places.

use crate::dtype::Float;
use crate::ir::Sliding;
use crate::kernels::simd::Isa;
use smallvec::SmallVec;
use std::hint::select_unpredictable;

/// Elements that are compared side by side.
const WIDE: usize = 8;

/// One axis: windows of `size` in `count · size` or more elements, each of `inner` numbers.
#[derive(Clone, Copy)]
struct Axis {
    lines: usize,
    length: usize,
    count: usize,
    size: usize,
    inner: usize,
}

/// The axes of windows side by side in some planes; none if windows lie otherwise.
pub(super) struct Beside(SmallVec<[Axis; 3]>);

/// Whether windows lie side by side, and within the input.
pub(super) fn is_beside(over: &Sliding) -> bool {
    (0..over.axes()).all(|i| {
        let covered = over.output[i].checked_mul(over.kernel[i]);
        let fits = covered.is_some_and(|covered| covered <= over.input[i]);
        over.stride[i] == over.kernel[i] && over.before[i] == 0 && over.dilation[i] == 1 && fits
    })
}

/// Whether they are of two elements along each axis.
pub(super) fn are_pairs(over: &Sliding) -> bool {
    is_beside(over) && over.kernel.iter().all(|&n| n == 2)
}

impl Beside {
    pub(super) fn of(over: &Sliding, planes: usize) -> Beside {
        let axis = |i: usize| Axis {
            lines: planes * over.input[..i].iter().product::<usize>(),
            length: over.input[i],
            count: over.output[i],
            size: over.kernel[i],
            inner: over.output[i + 1..].iter().product(),
        };
        Beside((0..over.axes()).map(axis).collect())
    }

    /// The maxima along the axes from `first` on.
    fn from<T: Float>(&self, first: usize, x: &[T], isa: Isa) -> Vec<T> {
        let mut largest: Option<Vec<T>> = None;
        for axis in self.0[first..].iter().rev() {
            let mut next = vec![T::default(); axis.lines * axis.count * axis.inner];
            axis.reduce(largest.as_deref().unwrap_or(x), &mut next, isa);
            largest = Some(next);
        }
        largest.unwrap_or_default()
    }

    /// y = the maxima of the windows of x.
    pub(super) fn max<T: Float>(&self, x: &[T], y: &mut [T]) {
        let (isa, Some(first)) = (Isa::widest(), self.0.first()) else { return };
        if self.0.len() == 1 {
            return first.reduce(x, y, isa);
        }
        first.reduce(&self.from(1, x, isa), y, isa);
    }

    /// out = g where the maxima of x are, and zeros. Windows are [pairs](are_pairs) along each axis.
    pub(super) fn back<T: Float>(&self, [x, g]: [&[T]; 2], out: &mut [T]) {
        let (isa, last) = (Isa::widest(), self.0.len() - 1);
        let mut spread: Option<Vec<T>> = None;
        for (i, axis) in self.0[..last].iter().enumerate() {
            let mut next = vec![T::default(); axis.lines * axis.length * axis.inner];
            axis.spread(&self.from(i + 1, x, isa), spread.as_deref().unwrap_or(g), &mut next, isa);
            spread = Some(next);
        }
        self.0[last].spread(x, spread.as_deref().unwrap_or(g), out, isa);
    }
}

/// Whether b takes the place of a, which comes before it.
#[inline(always)]
fn is_larger<T: Float>(b: T, a: T) -> bool {
    (b > a) | b.is_nan()
}

#[inline(always)]
fn larger<T: Float>(a: T, b: T) -> T {
    select_unpredictable(is_larger(b, a), b, a)
}

impl Axis {
    /// Lines that are one: no element is left over.
    fn merged(self) -> Axis {
        if self.length == self.count * self.size {
            return Axis {
                lines: 1,
                length: self.lines * self.length,
                count: self.lines * self.count,
                ..self
            };
        }
        self
    }

    /// The largest of each window.
    fn reduce<T: Float>(self, x: &[T], y: &mut [T], isa: Isa) {
        let Axis { length, count, size, inner, .. } = self.merged();
        if y.is_empty() {
            return;
        }
        let lines = x.chunks_exact(length * inner).zip(y.chunks_exact_mut(count * inner));
        for (x, y) in lines {
            let x = &x[..count * size * inner];
            match (inner, size) {
                (1, 2) => isa.run(
                    #[inline(always)]
                    || pairs(x, y),
                ),
                (1, _) => x.chunks_exact(size).zip(y).for_each(|(x, y)| {
                    *y = x[1..].iter().fold(x[0], |a, &b| larger(a, b));
                }),
                _ => isa.run(
                    #[inline(always)]
                    || {
                        for (x, y) in x.chunks_exact(size * inner).zip(y.chunks_exact_mut(inner)) {
                            y.copy_from_slice(&x[..inner]);
                            x[inner..].chunks_exact(inner).for_each(|x| keep_larger(y, x));
                        }
                    },
                ),
            }
        }
    }

    /// g at the larger one of each pair of x, zeros elsewhere.
    fn spread<T: Float>(self, x: &[T], g: &[T], out: &mut [T], isa: Isa) {
        let Axis { length, count, size, inner, .. } = self.merged();
        if out.is_empty() {
            return;
        }
        let mut g = g.chunks_exact((count * inner).max(1));
        for (x, out) in x.chunks_exact(length * inner).zip(out.chunks_exact_mut(length * inner)) {
            let (out, rest) = out.split_at_mut(count * size * inner);
            rest.fill(T::default());
            let (x, Some(g)) = (&x[..out.len()], g.next()) else { continue };
            match inner {
                1 => isa.run(
                    #[inline(always)]
                    || spread_pairs(x, g, out),
                ),
                _ => isa.run(
                    #[inline(always)]
                    || {
                        let windows = x.chunks_exact(2 * inner).zip(out.chunks_exact_mut(2 * inner));
                        for ((x, out), g) in windows.zip(g.chunks_exact(inner)) {
                            let ((a, b), (to_a, to_b)) = (x.split_at(inner), out.split_at_mut(inner));
                            spread_rows([a, b], g, [to_a, to_b]);
                        }
                    },
                ),
            }
        }
    }
}

#[inline(always)]
fn pairs<T: Float>(x: &[T], y: &mut [T]) {
    x.as_chunks::<2>().0.iter().zip(y).for_each(|(&[a, b], y)| *y = larger(a, b));
}

#[inline(always)]
fn spread_pairs<T: Float>(x: &[T], g: &[T], out: &mut [T]) {
    let zero = T::default();
    for ((&[a, b], to), &g) in x.as_chunks::<2>().0.iter().zip(out.as_chunks_mut::<2>().0).zip(g) {
        let second = is_larger(b, a);
        *to = [select_unpredictable(second, zero, g), select_unpredictable(second, g, zero)];
    }
}

/// The starts of whole vectors of a row: the last one may overlap the one before, whose elements it computes again.
#[inline(always)]
fn vectors(n: usize) -> impl Iterator<Item = usize> {
    (0..n.saturating_sub(WIDE)).step_by(WIDE).chain((n >= WIDE).then(|| n - WIDE))
}

/// Keeps the larger one of each element and another, which comes after it.
#[inline(always)]
fn keep_larger<T: Float>(y: &mut [T], x: &[T]) {
    for at in vectors(y.len()) {
        if let (Some(y), Some(x)) = (y[at..].first_chunk_mut::<WIDE>(), x[at..].first_chunk::<WIDE>()) {
            for i in 0..WIDE {
                y[i] = larger(y[i], x[i]);
            }
        }
    }
    if y.len() < WIDE {
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = larger(*y, x));
    }
}

/// g goes to the row that has the larger element.
#[inline(always)]
fn spread_rows<T: Float>([a, b]: [&[T]; 2], g: &[T], [to_a, to_b]: [&mut [T]; 2]) {
    let zero = T::default();
    for at in vectors(g.len()) {
        let read = [a, b, g].map(|x| x[at..].first_chunk::<WIDE>());
        let [to_a, to_b] = [&mut *to_a, &mut *to_b].map(|to| to[at..].first_chunk_mut::<WIDE>());
        if let ([Some(a), Some(b), Some(g)], Some(to_a), Some(to_b)) = (read, to_a, to_b) {
            for i in 0..WIDE {
                let second = is_larger(b[i], a[i]);
                to_a[i] = select_unpredictable(second, zero, g[i]);
                to_b[i] = select_unpredictable(second, g[i], zero);
            }
        }
    }
    if g.len() < WIDE {
        for i in 0..g.len() {
            let second = is_larger(b[i], a[i]);
            (to_a[i], to_b[i]) = if second { (zero, g[i]) } else { (g[i], zero) };
        }
    }
}
