//! Copies of strided views into larger arrays, and concatenations.

use super::rows::rows;
use super::workers::Workers;
use crate::dtype::Float;
use crate::target::Target;
use crate::view::View;
use smallvec::SmallVec;

/// The row-major strides of a shape, on the stack: a `Strides` of many axes would need the heap.
pub(crate) fn row_major(shape: &[usize]) -> SmallVec<[isize; 8]> {
    let mut strides = SmallVec::from_elem(1, shape.len());
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i] as isize;
    }
    strides
}

/// `out[start + Σ iₖ·strides[k]] = x[i₀, i₁, …]`.
pub(crate) fn copy_into<T: Copy>(x: View<'_, T>, start: usize, strides: &[isize], out: &mut [T]) {
    rows(x.shape, [x.strides, strides], [x.offset, start], &mut |n, [from, to], steps| match steps {
        [1, 1] => out[to..to + n].copy_from_slice(&x.data[from..from + n]),
        [p, q] => {
            for k in 0..n as isize {
                out[to.wrapping_add_signed(k * q)] = x.data[from.wrapping_add_signed(k * p)];
            }
        }
    });
}

/// `out[start + Σ iₖ·strides[k]] += x[i₀, i₁, …]`, row by row.
pub(crate) fn add_to_rows<T: Float>(x: View<'_, T>, start: usize, strides: &[isize], out: &mut [T]) {
    rows(x.shape, [x.strides, strides], [x.offset, start], &mut |n, [from, to], steps| match steps {
        [1, 1] => {
            for (y, &x) in out[to..to + n].iter_mut().zip(&x.data[from..from + n]) {
                *y = *y + x;
            }
        }
        [p, q] => {
            for k in 0..n as isize {
                let y = &mut out[to.wrapping_add_signed(k * q)];
                *y = *y + x.data[from.wrapping_add_signed(k * p)];
            }
        }
    });
}

/// `out[Σ iₖ·strides[k]] += x[i₀, i₁, …]`. The last axis is the outermost loop: windows are short, and what they count is long.
pub(crate) fn add_into<T: Float>(x: View<'_, T>, strides: &[isize], out: &mut [T]) {
    let (Some((&size, shape)), Some((&along, from))) = (x.shape.split_last(), x.strides.split_last()) else {
        return;
    };
    let Some((&to_along, to)) = strides.split_last() else { return };
    for i in 0..size as isize {
        let part = View { offset: x.offset.wrapping_add_signed(i * along), shape, strides: from, ..x };
        add_to_rows(part, (i * to_along) as usize, to, out);
    }
}

/// Writes the elements of a view to `out` in row-major order. `strides` are the row-major strides of `out`. If it is large,
/// threads share the leading axis.
pub(crate) fn copy<T: Copy + Send + Sync>(
    x: View<'_, T>,
    strides: &[isize],
    out: &mut [T],
    workers: &Workers,
) {
    if x.shape.len() < 2 || out.len() < Target::CPU.threads.copies_from {
        return copy_into(x, 0, strides, out);
    }
    workers.each_chunk(out, strides[0] as usize, |i, out| copy_into(part(&x, i), 0, &strides[1..], out));
}

/// The i-th part of a view along its leading axis.
fn part<'a, T>(x: &View<'a, T>, i: usize) -> View<'a, T> {
    let offset = x.offset.wrapping_add_signed(i as isize * x.strides[0]);
    View { offset, shape: &x.shape[1..], strides: &x.strides[1..], ..*x }
}

/// Concatenates the operands along an axis and writes every element of `out`. `strides` are the row-major strides of `out`.
/// If it is large, threads share the leading axis.
pub(crate) fn concat<T: Copy + Send + Sync>(
    x: &[View<'_, T>],
    axis: usize,
    strides: &[isize],
    out: &mut [T],
    workers: &Workers,
) {
    if axis == 0 || out.len() < Target::CPU.threads.copies_from {
        return concat_alone(x.iter().copied(), axis, strides, out);
    }
    workers.each_chunk(out, strides[0] as usize, |i, out| {
        concat_alone(x.iter().map(|x| part(x, i)), axis - 1, &strides[1..], out);
    });
}

fn concat_alone<'a, T: Copy + 'a>(
    x: impl Iterator<Item = View<'a, T>>,
    axis: usize,
    strides: &[isize],
    out: &mut [T],
) {
    let mut start = 0;
    for x in x {
        copy_into(x, start, strides, out);
        start += x.shape[axis] * strides[axis] as usize;
    }
}
