//! A product whose rows are taken a few at a time: whole ones, so that memory beside them is walked from front to back.
#![expect(unsafe_code, reason = "kernels read and write through raw pointers")]

use super::ahead::Ahead;
use super::block::Block;
use super::blocks::{columns_of, height, pack_all, panel_step, panel_width};
use super::instructions::{Kernels, Multiply};
use super::pack::{Panel, TOGETHER};
use super::taken::Taker;
use crate::scratch::Line;

/// Bytes of B that stay in the second-level cache while all rows of A pass by, and of a strip in the first-level cache.
const B_BYTES: usize = 256 << 10;
const STRIP_BYTES: usize = 24 << 10;

/// Whether a block is short and narrow enough to be computed strip by strip.
pub(super) fn fit<T>(kernels: &Kernels<T>, x: &Block<T>) -> bool {
    x.k * x.columns * size_of::<T>() <= B_BYTES
        && kernels.heights[2] * x.columns * size_of::<T>() <= STRIP_BYTES
}

/// Where operands are packed, and the strip.
struct Room<T> {
    b: *mut T,
    a: *mut T,
    strip: *mut T,
}

/// Elements that it takes.
pub(super) fn area<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>) -> usize {
    let room = Room::of(kernels, x, std::ptr::null_mut());
    room.strip.addr() / size_of::<T>() + kernels.heights[2] * x.columns
}

impl<T: Multiply> Room<T> {
    fn of(kernels: &Kernels<T>, x: &Block<T>, to: *mut T) -> Room<T> {
        let lines = |elements: usize| elements.next_multiple_of(size_of::<Line>() / size_of::<T>());
        let a = to.wrapping_add(lines(panel_width(kernels, x.columns) * x.k));
        Room { b: to, a, strip: a.wrapping_add(lines(TOGETHER * kernels.heights[2] * x.k)) }
    }
}

/// Computes the block strip by strip, and hands each to the taker.
///
/// # Safety
/// The block lies within its buffers, and the area has as many elements as [`area`] says.
pub(super) unsafe fn strips<T: Multiply>(
    kernels: &Kernels<T>,
    x: &Block<T>,
    taker: &Taker<'_, T>,
    to: *mut T,
) {
    let (room, tall, step) = (Room::of(kernels, x, to), kernels.heights[2], panel_step(kernels, 2));
    // SAFETY: panels and rows are those of `x`; each part of the area is as large as what is written to it.
    unsafe {
        for j in (0..x.columns).step_by(step) {
            let b = x.b.wrapping_offset(j as isize * x.b_strides[1]);
            let columns = Block { b, columns: step.min(x.columns - j), ..*x };
            (kernels.pack)(&columns_of(kernels, &columns, room.b.wrapping_add(j * x.k)));
        }
        for i in (0..x.rows).step_by(tall) {
            let number = i / tall % TOGETHER;
            if number == 0 {
                pack_rows(kernels, x, i, room.a);
            }
            let a = room.a.wrapping_add(number * tall * x.k);
            let c = x.c.wrapping_add(i * x.c_stride);
            let strip = Block { a, c, rows: tall.min(x.rows - i), ..*x };
            tiles_of_strip(kernels, &strip, &room);
            taker.take(room.strip, c, strip.rows * x.columns);
        }
    }
}

/// Packs the rows of A from row `i` on, for as many strips as are packed together.
///
/// # Safety
/// As for [`strips`].
unsafe fn pack_rows<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>, i: usize, to: *mut T) {
    let rows = Panel {
        from: x.a.wrapping_offset(i as isize * x.a_strides[0]),
        across: x.a_strides[0],
        along: x.a_strides[1],
        k: x.k,
        filled: (TOGETHER * kernels.heights[2]).min(x.rows - i),
        width: kernels.heights[2],
        count: 1,
        to,
    };
    // SAFETY: the caller's promise, passed on.
    unsafe { pack_all(kernels, &rows, |filled| kernels.heights[height(kernels, filled)]) };
}

/// The tiles of a strip, whose rows of A are packed. They ask for the next panel of B, and for what the taker reads with
/// the next strip.
///
/// # Safety
/// As for [`strips`].
unsafe fn tiles_of_strip<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>, room: &Room<T>) {
    let (size, step) = (height(kernels, x.rows), panel_step(kernels, 2));
    let mut tile = Block { a_strides: [1, kernels.heights[size] as isize], c_stride: x.columns, ..*x };
    for j in (0..x.columns).step_by(step) {
        tile.columns = step.min(x.columns - j);
        let width = panel_width(kernels, tile.columns);
        (tile.b, tile.b_strides) = (room.b.wrapping_add(j * x.k), [width as isize, 1]);
        tile.c = room.strip.wrapping_add(j);
        tile.next_c = x.c.wrapping_add(kernels.heights[2] * x.c_stride + j);
        tile.ahead[0] = Ahead::of(tile.b.wrapping_add(width * x.k), [x.k, step], [step as isize, 1]);
        // SAFETY: B is packed, and the strip has room for the columns of all tiles.
        unsafe { kernels.unit_tiles[size][usize::from(tile.columns > kernels.lanes)](&tile) };
    }
}
