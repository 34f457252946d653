//! Copies of views to places within a larger array.
#![expect(unsafe_code, reason = "parts of one result are written by several threads")]

use super::rows::rows;
use super::workers::Workers;
use crate::view::View;

/// `out[start + Σ iₖ·strides[k]] = x[i₀, i₁, …]`.
pub(crate) fn place<T: Copy>(x: View<'_, T>, start: usize, strides: &[isize], out: &mut [T]) {
    rows(x.shape, [x.strides, strides], [x.offset, start], |n, [from, to], steps| match steps {
        [1, 1] => out[to..to + n].copy_from_slice(&x.data[from..from + n]),
        [p, q] => {
            for k in 0..n as isize {
                out[to.wrapping_add_signed(k * q)] = x.data[from.wrapping_add_signed(k * p)];
            }
        }
    });
}

/// Results of fewer elements stay on the caller.
const SHARED_FROM: usize = 1 << 16;

/// The operands one after the other along an axis: writes every element of `out`, row-major of this shape. Parts of the
/// leading axis are shared out.
pub(crate) fn concat<T: Copy + Send + Sync>(
    x: &[View<'_, T>],
    axis: usize,
    shape: &[usize],
    strides: &[isize],
    out: &mut [T],
    workers: &Workers,
) {
    if axis == 0 || out.len() < SHARED_FROM {
        let mut start = 0;
        for x in x {
            place(*x, start, strides, out);
            start += x.shape[axis] * strides[axis] as usize;
        }
        return;
    }
    let (size, parts) = (strides[0] as usize, Parts(out.as_mut_ptr()));
    workers.each(shape[0], |i, _| {
        // SAFETY: the i-th part of the leading axis, which no other task writes.
        let out = unsafe { std::slice::from_raw_parts_mut(parts.at(i * size), size) };
        let mut start = 0;
        for x in x {
            let offset = x.offset.wrapping_add_signed(i as isize * x.strides[0]);
            place(
                View { offset, shape: &x.shape[1..], strides: &x.strides[1..], ..*x },
                start,
                &strides[1..],
                out,
            );
            start += x.shape[axis] * strides[axis] as usize;
        }
    });
}

/// A result of which threads write different parts.
struct Parts<T>(*mut T);
// SAFETY: see above.
unsafe impl<T: Send> Sync for Parts<T> {}
impl<T> Parts<T> {
    fn at(&self, i: usize) -> *mut T {
        self.0.wrapping_add(i)
    }
}
