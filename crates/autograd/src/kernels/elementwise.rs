//! Elementwise loops over one, two or three views of one shape. Results are written in row-major order.

use super::rows::rows;
use crate::tree::LANES;
use crate::view::View;

/// Elements of an operand that are gathered at a time.
const TILE: usize = 256;

/// Gives `f` the elements of all operands, in row-major order, as slices: `f(x, out)` fills a piece of the result. What is not
/// contiguous is gathered before, so one loop over slices serves all layouts, and is compiled once.
pub(crate) fn tiles<A: Copy + Default, O, const K: usize>(
    x: [View<'_, A>; K],
    mut out: &mut [O],
    f: impl Fn([&[A]; K], &mut [O]),
) {
    pieces(x, &mut |x| f(x, next(&mut out, x[0].len())));
}

/// Gives `f` the elements of all operands, piece by piece. Pieces go on from row to row, so that short rows cost no loop each.
fn pieces<A: Copy + Default, const K: usize>(x: [View<'_, A>; K], f: &mut dyn FnMut([&[A]; K])) {
    let whole = x.map(|x| x.as_slice());
    if whole.iter().all(Option::is_some) {
        return f(whole.map(Option::unwrap_or_default));
    }
    let mut tiles = [[A::default(); TILE]; K];
    let (mut given, mut pending) = (0, 0);
    rows(x[0].shape, x.map(|x| x.strides), x.map(|x| x.offset), &mut |n, starts, steps| {
        if n >= TILE && steps == [1; K] {
            return f(std::array::from_fn(|k| &x[k].data[starts[k]..starts[k] + n]));
        }
        let mut from = 0;
        while from < n {
            let length = (n - from).min(TILE - pending);
            for k in 0..K {
                // A number that filled its tile stays there.
                if whole[k].is_none() && (steps[k] != 0 || from < TILE) {
                    let tile = &mut tiles[k][pending..pending + length];
                    gather(x[k].data, at(starts[k], from, steps[k]), steps[k], tile);
                }
            }
            (from, pending) = (from + length, pending + length);
            if pending == TILE {
                f(piece(&whole, &tiles, given, TILE));
                (given, pending) = (given + TILE, 0);
            }
        }
    });
    if pending > 0 {
        f(piece(&whole, &tiles, given, pending));
    }
}

/// The next `n` elements: of operands that are contiguous from `from` on, of others what waits in their tiles.
fn piece<'a, A, const K: usize>(
    whole: &[Option<&'a [A]>; K],
    tiles: &'a [[A; TILE]; K],
    from: usize,
    n: usize,
) -> [&'a [A]; K] {
    std::array::from_fn(|k| whole[k].map_or(&tiles[k][..n], |x| &x[from..from + n]))
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

/// `out[i] = f(a[i], b[i])`, by a loop over slices. A number or a short row that is repeated along a contiguous operand is
/// repeated in a buffer first, and a number for each short row in tiles, so that the loop is long.
pub(crate) fn map2<T: Copy + Default>(x: [View<'_, T>; 2], out: &mut [T], f: impl Fn([&[T]; 2], &mut [T])) {
    let repeated = |(along, of): (usize, usize)| Some((of, x[along].as_slice()?, x[of].as_repeated_row()?));
    let stretched = |(along, of): (usize, usize)| Some((of, x[along].as_slice()?, x[of].as_stretched()?));
    match [(0, 1), (1, 0)].into_iter().find_map(repeated) {
        Some((of, all, row)) if row.len() < TILE => {
            // Whole lanes, but no more than there are elements; one row where there are none.
            let even = LANES >> row.len().trailing_zeros().min(LANES.ilog2());
            let times = even * (TILE / (even * row.len())).max(1);
            let times = times.min(out.len().div_ceil(row.len())).max(1);
            let tile = if let [number] = *row { vec![number; times] } else { row.repeat(times) };
            for (out, part) in out.chunks_mut(tile.len()).zip(all.chunks(tile.len())) {
                let mut x = [part; 2];
                x[of] = &tile[..part.len()];
                f(x, out);
            }
        }
        _ => match [(0, 1), (1, 0)].into_iter().find_map(stretched) {
            Some((of, all, (values, times))) if times < TILE => {
                let (mut tile, count) = ([T::default(); TILE], TILE / times);
                let parts = out.chunks_mut(count * times).zip(all.chunks(count * times));
                for ((out, part), values) in parts.zip(values.chunks(count)) {
                    tile.chunks_exact_mut(times).zip(values).for_each(|(to, &value)| to.fill(value));
                    let mut x = [part; 2];
                    x[of] = &tile[..part.len()];
                    f(x, out);
                }
            }
            _ => tiles(x, out, f),
        },
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that end within a tile, at its end and after it; each operand contiguous, a row, a column, a number, a part of
    /// longer rows, and transposed.
    #[test]
    fn pieces_of_every_layout_come_in_order() {
        for (m, n) in [(1, 1), (7, 3), (300, 1), (3, 100), (9, 65), (5, 256), (4, 257), (2, 700), (0, 5)] {
            let data: Vec<f64> = (0..(m + 1) * (n + 1)).map(|i| i as f64).collect();
            let (shape, wide) = ([m, n], n as isize);
            let layouts = [[wide, 1], [0, 1], [1, 0], [0, 0], [wide + 1, 1], [1, m as isize]];
            for a in &layouts {
                for b in &layouts {
                    let views = [a, b].map(|strides| View { data: &data, offset: 0, shape: &shape, strides });
                    let value =
                        |s: &[isize; 2], i: usize, j: usize| data[i * s[0] as usize + j * s[1] as usize];
                    let places = (0..m).flat_map(|i| (0..n).map(move |j| (i, j)));
                    let expected: Vec<f64> =
                        places.map(|(i, j)| value(a, i, j) - 2.0 * value(b, i, j)).collect();
                    let mut given = vec![f64::NAN; m * n];
                    map2(views, &mut given, |[a, b], out| {
                        assert!(a.len() == out.len() && b.len() == out.len());
                        out.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y = a - 2.0 * b);
                    });
                    assert_eq!(given, expected, "{m} × {n}, strides {a:?} and {b:?}");
                }
            }
        }
    }
}
