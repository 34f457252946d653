//! One entry per row, taken or placed. The caller has checked that every index is within its row.

use crate::view::View;

/// `out[i] = x[i, index[i]]`.
pub(crate) fn pick<T: Copy>(x: View<'_, T>, index: View<'_, i64>, out: &mut Vec<T>) {
    out.extend((0..x.shape[0]).map(|i| {
        let column = element(&index, i) as isize;
        x.data[x.offset.wrapping_add_signed(i as isize * x.strides[0] + column * x.strides[1])]
    }));
}

/// `out[i, index[i]] = g[i]`, all else zero; appended.
pub(crate) fn scatter<T: Copy + Default>(
    g: View<'_, T>,
    index: View<'_, i64>,
    columns: usize,
    out: &mut Vec<T>,
) {
    let start = out.len();
    out.resize(start + g.shape[0] * columns, T::default());
    for i in 0..g.shape[0] {
        out[start + i * columns + element(&index, i) as usize] = element(&g, i);
    }
}

/// The first index that is outside of `0..columns`, with its place.
pub(crate) fn out_of_range(index: View<'_, i64>, columns: usize) -> Option<(usize, i64)> {
    let within = |c: i64| usize::try_from(c).is_ok_and(|c| c < columns);
    (0..index.shape[0]).map(|i| (i, element(&index, i))).find(|&(_, c)| !within(c))
}

fn element<T: Copy>(v: &View<'_, T>, i: usize) -> T {
    v.data[v.offset.wrapping_add_signed(i as isize * v.strides[0])]
}
