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

/// The rows and columns of a tile of a matrix that is turned.
const TILE: usize = 16;

/// So many columns of a block of rows are solved for at a time.
const COLUMNS: usize = 64;

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

    /// The last product.
    pub(crate) fn product(&self) -> &[f64] {
        &self.product
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
        solve_directly(t, block, x, columns, 0..columns);
    }

    /// Replaces a symmetric matrix, of which the upper triangle is read, by its lower Cholesky factor. The error is the first
    /// pivot that is not positive.
    ///
    /// Rows are contiguous, so the factor is computed as U = Lᵀ, a block of rows after the other, and turned at the end.
    pub(crate) fn cholesky(&mut self, a: &mut [f64], n: usize) -> Result<(), usize> {
        let mut diagonal = [0.0; WIDTH * WIDTH];
        for start in (0..n).step_by(WIDTH) {
            let block = start..n.min(start + WIDTH);
            let width = block.len();
            if start > 0 {
                self.multiply([width, start, n - start], (a, start, [1, n]), (a, start, [n, 1]));
                self.subtract(&mut a[start * n..block.end * n], n, start..n);
            }
            factor_directly(a, n, block.clone())?;
            for (d, row) in diagonal.chunks_exact_mut(width).zip(a[start * n..].chunks_exact(n)) {
                d.copy_from_slice(&row[block.clone()]);
            }
            // To the right of the diagonal: Uᵀ·X = A.
            let t = Triangle { data: &diagonal, n: width, steps: [1, width], upper: false, unit: false };
            solve_directly(t, 0..width, &mut a[start * n..block.end * n], n, block.end..n);
        }
        each_pair(n, |i, j| {
            a[j * n + i] = a[i * n + j];
            a[i * n + j] = 0.0;
        });
        Ok(())
    }

    /// From half of the cotangent of a lower Cholesky factor L, of which the lower triangle is read, to the symmetric one of the
    /// matrix, in place.
    ///
    /// From the last columns J to the first: what lies below the diagonal is S·Lⱼ short of the cotangent, where S is what is done.
    /// Source: I. Murray, "Differentiation of the Cholesky decomposition", 2016, section 4; there S is subtracted from what is left
    /// as soon as a part of it is known, here when it is needed, which is one product.
    pub(crate) fn cholesky_back(&mut self, l: &[f64], s: &mut [f64], n: usize) {
        let mut x = vec![];
        for start in (0..n).step_by(WIDTH).rev() {
            let end = n.min(start + WIDTH);
            let (width, below) = (end - start, n - end);
            if below > 0 {
                x.resize(width * below, 0.0);
                for (i, row) in s[end * n..].chunks_exact(n).enumerate() {
                    row[start..end].iter().enumerate().for_each(|(j, g)| x[j * below + i] = *g);
                }
                let (columns, done) = (end * n + start, end * n + end);
                self.multiply([width, below, below], (l, columns, [1, n]), (s, done, [n, 1]));
                self.subtract(&mut x, below, 0..below);
                let data = &l[start * n + start..];
                let t = Triangle { data, n: width, steps: [1, n], upper: true, unit: false };
                solve_directly(t, 0..width, &mut x, below, 0..below);
                self.multiply([width, below, width], (&x, 0, [below, 1]), (l, columns, [n, 1]));
                self.subtract(&mut s[start * n..end * n], n, start..end);
                for (row, x) in s[start * n..].chunks_exact_mut(n).zip(x.chunks_exact(below)) {
                    row[end..].copy_from_slice(x);
                }
                for (i, row) in s[end * n..].chunks_exact_mut(n).enumerate() {
                    row[start..end].iter_mut().enumerate().for_each(|(j, y)| *y = x[j * below + i]);
                }
            }
            widest(
                #[inline(always)]
                || back_directly(l, s, n, start..end),
            );
        }
    }
}

/// Calls `f` with the places above the diagonal, tile by tile: a walk that reads rows and columns.
pub(crate) fn each_pair(n: usize, mut f: impl FnMut(usize, usize)) {
    for top in (0..n).step_by(TILE) {
        for left in (top..n).step_by(TILE) {
            for i in top..n.min(top + TILE) {
                for j in left.max(i + 1)..n.min(left + TILE) {
                    f(i, j);
                }
            }
        }
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

/// Solves for some columns of some rows, from which all others are subtracted already. Rows of x have `step` elements. So many
/// columns at a time stay in the first-level cache.
fn solve_directly(t: Triangle<'_>, rows: Range<usize>, x: &mut [f64], step: usize, columns: Range<usize>) {
    for left in columns.clone().step_by(COLUMNS) {
        let columns = left..columns.end.min(left + COLUMNS);
        widest(
            #[inline(always)]
            || solve_columns(t, rows.clone(), x, step, columns),
        );
    }
}

#[inline(always)]
fn solve_columns(t: Triangle<'_>, rows: Range<usize>, x: &mut [f64], step: usize, columns: Range<usize>) {
    for k in 0..rows.len() {
        let i = if t.upper { rows.end - 1 - k } else { rows.start + k };
        for j in if t.upper { i + 1..rows.end } else { rows.start..i } {
            let (factor, (row, other)) = (t.at(i, j), two_rows(x, step, i, j));
            for (x, y) in row[columns.clone()].iter_mut().zip(&other[columns.clone()]) {
                *x -= factor * y;
            }
        }
        if !t.unit {
            let pivot = t.at(i, i);
            x[i * step..][columns.clone()].iter_mut().for_each(|x| *x /= pivot);
        }
    }
}

/// The upper Cholesky factor of a block on the diagonal, from which all rows above it are subtracted already.
fn factor_directly(a: &mut [f64], n: usize, block: Range<usize>) -> Result<(), usize> {
    for i in block.clone() {
        for k in block.start..i {
            let (row, above) = two_rows(a, n, i, k);
            let factor = above[i];
            for (x, y) in row[i..block.end].iter_mut().zip(&above[i..block.end]) {
                *x -= factor * y;
            }
        }
        let row = &mut a[i * n..][i..block.end];
        // A NaN is not positive either.
        if !(row[0] > 0.0 && row[0] < f64::INFINITY) {
            return Err(i);
        }
        row[0] = row[0].sqrt();
        let root = row[0];
        row[1..].iter_mut().for_each(|x| *x /= root);
    }
    Ok(())
}

/// [`cholesky_back`](Blocks::cholesky_back) for a block on the diagonal, from which all below it is subtracted already.
#[inline(always)]
fn back_directly(l: &[f64], s: &mut [f64], n: usize, block: Range<usize>) {
    for j in block.clone().rev() {
        let rows = j + 1..block.end;
        let (mut x, pivot) = ([0.0; WIDTH], l[j * n + j]);
        let x = &mut x[..rows.len()];
        x.iter_mut().zip(rows.clone()).for_each(|(x, i)| *x = s[i * n + j]);
        for m in rows.clone() {
            let factor = l[m * n + j];
            x.iter_mut().zip(&s[m * n..][rows.clone()]).for_each(|(x, s)| *x -= factor * s);
        }
        let mut g = s[j * n + j];
        for (x, i) in x.iter_mut().zip(rows.clone()) {
            *x /= pivot;
            g -= *x * l[i * n + j];
            s[i * n + j] = *x;
        }
        s[j * n..][rows].copy_from_slice(x);
        s[j * n + j] = g / pivot;
    }
}
