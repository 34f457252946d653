//! Elementwise loops over one, two or three views of one shape. Results are written in row-major order.

use super::{rows::rows, simd::widest};
use crate::view::View;

/// `out[i] = f(x[i])`.
#[inline(always)]
pub(crate) fn map1<A: Copy, O: Copy>(x: View<'_, A>, mut out: &mut [O], f: impl Fn(A) -> O + Copy) {
    if let Some(values) = x.as_slice() {
        // A plain loop: an iterator's inner function would be compiled for the baseline instruction set alone.
        return widest(
            #[inline(always)]
            || {
                for (o, &a) in out.iter_mut().zip(values) {
                    *o = f(a);
                }
            },
        );
    }
    rows(x.shape, [x.strides], [x.offset], |n, [i], [step]| {
        let (row, rest) = std::mem::take(&mut out).split_at_mut(n);
        match step {
            0 => row.fill(f(x.data[i])),
            _ => row.iter_mut().enumerate().for_each(|(k, o)| *o = f(x.data[at(i, k, step)])),
        }
        out = rest;
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

/// As [`map2`], with vectors only where both operands are contiguous or `b` is one number. It compiles in a fifth of the time:
/// for functions of which there are many, and types of which there are four.
#[inline(always)]
pub(crate) fn map2_lean<A: Copy, O: Copy>(
    a: View<'_, A>,
    b: View<'_, A>,
    mut out: &mut [O],
    f: impl Fn(A, A) -> O + Copy,
) {
    match (a.as_slice(), b.as_slice(), b.as_number()) {
        (Some(a), Some(b), _) => widest(
            #[inline(always)]
            || {
                for ((o, &a), &b) in out.iter_mut().zip(a).zip(b) {
                    *o = f(a, b);
                }
            },
        ),
        (Some(a), None, Some(b)) => widest(
            #[inline(always)]
            || {
                for (o, &a) in out.iter_mut().zip(a) {
                    *o = f(a, b);
                }
            },
        ),
        _ => rows(a.shape, [a.strides, b.strides], [a.offset, b.offset], |n, [i, j], [p, q]| {
            let (row, rest) = std::mem::take(&mut out).split_at_mut(n);
            for (k, o) in row.iter_mut().enumerate() {
                *o = f(a.data[at(i, k, p)], b.data[at(j, k, q)]);
            }
            out = rest;
        }),
    }
}

/// For rows shorter than this, starting a row costs more than walking it.
const SHORT_ROW: usize = 64;

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
    widest(
        #[inline(always)]
        || {
            rows(
                shape,
                strides,
                offsets,
                #[inline(always)]
                |length, starts, steps| {
                    let (row, rest) = std::mem::take(&mut out).split_at_mut(length);
                    fill(length, starts, steps, row);
                    out = rest;
                },
            );
        },
    );
}

#[inline(always)]
fn at(start: usize, k: usize, step: isize) -> usize {
    start.wrapping_add_signed(k as isize * step)
}
