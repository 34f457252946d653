//! One entry per row, taken or placed. The caller has checked that every index is within its row.

use super::rows::rows;
use crate::dtype::Float;
use crate::shape::Strides;
use crate::view::View;

/// `out[i] = x[i, index[i]]`.
pub(crate) fn pick<T: Copy>(x: View<'_, T>, index: View<'_, i64>, out: &mut [T]) {
    for (i, y) in out.iter_mut().enumerate() {
        let column = element(&index, i) as isize;
        *y = x.data[x.offset.wrapping_add_signed(i as isize * x.strides[0] + column * x.strides[1])];
    }
}

/// `out[i, index[i]] = g[i]`, all else zero.
pub(crate) fn unpick<T: Copy + Default>(g: View<'_, T>, index: View<'_, i64>, columns: usize, out: &mut [T]) {
    out.fill(T::default());
    for i in 0..g.shape[0] {
        out[i * columns + element(&index, i) as usize] = element(&g, i);
    }
}

/// `out[…, i, …] = x[…, index[…, i, …], …]` along an axis.
pub(crate) fn gather<T: Copy>(x: View<'_, T>, axis: usize, index: View<'_, i64>, out: &mut [T]) {
    // The operand is walked beside the index, standing still along the axis that the index counts.
    let (still, along) = standing_still(x.strides, axis);
    let mut out = out.iter_mut();
    rows(index.shape, [&still, index.strides], [x.offset, index.offset], |n, [from, at], [p, q]| {
        for (k, y) in (0..n as isize).zip(&mut out) {
            let i = index.data[at.wrapping_add_signed(k * q)] as isize;
            *y = x.data[from.wrapping_add_signed(k * p + i * along)];
        }
    });
}

/// `out[…, index[…, i, …], …] += g[…, i, …]` along an axis, from zeros, in row-major order of g.
pub(crate) fn scatter_add<T: Float>(
    g: View<'_, T>,
    axis: usize,
    index: View<'_, i64>,
    strides: &[isize],
    out: &mut [T],
) {
    out.fill(T::default());
    let (still, along) = standing_still(strides, axis);
    let walked = [g.strides, index.strides, &still];
    rows(index.shape, walked, [g.offset, index.offset, 0], |n, [from, at, to], [p, q, r]| {
        for k in 0..n as isize {
            let i = index.data[at.wrapping_add_signed(k * q)] as isize;
            let y = &mut out[to.wrapping_add_signed(k * r + i * along)];
            *y = *y + g.data[from.wrapping_add_signed(k * p)];
        }
    });
}

/// Strides that do not move along an axis, and the stride that does.
fn standing_still(strides: &[isize], axis: usize) -> (Strides, isize) {
    let mut still = Strides::from(strides);
    let along = std::mem::replace(&mut still[axis], 0);
    (still, along)
}

fn element<T: Copy>(v: &View<'_, T>, i: usize) -> T {
    v.data[v.offset.wrapping_add_signed(i as isize * v.strides[0])]
}
