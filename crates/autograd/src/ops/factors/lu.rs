//! P·A = L·U by elimination with the largest pivot of each column: by plain loops, and in blocks.

use super::{add_row, solve_triangle};
use crate::kernels::linear::{Blocks, Triangle, WIDTH};
use crate::kernels::simd::widest;
use crate::lists::IntoList;
use crate::math::ln;
use crate::number::Num;
use std::ops::Range;

/// P·A = L·U with the largest pivot of each column, for A of `rows.len()` rows and `n` columns.
pub(crate) struct Lu {
    /// U, and below the diagonal L, whose diagonal is 1.
    pub(super) packed: Vec<f64>,
    n: usize,
    /// Row i of P·A is row `rows[i]` of A.
    pub(super) rows: Vec<usize>,
    /// The determinant of P.
    pub(super) sign: f64,
    /// The first pivot that is 0.
    pub(super) zero: Option<usize>,
}

/// The factors of each square matrix.
pub(crate) fn each_lu(a: &[f64], shape: &[usize], mut of: impl FnMut(&[f64], usize) -> Lu) -> Vec<Lu> {
    let n = shape[shape.len() - 1];
    let count = shape[..shape.len() - 2].iter().product::<usize>();
    (0..count).map(|k| of(&a[k * n * n..][..n * n], n)).listed()
}

impl Lu {
    /// Of a square matrix.
    pub(crate) fn of(a: &[f64], n: usize) -> Lu {
        Lu::of_rows(a, n, n)
    }

    /// Of a matrix of `m` rows and `n` columns.
    pub(crate) fn of_rows(a: &[f64], m: usize, n: usize) -> Lu {
        let mut lu = Lu::begun(a, m, n);
        lu.eliminate(0..n);
        lu
    }

    fn begun(a: &[f64], m: usize, n: usize) -> Lu {
        Lu { packed: a.to_vec(), n, rows: (0..m).listed(), sign: 1.0, zero: None }
    }

    /// The same for kernels: columns in blocks. What the rows of U above a block subtract from it is one product.
    pub(crate) fn in_blocks(a: &[f64], m: usize, n: usize, blocks: &mut Blocks<'_>) -> Lu {
        let mut lu = Lu::begun(a, m, n);
        for start in (0..n).step_by(WIDTH) {
            let (block, done) = (start..n.min(start + WIDTH), start.min(m));
            if done > 0 {
                lu.subtract_above(block.clone(), done, blocks);
            }
            lu.eliminate(block);
        }
        lu
    }

    /// Solves for the first rows of a block, which are of U, and subtracts them from the others.
    fn subtract_above(&mut self, block: Range<usize>, done: usize, blocks: &mut Blocks<'_>) {
        let (n, width, a) = (self.n, block.len(), &mut self.packed);
        let mut x: Vec<f64> = (0..done).flat_map(|i| &a[i * n..][block.clone()]).copied().listed();
        blocks.solve(Triangle { data: a, n: done, steps: [n, 1], upper: false, unit: true }, &mut x, width);
        for (row, x) in a.chunks_exact_mut(n).zip(x.chunks_exact(width)) {
            row[block.clone()].copy_from_slice(x);
        }
        if done == self.rows.len() {
            return;
        }
        let size = [self.rows.len() - done, done, width];
        blocks.multiply(size, (a, done * n, [n, 1]), (&x, 0, [width, 1]));
        blocks.subtract(&mut a[done * n..], n, block);
    }

    /// Eliminates columns, from which all before them are subtracted already.
    fn eliminate(&mut self, columns: Range<usize>) {
        let (m, n) = (self.rows.len(), self.n);
        for k in columns.start..columns.end.min(m) {
            self.exchange(k);
            let pivot = self.packed[k * n + k];
            if pivot == 0.0 {
                self.zero = self.zero.or(Some(k));
                continue;
            }
            let (above, below) = self.packed.split_at_mut((k + 1) * n);
            let above = &above[k * n + k + 1..k * n + columns.end];
            widest(
                #[inline(always)]
                || {
                    for row in below.chunks_exact_mut(n) {
                        row[k] /= pivot;
                        let factor = -row[k];
                        add_row(&mut row[k + 1..columns.end], factor, above);
                    }
                },
            );
        }
    }

    /// Brings the row with the largest element of column k to place k. A NaN counts as the largest, so that it shows.
    fn exchange(&mut self, k: usize) {
        let n = self.n;
        let size = |i: usize| self.packed[i * n + k].abs();
        let mut best = k;
        for i in k + 1..self.rows.len() {
            if !size(best).is_nan() && (size(i) > size(best) || size(i).is_nan()) {
                best = i;
            }
        }
        if best != k {
            for j in 0..n {
                self.packed.swap(best * n + j, k * n + j);
            }
            self.rows.swap(best, k);
            self.sign = -self.sign;
        }
    }

    pub(crate) fn packed(&self) -> &[f64] {
        &self.packed
    }

    /// Row i of P·A is this row of A.
    pub(crate) fn order(&self) -> &[usize] {
        &self.rows
    }

    pub(crate) fn zero(&self) -> Option<usize> {
        self.zero
    }

    pub(crate) fn determinant(&self) -> f64 {
        self.pivots().fold(self.sign, |product, pivot| product * pivot)
    }

    /// The sign of the determinant, and the logarithm of its size.
    pub(crate) fn log_determinant(&self) -> (f64, f64) {
        if self.zero.is_some() {
            return (0.0, f64::NEG_INFINITY);
        }
        let sign = |x: f64| if x.is_nan() { x } else { x.signum() };
        self.pivots()
            .fold((self.sign, 0.0), |(s, log), pivot| (s * sign(pivot), log + ln(Num(pivot.abs())).0))
    }

    fn pivots(&self) -> impl Iterator<Item = f64> {
        (0..self.n).map(|k| self.packed[k * self.n + k])
    }

    /// The solution of A·X = B for B of `columns` columns.
    pub(crate) fn solve(&self, b: &[f64], columns: usize) -> Vec<f64> {
        let mut x = self.ordered(b, columns);
        solve_triangle(&self.packed, self.n, false, true, &mut x, columns);
        solve_triangle(&self.packed, self.n, true, false, &mut x, columns);
        x
    }

    /// The same for kernels.
    pub(crate) fn solve_in_blocks(&self, b: &[f64], columns: usize, blocks: &mut Blocks<'_>) -> Vec<f64> {
        let mut x = self.ordered(b, columns);
        let (data, n) = (&self.packed[..], self.n);
        for upper in [false, true] {
            blocks.solve(Triangle { data, n, steps: [n, 1], upper, unit: !upper }, &mut x, columns);
        }
        x
    }

    /// P·B for B of `columns` columns.
    fn ordered(&self, b: &[f64], columns: usize) -> Vec<f64> {
        self.rows.iter().flat_map(|&i| &b[i * columns..][..columns]).copied().listed()
    }
}
