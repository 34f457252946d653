//! Loops over matrices that the ops of linear algebra share. Everything is computed in double precision, row by row, and
//! rounded once at the end. Kernels take the same steps in blocks, see `kernels/linear.rs`.

mod lu;

pub(super) use lu::{Lu, each_lu};

use super::lines::contiguous;
use super::prelude::*;
use crate::ir::Op;
use crate::kernels::linear::{WIDTH, two_rows};
use crate::lists::IntoList;
use std::borrow::Cow;

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

/// Equations of a batch: right sides of one matrix are columns beside each other.
#[track_caller]
pub(super) fn of_right_sides<'t>(op: impl Into<Op>, batch: &Batch<'_, 't>) -> Var<'t> {
    match *batch.x {
        [Each::Same(a), Each::Own(b)] if a.rank() == 2 => {
            batch.parted(record(op, &[a, batch.merged(b, 1)]), 1)
        }
        _ => batch.record(op),
    }
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
    use crate::kernels::linear::{Blocks, Triangle};
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

    /// By the formula: Ā = sym(L⁻ᵀ·Φ(Lᵀ·tril G)·L⁻¹).
    #[test]
    fn the_cotangent_of_a_factor_goes_back_in_blocks_as_by_its_formula() {
        let (mut scratch, workers) = (Scratch::default(), Workers::new(2));
        let mut blocks = Blocks::new(&mut scratch, &workers);
        for n in [1, 5, 32, 33, 100] {
            let lower = |x: Vec<f64>| -> Vec<f64> {
                x.into_iter().enumerate().map(|(k, x)| if k % n <= k / n { x } else { 0.0 }).collect()
            };
            let mut l: Vec<f64> = lower(mixed(n * n)).iter().map(|x| x * 0.2).collect();
            (0..n).for_each(|i| l[i * n + i] = 2.0 + 0.01 * i as f64);
            let (g, turned) = (mixed(n * n), transposed(&l, n, n));
            let mut x = lower(product(&turned, &lower(g.clone()), n));
            (0..n).for_each(|i| x[i * n + i] *= 0.5);
            solve_triangle(&turned, n, true, false, &mut x, n);
            let mut x = transposed(&x, n, n);
            solve_triangle(&turned, n, true, false, &mut x, n);
            let wanted: Vec<f64> = x.iter().zip(transposed(&x, n, n)).map(|(a, b)| 0.5 * (a + b)).collect();
            let mut s: Vec<f64> = g.iter().map(|g| 0.5 * g).collect();
            blocks.cholesky_back(&l, &mut s, n);
            near(&s, &wanted, &format!("{n}"));
        }
    }
}
