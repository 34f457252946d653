//! One entry per row, taken or placed. The caller has checked that every index is within its row.

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

fn element<T: Copy>(v: &View<'_, T>, i: usize) -> T {
    v.data[v.offset.wrapping_add_signed(i as isize * v.strides[0])]
}
