//! Products whose operand B is never made: its rows, or its columns, are pieces of a field that begin at given offsets (taps).
//! So convolutions are products without a copy for each element of their kernel.
#![expect(unsafe_code, reason = "kernels read and write through raw pointers")]

use super::block::{Block, Taps};
use super::blocks::height;
use super::instructions::{Multiply, Table};
use super::pack::Panel;
use super::prefetch::Prefetch;
use crate::tree::chain_length;
use crate::view::View;

/// The rows of A that are packed together, if there are so many left: element \[p, r\] of a panel is at p·height + r, and rows
/// that are missing are 0.
pub(crate) fn panel_height<T: Multiply>(rows: usize) -> usize {
    let Table(kernels) = T::kernels();
    if rows == 1 { 1 } else { kernels.heights[height(kernels, rows)] }
}

/// The most rows of a panel.
pub(crate) fn tallest<T: Multiply>() -> usize {
    T::kernels().0.heights[2]
}

/// C\[r, j\] = Σ panel\[p, r\]·field\[offsets\[p\] + j\] for `rows` rows of C and as many columns as C has room for. The order of
/// the sums is that of chains of about equal length.
pub(crate) fn by_taps<T: Multiply>(panel: &[T], rows: usize, field: &[T], offsets: &[usize], c: &mut [T]) {
    let Table(kernels) = T::kernels();
    let (tall, columns) = (panel_height::<T>(rows), c.len() / rows);
    let farthest = offsets.iter().max().map_or(0, |far| far + columns);
    assert!(
        rows <= tall && panel.len() == tall * offsets.len() && farthest <= field.len(),
        "taps in the field"
    );
    if offsets.is_empty() {
        return c.fill(T::default());
    }
    let chain = chain_length(offsets.len());
    let (size, step) = (height(kernels, rows), kernels.lanes * if rows == 1 { 4 } else { 2 });
    for (i, offsets) in offsets.chunks(chain).enumerate() {
        let whole = Block {
            k: offsets.len(),
            a: panel[i * chain * tall..].as_ptr(),
            a_strides: [1, tall as isize],
            taps: Taps { offsets: offsets.as_ptr(), ..Taps::NONE },
            add: i > 0,
            ..block(field, c, [rows, columns])
        };
        for j in (0..columns).step_by(step) {
            let width = step.min(columns - j);
            let kernel = if rows == 1 {
                kernels.tap_row
            } else {
                kernels.tap_tiles[size][usize::from(width > kernels.lanes)]
            };
            // SAFETY: columns of the block; all taps of these columns lie within the field, as was asserted, and a panel has an
            // element for each tap and row.
            unsafe { kernel(&Block { b: whole.b.add(j), c: whole.c.add(j), columns: width, ..whole }) };
        }
    }
}

/// What scalar products over taps read: `rows` rows of A, of `k` elements `stride` apart, and a field, both for some images,
/// which lie `steps` apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines<'a, T> {
    pub(crate) a: &'a [T],
    pub(crate) stride: usize,
    pub(crate) rows: usize,
    pub(crate) k: usize,
    pub(crate) field: &'a [T],
    pub(crate) images: usize,
    pub(crate) steps: [usize; 2],
}

/// C\[r, p\] = Σ a\[r, q\]·field\[offsets\[p\] + q\], summed over q and over images, in the lanes of
/// [`Order::Lanes`](crate::tree::Order::Lanes), which go on from image to image. Added to C if `add`.
pub(crate) fn dots_by_taps<T: Multiply>(x: Lines<'_, T>, offsets: &[usize], c: &mut [T], add: bool) {
    let Table(kernels) = T::kernels();
    let columns = offsets.len();
    let Some(later) = x.images.checked_sub(1).filter(|_| x.rows * x.k * columns > 0) else {
        if !add {
            c.fill(T::default());
        }
        return;
    };
    let a = View {
        data: x.a,
        offset: 0,
        shape: &[x.images, x.rows, x.k],
        strides: &[x.steps[0] as isize, x.stride as isize, 1],
    };
    let farthest = offsets.iter().max().map_or(0, |far| far + x.k + later * x.steps[1]);
    assert!(a.is_within() && farthest <= x.field.len() && c.len() == x.rows * columns, "taps in the field");
    let number = usize::from(x.rows == 1);
    let ([tall, wide], kernel) = (kernels.tap_dot_shapes[number], kernels.tap_dots[number]);
    let whole = Block {
        k: x.k,
        a: x.a.as_ptr(),
        a_strides: [x.stride as isize, 1],
        add,
        ..block(x.field, c, [x.rows, columns])
    };
    for i in (0..x.rows).step_by(tall) {
        for j in (0..columns).step_by(wide) {
            let taps = Taps { offsets: offsets[j..].as_ptr(), of_a: false, images: x.images, steps: x.steps };
            let (rows, columns) = (tall.min(x.rows - i), wide.min(columns - j));
            // SAFETY: rows of A, and columns whose taps lie within the field in all images, as was asserted.
            unsafe {
                let (a, c) = (whole.a.add(i * x.stride), whole.c.add(i * whole.c_stride + j));
                kernel(&Block { a, c, rows, columns, taps, ..whole });
            }
        }
    }
}

/// The columns of a panel of B.
pub(crate) fn panel_columns<T: Multiply>() -> usize {
    2 * T::kernels().0.lanes
}

/// Packs rows of `k` elements, `stride` apart, into a panel: element \[q, j\] is that of row j at q, at q·`rows` + j.
pub(crate) fn pack_rows<T: Multiply>(x: &[T], stride: usize, rows: usize, k: usize, panel: &mut [T]) {
    let last = rows.checked_sub(1).filter(|_| k > 0);
    let Some(last) = last else { return };
    assert!(last * stride + k <= x.len() && panel.len() >= k * rows, "rows to be packed");
    let (from, to) = (x.as_ptr(), panel.as_mut_ptr());
    let whole = Panel { from, across: stride as isize, along: 1, k, filled: rows, width: rows, count: 1, to };
    // SAFETY: as was asserted, all rows are there, and the panel has room for them.
    unsafe { (T::kernels().0.pack)(&whole) };
}

/// C\[p, j\] = Σ field\[offsets\[p\] + q\]·panel\[q, j\] for the columns of a panel, summed over q in chains of about equal
/// length. Added to C if `add`.
pub(crate) fn of_taps<T: Multiply>(field: &[T], offsets: &[usize], panel: &[T], c: &mut [T], add: bool) {
    let Table(kernels) = T::kernels();
    let (rows, tall) = (offsets.len(), kernels.heights[2]);
    let columns = c.len() / rows.max(1);
    if columns == 0 {
        return;
    }
    let k = panel.len() / columns;
    let farthest = offsets.iter().max().map_or(0, |far| far + k);
    assert!(
        columns <= panel_columns::<T>() && c.len() == rows * columns && farthest <= field.len(),
        "taps in the field"
    );
    if k == 0 {
        if !add {
            c.fill(T::default());
        }
        return;
    }
    let (chain, kernel) = (chain_length(k), kernels.tiles_of_taps[usize::from(columns > kernels.lanes)]);
    let whole =
        Block { a_strides: [0, 1], b_strides: [columns as isize, 1], ..block(field, c, [rows, columns]) };
    for q in (0..k).step_by(chain) {
        for (i, offsets) in (0..rows).step_by(tall).zip(offsets.chunks(tall)) {
            let taps = Taps { offsets: offsets.as_ptr(), of_a: true, ..Taps::NONE };
            // SAFETY: rows whose taps lie within the field, as was asserted, and a panel with all columns for each q.
            unsafe {
                kernel(&Block {
                    k: chain.min(k - q),
                    a: field.as_ptr().add(q),
                    b: panel.as_ptr().add(q * columns),
                    c: whole.c.add(i * columns),
                    rows: offsets.len(),
                    add: add || q > 0,
                    taps,
                    ..whole
                });
            }
        }
    }
}

/// A block of C whose operand B is a field.
fn block<T: Multiply>(field: &[T], c: &mut [T], [rows, columns]: [usize; 2]) -> Block<T> {
    Block {
        k: 0,
        a: std::ptr::null(),
        a_strides: [0; 2],
        b: field.as_ptr(),
        b_strides: [0, 1],
        c: c.as_mut_ptr(),
        c_stride: columns,
        rows,
        columns,
        add: false,
        next_c: std::ptr::null(),
        next_stride: columns,
        prefetch: [Prefetch::nothing(); 2],
        taps: Taps::NONE,
    }
}
