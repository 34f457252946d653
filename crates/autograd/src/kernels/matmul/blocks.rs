//! A part of a product, cut into blocks for the caches. Blocks are cut into tiles for the registers.
#![expect(unsafe_code, reason = "kernels read and write through raw pointers")]

use super::block::Block;
use super::consumer::TileConsumer;
use super::instructions::{Kernels, Multiply, Table};
use super::pack::{Panel, Piecewise, TOGETHER};
use super::prefetch::{Prefetch, WORTH_PREFETCHING};
use super::walk::{BlockStart, Walk};
use crate::scratch::CacheLine;
use crate::tree::chain_length;

/// The most rows of A that are packed at a time. They stay in the second-level cache while all of B is read.
const TALL: usize = 768;

/// The most bytes of A that are read for one panel of B after the other where A is not packed. They stay there too.
const NEAR: usize = 192 << 10;

/// The elements that packing needs: for rows of A, and for two panels of B, or for the only one.
pub(super) fn area<T: Multiply>([m, k, n]: [usize; 3], [a, b]: [bool; 2], kernels: Table<T>) -> usize {
    let line = size_of::<CacheLine>() / size_of::<T>();
    let depth = chain_length(k.max(1));
    let step = panel_step(kernels.0, m);
    let tall = if a { m.next_multiple_of(kernels.0.heights[2]).min(TALL) * depth } else { 0 };
    let wide = if b { panel_width(kernels.0, n).min(step) * depth } else { 0 };
    let panels = if n <= step && k <= depth && (!a || m <= TALL) { 1 } else { 2 };
    tall.next_multiple_of(line) + panels * wide.next_multiple_of(line)
}

/// Scalar products, block by block: the order is [`Order::Lanes`](crate::tree::Order::Lanes).
///
/// # Safety
/// The block lies within its buffers; both operands are contiguous along k.
pub(super) unsafe fn dots<T: Multiply>(
    kernels: &Kernels<T>,
    x: &Block<T>,
    consumer: Option<&TileConsumer<'_, T>>,
) {
    let [rows, columns] = kernels.dot_shape;
    for j in (0..x.columns).step_by(columns) {
        for i in (0..x.rows).step_by(rows) {
            let mut block = *x;
            block.rows = rows.min(x.rows - i);
            block.columns = columns.min(x.columns - j);
            // SAFETY: rows and columns of the block are rows and columns of `x`.
            unsafe {
                block.a = x.a.offset(i as isize * x.a_strides[0]);
                block.b = x.b.offset(j as isize * x.b_strides[1]);
                block.c = x.c.add(i * x.c_stride + j);
                let kernel = kernels.dots[usize::from(block.columns == 1)];
                match consumer {
                    Some(consumer) => consumer.compute(kernel, &block),
                    None => kernel(&block),
                }
            }
        }
    }
}

/// Tiles, panel by panel of B. Each block along k is one chain; all blocks but the first are added to C. While the tiles of a
/// panel are computed, the next panel is packed: a piece after each tile.
///
/// # Safety
/// The block lies within its buffers, and the area has as many elements as [`area`] says.
pub(super) unsafe fn tiles<T: Multiply>(
    kernels: &Kernels<T>,
    x: &Block<T>,
    chain: usize,
    [pack_a, pack_b]: [bool; 2],
    to: *mut T,
    consumer: Option<&TileConsumer<'_, T>>,
) {
    let walk = Walk {
        x,
        tall: if pack_a { TALL } else { rows_near(kernels, x, chain) },
        depth: chain,
        wide: panel_step(kernels, x.rows).min(panel_width(kernels, x.columns)),
    };
    let mut start = Some(BlockStart::default());
    let size = if pack_b { panel_size(kernels, &walk) } else { 0 };
    let (mut panel, mut other) = (to, to.wrapping_add(size));
    let to_a = if walk.after(BlockStart::default()).is_some() { other.wrapping_add(size) } else { other };
    let pack = pack_b.then_some(kernels.pack);
    let mut rows = RowsOfA { raw: *x, packed: to_a, ready: 0, group: 1 };
    if pack_b {
        // SAFETY: the panel lies within B, and the area has room for it.
        unsafe { (kernels.pack)(&columns_of(kernels, &walk.block(BlockStart::default()), panel)) };
    }
    while let Some(at) = start {
        start = walk.after(at);
        let mut block = walk.block(at);
        let tiles = block.rows.div_ceil(kernels.heights[2]);
        let mut next = start.map(|next| Piecewise::new(columns_of(kernels, &walk.block(next), other), tiles));
        // SAFETY: blocks and panels are cut out of `x`; the areas for A and B lie one after the other.
        unsafe {
            if pack_a && at.j == 0 {
                rows = RowsOfA::new(&block, to_a);
                rows.pack(kernels);
            }
            if pack_b {
                (block.b, block.b_strides) = (panel, [panel_width(kernels, block.columns) as isize, 1]);
            }
            panel_of_tiles(kernels, &block, pack_a.then_some(&mut rows), &mut next, pack, consumer);
        }
        (panel, other) = (other, panel);
    }
}

/// The most rows of a block whose A is not packed: all of them where they are read only once.
fn rows_near<T>(kernels: &Kernels<T>, x: &Block<T>, chain: usize) -> usize {
    if x.columns <= panel_step(kernels, x.rows) {
        return x.rows;
    }
    let tile = kernels.heights[2];
    (NEAR / (chain * size_of::<T>())).next_multiple_of(tile)
}

/// Tiles of operands that are not packed, where all of k is one chain.
///
/// # Safety
/// The block lies within its buffers.
#[inline(always)]
pub(super) unsafe fn direct_tiles<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>) {
    let step = panel_step(kernels, x.rows);
    for j in (0..x.columns).step_by(step) {
        let mut block = *x;
        block.columns = step.min(x.columns - j);
        block.b = x.b.wrapping_add(j);
        // SAFETY: the columns are columns of `x`.
        unsafe {
            block.c = x.c.add(j);
            let mut next = (j + step < x.columns && x.k >= WORTH_PREFETCHING).then(|| {
                let columns =
                    Block { b: x.b.wrapping_add(j + step), columns: step.min(x.columns - j - step), ..*x };
                Piecewise::new(
                    columns_of(kernels, &columns, std::ptr::null_mut()),
                    x.rows.div_ceil(kernels.heights[2]),
                )
            });
            panel_of_tiles(kernels, &block, None, &mut next, None, None);
        }
    }
}

/// How many columns are computed together.
#[inline]
pub(super) fn panel_step<T>(kernels: &Kernels<T>, rows: usize) -> usize {
    kernels.lanes * if rows == 1 { 4 } else { 2 }
}

/// The width of a panel for `columns` columns.
#[inline]
pub(super) fn panel_width<T>(kernels: &Kernels<T>, columns: usize) -> usize {
    columns.next_multiple_of(kernels.lanes)
}

/// The number of the lowest tile height that holds `rows` rows.
#[inline]
pub(super) fn height<T>(kernels: &Kernels<T>, rows: usize) -> usize {
    usize::from(rows > kernels.heights[0]) + usize::from(rows > kernels.heights[1])
}

/// The elements of a packed panel, rounded up to whole cache lines.
fn panel_size<T>(kernels: &Kernels<T>, walk: &Walk<'_, T>) -> usize {
    (panel_width(kernels, walk.wide) * walk.depth).next_multiple_of(size_of::<CacheLine>() / size_of::<T>())
}

/// The columns of B as a panel.
pub(super) fn columns_of<T>(kernels: &Kernels<T>, x: &Block<T>, to: *mut T) -> Panel<T> {
    Panel {
        from: x.b,
        across: x.b_strides[1],
        along: x.b_strides[0],
        k: x.k,
        filled: x.columns,
        width: panel_width(kernels, x.columns),
        count: 1,
        to,
    }
}

/// The rows of A of a block. They are packed while the first panel of B is used, each group just before it is read.
struct RowsOfA<T> {
    raw: Block<T>,
    packed: *mut T,
    /// How many rows have been packed.
    ready: usize,
    /// The rows of how many tiles are packed together.
    group: usize,
}

impl<T: Multiply> RowsOfA<T> {
    fn new(raw: &Block<T>, packed: *mut T) -> RowsOfA<T> {
        let group = if raw.a_strides[0] == 1 { TOGETHER } else { 1 };
        RowsOfA { raw: *raw, packed, ready: 0, group }
    }

    /// The next rows that are not packed yet.
    fn next(&self, height: usize) -> (*const T, usize) {
        let from = self.raw.a.wrapping_offset(self.ready as isize * self.raw.a_strides[0]);
        (from, (self.group * height).min(self.raw.rows - self.ready))
    }

    /// What tile `i` of a group prefetches.
    #[inline(always)]
    fn prefetch(&self, height: usize, i: usize) -> Prefetch<T> {
        let (from, rows) = self.next(height);
        let [across, along] = self.raw.a_strides;
        let (start, end) = (self.raw.k * i / self.group, self.raw.k * (i + 1) / self.group);
        Prefetch::of(from.wrapping_offset(start as isize * along), [rows, end - start], [across, along])
    }

    /// Packs the next rows.
    ///
    /// # Safety
    /// As for [`tiles`].
    unsafe fn pack(&mut self, kernels: &Kernels<T>) {
        let (from, rows) = self.next(kernels.heights[2]);
        let panels = Panel {
            from,
            across: self.raw.a_strides[0],
            along: self.raw.a_strides[1],
            k: self.raw.k,
            filled: rows,
            width: kernels.heights[2],
            count: 1,
            to: self.packed.wrapping_add(self.ready * self.raw.k),
        };
        // SAFETY: the panels' rows are rows of `raw`, and what is written lies within the area.
        unsafe { pack_all(kernels, &panels, |filled| kernels.heights[height(kernels, filled)]) };
        self.ready += rows;
    }
}

/// Packs `x.filled` vectors into panels of width `x.width`, and the rest into one panel of width `last_width(rest)`.
///
/// # Safety
/// As for [`tiles`].
pub(super) unsafe fn pack_all<T: Multiply>(
    kernels: &Kernels<T>,
    x: &Panel<T>,
    last_width: impl Fn(usize) -> usize,
) {
    let mut at = 0;
    while at < x.filled {
        let count = ((x.filled - at) / x.width).min(TOGETHER);
        let filled = x.width.min(x.filled - at);
        let panel = Panel {
            from: x.from.wrapping_offset(at as isize * x.across),
            filled,
            width: if count == 0 { last_width(filled) } else { x.width },
            count: count.max(1),
            to: x.to.wrapping_add(at * x.k),
            ..*x
        };
        // SAFETY: the caller's promise, passed on.
        unsafe { (kernels.pack)(&panel) };
        at += panel.count * x.width;
    }
}

/// The tiles of a panel of B. Meanwhile, what is read next is prefetched and packed: rows of A, and after each tile a piece of
/// the next panel.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn panel_of_tiles<T: Multiply>(
    kernels: &Kernels<T>,
    x: &Block<T>,
    mut rows: Option<&mut RowsOfA<T>>,
    next: &mut Option<Piecewise<T>>,
    pack: Option<unsafe fn(&Panel<T>)>,
    consumer: Option<&TileConsumer<'_, T>>,
) {
    let tall = kernels.heights[2];
    let mut tile = *x;
    let vectors = usize::from(tile.columns > kernels.lanes);
    let mut i = 0;
    while i < x.rows {
        tile.rows = tall.min(x.rows - i);
        let size = height(kernels, tile.rows);
        if let Some(rows) = &rows {
            tile.a = rows.packed.wrapping_add(i * x.k);
            tile.a_strides = [1, kernels.heights[size] as isize];
            tile.prefetch[1] = if rows.ready < x.rows {
                rows.prefetch(tall, i / tall % rows.group)
            } else {
                Prefetch::nothing()
            };
        } else {
            tile.a = x.a.wrapping_offset(i as isize * x.a_strides[0]);
        }
        let whole = rows.is_some() || (tile.a_strides[0] == 1 && tile.rows == kernels.heights[size]);
        let tiles = if whole { &kernels.unit_tiles } else { &kernels.tiles };
        let kernel = if x.rows == 1 { kernels.row } else { tiles[size][vectors] };
        // SAFETY: the tile's rows and columns are rows and columns of `x`.
        unsafe {
            tile.c = x.c.add(i * x.c_stride);
            tile.next_c = if i + tall < x.rows {
                tile.c.wrapping_add(tall * x.c_stride)
            } else {
                x.c.wrapping_add(x.columns)
            };
            if let Some(next) = next {
                tile.prefetch[0] = next.prefetch();
            }
            match consumer {
                Some(consumer) => {
                    if rows.as_ref().is_none_or(|rows| rows.ready == x.rows) {
                        tile.prefetch[1] = consumer.prefetch(tile.next_c, tile.rows, tile.c_stride);
                    }
                    consumer.compute(kernel, &tile);
                }
                None => kernel(&tile),
            }
            if let Some(next) = next {
                next.advance(pack);
            }
            if let Some(rows) = &mut rows
                && rows.ready < x.rows
                && rows.ready <= i + tall
            {
                rows.pack(kernels);
            }
        }
        i += tall;
    }
}
