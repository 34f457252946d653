//! Attention, block by block of queries. A task has a block: it makes the scores of its queries, some keys at a time, uses them,
//! and leaves the memory to the next block. A block has whole rows of scores, so that the largest of a row is known before its
//! exponentials are taken; longer rows make fewer queries. So the memory beside the result grows with the length alone.
//!
//! The scores of a block lie transposed, a row for each key: what is done with a row of scores is done for all queries of the
//! block side by side, and no product packs an operand. Blocks are given by sizes alone, sums over keys are taken in order: no
//! bit depends on threads or instruction sets.
//!
//! | file | what it holds |
//! |---|---|
//! | `attention/block.rs` | a block: its products, and what is done with its scores |

mod block;

use super::areas::areas;
use super::conv::contiguous;
use super::loops::Lane;
use super::matmul::Multiply;
use super::workers::Workers;
use crate::scratch::Scratch;
use crate::target::Target;
use crate::view::View;
use block::{Area, Block, Matrix};

/// The most queries of a block.
const QUERIES: usize = 96;

/// Blocks have whole vectors of queries.
const VECTORS: usize = 32;

/// The scores of a block: at most so many, unless [`VECTORS`] queries have more.
const SCORES: usize = 1 << 17;

/// Cotangents of keys and values are summed up in so many parts, if there are not as many entries.
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
}

impl Sizes {
    /// How many queries a block has; the last one of an entry may have fewer. Blocks are about equally long.
    fn queries(&self) -> usize {
        let most = (SCORES / self.n.max(1)).clamp(VECTORS, QUERIES) / VECTORS * VECTORS;
        self.m.div_ceil(self.m.div_ceil(most).max(1)).next_multiple_of(VECTORS)
    }

    /// The block that begins with a query.
    fn block(&self, entry: usize, first: usize) -> Block {
        let queries = first..(first + self.queries()).min(self.m);
        let keys = if self.causal { queries.end.min(self.n) } else { self.n };
        Block { entry, queries, keys }
    }

    /// Whether several threads are worth their start.
    pub(crate) fn shared(&self) -> bool {
        let products = [self.entries, self.m, self.n, self.d.max(self.e)];
        products.iter().fold(1usize, |all, &n| all.saturating_mul(n)) >= Target::CPU.threads.products_from
    }

    /// Bytes of scratch for a worker, forwards or backwards.
    pub(crate) fn scratch<T>(&self) -> usize {
        Area::<T>::numbers(self, self.queries().min(self.m)) * size_of::<T>()
    }
}

/// The operands as they come: \[…, length, width\], and a mask of \[…, m, n\].
#[derive(Clone, Copy)]
pub(crate) struct Operands<'a, T> {
    pub(crate) q: View<'a, T>,
    pub(crate) k: View<'a, T>,
    pub(crate) v: View<'a, T>,
    pub(crate) mask: Option<View<'a, bool>>,
}

/// An operand, and a copy of it where the elements of its rows do not lie side by side.
struct Entries<'a, T> {
    view: View<'a, T>,
    copy: Option<Vec<T>>,
}

impl<'a, T: Lane> Entries<'a, T> {
    fn of(view: View<'a, T>) -> Self {
        let whole = view.strides.last() == Some(&1);
        Entries { view, copy: (!whole).then(|| contiguous(view).into_owned()) }
    }

    /// The matrix of an entry.
    fn at(&self, entry: usize) -> Matrix<'_, T> {
        let &[.., length, width] = self.view.shape else { unreachable!("the shape rule demands matrices") };
        match &self.copy {
            Some(all) => Matrix::of_rows(&all[entry * length * width..], [length, width]),
            None => Matrix::of_entry(self.view, entry),
        }
    }
}

/// The operands, as blocks read them.
struct Work<'a, T> {
    sizes: Sizes,
    q: Entries<'a, T>,
    k: Entries<'a, T>,
    v: Entries<'a, T>,
    mask: Option<View<'a, bool>>,
}

impl<'a, T: Lane> Work<'a, T> {
    fn of(x: Operands<'a, T>, sizes: Sizes) -> Self {
        let [q, k, v] = [x.q, x.k, x.v].map(Entries::of);
        Work { sizes, q, k, v, mask: x.mask }
    }
}

/// y = softmax(q·kᵀ)·v.
pub(crate) fn attention<T: Multiply + Lane>(
    x: Operands<'_, T>,
    y: &mut [T],
    sizes: Sizes,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    let Sizes { m, n, e, .. } = sizes;
    if y.is_empty() || n == 0 {
        return y.fill(T::default());
    }
    let work = Work::of(x, sizes);
    let blocks = y.chunks_mut(m * e).enumerate().flat_map(|(entry, y)| {
        let starts = (0..m).step_by(sizes.queries());
        starts.zip(y.chunks_mut(sizes.queries() * e)).map(move |(first, y)| (sizes.block(entry, first), y))
    });
    each(&mut blocks.collect::<Vec<_>>(), sizes, scratch, workers, |(block, y), area| {
        work.attend(block, y, area)
    });
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
    let Sizes { entries, m, n, d, e, .. } = sizes;
    out.fill(T::default());
    if out.is_empty() || m * n == 0 {
        return;
    }
    let (work, g) = (Work::of(x, sizes), Entries::of(g));
    // The first part of an entry sums up in the result, the others beside it.
    let parts = PARTS.div_ceil(entries).min(m.div_ceil(sizes.queries()));
    let sum = n * (d + e);
    let mut others = vec![T::default(); entries * (parts - 1) * sum];
    let mut rest = others.chunks_mut(sum.max(1));
    let mut all = vec![];
    for (entry, out) in out.chunks_mut(m * d + sum).enumerate() {
        let (mut queries, keys) = out.split_at_mut(m * d);
        let sums = std::iter::once(keys).chain(rest.by_ref().take(parts - 1));
        let first = all.len();
        all.extend(sums.map(|sums| Part { blocks: vec![], sums }));
        for (i, start) in (0..m).step_by(sizes.queries()).enumerate() {
            let block = sizes.block(entry, start);
            let (own, later) = queries.split_at_mut(block.queries.len() * d);
            queries = later;
            all[first + i % parts].blocks.push((block, own));
        }
    }
    each(&mut all, sizes, scratch, workers, |part, area| {
        for (block, queries) in &mut part.blocks {
            work.pull_back(block, &g, [queries, part.sums], area);
        }
    });
    drop(all);
    for (entry, others) in others.chunks(((parts - 1) * sum).max(1)).enumerate() {
        let sums = &mut out[entry * (m * d + sum) + m * d..][..sum];
        for other in others.chunks(sum) {
            sums.iter_mut().zip(other).for_each(|(y, x)| *y = *y + *x);
        }
    }
}

/// Some blocks of an entry, with their parts of q̄, and where k̄ and v̄ are summed up.
struct Part<'a, T> {
    blocks: Vec<(Block, &'a mut [T])>,
    sums: &'a mut [T],
}

/// Calls `f` for each item, with an area for a block, on any of the threads if there is enough to do.
fn each<I: Send, T: Lane>(
    items: &mut [I],
    sizes: Sizes,
    scratch: &mut Scratch,
    workers: &Workers,
    f: impl Fn(&mut I, &mut [T]) + Sync,
) {
    let alone = Workers::default();
    let workers = if sizes.shared() { workers } else { &alone };
    let numbers = Area::<T>::numbers(&sizes, sizes.queries().min(sizes.m));
    let mut areas = areas::<T>(scratch, numbers, workers.threads());
    workers.each_with(items, &mut areas, |item, area| f(item, area));
}
