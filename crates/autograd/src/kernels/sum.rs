//! Sums over axes, in the order that [`crate::tree`] defines.

use super::simd::widest;
use crate::dtype::Float;
use crate::shape::Strides;
use crate::tree::{self, BLOCK, LANES};
use crate::view::View;
use smallvec::SmallVec;

/// Sums `x` over the axes where `summed` holds; the kept ones give the result, in row-major order, appended.
pub(crate) fn sum<T: Float>(x: View<'_, T>, summed: impl Fn(usize) -> bool, out: &mut Vec<T>) {
    // Kept axes first, then the summed ones, each in order: the terms of a result are then one run of the walk.
    let part = |keep: bool| {
        let axes = (0..x.shape.len()).filter(|&i| summed(i) != keep && (x.shape[i] != 1));
        axes.map(|i| (x.shape[i], x.strides[i])).unzip::<usize, isize, SmallVec<[usize; 4]>, Strides>()
    };
    let (kept_shape, kept_strides) = part(true);
    let (summed_shape, summed_strides) = part(false);
    let kept = View { data: x.data, offset: x.offset, shape: &kept_shape, strides: &kept_strides };
    let terms = View { data: x.data, offset: x.offset, shape: &summed_shape, strides: &summed_strides };

    if let (Some(columns @ 2..), [length], [step]) = (unit_run(&kept), &summed_shape[..], &summed_strides[..])
    {
        return sum_columns(x.data, x.offset, columns, *length, *step, out);
    }
    let mut scratch = Vec::new();
    super::rows::rows(&kept_shape, [&kept_strides], [x.offset], |n, [start], [step]| {
        for k in 0..n {
            let terms = View { offset: start.wrapping_add_signed(k as isize * step), ..terms };
            out.push(match terms.as_slice() {
                Some(slice) => widest(|| tree::sum(slice)),
                None => {
                    scratch.clear();
                    super::copy(terms, &mut scratch);
                    tree::sum(&scratch)
                }
            });
        }
    });
}

/// The number of elements of a view that is one contiguous run.
fn unit_run<T>(view: &View<'_, T>) -> Option<usize> {
    match (view.shape, view.strides) {
        ([], _) => Some(1),
        ([n], [1]) => Some(*n),
        _ => None,
    }
}

/// Column sums of rows that are contiguous: whole rows are added, each column in the order of the tree.
fn sum_columns<T: Float>(
    data: &[T],
    offset: usize,
    columns: usize,
    rows: usize,
    step: isize,
    out: &mut Vec<T>,
) {
    let row = |r: usize| {
        let start = offset.wrapping_add_signed(r as isize * step);
        &data[start..start + columns]
    };
    let mut lanes = vec![T::default(); LANES * columns];
    let result = widest(|| column_tree(&row, 0, rows, columns, &mut lanes));
    out.extend_from_slice(&result);
}

fn column_tree<'a, T: Float>(
    row: &impl Fn(usize) -> &'a [T],
    first: usize,
    rows: usize,
    columns: usize,
    lanes: &mut [T],
) -> Vec<T> {
    if let Some(left) = tree::split(rows) {
        let mut sums = column_tree(row, first, left, columns, lanes);
        let right = column_tree(row, first + left, rows - left, columns, lanes);
        add_to(&mut sums, &right);
        return sums;
    }
    debug_assert!(rows <= BLOCK);
    lanes.fill(T::default());
    for r in 0..rows {
        let lane = r % LANES * columns;
        add_to(&mut lanes[lane..lane + columns], row(first + r));
    }
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = lanes.split_at_mut(half * columns);
        add_to(low, &high[..half * columns]);
        half /= 2;
    }
    lanes[..columns].to_vec()
}

#[inline(always)]
fn add_to<T: Float>(sums: &mut [T], terms: &[T]) {
    for (s, &x) in sums.iter_mut().zip(terms) {
        *s = *s + x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_adds_in_the_same_order() {
        let (m, n) = (2500, 7);
        let data: Vec<f32> = (0..m * n).map(|i| (i as f32 * 0.618).fract() * 1e3).collect();
        let columns: Vec<f32> =
            (0..n).map(|j| tree::sum(&(0..m).map(|i| data[i * n + j]).collect::<Vec<_>>())).collect();
        let transposed: Vec<f32> = (0..m * n).map(|k| data[k % m * n + k / m]).collect();
        let mut by_rows = vec![];
        let x = View { data: &data, offset: 0, shape: &[m, n], strides: &[n as isize, 1] };
        sum(x, |axis| axis == 0, &mut by_rows);
        let mut contiguous = vec![];
        let x = View { data: &transposed, offset: 0, shape: &[n, m], strides: &[m as isize, 1] };
        sum(x, |axis| axis == 1, &mut contiguous);
        let mut strided = vec![];
        let x = View { data: &transposed, offset: 0, shape: &[m, 1, n], strides: &[1, 0, m as isize] };
        sum(x, |axis| axis == 0, &mut strided);
        assert_eq!((&by_rows, &contiguous, &strided), (&columns, &columns, &columns));
    }
}
