//! Reading and writing by index. The caller has checked that every index is within its axis.

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
    // The operand is walked together with the index. Its stride is 0 along `axis`: there the index says where to read.
    let (others, along) = without_axis(x.strides, axis);
    let mut out = out.iter_mut();
    rows(index.shape, [&others, index.strides], [x.offset, index.offset], &mut |n, [from, at], [p, q]| {
        for (k, y) in (0..n as isize).zip(&mut out) {
            let i = index.data[at.wrapping_add_signed(k * q)] as isize;
            *y = x.data[from.wrapping_add_signed(k * p + i * along)];
        }
    });
}

/// `out[…, index[…, i, …], …] += g[…, i, …]` along an axis. `out` starts from zeros; terms are added in row-major order of g.
pub(crate) fn scatter_add<T: Float>(
    g: View<'_, T>,
    axis: usize,
    index: View<'_, i64>,
    strides: &[isize],
    out: &mut [T],
) {
    out.fill(T::default());
    let (others, along) = without_axis(strides, axis);
    let walked = [g.strides, index.strides, &others];
    rows(index.shape, walked, [g.offset, index.offset, 0], &mut |n, [from, at, to], [p, q, r]| {
        for k in 0..n as isize {
            let i = index.data[at.wrapping_add_signed(k * q)] as isize;
            let y = &mut out[to.wrapping_add_signed(k * r + i * along)];
            *y = *y + g.data[from.wrapping_add_signed(k * p)];
        }
    });
}

/// The strides with 0 for one axis, and the stride of that axis.
fn without_axis(strides: &[isize], axis: usize) -> (Strides, isize) {
    let mut others = Strides::from(strides);
    let along = std::mem::replace(&mut others[axis], 0);
    (others, along)
}

fn element<T: Copy>(v: &View<'_, T>, i: usize) -> T {
    v.data[v.offset.wrapping_add_signed(i as isize * v.strides[0])]
}
