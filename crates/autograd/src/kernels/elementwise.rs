//! Elementwise loops over one, two or three views of one shape.

#![expect(
    unsafe_code,
    reason = "a vector's spare room is written before its length says so: zeroing it costs a pass"
)]

use super::{rows::rows, simd::widest};
use crate::view::View;
use std::mem::MaybeUninit;

/// `out[i] = f(x[i])`, appended.
#[inline(always)]
pub(crate) fn map1<A: Copy, O: Copy>(x: View<'_, A>, out: &mut Vec<O>, f: impl Fn(A) -> O + Copy) {
    if let Some(values) = x.as_slice() {
        // A plain loop within `widest`: an iterator's inner function would be compiled for the baseline alone.
        return append(out, values.len(), |slots| {
            widest(
                #[inline(always)]
                || {
                    for (o, &a) in slots.iter_mut().zip(values) {
                        o.write(f(a));
                    }
                },
            );
        });
    }
    rows(x.shape, [x.strides], [x.offset], |n, [i], [step]| match step {
        0 => out.extend(std::iter::repeat_n(f(x.data[i]), n)),
        _ => out.extend((0..n).map(|k| f(x.data[at(i, k, step)]))),
    });
}

/// `out[i] = f(a[i], b[i])`, appended; one of the two may be a single number or a broadcast.
#[inline(always)]
pub(crate) fn map2<A: Copy, B: Copy, O: Copy>(
    a: View<'_, A>,
    b: View<'_, B>,
    out: &mut Vec<O>,
    f: impl Fn(A, B) -> O + Copy,
) {
    if let (Some(a), Some(row)) = (a.as_slice(), b.as_repeated_row())
        && row.len() < SHORT_ROW
    {
        return zip_repeated(a, row, out, f);
    }
    append_rows(
        a.shape,
        [a.strides, b.strides],
        [a.offset, b.offset],
        out,
        #[inline(always)]
        |n: usize, [i, j]: [usize; 2], steps: [isize; 2], out: &mut [MaybeUninit<O>]| match steps {
            [1, 1] => {
                for ((o, &a), &b) in out.iter_mut().zip(&a.data[i..i + n]).zip(&b.data[j..j + n]) {
                    o.write(f(a, b));
                }
            }
            [1, 0] => {
                let b = b.data[j];
                for (o, &a) in out.iter_mut().zip(&a.data[i..i + n]) {
                    o.write(f(a, b));
                }
            }
            [0, 1] => {
                let a = a.data[i];
                for (o, &b) in out.iter_mut().zip(&b.data[j..j + n]) {
                    o.write(f(a, b));
                }
            }
            [p, q] => {
                for (k, o) in out.iter_mut().enumerate() {
                    o.write(f(a.data[at(i, k, p)], b.data[at(j, k, q)]));
                }
            }
        },
    );
}

/// Rows below this length cost more to begin than to walk.
const SHORT_ROW: usize = 64;

/// `out[i] = f(a[i], row[i mod n])`, appended: the row is laid out several times, so that the loops are long.
#[inline(always)]
fn zip_repeated<A: Copy, B: Copy, O>(a: &[A], row: &[B], out: &mut Vec<O>, f: impl Fn(A, B) -> O + Copy) {
    let tile = row.repeat(4 * SHORT_ROW / row.len());
    append(out, a.len(), |slots| {
        widest(
            #[inline(always)]
            || {
                for (slots, a) in slots.chunks_mut(tile.len()).zip(a.chunks(tile.len())) {
                    for ((o, &a), &b) in slots.iter_mut().zip(a).zip(&tile) {
                        o.write(f(a, b));
                    }
                }
            },
        );
    });
}

/// `out[i] = mask[i] ? a[i] : b[i]`, appended.
pub(crate) fn select<T: Copy>(mask: View<'_, bool>, a: View<'_, T>, b: View<'_, T>, out: &mut Vec<T>) {
    let strides = [mask.strides, a.strides, b.strides];
    append_rows(
        mask.shape,
        strides,
        [mask.offset, a.offset, b.offset],
        out,
        #[inline(always)]
        |_: usize, [h, i, j]: [usize; 3], [o, p, q]: [isize; 3], out: &mut [MaybeUninit<T>]| {
            for (k, y) in out.iter_mut().enumerate() {
                let (a, b) = (a.data[at(i, k, p)], b.data[at(j, k, q)]);
                y.write(if mask.data[at(h, k, o)] { a } else { b });
            }
        },
    );
}

/// Appends one element per place of the shape: `fill(length, starts, steps, slots)` writes all slots of a row.
#[inline(always)]
fn append_rows<const K: usize, O>(
    shape: &[usize],
    strides: [&[isize]; K],
    offsets: [usize; K],
    out: &mut Vec<O>,
    fill: impl Fn(usize, [usize; K], [isize; K], &mut [MaybeUninit<O>]),
) {
    append(out, shape.iter().product(), |mut slots| {
        widest(
            #[inline(always)]
            || {
                rows(
                    shape,
                    strides,
                    offsets,
                    #[inline(always)]
                    |length, starts, steps| {
                        let (row, rest) = std::mem::take(&mut slots).split_at_mut(length);
                        fill(length, starts, steps, row);
                        slots = rest;
                    },
                );
            },
        );
        assert!(slots.is_empty(), "the rows of a shape hold all its elements");
    });
}

/// Appends `n` elements, each of which `write` has to write.
#[inline(always)]
fn append<O>(out: &mut Vec<O>, n: usize, write: impl FnOnce(&mut [MaybeUninit<O>])) {
    out.reserve(n);
    write(&mut out.spare_capacity_mut()[..n]);
    // SAFETY: the callers write every one of the n slots: they walk them beside a slice of n values, or split them into
    // rows, check that none is left over, and `fill` writes each slot of its row.
    unsafe { out.set_len(out.len() + n) };
}

#[inline(always)]
fn at(start: usize, k: usize, step: isize) -> usize {
    start.wrapping_add_signed(k as isize * step)
}
