//! A product whose consumer gets whole rows, a few at a time (a strip), so that it walks its own memory from front to back.
#![expect(unsafe_code, reason = "kernels read and write through raw pointers")]

use super::block::Block;
use super::blocks::{columns_of, height, pack_all, panel_step, panel_width};
use super::consumer::TileConsumer;
use super::instructions::{Kernels, Multiply};
use super::pack::{Panel, TOGETHER};
use super::prefetch::Prefetch;
use crate::scratch::CacheLine;

/// The most bytes of B, which stays in the second-level cache, and of a strip, which stays in the first-level cache.
const B_BYTES: usize = 256 << 10;
const STRIP_BYTES: usize = 24 << 10;

/// Whether B and a strip are small enough for their caches.
pub(super) fn fit<T>(kernels: &Kernels<T>, x: &Block<T>) -> bool {
    x.k * x.columns * size_of::<T>() <= B_BYTES
        && kernels.heights[2] * x.columns * size_of::<T>() <= STRIP_BYTES
}

/// The addresses of packed B, packed rows of A, and the strip.
struct StripArea<T> {
    b: *mut T,
    a: *mut T,
    strip: *mut T,
}

/// The elements of such an area.
pub(super) fn area<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>) -> usize {
    let parts = StripArea::of(kernels, x, std::ptr::null_mut());
    parts.strip.addr() / size_of::<T>() + kernels.heights[2] * x.columns
}

impl<T: Multiply> StripArea<T> {
    fn of(kernels: &Kernels<T>, x: &Block<T>, to: *mut T) -> StripArea<T> {
        let lines = |elements: usize| elements.next_multiple_of(size_of::<CacheLine>() / size_of::<T>());
        let a = to.wrapping_add(lines(panel_width(kernels, x.columns) * x.k));
        StripArea { b: to, a, strip: a.wrapping_add(lines(TOGETHER * kernels.heights[2] * x.k)) }
    }
}

/// Computes the block strip by strip, and hands each strip to the consumer.
///
/// # Safety
/// The block lies within its buffers, and the area has as many elements as [`area`] says.
pub(super) unsafe fn strips<T: Multiply>(
    kernels: &Kernels<T>,
    x: &Block<T>,
    consumer: &TileConsumer<'_, T>,
    to: *mut T,
) {
    let (parts, tall, step) = (StripArea::of(kernels, x, to), kernels.heights[2], panel_step(kernels, 2));
    // SAFETY: panels and rows are those of `x`; each part of the area is as large as what is written to it.
    unsafe {
        for j in (0..x.columns).step_by(step) {
            let b = x.b.wrapping_offset(j as isize * x.b_strides[1]);
            let columns = Block { b, columns: step.min(x.columns - j), ..*x };
            (kernels.pack)(&columns_of(kernels, &columns, parts.b.wrapping_add(j * x.k)));
        }
        for i in (0..x.rows).step_by(tall) {
            let number = i / tall % TOGETHER;
            if number == 0 {
                pack_rows(kernels, x, i, parts.a);
            }
            let a = parts.a.wrapping_add(number * tall * x.k);
            let c = x.c.wrapping_add(i * x.c_stride);
            let strip = Block { a, c, rows: tall.min(x.rows - i), ..*x };
            tiles_of_strip(kernels, &strip, &parts);
            consumer.consume_rows(parts.strip, c, strip.rows * x.columns);
        }
    }
}

/// Packs rows of A, starting with row `i`, for as many strips as are packed together.
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

/// The tiles of a strip, whose rows of A are packed. They prefetch the next panel of B, and what the consumer reads with the
/// next strip.
///
/// # Safety
/// As for [`strips`].
unsafe fn tiles_of_strip<T: Multiply>(kernels: &Kernels<T>, x: &Block<T>, parts: &StripArea<T>) {
    let (size, step) = (height(kernels, x.rows), panel_step(kernels, 2));
    let mut tile = Block { a_strides: [1, kernels.heights[size] as isize], c_stride: x.columns, ..*x };
    for j in (0..x.columns).step_by(step) {
        tile.columns = step.min(x.columns - j);
        let width = panel_width(kernels, tile.columns);
        (tile.b, tile.b_strides) = (parts.b.wrapping_add(j * x.k), [width as isize, 1]);
        tile.c = parts.strip.wrapping_add(j);
        tile.next_c = x.c.wrapping_add(kernels.heights[2] * x.c_stride + j);
        tile.prefetch[0] = Prefetch::of(tile.b.wrapping_add(width * x.k), [x.k, step], [step as isize, 1]);
        // SAFETY: B is packed, and the strip has room for the columns of all tiles.
        unsafe { kernels.unit_tiles[size][usize::from(tile.columns > kernels.lanes)](&tile) };
    }
}
