//! The product of two matrices, behind one function.

use super::simd::widest;
use crate::dtype::Float;
use crate::view::View;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar, ShapeBuilder};

/// Products of more multiplications go to a packed, cache-blocked kernel.
const BLOCKED_FROM: usize = 1 << 17;

/// Rows that are computed together, so that their additions overlap.
const ROWS: usize = 4;

/// `out = a·b` for a of [m, k] and b of [k, n] with any strides; transposes need no copy.
pub(crate) fn matmul<T: Float + LinalgScalar>(a: View<'_, T>, b: View<'_, T>, out: &mut Vec<T>) {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1]);
    if m * n == 0 {
        return;
    }
    if m * k * n < BLOCKED_FROM {
        return match n {
            0..=4 => small::<T, 4>(a, b, out),
            5..=8 => small::<T, 8>(a, b, out),
            _ => small::<T, 16>(a, b, out),
        };
    }
    out.resize(m * n, T::default());
    let mut c = ArrayViewMut2::from_shape((m, n), out).expect("m·n elements");
    ndarray::linalg::general_mat_mul(T::one(), &array(a), &array(b), T::zero(), &mut c);
}

/// Each element a sum from the first term to the last, multiply then add; whole rows of a panel of b at once.
fn small<T: Float, const PANEL: usize>(a: View<'_, T>, b: View<'_, T>, out: &mut Vec<T>) {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1]);
    // Rows are stored as whole panels: what lies beyond a row is overwritten by the next, or cut off at the end.
    out.resize(m * n + PANEL, T::default());
    let mut panel: Vec<[T; PANEL]> = Vec::with_capacity(k);
    for first in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - first);
        panel.clear();
        widest(
            #[inline(always)]
            || {
                for p in 0..k {
                    panel.push(panel_row(&b, place(&b, p, first), width));
                }
                for i in (0..m).step_by(ROWS) {
                    let rows = ROWS.min(m - i);
                    // The last rows of a short block repeat the last one and are not stored.
                    let starts = std::array::from_fn(|r| place(&a, i + r.min(rows - 1), 0));
                    let sums = panel_rows(a.data, starts, a.strides[1], &panel);
                    for (r, sum) in sums.iter().enumerate().take(rows) {
                        let start = (i + r) * n + first;
                        if n <= PANEL {
                            out[start..start + PANEL].copy_from_slice(sum);
                        } else {
                            out[start..start + width].copy_from_slice(&sum[..width]);
                        }
                    }
                }
            },
        );
    }
    out.truncate(m * n);
}

/// `width` elements of a row of b, filled up with anything: what is computed from the rest is not kept.
#[inline(always)]
fn panel_row<T: Float, const PANEL: usize>(b: &View<'_, T>, start: usize, width: usize) -> [T; PANEL] {
    // A copy of constant length costs a fraction of one that is cut to the width.
    if b.strides[1] == 1
        && let Some(row) = b.data[start..].first_chunk()
    {
        return *row;
    }
    let mut row = [T::default(); PANEL];
    for (j, x) in row[..width].iter_mut().enumerate() {
        *x = b.data[start.wrapping_add_signed(j as isize * b.strides[1])];
    }
    row
}

#[inline(always)]
fn panel_rows<T: Float, const PANEL: usize>(
    a: &[T],
    starts: [usize; ROWS],
    step: isize,
    panel: &[[T; PANEL]],
) -> [[T; PANEL]; ROWS] {
    let mut sums = [[T::default(); PANEL]; ROWS];
    for (p, b) in panel.iter().enumerate() {
        for (sum, &start) in sums.iter_mut().zip(&starts) {
            let x = a[start.wrapping_add_signed(p as isize * step)];
            for (s, &y) in sum.iter_mut().zip(b) {
                *s = *s + x * y;
            }
        }
    }
    sums
}

#[inline(always)]
fn place<T>(v: &View<'_, T>, i: usize, j: usize) -> usize {
    v.offset.wrapping_add_signed(i as isize * v.strides[0] + j as isize * v.strides[1])
}

fn array<'a, T: Float>(v: View<'a, T>) -> ArrayView2<'a, T> {
    let shape = (v.shape[0], v.shape[1]);
    let strides = (v.strides[0] as usize, v.strides[1] as usize);
    ArrayView2::from_shape(shape.strides(strides), &v.data[v.offset..])
        .expect("a view lies within its buffer")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strides of every kind, on both sides of the border between the kernels.
    #[test]
    fn both_kernels_agree_with_the_definition() {
        for (m, k, n) in [(1, 1, 1), (5, 3, 2), (4, 0, 3), (17, 9, 33), (60, 50, 49), (70, 80, 60)] {
            let numbers =
                |n: usize| -> Vec<f64> { (0..n).map(|i| (i as f64 * 0.618).fract() - 0.5).collect() };
            let (x, y) = (numbers(m * k + 3), numbers(k * n));
            let cases = [
                ([k as isize, 1], [n as isize, 1]),
                ([1, m as isize], [1, k as isize]),
                ([0, 1], [n as isize, 0]),
            ];
            for (strides_a, strides_b) in cases {
                let (shape_a, shape_b) = ([m, k], [k, n]);
                let a = View { data: &x, offset: 3, shape: &shape_a, strides: &strides_a };
                let b = View { data: &y, offset: 0, shape: &shape_b, strides: &strides_b };
                let mut out = vec![];
                matmul(a, b, &mut out);
                for i in 0..m {
                    for j in 0..n {
                        let want = (0..k).fold(0.0, |s, p| s + x[place(&a, i, p)] * y[place(&b, p, j)]);
                        assert!((out[i * n + j] - want).abs() < 1e-13, "{m}×{k}×{n} at {i}, {j}");
                    }
                }
            }
        }
    }
}
