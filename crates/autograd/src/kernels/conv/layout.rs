//! Rows that are copied into a field, and results out of it: where they lie is the same for all images and channels, and is worked out
//! once for a band. For small planes that took longer than their products.

use super::parts::copy_row;
use crate::dtype::Float;
use crate::kernels::simd::Isa;

/// So many elements in a row, and where they go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) length: usize,
}

/// Which rows of a plane a field has for a band, and where. All else is zero.
pub(super) struct Layout {
    pub(super) rows: Vec<Row>,
    /// The step between elements of a row in the source.
    pub(super) step: usize,
    /// The elements of a plane of the source, and of one of the field.
    pub(super) size: usize,
    pub(super) plane: usize,
    pub(super) isa: Isa,
}

impl Layout {
    /// Lays out the planes of some channels. What is zero stays so from one use of the same memory to the next; only the first one
    /// is `fresh`.
    pub(super) fn fill<T: Float>(&self, source: &[T], to: &mut [T], fresh: bool) {
        for (source, to) in source.chunks_exact(self.size).zip(to.chunks_exact_mut(self.plane)) {
            if fresh {
                // Most of it is written once more, while it is in the nearest cache.
                to.fill(T::default());
            }
            match self.step {
                1 => self.each(source, to, copy_row),
                2 => self.isa.run(
                    #[inline(always)]
                    || self.each(source, to, every_second),
                ),
                step => self.each(source, to, |from, to| {
                    to.iter_mut().zip(from.iter().step_by(step)).for_each(|(to, &x)| *to = x);
                }),
            }
        }
    }

    #[inline(always)]
    fn each<T>(&self, source: &[T], to: &mut [T], copy: impl Fn(&[T], &mut [T])) {
        for row in &self.rows {
            copy(&source[row.from..], &mut to[row.to..row.to + row.length]);
        }
    }
}

/// What is laid out in the memory of a worker: nothing, or a band, of which the next image has other numbers in the same places.
#[derive(Default)]
pub(super) struct Laid {
    pub(super) band: Option<usize>,
    /// None if the source is the field already.
    pub(super) layout: Option<Layout>,
    /// For each job and each strip of positions, where results go.
    pub(super) results: Vec<Vec<Row>>,
}

/// Copies every second element, eight at a time: the compiler takes them apart in registers.
#[inline(always)]
fn every_second<T: Copy>(from: &[T], to: &mut [T]) {
    let (wide, _) = from.as_chunks::<16>();
    let done = wide.len().min(to.len() / 8) * 8;
    for (to, from) in to.as_chunks_mut::<8>().0.iter_mut().zip(wide) {
        *to = std::array::from_fn(|i| from[2 * i]);
    }
    to[done..].iter_mut().zip(from[2 * done..].iter().step_by(2)).for_each(|(to, &x)| *to = x);
}
