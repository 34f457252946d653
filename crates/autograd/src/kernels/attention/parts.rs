//! What attention works on: lengths, blocks of queries, and operands as matrices.

use crate::kernels::conv::contiguous;
use crate::kernels::loops::Lane;
use crate::kernels::random;
use crate::key::Key;
use crate::philox::Unit;
use crate::target::Target;
use crate::tree::LANES;
use crate::view::View;
use std::ops::Range;

/// The most queries of a block.
const QUERIES: usize = 96;

/// Blocks have whole vectors of queries.
const VECTORS: usize = 32;

/// The scores of a block: at most so many, unless [`VECTORS`] queries have more.
const SCORES: usize = 1 << 17;

/// The keys of a step. Their scores stay in the first-level cache until they are used.
const KEYS: usize = 96;

/// The parts of cotangents that are summed up apart, over all entries.
const PARTS: usize = 4;

/// Lengths of attention: queries q of \[entries, m, d\], keys k of \[entries, n, d\], values v of \[entries, n, e\].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) entries: usize,
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) d: usize,
    pub(crate) e: usize,
    pub(crate) causal: bool,
    /// Whether weights are dropped.
    pub(crate) drop: bool,
}

/// How attention adds up, for executors of other crates.
///
/// A block of `queries` looks at `keys` of them at a time, in order, as far as the last of its queries sees. Cotangents of keys and
/// values are added up block by block, block i in part i mod `parts`, and these in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionOrder {
    /// The queries of a block; the last may have fewer.
    pub queries: usize,
    /// The keys of a step; the last may have fewer.
    pub keys: usize,
    /// The parts of an entry.
    pub parts: usize,
}

impl Sizes {
    /// The order of all sums.
    pub(crate) fn order(&self) -> AttentionOrder {
        AttentionOrder { queries: self.queries(), keys: KEYS, parts: self.parts() }
    }

    /// Cotangents of keys and values are summed up in so many parts, if there are not as many entries.
    pub(super) fn parts(&self) -> usize {
        PARTS.div_ceil(self.entries.max(1)).min(self.m.div_ceil(self.queries().max(1)))
    }

    /// As [`parts`](Sizes::parts), for the cotangent of a bias, if it has one row for all queries. Otherwise each block has rows of its
    /// own.
    pub(crate) fn parts_of_bias(&self, rows: usize) -> usize {
        if rows == 1 { PARTS.min(self.m.div_ceil(self.queries().max(1))) } else { 1 }
    }

    /// How many queries a block has; the last one of an entry may have fewer. Blocks are about equally long.
    pub(super) fn queries(&self) -> usize {
        let most = (SCORES / self.n.max(1)).clamp(VECTORS, QUERIES) / VECTORS * VECTORS;
        self.m.div_ceil(self.m.div_ceil(most).max(1)).next_multiple_of(VECTORS)
    }

    /// The block that begins with a query.
    pub(super) fn block(&self, entry: usize, first: usize) -> Block {
        let queries = first..(first + self.queries()).min(self.m);
        let keys = if self.causal { queries.end.min(self.n) } else { self.n };
        Block { entry, queries, keys }
    }

    /// Whether several threads are worth their start.
    pub(crate) fn shared(&self) -> bool {
        let products = [self.entries, self.m, self.n, self.d.max(self.e)];
        products.iter().fold(1usize, |all, &n| all.saturating_mul(n)) >= Target::CPU.threads.products_from
    }
}

/// Some queries of an entry.
pub(super) struct Block {
    pub(super) entry: usize,
    pub(super) queries: Range<usize>,
    /// The first keys, beyond which no query looks.
    pub(super) keys: usize,
}

impl Block {
    /// The queries, and what fills the last lanes.
    pub(super) fn lanes(&self) -> usize {
        self.queries.len().next_multiple_of(LANES)
    }

    /// The keys, step by step.
    pub(super) fn steps(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let keys = self.keys;
        (0..keys).step_by(KEYS).map(move |first| first..(first + KEYS).min(keys))
    }
}

/// The operands as they come: \[…, length, width\], and a mask and a bias of \[…, m, n\].
#[derive(Clone, Copy)]
pub(crate) struct Operands<'a, T> {
    pub(crate) q: View<'a, T>,
    pub(crate) k: View<'a, T>,
    pub(crate) v: View<'a, T>,
    pub(crate) mask: Option<View<'a, bool>>,
    pub(crate) bias: Option<View<'a, T>>,
    pub(crate) dropped: Dropped<'a, T>,
}

/// Which weights are dropped: none without keys; each key has as many entries as the others.
#[derive(Clone, Copy)]
pub(crate) struct Dropped<'a, T> {
    pub(crate) keys: &'a [Key],
    /// Below which number.
    pub(crate) drop: T,
    /// What the others are multiplied by.
    pub(crate) factor: T,
}

/// Numbers that are drawn at a time: those of the keys of a step, and what rounds them up to whole blocks and vectors of blocks.
const DRAWN: usize = (KEYS + 4).next_multiple_of(64);

impl<T: Unit> Dropped<'_, T> {
    /// For some keys of each query, a row for each key, the factor of the weight, or 0.
    #[inline(never)]
    pub(super) fn draw(&self, sizes: &Sizes, block: &Block, keys: &Range<usize>, factors: &mut [T]) {
        let (r, each) = (block.lanes(), sizes.entries / self.keys.len());
        let (key, entry) = (self.keys[block.entry / each], block.entry % each);
        let mut drawn = [T::default(); DRAWN];
        factors.fill(T::default());
        for (i, query) in block.queries.clone().enumerate() {
            let first = ((entry * sizes.m + query) * sizes.n + keys.start) as u64;
            let before = first % T::PER_BLOCK as u64;
            random::fill(key, first / T::PER_BLOCK as u64, &mut drawn);
            let numbers = &drawn[before as usize..][..keys.len()];
            for (row, &number) in factors.chunks_exact_mut(r).zip(numbers) {
                row[i] = if number < self.drop { T::default() } else { self.factor };
            }
        }
    }
}

/// An operand, and a copy of it where the elements of its rows do not lie side by side.
pub(super) struct Entries<'a, T> {
    view: View<'a, T>,
    copy: Option<Vec<T>>,
}

impl<'a, T: Lane> Entries<'a, T> {
    pub(super) fn of(view: View<'a, T>) -> Self {
        let whole = view.strides.last() == Some(&1);
        Entries { view, copy: (!whole).then(|| contiguous(view).into_owned()) }
    }

    /// The matrix of an entry.
    pub(super) fn at(&self, entry: usize) -> Matrix<'_, T> {
        let &[.., length, width] = self.view.shape else { unreachable!("the shape rule demands matrices") };
        match &self.copy {
            Some(all) => Matrix::of_rows(&all[entry * length * width..], [length, width]),
            None => Matrix::of_entry(self.view, entry),
        }
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
    pub(super) fn rows(self, rows: &Range<usize>) -> Self {
        let offset = self.offset.wrapping_add_signed(rows.start as isize * self.strides[0]);
        Matrix { offset, shape: [rows.len(), self.shape[1]], ..self }
    }

    pub(super) fn t(mut self) -> Self {
        self.shape.swap(0, 1);
        self.strides.swap(0, 1);
        self
    }

    pub(super) fn view(&self) -> View<'_, T> {
        View { data: self.data, offset: self.offset, shape: &self.shape, strides: &self.strides }
    }

    pub(super) fn at(&self, [i, j]: [usize; 2]) -> &'a T {
        let at = i as isize * self.strides[0] + j as isize * self.strides[1];
        &self.data[self.offset.wrapping_add_signed(at)]
    }

    /// The first columns.
    pub(super) fn columns(self, columns: usize) -> Self {
        Matrix { shape: [self.shape[0], columns], ..self }
    }

    /// Writes the transpose in rows of a length, filled up with zeros.
    pub(super) fn transpose_to(&self, to: &mut [T], length: usize)
    where
        T: Copy + Default,
    {
        for (j, row) in to.chunks_exact_mut(length).enumerate() {
            row[self.shape[0]..].fill(T::default());
            row[..self.shape[0]].iter_mut().enumerate().for_each(|(i, y)| *y = *self.at([i, j]));
        }
    }
}
