//! Loops over matrices that the ops of linear algebra share. Everything is computed in double precision, row by row, and
//! rounded once at the end. Kernels take the same steps in blocks, see `kernels/linear.rs`.

use super::lines::contiguous;
use super::prelude::*;
use crate::kernels::linear::{Blocks, Triangle, WIDTH, two_rows};
use crate::kernels::simd::widest;
use crate::lists::IntoList;
use crate::math::ln;
use crate::number::Num;
use std::borrow::Cow;
use std::ops::Range;

/// The elements in double precision.
pub(super) fn doubles(x: &Dense) -> Vec<f64> {
    with_float!(x.meta.dtype, T => x.slice::<T>().iter().map(|x| x.to_f64()).listed())
}

/// The elements in double precision and in row-major order: as they lie, or converted.
pub(super) fn as_doubles<'a>(x: &Strided<'a>) -> Cow<'a, [f64]> {
    match x.dtype() {
        DType::F64 => contiguous(x),
        dtype => with_float!(dtype, T => contiguous::<T>(x).iter().map(|x| x.to_f64()).collect()),
    }
}

/// Lets `f` compute the result in double precision: in its place or, to be rounded once, in memory of its own. What `f` finds
/// there is undefined.
pub(super) fn in_doubles(y: Fill<'_>, f: impl FnOnce(&mut [f64]) -> Result<(), Fault>) -> Result<(), Fault> {
    if y.dtype() == DType::F64 {
        return f(y.slice());
    }
    let mut values = vec![0.0; y.shape.elements()];
    f(&mut values)?;
    write(y, &values);
    Ok(())
}

/// What a factor of matrices with so many rows and columns needs, or an equation with so many right sides.
pub(super) fn factor_needs([rows, columns, sides]: [usize; 3]) -> Needs {
    let products = [rows, columns, sides.max(WIDTH)].iter().fold(1usize, |all, &n| all.saturating_mul(n));
    Needs {
        shared: products >= Target::CPU.threads.products_from,
        scratch: kernels::linear::scratch(rows, columns, sides),
    }
}

/// Writes the result, rounded to its dtype.
pub(super) fn write(y: Fill<'_>, values: &[f64]) {
    with_float!(y.dtype(), T => {
        let all = y.slice::<T>();
        assert_eq!(all.len(), values.len(), "as many values as elements");
        all.iter_mut().zip(values).for_each(|(y, &x)| *y = T::from_f64(x));
    });
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
#[inline(always)]
fn add_row(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(y, x)| *y += factor * x);
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

/// The factors of each square matrix.
pub(super) fn each_lu(a: &[f64], shape: &[usize], mut of: impl FnMut(&[f64], usize) -> Lu) -> Vec<Lu> {
    let n = shape[shape.len() - 1];
    let count = shape[..shape.len() - 2].iter().product::<usize>();
    (0..count).map(|k| of(&a[k * n * n..][..n * n], n)).listed()
}

impl Lu {
    /// Of a square matrix.
    pub(super) fn of(a: &[f64], n: usize) -> Lu {
        Lu::of_rows(a, n, n)
    }

    /// Of a matrix of `m` rows and `n` columns.
    pub(super) fn of_rows(a: &[f64], m: usize, n: usize) -> Lu {
        let mut lu = Lu::begun(a, m, n);
        lu.eliminate(0..n);
        lu
    }

    fn begun(a: &[f64], m: usize, n: usize) -> Lu {
        Lu { packed: a.to_vec(), n, rows: (0..m).listed(), sign: 1.0, zero: None }
    }

    /// The same for kernels: columns in blocks. What the rows of U above a block subtract from it is one product.
    pub(super) fn in_blocks(a: &[f64], m: usize, n: usize, blocks: &mut Blocks<'_>) -> Lu {
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
        let mut x = self.ordered(b, columns);
        solve_triangle(&self.packed, self.n, false, true, &mut x, columns);
        solve_triangle(&self.packed, self.n, true, false, &mut x, columns);
        x
    }

    /// The same for kernels.
    pub(super) fn solve_in_blocks(&self, b: &[f64], columns: usize, blocks: &mut Blocks<'_>) -> Vec<f64> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::workers::Workers;
    use crate::scratch::Scratch;

    /// Mixed numbers in -1..1.
    fn mixed(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 * 0.618 + (i * i % 97) as f64 * 0.37).fract() * 2.0 - 1.0).collect()
    }

    fn near(a: &[f64], b: &[f64], what: &str) {
        let far = a.iter().zip(b).fold(0.0, |far: f64, (a, b)| far.max((a - b).abs()));
        assert!(a.len() == b.len() && far < 1e-9, "{what}: {far:e}");
    }

    /// Blocks of one, of several, and with a part of one at the end.
    #[test]
    fn in_blocks_everything_is_as_by_plain_loops() {
        let (mut scratch, workers) = (Scratch::default(), Workers::new(2));
        let mut blocks = Blocks::new(&mut scratch, &workers);
        for (m, n) in [(1, 1), (32, 32), (33, 33), (100, 100), (130, 70), (40, 150), (3, 70)] {
            let a = mixed(m * n);
            let (plain, given) = (Lu::of_rows(&a, m, n), Lu::in_blocks(&a, m, n, &mut blocks));
            assert_eq!((&plain.rows, plain.sign, plain.zero), (&given.rows, given.sign, given.zero));
            near(&plain.packed, &given.packed, &format!("{m}×{n}"));
            if m == n {
                let b = mixed(n * 7);
                near(&plain.solve(&b, 7), &given.solve_in_blocks(&b, 7, &mut blocks), &format!("solve {n}"));
            }
        }
    }

    #[test]
    fn triangles_in_blocks_are_solved_as_by_plain_loops() {
        let (mut scratch, workers) = (Scratch::default(), Workers::default());
        let mut blocks = Blocks::new(&mut scratch, &workers);
        let n = 77;
        let mut a: Vec<f64> = mixed(n * n).iter().map(|x| x * 0.2).collect();
        (0..n).for_each(|i| a[i * n + i] = 2.0);
        let turned = transposed(&a, n, n);
        for (upper, unit, columns) in
            [(false, false, 5), (true, false, 40), (false, true, 1), (true, true, 5)]
        {
            let mut wanted = mixed(n * columns);
            let (mut given, mut by_turned) = (wanted.clone(), wanted.clone());
            solve_triangle(&a, n, upper, unit, &mut wanted, columns);
            blocks.solve(Triangle { data: &a, n, steps: [n, 1], upper, unit }, &mut given, columns);
            blocks.solve(Triangle { data: &turned, n, steps: [1, n], upper, unit }, &mut by_turned, columns);
            near(&given, &wanted, "as it lies");
            near(&by_turned, &wanted, "turned");
        }
    }

    /// A pivot is named by its place in the whole matrix.
    #[test]
    fn impossible_pivots_are_found_in_any_block() {
        let (mut scratch, workers) = (Scratch::default(), Workers::default());
        let mut blocks = Blocks::new(&mut scratch, &workers);
        let n = 70;
        for pivot in [0, 31, 32, 69] {
            let mut a = vec![0.0; n * n];
            (0..n).for_each(|i| a[i * n + i] = if i == pivot { 0.0 } else { 4.0 });
            assert_eq!(Lu::in_blocks(&a, n, n, &mut blocks).zero(), Some(pivot));
            assert_eq!(blocks.cholesky(&mut a.clone(), n), Err(pivot));
            a[pivot * n + pivot] = 4.0;
            assert_eq!(blocks.cholesky(&mut a, n), Ok(()));
            assert!((0..n * n).all(|k| a[k] == if k % (n + 1) == 0 { 2.0 } else { 0.0 }));
        }
    }

    #[test]
    fn a_factor_in_blocks_gives_the_matrix_back() {
        let (mut scratch, workers) = (Scratch::default(), Workers::default());
        let n = 101;
        let x = mixed(n * n);
        let mut a = product(&x, &transposed(&x, n, n), n);
        (0..n).for_each(|i| a[i * n + i] += 1.0);
        let mut l = a.clone();
        assert_eq!(Blocks::new(&mut scratch, &workers).cholesky(&mut l, n), Ok(()));
        near(&product(&l, &transposed(&l, n, n), n), &a, "L·Lᵀ");
    }
}
