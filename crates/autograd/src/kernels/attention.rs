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
//! | `attention/parts.rs` | lengths, blocks of queries, operands as matrices |
//! | `attention/block.rs` | a block: its products, and what is done with its scores |

mod block;
mod parts;

pub use parts::AttentionOrder;
pub(crate) use parts::{Dropped, Operands, Sizes};

use super::areas::areas;
use super::loops::Lane;
use super::matmul::Multiply;
use super::workers::Workers;
use crate::philox::Unit;
use crate::scratch::Scratch;
use crate::view::View;
use block::{Area, Work};
use parts::{Block, Entries};

/// Bytes of scratch for a worker, forwards or backwards.
pub(crate) fn scratch<T>(sizes: &Sizes) -> usize {
    if [sizes.entries, sizes.m, sizes.n, sizes.d + sizes.e].contains(&0) {
        return 0;
    }
    Area::<T>::numbers(sizes) * size_of::<T>()
}

/// y = (P∘M)·v for the weights P = softmax(q·kᵀ + b).
pub(crate) fn attention<T: Multiply + Lane + Unit>(
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
/// With D = (g·vᵀ)∘M: v̄ = (P∘M)ᵀ·g; S̄ = P∘(D − Σ P∘D); q̄ = S̄·k, k̄ = S̄ᵀ·q. The weights are computed again, and M is drawn again.
pub(crate) fn back<T: Multiply + Lane + Unit>(
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
    let parts = sizes.parts();
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

/// The cotangent of a bias of the shape `own`, added up in `out`: S̄, summed where the bias was broadcast.
///
/// Entries are taken in order. Where the bias has one row, block i of each adds to part i mod `parts`, and these are added in order.
pub(crate) fn bias<T: Multiply + Lane + Unit>(
    x: Operands<'_, T>,
    g: View<'_, T>,
    (out, own): (&mut [T], &[usize]),
    sizes: Sizes,
    scratch: &mut Scratch,
    workers: &Workers,
) {
    out.fill(T::default());
    let (Some((own, &[rows, n])), Some((lead, _))) =
        (own.split_last_chunk(), x.q.shape.split_last_chunk::<2>())
    else {
        unreachable!("the shape rule demands matrices")
    };
    if out.is_empty() || sizes.entries * sizes.m == 0 {
        return;
    }
    let (work, g) = (Work::of(x, sizes), Entries::of(g));
    // The entries that share one of the bias.
    let mut sharing = vec![vec![]; out.len() / (rows * n)];
    for entry in 0..sizes.entries {
        let (mut place, mut step, mut rest) = (0, 1, entry);
        for (&own, &length) in own.iter().zip(lead).rev() {
            place += if own == 1 { 0 } else { rest % length * step };
            (step, rest) = (step * own, rest / length);
        }
        sharing[place].push(entry);
    }
    let (parts, starts) = (sizes.parts_of_bias(rows), (0..sizes.m).step_by(sizes.queries()));
    let mut others = vec![T::default(); sharing.len() * (parts - 1) * n];
    let mut rest = others.chunks_mut(n);
    let mut all: Vec<(Vec<Block>, &mut [T])> = vec![];
    for (out, entries) in out.chunks_mut(rows * n).zip(&sharing) {
        // For each part of the result, the first queries of its blocks.
        let split: Vec<(Vec<usize>, &mut [T])> = if rows == 1 {
            let sums = std::iter::once(out).chain(rest.by_ref().take(parts - 1));
            sums.enumerate()
                .map(|(p, sums)| (starts.clone().skip(p).step_by(parts).collect(), sums))
                .collect()
        } else {
            starts.clone().map(|start| vec![start]).zip(out.chunks_mut(sizes.queries() * n)).collect()
        };
        for (starts, sums) in split {
            let blocks =
                entries.iter().flat_map(|&entry| starts.iter().map(move |&at| sizes.block(entry, at)));
            all.push((blocks.collect(), sums));
        }
    }
    each(&mut all, sizes, scratch, workers, |(blocks, sums), area| {
        blocks.iter().for_each(|block| work.pull_back_bias(block, &g, rows == 1, sums, area));
    });
    drop(all);
    for (out, others) in out.chunks_mut(rows * n).zip(others.chunks(((parts - 1) * n).max(1))) {
        for other in others.chunks(n) {
            out.iter_mut().zip(other).for_each(|(y, x)| *y = *y + *x);
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
    let numbers = Area::<T>::numbers(&sizes);
    let mut areas = areas::<T>(scratch, numbers, workers.threads());
    workers.each_with(items, &mut areas, |item, area| f(item, area));
}
