//! Loops over matrices that the ops of linear algebra share. Everything is computed in double precision, row by row, and
//! rounded once at the end.

use super::prelude::*;
use crate::lists::IntoList;
use crate::math::ln;
use crate::number::Num;

/// The elements in double precision.
pub(super) fn doubles(x: &Dense) -> Vec<f64> {
    with_float!(x.meta.dtype, T => x.slice::<T>().iter().map(|x| x.to_f64()).listed())
}

/// Writes the result, rounded to its dtype.
pub(super) fn write(y: Fill<'_>, values: &[f64]) {
    with_float!(y.dtype(), T => y.write(values.iter().map(|&x| T::from_f64(x))));
}

/// The number of rows of square matrices.
pub(super) fn require_square(x: &Meta) -> Result<usize, Mismatch> {
    match x.shape.split_last_chunk() {
        Some((_, &[m, n])) if m == n => Ok(n),
        Some((_, &[m, n])) => {
            let (a, b) = (x.shape.len() - 2, x.shape.len() - 1);
            let sides = [Clash::Axis(0, a), Clash::Axis(0, b)];
            Err(Mismatch::new(format!("the matrices are square, not of {m} rows and {n} columns"))
                .hint("`lstsq` solves with matrices of any shape, `pinv` inverts them")
                .clash(sides))
        }
        None => Err(Mismatch::new("the operand holds matrices, of two axes or more")
            .hint("`.reshape(…)` makes a matrix of a vector")),
    }
}

/// The matrices on the right of an equation belong to those on the left: equal leading axes, and as many rows.
pub(super) fn require_right_side(x: &[&Meta]) -> Result<Meta, Mismatch> {
    let dtype = require_float(x)?;
    let n = require_square(x[0])?;
    let Some((lead, &[rows, _])) = x[1].shape.split_last_chunk() else {
        return Err(Mismatch::new("the right side holds matrices, of two axes or more"));
    };
    if rows != n {
        let sides = [Clash::Axis(0, x[0].shape.len() - 1), Clash::Axis(1, x[1].shape.len() - 2)];
        return Err(Mismatch::new("b has as many rows as a").clash(sides));
    }
    if lead != &x[0].shape[..x[0].shape.len() - 2] {
        return Err(Mismatch::new("leading axes, aligned at the last, are equal or one of them is 1"));
    }
    Ok(Meta::new(x[1].shape.clone(), dtype))
}

/// The position of a matrix among the leading axes.
pub(super) fn entry_of(number: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = number;
    let mut entry: Vec<usize> = shape[..shape.len() - 2].to_vec();
    for place in entry.iter_mut().rev() {
        (rest, *place) = (rest / *place, rest % *place);
    }
    entry
}

/// Adds `factor` times a row to another one.
fn add_row(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(y, x)| *y += factor * x);
}

/// Two rows of a matrix of `n` columns, the first of them to be changed.
fn two_rows(a: &mut [f64], n: usize, changed: usize, read: usize) -> (&mut [f64], &[f64]) {
    if changed > read {
        let (head, tail) = a.split_at_mut(changed * n);
        (&mut tail[..n], &head[read * n..][..n])
    } else {
        let (head, tail) = a.split_at_mut(read * n);
        (&mut head[changed * n..][..n], &tail[..n])
    }
}

/// P·A = L·U with the largest pivot of each column, for A of `rows.len()` rows and `n` columns.
pub(super) struct Lu {
    /// U, and below the diagonal L, whose diagonal is 1.
    packed: Vec<f64>,
    n: usize,
    /// Row i of P·A is row `rows[i]` of A.
    rows: Vec<usize>,
    /// The determinant of P.
    sign: f64,
    /// The first pivot that is 0.
    zero: Option<usize>,
}

impl Lu {
    /// Of a square matrix.
    pub(super) fn of(a: &[f64], n: usize) -> Lu {
        Lu::of_rows(a, n, n)
    }

    /// Of a matrix of `m` rows and `n` columns.
    pub(super) fn of_rows(a: &[f64], m: usize, n: usize) -> Lu {
        let mut lu = Lu { packed: a.to_vec(), n, rows: (0..m).listed(), sign: 1.0, zero: None };
        for k in 0..m.min(n) {
            lu.exchange(k);
            let pivot = lu.packed[k * n + k];
            if pivot == 0.0 {
                lu.zero = lu.zero.or(Some(k));
                continue;
            }
            for i in k + 1..m {
                let (row, above) = two_rows(&mut lu.packed, n, i, k);
                row[k] /= pivot;
                let factor = -row[k];
                add_row(&mut row[k + 1..], factor, &above[k + 1..]);
            }
        }
        lu
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

    pub(super) fn packed(&self) -> &[f64] {
        &self.packed
    }

    /// Row i of P·A is this row of A.
    pub(super) fn order(&self) -> &[usize] {
        &self.rows
    }

    pub(super) fn zero(&self) -> Option<usize> {
        self.zero
    }

    pub(super) fn determinant(&self) -> f64 {
        self.pivots().fold(self.sign, |product, pivot| product * pivot)
    }

    /// The sign of the determinant, and the logarithm of its size.
    pub(super) fn log_determinant(&self) -> (f64, f64) {
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
    pub(super) fn solve(&self, b: &[f64], columns: usize) -> Vec<f64> {
        let n = self.n;
        let mut x: Vec<f64> = self.rows.iter().flat_map(|&i| &b[i * columns..][..columns]).copied().listed();
        for i in 0..n {
            for j in 0..i {
                let (row, above) = two_rows(&mut x, columns, i, j);
                add_row(row, -self.packed[i * n + j], above);
            }
        }
        back_substitute(&self.packed, n, false, &mut x, columns);
        x
    }
}

/// Solves U·X = X in place, for U on and above the diagonal.
fn back_substitute(u: &[f64], n: usize, unit: bool, x: &mut [f64], columns: usize) {
    for i in (0..n).rev() {
        for j in i + 1..n {
            let (row, below) = two_rows(x, columns, i, j);
            add_row(row, -u[i * n + j], below);
        }
        if !unit {
            x[i * columns..][..columns].iter_mut().for_each(|x| *x /= u[i * n + i]);
        }
    }
}

/// Solves T·X = X in place. T is the upper or the lower triangle of `t`; with `unit` its diagonal is 1.
pub(super) fn solve_triangle(t: &[f64], n: usize, upper: bool, unit: bool, x: &mut [f64], columns: usize) {
    if upper {
        return back_substitute(t, n, unit, x, columns);
    }
    for i in 0..n {
        for j in 0..i {
            let (row, above) = two_rows(x, columns, i, j);
            add_row(row, -t[i * n + j], above);
        }
        if !unit {
            x[i * columns..][..columns].iter_mut().for_each(|x| *x /= t[i * n + i]);
        }
    }
}

pub(super) fn transposed(a: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns).map(|k| a[k % rows * columns + k / rows]).listed()
}

/// A·B for square matrices.
pub(super) fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    for i in 0..n {
        for k in 0..n {
            add_row(&mut c[i * n..][..n], a[i * n + k], &b[k * n..][..n]);
        }
    }
    c
}

/// Rows whose derivatives multiply matrices are added up in another order by the oracle, but for those of a single element,
/// which random programs draw from.
#[cfg(test)]
pub(super) fn rounded(all: Vec<Row>) -> Vec<Row> {
    let single = |row: &Row| row.shapes.iter().all(|shape| shape.iter().rev().take(2).all(|&n| n == 1));
    all.into_iter().map(|row| if single(&row) { row } else { row.rounds() }).listed()
}
