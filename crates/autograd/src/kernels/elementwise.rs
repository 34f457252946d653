//! Elementwise loops over one, two or three views of one shape. Results are written in row-major order.

use super::rows::rows;
use crate::tree::LANES;
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

/// `out[i] = f(a[i], b[i])`, by a loop over slices. A short row that is repeated along a contiguous operand is repeated in a
/// buffer first, so that the loop is long.
pub(crate) fn map2<T: Copy + Default>(x: [View<'_, T>; 2], out: &mut [T], f: impl Fn([&[T]; 2], &mut [T])) {
    if let (Some(a), Some(row)) = (x[0].as_slice(), x[1].as_repeated_row())
        && row.len() < SHORT_ROW
    {
        let tile = row.repeat(LANES * (LANES / row.len()).max(1));
        for (out, a) in out.chunks_mut(tile.len()).zip(a.chunks(tile.len())) {
            f([a, &tile[..a.len()]], out);
        }
        return;
    }
    tiles(x, out, f);
}

/// `out[i] = mask[i] ? a[i] : b[i]`.
pub(crate) fn select<T: Copy>(mask: View<'_, bool>, a: View<'_, T>, b: View<'_, T>, mut out: &mut [T]) {
    let (strides, starts) = ([mask.strides, a.strides, b.strides], [mask.offset, a.offset, b.offset]);
    rows(mask.shape, strides, starts, &mut |n, [h, i, j], [o, p, q]| {
        for (k, y) in next(&mut out, n).iter_mut().enumerate() {
            let (a, b) = (a.data[at(i, k, p)], b.data[at(j, k, q)]);
            *y = if mask.data[at(h, k, o)] { a } else { b };
        }
    });
}

#[inline(always)]
fn at(start: usize, k: usize, step: isize) -> usize {
    start.wrapping_add_signed(k as isize * step)
}
