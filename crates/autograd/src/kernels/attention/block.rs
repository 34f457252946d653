//! A block of queries: the products of their scores, and what is done with each score.

use super::{Entries, Sizes, Work};
use crate::ir::Unary;
use crate::kernels::loops::{self, Lane};
use crate::kernels::matmul::{self, Multiply};
use crate::kernels::simd::widest;
use crate::view::View;
use std::ops::Range;

/// The keys of a step. Their scores stay in the first-level cache until they are used.
const KEYS: usize = 96;

/// Some queries of an entry.
pub(super) struct Block {
    pub(super) entry: usize,
    pub(super) queries: Range<usize>,
    /// The first keys, beyond which no query looks.
    pub(super) keys: usize,
}

impl Block {
    /// The keys, step by step.
    fn steps(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let keys = self.keys;
        (0..keys).step_by(KEYS).map(move |first| first..(first + KEYS).min(keys))
    }
}

/// A matrix in memory.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    data: &'a [T],
    offset: usize,
    shape: [usize; 2],
    strides: [isize; 2],
}

impl<'a, T> Matrix<'a, T> {
    /// One that lies at the start of `data`, row by row.
    pub(super) fn of_rows(data: &'a [T], shape: [usize; 2]) -> Self {
        Matrix { data, offset: 0, shape, strides: [shape[1] as isize, 1] }
    }

    /// That of an entry of the leading axes.
    pub(super) fn of_entry(x: View<'a, T>, entry: usize) -> Self {
        let (Some((lead, &shape)), Some((steps, &strides))) =
            (x.shape.split_last_chunk(), x.strides.split_last_chunk())
        else {
            unreachable!("the shape rule demands matrices")
        };
        let (mut at, mut rest) = (x.offset, entry);
        for (&length, &step) in lead.iter().zip(steps).rev() {
            at = at.wrapping_add_signed((rest % length) as isize * step);
            rest /= length;
        }
        Matrix { data: x.data, offset: at, shape, strides }
    }

    /// Some of its rows.
    fn rows(self, rows: &Range<usize>) -> Self {
        let offset = self.offset.wrapping_add_signed(rows.start as isize * self.strides[0]);
        Matrix { offset, shape: [rows.len(), self.shape[1]], ..self }
    }

    fn t(mut self) -> Self {
        self.shape.swap(0, 1);
        self.strides.swap(0, 1);
        self
    }

    fn view(&self) -> View<'_, T> {
        View { data: self.data, offset: self.offset, shape: &self.shape, strides: &self.strides }
    }

    fn at(&self, [i, j]: [usize; 2]) -> &'a T {
        let at = i as isize * self.strides[0] + j as isize * self.strides[1];
        &self.data[self.offset.wrapping_add_signed(at)]
    }

    /// Writes the transpose, row by row.
    fn transpose_to(&self, to: &mut [T])
    where
        T: Copy,
    {
        for (j, row) in to.chunks_exact_mut(self.shape[0].max(1)).enumerate() {
            row.iter_mut().enumerate().for_each(|(i, y)| *y = *self.at([i, j]));
        }
    }
}

/// C = A·B, or what is added to C.
fn multiply<T: Multiply>(a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T], add: bool) {
    matmul::block(a.view(), b.view(), c, add);
}

/// The memory of a block of r queries.
pub(super) struct Area<'a, T> {
    /// The queries and their cotangents, transposed: \[d, r\] and \[e, r\].
    queries: &'a mut [T],
    cotangents: &'a mut [T],
    /// Scores and their cotangents, a row for each key.
    scores: &'a mut [T],
    slopes: &'a mut [T],
    /// A step of scores.
    step: &'a mut [T],
    /// For each query, its largest score, the sum of its exponentials, and that of the slopes, weighted by them.
    largest: &'a mut [T],
    totals: &'a mut [T],
    means: &'a mut [T],
}

impl<'a, T> Area<'a, T> {
    fn lengths(sizes: &Sizes, r: usize) -> [usize; 8] {
        let Sizes { n, d, e, .. } = *sizes;
        [d * r, e * r, n * r, n * r, KEYS.min(n) * r, r, r, r]
    }

    pub(super) fn numbers(sizes: &Sizes, r: usize) -> usize {
        Self::lengths(sizes, r).iter().sum()
    }

    fn cut(area: &'a mut [T], sizes: &Sizes, r: usize) -> Self {
        let mut rest = area;
        let parts = Self::lengths(sizes, r).map(|length| {
            let (part, later) = std::mem::take(&mut rest).split_at_mut(length);
            rest = later;
            part
        });
        let [queries, cotangents, scores, slopes, step, largest, totals, means] = parts;
        Area { queries, cotangents, scores, slopes, step, largest, totals, means }
    }
}

impl<T: Multiply + Lane> Work<'_, T> {
    /// y = softmax(q·kᵀ)·v for the queries of a block.
    pub(super) fn attend(&self, block: &Block, y: &mut [T], area: &mut [T]) {
        let r = block.queries.len();
        let mut area = Area::cut(area, &self.sizes, r);
        let values = self.v.at(block.entry);
        self.scores(block, &mut area);
        for keys in block.steps() {
            let weights = &mut area.scores[keys.start * r..keys.end * r];
            exponentials(weights, area.largest, area.step, area.totals);
            let weights = Matrix::of_rows(&*weights, [keys.len(), r]);
            multiply(weights.t(), values.rows(&keys), y, keys.start > 0);
        }
        invert(area.totals);
        for (y, &total) in y.chunks_exact_mut(self.sizes.e).zip(&*area.totals) {
            y.iter_mut().for_each(|y| *y = *y * total);
        }
    }

    /// q̄ of a block, and what it adds to k̄ and v̄.
    pub(super) fn pull_back(
        &self,
        block: &Block,
        g: &Entries<'_, T>,
        [q_bar, kv_bar]: [&mut [T]; 2],
        area: &mut [T],
    ) {
        let (r, Sizes { n, d, e, .. }) = (block.queries.len(), self.sizes);
        let mut area = Area::cut(area, &self.sizes, r);
        let [q, k, v, g] = [&self.q, &self.k, &self.v, g].map(|x| x.at(block.entry));
        let [q, g] = [q, g].map(|x| x.rows(&block.queries));
        let (k_bar, v_bar) = kv_bar.split_at_mut(n * d);
        self.scores(block, &mut area);
        g.transpose_to(area.cotangents);
        area.means.fill(T::default());
        for keys in block.steps() {
            let part = keys.start * r..keys.end * r;
            let (weights, slopes) = (&mut area.scores[part.clone()], &mut area.slopes[part]);
            multiply(v.rows(&keys), Matrix::of_rows(&*area.cotangents, [e, r]), slopes, false);
            exponentials(weights, area.largest, area.step, area.totals);
            add_products(weights, slopes, area.means);
        }
        invert(area.totals);
        area.means.iter_mut().zip(&*area.totals).for_each(|(mean, &total)| *mean = *mean * total);
        for keys in block.steps() {
            let part = keys.start * r..keys.end * r;
            let (weights, slopes) = (&mut area.scores[part.clone()], &mut area.slopes[part]);
            slope(weights, slopes, area.totals, area.means);
            let [weights, slopes] = [weights, slopes].map(|x| Matrix::of_rows(x, [keys.len(), r]));
            multiply(slopes.t(), k.rows(&keys), q_bar, keys.start > 0);
            multiply(slopes, q, &mut k_bar[keys.start * d..keys.end * d], true);
            multiply(weights, g, &mut v_bar[keys.start * e..keys.end * e], true);
        }
    }

    /// The scores of a block, −∞ where a key is hidden, and the largest of each query.
    fn scores(&self, block: &Block, area: &mut Area<'_, T>) {
        let (r, lowest) = (block.queries.len(), T::from_f64(f64::NEG_INFINITY));
        let mask = self.mask.map(|mask| Matrix::of_entry(mask, block.entry).rows(&block.queries));
        let keys_of_entry = self.k.at(block.entry);
        self.q.at(block.entry).rows(&block.queries).transpose_to(area.queries);
        area.largest.fill(lowest);
        area.totals.fill(T::default());
        for keys in block.steps() {
            let scores = &mut area.scores[keys.start * r..keys.end * r];
            let queries = Matrix::of_rows(&*area.queries, [self.sizes.d, r]);
            multiply(keys_of_entry.rows(&keys), queries, scores, false);
            for (j, row) in keys.zip(scores.chunks_exact_mut(r)) {
                match mask {
                    Some(mask) => {
                        let hidden = row.iter_mut().enumerate().filter(|(i, _)| !mask.at([*i, j]));
                        hidden.for_each(|(_, x)| *x = lowest);
                    }
                    None if self.sizes.causal => {
                        row[..j.saturating_sub(block.queries.start).min(r)].fill(lowest);
                    }
                    None => {}
                }
            }
            raise(area.largest, scores);
        }
        // Nothing is subtracted from −∞ where a query sees no key: its exponentials are 0.
        if let Some(mask) = mask {
            for (i, largest) in area.largest.iter_mut().enumerate().filter(|(_, x)| **x == lowest) {
                if !(0..block.keys).any(|j| *mask.at([i, j])) {
                    *largest = T::default();
                }
            }
        }
    }
}

/// Replaces some scores by exponentials, and adds them to the totals.
fn exponentials<T: Lane>(scores: &mut [T], largest: &[T], step: &mut [T], totals: &mut [T]) {
    let step = &mut step[..scores.len()];
    lower(scores, largest, step);
    loops::fill(T::unary(Unary::Exp), 0.0, [step], scores);
    add(totals, scores);
}

/// The larger of each number and those below it in the rows.
fn raise<T: Lane>(largest: &mut [T], rows: &[T]) {
    widest(
        #[inline(always)]
        || {
            for row in rows.chunks_exact(largest.len()) {
                largest.iter_mut().zip(row).for_each(|(m, &x)| *m = if x > *m { x } else { *m });
            }
        },
    );
}

/// The rows less one row.
fn lower<T: Lane>(rows: &[T], row: &[T], to: &mut [T]) {
    widest(
        #[inline(always)]
        || {
            for (to, x) in to.chunks_exact_mut(row.len()).zip(rows.chunks_exact(row.len())) {
                to.iter_mut().zip(x.iter().zip(row)).for_each(|(y, (&x, &m))| *y = x - m);
            }
        },
    );
}

/// Adds the sum of the rows. They are added up first: so a rounding error grows with the number of steps, not of keys.
fn add<T: Lane>(sum: &mut [T], rows: &[T]) {
    const MOST: usize = super::QUERIES;
    let mut part = [T::default(); MOST];
    let part = &mut part[..sum.len()];
    widest(
        #[inline(always)]
        || {
            for row in rows.chunks_exact(sum.len()) {
                part.iter_mut().zip(row).for_each(|(y, &x)| *y = *y + x);
            }
            sum.iter_mut().zip(&*part).for_each(|(y, &x)| *y = *y + x);
        },
    );
}

/// Adds the sum of the products of the rows.
fn add_products<T: Lane>(a: &[T], b: &[T], sum: &mut [T]) {
    widest(
        #[inline(always)]
        || {
            for (a, b) in a.chunks_exact(sum.len()).zip(b.chunks_exact(sum.len())) {
                sum.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (&a, &b))| *y = *y + a * b);
            }
        },
    );
}

/// p ← p·t and s ← p·(s − mean), for the inverse totals t.
fn slope<T: Lane>(p: &mut [T], s: &mut [T], totals: &[T], means: &[T]) {
    let r = totals.len();
    widest(
        #[inline(always)]
        || {
            for (p, s) in p.chunks_exact_mut(r).zip(s.chunks_exact_mut(r)) {
                for (((p, s), &total), &mean) in p.iter_mut().zip(s).zip(totals).zip(means) {
                    *p = *p * total;
                    *s = *p * (*s - mean);
                }
            }
        },
    );
}

/// 1/x, but 0 for a query that sees no key.
fn invert<T: Lane>(x: &mut [T]) {
    let one = T::from_f64(1.0);
    x.iter_mut().for_each(|x| *x = if *x == T::default() { *x } else { one / *x });
}
