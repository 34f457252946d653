//! A part of a product, cut into blocks for the caches and these into tiles for the registers.
#![expect(unsafe_code, reason = "kernels read and write through raw pointers")]

use super::micro::{Block, Kernels, Multiply, Table};
use super::pack::{Panel, TOGETHER};
use crate::scratch::Line;

/// Terms that a tile adds before it is written back, the most of them. It orders the sums: the same for all.
pub(super) const DEPTH: usize = 256;

/// Rows of A and columns of B that are packed at a time, the most of them.
const TALL: usize = 768;
const WIDE: usize = 4096;

/// Panels of A that stay in the first-level cache while all panels of a packed B pass by.
const PANELS: usize = 2;

/// Bytes of C that stay near while blocks of k are added up, and the fewest columns of such a block.
const NEAR: usize = 1 << 19;
const NARROW: usize = 512;

/// Lengths of blocks of k: equal but for rounding, none above [`DEPTH`].
fn depth(k: usize) -> usize {
    if k <= DEPTH { k } else { k.div_ceil(k.div_ceil(DEPTH)) }
}

/// Elements that packing takes.
pub(super) fn area<T: Multiply>(m: usize, k: usize, n: usize, a: bool, b: bool, kernels: Table<T>) -> usize {
    let depth = depth(k.max(1));
    let line = size_of::<Line>() / size_of::<T>();
    let tall = if a { m.next_multiple_of(kernels.0.heights[2]).min(TALL) * depth } else { 0 };
    let wide = if b { n.next_multiple_of(kernels.0.lanes).min(WIDE) * depth } else { 0 };
    tall.next_multiple_of(line) + wide.next_multiple_of(line)
}

/// Scalar products, block by block.
///
/// # Safety
/// The block lies within its buffers; both operands are contiguous along k.
pub(super) unsafe fn dots<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>) {
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
                kernels.dots[usize::from(block.columns == 1)](&block);
            }
        }
    }
}

/// Tiles, block by block: for each block of columns, of k and of rows.
///
/// # Safety
/// The block lies within its buffers, and the area has as many elements as [`area`] says.
pub(super) unsafe fn tiles<T: Multiply>(
    kernels: &Kernels<T>,
    x: &Block<T>,
    pack_a: bool,
    pack_b: bool,
    to: *mut T,
) {
    let depth = depth(x.k);
    let tall = match (pack_a, pack_b) {
        (_, true) => PANELS * kernels.heights[2],
        (true, false) => TALL,
        (false, false) => x.rows,
    };
    // Where C is passed several times, a block of it stays in the cache.
    let wide = match x.k <= DEPTH {
        _ if !pack_b => x.columns,
        true => WIDE,
        false => (NEAR / size_of::<T>() / x.rows).next_multiple_of(128).clamp(NARROW, WIDE),
    };
    let line = size_of::<Line>() / size_of::<T>();
    let step = panel_step(kernels, x.rows);
    let mut j = 0;
    while j < x.columns {
        let mut p = 0;
        while p < x.k {
            let mut block = *x;
            block.columns = wide.min(x.columns - j);
            block.k = depth.min(x.k - p);
            block.add = p > 0;
            // SAFETY: the block is cut out of `x`; the areas for A and B lie one after the other.
            unsafe {
                block.b = x.b.wrapping_offset(p as isize * x.b_strides[0] + j as isize * x.b_strides[1]);
                let mut to_a = to;
                if pack_b {
                    pack_columns(kernels, &block, step, to);
                    block.b = to;
                    to_a =
                        to.wrapping_add((panel_width(kernels, block.columns) * depth).next_multiple_of(line));
                }
                let mut i = 0;
                while i < x.rows {
                    block.rows = tall.min(x.rows - i);
                    block.a = x.a.wrapping_offset(i as isize * x.a_strides[0] + p as isize * x.a_strides[1]);
                    block.c = x.c.add(i * x.c_stride + j);
                    if pack_a {
                        pack_rows(kernels, &block, to_a);
                        block.a = to_a;
                    }
                    block_of_tiles(kernels, &block, step, [pack_a, pack_b]);
                    i += tall;
                }
            }
            p += depth;
        }
        j += wide;
    }
}

/// Tiles of operands as they are, of k up to [`DEPTH`].
///
/// # Safety
/// The block lies within its buffers.
#[inline(always)]
pub(super) unsafe fn direct_tiles<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>) {
    // SAFETY: the caller's promise, passed on.
    unsafe { block_of_tiles(kernels, x, panel_step(kernels, x.rows), [false; 2]) }
}

/// Columns that are computed together.
#[inline]
fn panel_step<T>(kernels: &Kernels<T>, rows: usize) -> usize {
    kernels.lanes * if rows == 1 { 4 } else { 2 }
}

/// Width of the panel that holds so many columns.
#[inline]
fn panel_width<T>(kernels: &Kernels<T>, columns: usize) -> usize {
    columns.next_multiple_of(kernels.lanes)
}

/// The least height of a tile that holds so many rows.
#[inline]
fn height<T>(kernels: &Kernels<T>, rows: usize) -> usize {
    usize::from(rows > kernels.heights[0]) + usize::from(rows > kernels.heights[1])
}

/// # Safety
/// As for [`tiles`].
unsafe fn pack_columns<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>, step: usize, to: *mut T) {
    let panels = Panel {
        from: x.b,
        across: x.b_strides[1],
        along: x.b_strides[0],
        k: x.k,
        filled: x.columns,
        width: step,
        count: 1,
        to,
    };
    // SAFETY: the panels' columns are columns of `x`, and what is written lies within the area.
    unsafe { pack_all(kernels, &panels, |filled| panel_width(kernels, filled)) };
}

/// # Safety
/// As for [`tiles`].
unsafe fn pack_rows<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>, to: *mut T) {
    let panels = Panel {
        from: x.a,
        across: x.a_strides[0],
        along: x.a_strides[1],
        k: x.k,
        filled: x.rows,
        width: kernels.heights[2],
        count: 1,
        to,
    };
    // SAFETY: the panels' rows are rows of `x`, and what is written lies within the area.
    unsafe { pack_all(kernels, &panels, |filled| kernels.heights[height(kernels, filled)]) };
}

/// Packs all that is `filled` into panels of the given width, and what is left over into one as wide as it takes.
///
/// # Safety
/// As for [`tiles`].
unsafe fn pack_all<T: Multiply>(kernels: &Kernels<T>, x: &Panel<T>, last_width: impl Fn(usize) -> usize) {
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

/// The tiles of a block, operands packed or not.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn block_of_tiles<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>, step: usize, packed: [bool; 2]) {
    let mut tile = *x;
    let mut j = 0;
    while j < x.columns {
        tile.columns = step.min(x.columns - j);
        if packed[1] {
            tile.b = x.b.wrapping_add(j * x.k);
            tile.b_strides = [panel_width(kernels, tile.columns) as isize, 1];
        } else {
            tile.b = x.b.wrapping_add(j);
        }
        let vectors = usize::from(tile.columns > kernels.lanes);
        let mut i = 0;
        while i < x.rows {
            tile.rows = kernels.heights[2].min(x.rows - i);
            let size = height(kernels, tile.rows);
            if packed[0] {
                tile.a = x.a.wrapping_add(i * x.k);
                tile.a_strides = [1, kernels.heights[size] as isize];
            } else {
                tile.a = x.a.wrapping_offset(i as isize * x.a_strides[0]);
            }
            let whole = packed[0] || (tile.a_strides[0] == 1 && tile.rows == kernels.heights[size]);
            let tiles = if whole { &kernels.unit_tiles } else { &kernels.tiles };
            let kernel = if x.rows == 1 { kernels.row } else { tiles[size][vectors] };
            // SAFETY: the tile's rows and columns are rows and columns of `x`.
            unsafe {
                tile.c = x.c.add(i * x.c_stride + j);
                kernel(&tile);
            }
            i += kernels.heights[2];
        }
        j += step;
    }
}
