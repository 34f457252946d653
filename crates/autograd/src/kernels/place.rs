//! Copies of views to places within a larger array.

use super::rows::rows;
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
