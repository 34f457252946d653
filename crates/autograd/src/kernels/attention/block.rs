//! A block of queries: the products of their scores, and what is done with each score.

use super::parts::{Block, Dropped, Entries, Matrix, Operands, Sizes};
use crate::kernels::loops::Lane;
use crate::kernels::matmul::{self, Multiply};
use crate::kernels::simd::widest;
use crate::math::exp_falling;
use crate::number::Num;
use crate::philox::Unit;
use crate::tree::LANES;
use crate::view::View;

/// The operands, as blocks read them.
pub(super) struct Work<'a, T> {
    sizes: Sizes,
    q: Entries<'a, T>,
    k: Entries<'a, T>,
    v: Entries<'a, T>,
    mask: Option<View<'a, bool>>,
    bias: Option<View<'a, T>>,
    dropped: Dropped<'a, T>,
}

impl<'a, T: Lane> Work<'a, T> {
    pub(super) fn of(x: Operands<'a, T>, sizes: Sizes) -> Self {
        let [q, k, v] = [x.q, x.k, x.v].map(Entries::of);
        Work { sizes, q, k, v, mask: x.mask, bias: x.bias, dropped: x.dropped }
    }
}

/// C = A·B, or what is added to C.
fn multiply<T: Multiply>(a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T], add: bool) {
    matmul::block(a.view(), b.view(), c, add);
}

/// The memory of a block of r queries, in whole lanes: those that are added to fill the last ones are 0.
pub(super) struct Area<'a, T> {
    /// The queries and their cotangents, transposed: \[d, r\] and \[e, r\].
    queries: &'a mut [T],
    cotangents: &'a mut [T],
    /// Scores and their cotangents, a row for each key.
    scores: &'a mut [T],
    slopes: &'a mut [T],
    /// What the weights are multiplied by, where some are dropped.
    factors: &'a mut [T],
    /// For each query, its largest score, the sum of its exponentials, and that of the slopes, weighted by them.
    largest: &'a mut [T],
    totals: &'a mut [T],
    means: &'a mut [T],
}

impl<'a, T> Area<'a, T> {
    fn lengths(sizes: &Sizes, r: usize) -> [usize; 8] {
        let Sizes { n, d, e, drop, .. } = *sizes;
        [d * r, e * r, n * r, n * r, if drop { n * r } else { 0 }, r, r, r]
    }

    /// How many numbers the longest block needs.
    pub(super) fn numbers(sizes: &Sizes) -> usize {
        Self::lengths(sizes, sizes.queries()).iter().sum()
    }

    fn of(area: &'a mut [T], sizes: &Sizes, r: usize) -> Self {
        let mut rest = area;
        let parts = Self::lengths(sizes, r).map(|length| {
            let (part, later) = std::mem::take(&mut rest).split_at_mut(length);
            rest = later;
            part
        });
        let [queries, cotangents, scores, slopes, factors, largest, totals, means] = parts;
        Area { queries, cotangents, scores, slopes, factors, largest, totals, means }
    }
}

impl<T: Multiply + Lane + Unit> Work<'_, T> {
    /// The result for the queries of a block.
    pub(super) fn attend(&self, block: &Block, y: &mut [T], area: &mut [T]) {
        let (r, queries) = (block.lanes(), block.queries.len());
        let mut area = Area::of(area, &self.sizes, r);
        let values = self.v.at(block.entry);
        self.scores(block, &mut area);
        for keys in block.steps() {
            let part = keys.start * r..keys.end * r;
            let weights = &mut area.scores[part.clone()];
            exponentials(weights, area.largest, area.totals);
            if self.sizes.drop {
                self.dropped.draw(&self.sizes, block, &keys, &mut area.factors[part.clone()]);
                multiply_each(weights, &area.factors[part]);
            }
            let weights = Matrix::of_rows(&*weights, [keys.len(), r]).columns(queries);
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
        let (r, Sizes { n, d, e, .. }) = (block.lanes(), self.sizes);
        let mut area = Area::of(area, &self.sizes, r);
        let [q, k, g] = [&self.q, &self.k, g].map(|x| x.at(block.entry));
        let [q, g] = [q, g].map(|x| x.rows(&block.queries));
        let (k_bar, v_bar) = kv_bar.split_at_mut(n * d);
        self.weights_and_means(block, g, &mut area);
        for keys in block.steps() {
            let part = keys.start * r..keys.end * r;
            let (weights, slopes) = (&mut area.scores[part.clone()], &mut area.slopes[part.clone()]);
            slope(weights, slopes, area.totals, area.means);
            if self.sizes.drop {
                multiply_each(weights, &area.factors[part]);
            }
            let [weights, slopes] =
                [weights, slopes].map(|x| Matrix::of_rows(&*x, [keys.len(), r]).columns(block.queries.len()));
            multiply(slopes.t(), k.rows(&keys), q_bar, keys.start > 0);
            multiply(slopes, q, &mut k_bar[keys.start * d..keys.end * d], true);
            multiply(weights, g, &mut v_bar[keys.start * e..keys.end * e], true);
        }
    }

    /// What a block adds to the cotangent of a bias: to its rows of queries, or to the only row.
    pub(super) fn pull_back_bias(
        &self,
        block: &Block,
        g: &Entries<'_, T>,
        one_row: bool,
        sums: &mut [T],
        area: &mut [T],
    ) {
        let (r, n, queries) = (block.lanes(), self.sizes.n, block.queries.len());
        let mut area = Area::of(area, &self.sizes, r);
        self.weights_and_means(block, g.at(block.entry).rows(&block.queries), &mut area);
        for keys in block.steps() {
            let part = keys.start * r..keys.end * r;
            let (weights, slopes) = (&mut area.scores[part.clone()], &mut area.slopes[part]);
            slope(weights, slopes, area.totals, area.means);
            for (j, row) in keys.zip(slopes.chunks_exact(r)) {
                if one_row {
                    let sum = row[..queries].iter().fold(T::default(), |sum, &x| sum + x);
                    sums[j] = sums[j] + sum;
                } else {
                    let sums = sums[j..].iter_mut().step_by(n);
                    sums.zip(&row[..queries]).for_each(|(sum, &x)| *sum = *sum + x);
                }
            }
        }
    }

    /// Exponentials and the cotangents of weights, and for each query 1 over the sum of the former and the mean of the latter.
    fn weights_and_means(&self, block: &Block, g: Matrix<'_, T>, area: &mut Area<'_, T>) {
        let r = block.lanes();
        let v = self.v.at(block.entry);
        self.scores(block, area);
        g.transpose_to(area.cotangents, r);
        area.means.fill(T::default());
        for keys in block.steps() {
            let part = keys.start * r..keys.end * r;
            let (weights, slopes) = (&mut area.scores[part.clone()], &mut area.slopes[part.clone()]);
            let cotangents = Matrix::of_rows(&*area.cotangents, [self.sizes.e, r]);
            multiply(v.rows(&keys), cotangents, slopes, false);
            if self.sizes.drop {
                self.dropped.draw(&self.sizes, block, &keys, &mut area.factors[part.clone()]);
                multiply_each(slopes, &area.factors[part]);
            }
            exponentials(weights, area.largest, area.totals);
            add_products(weights, slopes, area.means);
        }
        invert(area.totals);
        area.means.iter_mut().zip(&*area.totals).for_each(|(mean, &total)| *mean = *mean * total);
    }

    /// The scores of a block, −∞ where a key is hidden, and the largest of each query.
    fn scores(&self, block: &Block, area: &mut Area<'_, T>) {
        let (r, lowest) = (block.lanes(), T::from_f64(f64::NEG_INFINITY));
        let queries = block.queries.len();
        let mask = self.mask.map(|mask| Matrix::of_entry(mask, block.entry).rows(&block.queries));
        let bias = self.bias.map(|bias| Matrix::of_entry(bias, block.entry).rows(&block.queries));
        let keys_of_entry = self.k.at(block.entry);
        self.q.at(block.entry).rows(&block.queries).transpose_to(area.queries, r);
        area.largest.fill(lowest);
        area.totals.fill(T::default());
        // Before which query of the block key j is hidden.
        let seen_from = |j: usize| {
            if self.sizes.causal { j.saturating_sub(block.queries.start).min(queries) } else { 0 }
        };
        for keys in block.steps() {
            let scores = &mut area.scores[keys.start * r..keys.end * r];
            let of_queries = Matrix::of_rows(&*area.queries, [self.sizes.d, r]);
            multiply(keys_of_entry.rows(&keys), of_queries, scores, false);
            for (j, row) in keys.zip(scores.chunks_exact_mut(r)) {
                if let Some(bias) = bias {
                    for (i, x) in row[..queries].iter_mut().enumerate() {
                        let bias = *bias.at([i, j]);
                        *x = if bias == lowest { lowest } else { *x + bias };
                    }
                }
                if let Some(mask) = mask {
                    let row = row[..queries].iter_mut().enumerate();
                    row.filter(|(i, _)| !mask.at([*i, j])).for_each(|(_, x)| *x = lowest);
                }
                row[..seen_from(j)].fill(lowest);
            }
            raise(area.largest, scores);
        }
        // Nothing is subtracted from −∞ where a query sees no key: its exponentials are 0.
        if mask.is_some() || bias.is_some() {
            let hidden = |i: usize, j: usize| {
                i < seen_from(j)
                    || mask.is_some_and(|mask| !mask.at([i, j]))
                    || bias.is_some_and(|bias| *bias.at([i, j]) == lowest)
            };
            let all = area.largest[..queries].iter_mut().enumerate();
            for (i, largest) in all.filter(|(_, x)| **x == lowest) {
                if (0..block.keys).all(|j| hidden(i, j)) {
                    *largest = T::default();
                }
            }
        }
    }
}

// Groups of queries lie side by side in each row. A loop goes down one group, whose numbers it keeps in registers; it counts by
// itself, because an iterator that steps would be a call that is compiled without these vectors.

/// Raises the largest of each query to that of some more scores.
fn raise<T: Lane>(largest: &mut [T], scores: &[T]) {
    let (scores, groups) = (lanes(scores), largest.len() / LANES);
    widest(
        #[inline(always)]
        || {
            for (group, largest) in largest.as_chunks_mut().0.iter_mut().enumerate() {
                let mut most: [T; LANES] = *largest;
                let mut at = group;
                while let Some(x) = scores.get(at) {
                    for i in 0..LANES {
                        most[i] = if x[i] > most[i] { x[i] } else { most[i] };
                    }
                    at += groups;
                }
                *largest = most;
            }
        },
    );
}

/// Replaces some scores by exponentials, and adds them to the totals. They are added up first: a rounding error grows with the
/// number of steps, not with that of keys.
fn exponentials<T: Lane>(scores: &mut [T], largest: &[T], totals: &mut [T]) {
    let (scores, groups) = (scores.as_chunks_mut::<LANES>().0, largest.len() / LANES);
    let of_group = lanes(largest).iter().zip(totals.as_chunks_mut::<LANES>().0);
    widest(
        #[inline(always)]
        || {
            for (group, (largest, total)) in of_group.enumerate() {
                let mut sum = [T::default(); LANES];
                let mut at = group;
                while let Some(x) = scores.get_mut(at) {
                    for i in 0..LANES {
                        x[i] = exp_falling(Num(x[i] - largest[i])).0;
                        sum[i] = sum[i] + x[i];
                    }
                    at += groups;
                }
                total.iter_mut().zip(sum).for_each(|(total, sum)| *total = *total + sum);
            }
        },
    );
}

/// Adds Σ p·s for each query.
fn add_products<T: Lane>(p: &[T], s: &[T], means: &mut [T]) {
    let ([p, s], groups) = ([p, s].map(lanes), means.len() / LANES);
    widest(
        #[inline(always)]
        || {
            for (group, mean) in means.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                let mut sum = [T::default(); LANES];
                let mut at = group;
                while let (Some(p), Some(s)) = (p.get(at), s.get(at)) {
                    for i in 0..LANES {
                        sum[i] = sum[i] + p[i] * s[i];
                    }
                    at += groups;
                }
                mean.iter_mut().zip(sum).for_each(|(mean, sum)| *mean = *mean + sum);
            }
        },
    );
}

/// x ← x·y.
fn multiply_each<T: Lane>(x: &mut [T], y: &[T]) {
    widest(
        #[inline(always)]
        || x.iter_mut().zip(y).for_each(|(x, &y)| *x = *x * y),
    );
}

/// p ← p·t and s ← p·(s − mean), for the inverse totals t.
fn slope<T: Lane>(p: &mut [T], s: &mut [T], totals: &[T], means: &[T]) {
    let ([totals, means], groups) = ([totals, means].map(lanes), totals.len() / LANES);
    let [p, s] = [p, s].map(|x| x.as_chunks_mut::<LANES>().0);
    widest(
        #[inline(always)]
        || {
            for (group, (total, mean)) in totals.iter().zip(means).enumerate() {
                let mut at = group;
                while let (Some(p), Some(s)) = (p.get_mut(at), s.get_mut(at)) {
                    for i in 0..LANES {
                        p[i] = p[i] * total[i];
                        s[i] = p[i] * (s[i] - mean[i]);
                    }
                    at += groups;
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

/// In groups of queries, which are done side by side.
fn lanes<T>(x: &[T]) -> &[[T; LANES]] {
    x.as_chunks().0
}
