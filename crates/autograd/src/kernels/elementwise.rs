//! Elementwise loops over one, two or three views of one shape. Results are written in row-major order.

use super::{
    rows::rows,
    simd::{Isa, widest},
};
use crate::view::View;

/// Elements of an operand that are gathered at a time.
const TILE: usize = 256;

/// For rows shorter than this, starting a row costs more than walking it.
const SHORT_ROW: usize = 64;

/// Gives `f` the elements of all operands, in row-major order, as slices: `f(x, out)` fills a piece of the result. What is not
/// contiguous is gathered before, so one loop over slices serves all layouts, and is compiled once.
pub(crate) fn tiles<A: Copy + Default, O, const K: usize>(
    x: [View<'_, A>; K],
    mut out: &mut [O],
    f: impl Fn([&[A]; K], &mut [O]),
) {
    pieces(x, &mut |x| f(x, next(&mut out, x[0].len())));
}

/// Gives `f` the elements of all operands, piece by piece.
fn pieces<A: Copy + Default, const K: usize>(x: [View<'_, A>; K], f: &mut dyn FnMut([&[A]; K])) {
    let mut tiles = [[A::default(); TILE]; K];
    // Several short rows share a tile.
    let mut pending = 0;
    rows(x[0].shape, x.map(|x| x.strides), x.map(|x| x.offset), &mut |n, starts, steps| {
        if n < SHORT_ROW {
            if pending + n > TILE {
                flush(&tiles, &mut pending, f);
            }
            for k in 0..K {
                gather(x[k].data, starts[k], steps[k], &mut tiles[k][pending..pending + n]);
            }
            pending += n;
            return;
        }
        let piece = if steps.iter().all(|&step| step == 1) { n } else { TILE };
        for from in (0..n).step_by(piece) {
            let length = piece.min(n - from);
            let starts: [usize; K] = std::array::from_fn(|k| at(starts[k], from, steps[k]));
            for k in 0..K {
                // A number that is repeated stays in its tile.
                if steps[k] != 1 && (steps[k] != 0 || from == 0) {
                    gather(x[k].data, starts[k], steps[k], &mut tiles[k][..length]);
                }
            }
            let operand = |k: usize| match steps[k] {
                1 => &x[k].data[starts[k]..starts[k] + length],
                _ => &tiles[k][..length],
            };
            f(std::array::from_fn(operand));
        }
    });
    flush(&tiles, &mut pending, f);
}

/// Gives the rows that wait in the tiles.
fn flush<A, const K: usize>(tiles: &[[A; TILE]; K], pending: &mut usize, f: &mut dyn FnMut([&[A]; K])) {
    let n = std::mem::take(pending);
    if n > 0 {
        f(std::array::from_fn(|k| &tiles[k][..n]));
    }
}

/// The next elements of a result.
fn next<'a, O>(out: &mut &'a mut [O], n: usize) -> &'a mut [O] {
    let (now, later) = std::mem::take(out).split_at_mut(n);
    *out = later;
    now
}

/// Copies a strided row.
fn gather<T: Copy>(data: &[T], start: usize, step: isize, out: &mut [T]) {
    match step {
        0 => out.fill(data[start]),
        1 => out.copy_from_slice(&data[start..start + out.len()]),
        _ => out.iter_mut().enumerate().for_each(|(k, o)| *o = data[at(start, k, step)]),
    }
}

/// Writes the elements of a view in row-major order.
pub(crate) fn copy<T: Copy>(x: View<'_, T>, mut out: &mut [T]) {
    rows(x.shape, [x.strides], [x.offset], &mut |n, [start], [step]| {
        gather(x.data, start, step, next(&mut out, n))
    });
}

/// `out[i] = f(a[i], b[i])`; one of the two may be a single number or a broadcast.
#[inline(always)]
pub(crate) fn map2<A: Copy, B: Copy, O: Copy>(
    a: View<'_, A>,
    b: View<'_, B>,
    out: &mut [O],
    f: impl Fn(A, B) -> O + Copy,
) {
    if let (Some(a), Some(row)) = (a.as_slice(), b.as_repeated_row())
        && row.len() < SHORT_ROW
    {
        return zip_repeated(a, row, out, f);
    }
    fill_rows(
        a.shape,
        [a.strides, b.strides],
        [a.offset, b.offset],
        out,
        #[inline(always)]
        |n: usize, [i, j]: [usize; 2], steps: [isize; 2], out: &mut [O]| match steps {
            [1, 1] => {
                for ((o, &a), &b) in out.iter_mut().zip(&a.data[i..i + n]).zip(&b.data[j..j + n]) {
                    *o = f(a, b);
                }
            }
            [1, 0] => {
                let b = b.data[j];
                for (o, &a) in out.iter_mut().zip(&a.data[i..i + n]) {
                    *o = f(a, b);
                }
            }
            [0, 1] => {
                let a = a.data[i];
                for (o, &b) in out.iter_mut().zip(&b.data[j..j + n]) {
                    *o = f(a, b);
                }
            }
            [p, q] => {
                for (k, o) in out.iter_mut().enumerate() {
                    *o = f(a.data[at(i, k, p)], b.data[at(j, k, q)]);
                }
            }
        },
    );
}

/// `out[i] = f(a[i], row[i mod n])`. The row is repeated in a buffer, so that the inner loop is long.
#[inline(always)]
fn zip_repeated<A: Copy, B: Copy, O>(a: &[A], row: &[B], out: &mut [O], f: impl Fn(A, B) -> O + Copy) {
    let tile = row.repeat(4 * SHORT_ROW / row.len());
    widest(
        #[inline(always)]
        || {
            for (out, a) in out.chunks_mut(tile.len()).zip(a.chunks(tile.len())) {
                for ((o, &a), &b) in out.iter_mut().zip(a).zip(&tile) {
                    *o = f(a, b);
                }
            }
        },
    );
}

/// `out[i] = mask[i] ? a[i] : b[i]`.
pub(crate) fn select<T: Copy>(mask: View<'_, bool>, a: View<'_, T>, b: View<'_, T>, out: &mut [T]) {
    let strides = [mask.strides, a.strides, b.strides];
    fill_rows(
        mask.shape,
        strides,
        [mask.offset, a.offset, b.offset],
        out,
        #[inline(always)]
        |_: usize, [h, i, j]: [usize; 3], [o, p, q]: [isize; 3], out: &mut [T]| {
            for (k, y) in out.iter_mut().enumerate() {
                let (a, b) = (a.data[at(i, k, p)], b.data[at(j, k, q)]);
                *y = if mask.data[at(h, k, o)] { a } else { b };
            }
        },
    );
}

/// Writes one element for each index of the shape: `fill(length, starts, steps, row)` writes a row.
#[inline(always)]
fn fill_rows<const K: usize, O>(
    shape: &[usize],
    strides: [&[isize]; K],
    offsets: [usize; K],
    mut out: &mut [O],
    fill: impl Fn(usize, [usize; K], [isize; K], &mut [O]),
) {
    let isa = Isa::widest();
    rows(shape, strides, offsets, &mut |length, starts, steps| {
        let row = next(&mut out, length);
        isa.run(
            #[inline(always)]
            || fill(length, starts, steps, row),
        );
    });
}

#[inline(always)]
fn at(start: usize, k: usize, step: isize) -> usize {
    start.wrapping_add_signed(k as isize * step)
}
