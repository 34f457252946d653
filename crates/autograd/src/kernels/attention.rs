//! Attention, block by block of queries: the scores of a block are made, used, and overwritten by those of the next one. So the
//! memory beside the result is that of a block, however long the sequences are. A block has whole rows of scores, so that the
//! largest of a row is known before its exponentials are taken.
//!
//! The products are those of `matmul`, and blocks are given by sizes alone: no bit depends on threads or instruction sets.

use super::conv::contiguous;
use super::loops::Lane;
use super::matmul::{Multiply, matmul, scratch_bytes};
use super::softmax::softmax_row;
use super::workers::Workers;
use crate::dtype::Float;
use crate::scratch::Scratch;
use crate::view::View;
use std::ops::Range;

/// The scores of a block: at most so many, unless a single query has more.
const SCORES: usize = 1 << 18;

/// Lengths of attention: queries q of \[entries, m, d\], keys k of \[entries, n, d\], values v of \[entries, n, e\].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) entries: usize,
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) d: usize,
    pub(crate) e: usize,
    pub(crate) causal: bool,
}

/// Some queries of some entries. Of several entries it has all queries.
struct Block {
    entries: Range<usize>,
    queries: Range<usize>,
    /// The first keys, beyond which no query looks.
    keys: usize,
}

impl Sizes {
    /// The longest block: how many entries, and how many queries of each.
    fn block(&self) -> [usize; 2] {
        let queries = (SCORES / self.n.max(1)).clamp(1, self.m.max(1));
        let entries = if queries < self.m { 1 } else { SCORES / (queries * self.n).max(1) };
        [entries.clamp(1, self.entries.max(1)), queries]
    }

    fn blocks(self) -> impl Iterator<Item = Block> {
        let [entries, queries] = self.block();
        (0..self.entries).step_by(entries).flat_map(move |first| {
            let entries = first..(first + entries).min(self.entries);
            (0..self.m).step_by(queries).map(move |start| {
                let queries = start..(start + queries).min(self.m);
                let keys = if self.causal { queries.end.min(self.n) } else { self.n };
                Block { entries: entries.clone(), queries, keys }
            })
        })
    }

    /// The most bytes of scratch that a product of a block needs.
    pub(crate) fn scratch<T: Multiply>(&self) -> usize {
        let (r, n, width) = (self.block()[1], self.n, self.d.max(self.e));
        let sizes = [[r, width, n], [r, n, width], [n, r, width]];
        sizes.map(|[m, k, n]| scratch_bytes::<T>(m, k, n)).into_iter().max().unwrap_or(0)
    }
}

/// Rows of some entries of a contiguous \[entries, length, width\].
struct Rows<'a, T> {
    data: &'a [T],
    offset: usize,
    shape: [usize; 3],
    strides: [isize; 3],
}

impl<'a, T> Rows<'a, T> {
    fn of(data: &'a [T], [length, width]: [usize; 2], entries: &Range<usize>, rows: Range<usize>) -> Self {
        Rows {
            data,
            offset: (entries.start * length + rows.start) * width,
            shape: [entries.len(), rows.len(), width],
            strides: [(length * width) as isize, width as isize, 1],
        }
    }

    /// Of scores, with as many rows and columns.
    fn scores(data: &'a [T], entries: usize, [rows, keys]: [usize; 2]) -> Self {
        Rows::of(data, [rows, keys], &(0..entries), 0..rows)
    }

    fn t(mut self) -> Self {
        self.shape.swap(1, 2);
        self.strides.swap(1, 2);
        self
    }

    fn view(&self) -> View<'_, T> {
        View { data: self.data, offset: self.offset, shape: &self.shape, strides: &self.strides }
    }
}

/// What a block is computed with.
struct Work<'a, T> {
    sizes: Sizes,
    q: &'a [T],
    k: &'a [T],
    mask: Option<View<'a, bool>>,
    scratch: &'a mut Scratch,
    workers: &'a Workers,
}

impl<T: Multiply + Lane> Work<'_, T> {
    /// A·B.
    fn multiply(&mut self, a: &Rows<'_, T>, b: &Rows<'_, T>, c: &mut [T]) {
        matmul(a.view(), b.view(), c, self.scratch, self.workers);
    }

    /// The weights of a block: the softmax of q·kᵀ, and 0 where a key is left out.
    fn weights(&mut self, block: &Block, weights: &mut [T]) {
        let Sizes { m, n, d, .. } = self.sizes;
        let a = Rows::of(self.q, [m, d], &block.entries, block.queries.clone());
        let b = Rows::of(self.k, [n, d], &block.entries, 0..block.keys).t();
        self.multiply(&a, &b, weights);
        let (sizes, mask, workers) = (self.sizes, self.mask, self.workers);
        each_row(block, weights, workers, |entry, query, row, scratch| match mask {
            None if sizes.causal => {
                let (seen, hidden) = row.split_at_mut((query + 1).min(row.len()));
                softmax_row(seen, scratch);
                hidden.fill(T::from_f64(0.0));
            }
            None => softmax_row(row, scratch),
            Some(mask) => softmax_where(&mask, entry * m + query, row, scratch),
        });
    }
}

/// The softmax of the elements where row `number` of a mask is true, and 0 elsewhere.
fn softmax_where<T: Lane>(mask: &View<'_, bool>, number: usize, row: &mut [T], scratch: &mut Vec<T>) {
    let (&[ref lead @ .., _], &[ref steps @ .., step]) = (mask.shape, mask.strides) else { return };
    let (mut at, mut rest) = (mask.offset as isize, number);
    for (&length, &stride) in lead.iter().zip(steps).rev() {
        at += (rest % length) as isize * stride;
        rest /= length;
    }
    let seen = |j: usize| mask.data[(at + j as isize * step) as usize];
    let mut all: Vec<T> = (0..row.len()).filter(|&j| seen(j)).map(|j| row[j]).collect();
    softmax_row(&mut all, scratch);
    let mut next = all.into_iter();
    for (j, x) in row.iter_mut().enumerate() {
        *x = if seen(j) { next.next().unwrap_or_default() } else { T::default() };
    }
}

/// Calls `f` with entry, query, row and some scratch for each row of the scores of a block, on any of the threads.
fn each_row<T: Send>(
    block: &Block,
    scores: &mut [T],
    workers: &Workers,
    f: impl Fn(usize, usize, &mut [T], &mut Vec<T>) + Sync,
) {
    const ROWS: usize = 16;
    let (queries, keys) = (block.queries.len(), block.keys);
    if keys == 0 {
        return;
    }
    workers.each_chunk(scores, ROWS * keys, |chunk, scores| {
        let mut scratch = Vec::with_capacity(keys);
        for (i, row) in scores.chunks_mut(keys).enumerate() {
            let number = chunk * ROWS + i;
            f(
                block.entries.start + number / queries,
                block.queries.start + number % queries,
                row,
                &mut scratch,
            );
        }
    });
}

/// The operands as they come: \[…, length, width\], and a mask of \[…, m, n\].
#[derive(Clone, Copy)]
pub(crate) struct Operands<'a, T> {
    pub(crate) q: View<'a, T>,
    pub(crate) k: View<'a, T>,
    pub(crate) v: View<'a, T>,
    pub(crate) mask: Option<View<'a, bool>>,
}

/// y = softmax(q·kᵀ)·v.
pub(crate) fn attention<T: Multiply + Lane>(
    x: Operands<'_, T>,
    y: &mut [T],
    sizes: Sizes,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    let [q, k, v] = [x.q, x.k, x.v].map(contiguous);
    let Sizes { m, n, e, .. } = sizes;
    let [entries, queries] = sizes.block();
    let mut memory = vec![T::default(); entries * queries * n];
    let mut work = Work { sizes, q: &q, k: &k, mask: x.mask, scratch, workers };
    for block in sizes.blocks() {
        let (g, r) = (block.entries.len(), block.queries.len());
        let weights = &mut memory[..g * r * block.keys];
        work.weights(&block, weights);
        let values = Rows::of(&v, [n, e], &block.entries, 0..block.keys);
        let at = (block.entries.start * m + block.queries.start) * e;
        work.multiply(&Rows::scores(weights, g, [r, block.keys]), &values, &mut y[at..at + g * r * e]);
    }
}

/// The cotangents of q, k and v for the cotangent g of y, for each entry one after the other.
///
/// With the weights P: v̄ = Pᵀ·g; S̄ = P∘(g·vᵀ − Σ P∘(g·vᵀ)); q̄ = S̄·k, k̄ = S̄ᵀ·q. The weights are computed again.
pub(crate) fn back<T: Multiply + Lane>(
    x: Operands<'_, T>,
    g: View<'_, T>,
    out: &mut [T],
    sizes: Sizes,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    let [q, k, v, cotangent] = [x.q, x.k, x.v, g].map(contiguous);
    let Sizes { m, n, d, e, .. } = sizes;
    let whole = m * d + n * d + n * e;
    let [entries, queries] = sizes.block();
    let scores = entries * queries * n;
    let (mut memory, mut slopes) = (vec![T::default(); scores], vec![T::default(); scores]);
    let mut part = vec![T::default(); entries * (queries * d).max(n * d.max(e))];
    out.fill(T::default());
    let mut work = Work { sizes, q: &q, k: &k, mask: x.mask, scratch, workers };
    for block in sizes.blocks() {
        let (count, r, keys) = (block.entries.len(), block.queries.len(), block.keys);
        let weights = &mut memory[..count * r * keys];
        work.weights(&block, weights);
        let slopes = &mut slopes[..count * r * keys];
        let sides = [r, keys];
        let of = |x, lengths, rows| Rows::of(x, lengths, &block.entries, rows);
        let cotangents = of(&cotangent, [m, e], block.queries.clone());
        work.multiply(&cotangents, &of(&v, [n, e], 0..keys).t(), slopes);
        pull_back(weights, slopes, keys, workers);
        // Each product is added to its place in every entry.
        let mut add = |data: &[T], at: usize, size: usize| {
            for (i, part) in data[..count * size].chunks_exact(size.max(1)).enumerate() {
                let start = (block.entries.start + i) * whole + at;
                out[start..start + size].iter_mut().zip(part).for_each(|(y, x)| *y = *y + *x);
            }
        };
        work.multiply(
            &Rows::scores(slopes, count, sides),
            &of(&k, [n, d], 0..keys),
            &mut part[..count * r * d],
        );
        add(&part, block.queries.start * d, r * d);
        let queries = of(&q, [m, d], block.queries.clone());
        work.multiply(&Rows::scores(slopes, count, sides).t(), &queries, &mut part[..count * keys * d]);
        add(&part, m * d, keys * d);
        work.multiply(&Rows::scores(weights, count, sides).t(), &cotangents, &mut part[..count * keys * e]);
        add(&part, m * d + n * d, keys * e);
    }
}

/// s ← p∘(s − Σ p∘s) for each row of `length`.
fn pull_back<T: Float>(weights: &[T], slopes: &mut [T], length: usize, workers: &Workers) {
    const ROWS: usize = 8;
    if length == 0 {
        return;
    }
    workers.each_chunk(slopes, ROWS * length, |chunk, slopes| {
        let weights = &weights[chunk * ROWS * length..];
        for (p, s) in weights.chunks(length).zip(slopes.chunks_mut(length)) {
            // Eight sums side by side, which no multiplication waits for.
            let mut sums = [T::default(); 8];
            for (p, s) in p.chunks(8).zip(s.chunks(8)) {
                sums.iter_mut().zip(p.iter().zip(s)).for_each(|(sum, (&p, &s))| *sum = *sum + p * s);
            }
            let mean = sums.into_iter().fold(T::default(), |all, sum| all + sum);
            s.iter_mut().zip(p).for_each(|(s, &p)| *s = p * (*s - mean));
        }
    });
}
