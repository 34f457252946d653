//! Factors of matrices and solutions of equations, in double precision. All but narrow strips is products of matrices: columns
//! are taken in blocks, and what the blocks before them subtract is one product. A matrix of one block is done by plain loops.
//! Source: J. J. Dongarra, I. S. Duff, D. C. Sorensen, H. A. van der Vorst, "Numerical Linear Algebra for High-Performance
//! Computers", 1998, chapter 5.

use super::matmul::{matmul, scratch_bytes};
use super::simd::widest;
use super::workers::Workers;
use crate::scratch::Scratch;
use crate::view::View;
use std::ops::Range;

/// The columns of a block.
pub(crate) const WIDTH: usize = 32;

/// Bytes of scratch for matrices of so many rows and columns, and equations with so many right sides.
pub(crate) fn scratch(rows: usize, columns: usize, sides: usize) -> usize {
    scratch_bytes::<f64>(rows, columns, sides.max(WIDTH))
}

/// A triangle of a square matrix, with the steps from row to row and from column to column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triangle<'a> {
    pub(crate) data: &'a [f64],
    pub(crate) n: usize,
    pub(crate) steps: [usize; 2],
    pub(crate) upper: bool,
    /// The diagonal counts as 1.
    pub(crate) unit: bool,
}

impl Triangle<'_> {
    fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.steps[0] + j * self.steps[1]]
    }
}

/// A part of a matrix: where it begins, the steps from row to row and from column to column.
pub(crate) type Part<'a> = (&'a [f64], usize, [usize; 2]);

/// What the blocks share: threads, memory for packing, and the last product.
#[derive(Debug)]
pub(crate) struct Blocks<'a> {
    scratch: &'a mut Scratch,
    workers: &'a Workers,
    product: Vec<f64>,
}

impl<'a> Blocks<'a> {
    pub(crate) fn new(scratch: &'a mut Scratch, workers: &'a Workers) -> Blocks<'a> {
        Blocks { scratch, workers, product: vec![] }
    }

    /// Computes a product of \[m, k\] and \[k, n\].
    pub(crate) fn multiply(&mut self, [m, k, n]: [usize; 3], a: Part<'_>, b: Part<'_>) {
        self.product.resize(m * n, 0.0);
        let strides = [a, b].map(|(_, _, steps)| steps.map(|step| step as isize));
        let a = View { data: a.0, offset: a.1, shape: &[m, k], strides: &strides[0] };
        let b = View { data: b.0, offset: b.1, shape: &[k, n], strides: &strides[1] };
        matmul(a, b, &mut self.product, self.scratch, self.workers);
    }

    /// Subtracts the last product from columns of rows that have `step` elements.
    pub(crate) fn subtract(&self, from: &mut [f64], step: usize, columns: Range<usize>) {
        for (row, product) in from.chunks_mut(step).zip(self.product.chunks_exact(columns.len())) {
            row[columns.clone()].iter_mut().zip(product).for_each(|(x, y)| *x -= y);
        }
    }

    /// Solves T·X = X in place, for X of `columns` columns.
    pub(crate) fn solve(&mut self, t: Triangle<'_>, x: &mut [f64], columns: usize) {
        let starts = (0..t.n).step_by(WIDTH);
        if columns == 0 {
            return;
        }
        if t.upper {
            starts.rev().for_each(|start| self.solve_block(t, start, x, columns));
        } else {
            starts.for_each(|start| self.solve_block(t, start, x, columns));
        }
    }

    fn solve_block(&mut self, t: Triangle<'_>, start: usize, x: &mut [f64], columns: usize) {
        let block = start..t.n.min(start + WIDTH);
        let done = if t.upper { block.end..t.n } else { 0..start };
        if !done.is_empty() {
            let at = block.start * t.steps[0] + done.start * t.steps[1];
            let size = [block.len(), done.len(), columns];
            self.multiply(size, (t.data, at, t.steps), (x, done.start * columns, [columns, 1]));
            self.subtract(&mut x[block.start * columns..block.end * columns], columns, 0..columns);
        }
        widest(
            #[inline(always)]
            || solve_directly(t, block, x, columns),
        );
    }

    /// Replaces a symmetric matrix by its lower Cholesky factor. The error is the first pivot that is not positive.
    pub(crate) fn cholesky(&mut self, a: &mut [f64], n: usize) -> Result<(), usize> {
        for start in (0..n).step_by(WIDTH) {
            let (end, width) = (n.min(start + WIDTH), WIDTH.min(n - start));
            if start > 0 {
                self.multiply([n - start, start, width], (a, start * n, [n, 1]), (a, start * n, [1, n]));
                self.subtract(&mut a[start * n..], n, start..end);
            }
            factor_directly(a, n, start..end)?;
            // Below the diagonal: X·Lᵀ = A, which is L·Xᵀ = Aᵀ.
            let (above, below) = a.split_at_mut(end * n);
            let rows = n - end;
            let column = |j: usize| below.chunks_exact(n).map(move |row| row[j]);
            let mut x: Vec<f64> = (start..end).flat_map(column).collect();
            let block = &above[start * n + start..];
            self.solve(
                Triangle { data: block, n: width, steps: [n, 1], upper: false, unit: false },
                &mut x,
                rows,
            );
            for (i, row) in below.chunks_exact_mut(n).enumerate() {
                row[start..end].iter_mut().enumerate().for_each(|(j, y)| *y = x[j * rows + i]);
            }
        }
        for (i, row) in a.chunks_exact_mut(n.max(1)).enumerate() {
            row[i + 1..].fill(0.0);
        }
        Ok(())
    }
}

/// Rows of a matrix of `columns` columns, the first of them to be changed.
pub(crate) fn two_rows(a: &mut [f64], columns: usize, changed: usize, read: usize) -> (&mut [f64], &[f64]) {
    let (head, tail) = a.split_at_mut(changed.max(read) * columns);
    if changed > read {
        (&mut tail[..columns], &head[read * columns..][..columns])
    } else {
        (&mut head[changed * columns..][..columns], &tail[..columns])
    }
}

/// Solves for some rows, from which all others are subtracted already.
#[inline(always)]
fn solve_directly(t: Triangle<'_>, block: Range<usize>, x: &mut [f64], columns: usize) {
    for k in 0..block.len() {
        let i = if t.upper { block.end - 1 - k } else { block.start + k };
        for j in if t.upper { i + 1..block.end } else { block.start..i } {
            let (factor, (row, other)) = (t.at(i, j), two_rows(x, columns, i, j));
            for (x, y) in row.iter_mut().zip(other) {
                *x -= factor * y;
            }
        }
        if !t.unit {
            let pivot = t.at(i, i);
            x[i * columns..][..columns].iter_mut().for_each(|x| *x /= pivot);
        }
    }
}

/// The Cholesky factor of a block on the diagonal, from which all columns before it are subtracted already.
fn factor_directly(a: &mut [f64], n: usize, block: Range<usize>) -> Result<(), usize> {
    for i in block.clone() {
        for j in block.start..i {
            let (row, other) = two_rows(a, n, i, j);
            row[j] = (row[j] - dot(&row[block.start..j], &other[block.start..j])) / other[j];
        }
        let row = &mut a[i * n..][..n];
        let pivot = row[i] - dot(&row[block.start..i], &row[block.start..i]);
        // A NaN is not positive either.
        if !(pivot > 0.0 && pivot < f64::INFINITY) {
            return Err(i);
        }
        row[i] = pivot.sqrt();
    }
    Ok(())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}
