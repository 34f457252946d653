//! Householder's reflections, a block of them at a time: H₁·…·Hₖ = I − V·T·Vᵀ, where V has their unit vectors as columns and T is
//! upper triangular. So all but narrow strips is products of matrices.
//! Source: R. Schreiber, C. Van Loan, "A storage-efficient WY representation for products of Householder transformations", 1989.

use super::linear::Blocks;
use super::simd::widest;
use std::ops::Range;

/// The reflections of a block.
const WIDTH: usize = 16;

/// Replaces A of `m` rows and `n` columns, m ≥ n, by R, of which the upper triangle counts, and writes the first `n` columns of Q.
/// The diagonal of R has any signs.
pub(crate) fn qr(a: &mut [f64], q: &mut [f64], [m, n]: [usize; 2], blocks: &mut Blocks<'_>) {
    let mut all = vec![];
    for start in (0..n).step_by(WIDTH) {
        let end = n.min(start + WIDTH);
        let block = Reflections::of(a, [m, n], start..end, blocks);
        block.apply(true, a, n, end..n, blocks);
        all.push(block);
    }
    q.fill(0.0);
    (0..n).for_each(|k| q[k * n + k] = 1.0);
    for block in all.iter().rev() {
        block.apply(false, q, n, block.start..n, blocks);
    }
}

/// A block of reflections that leave the rows before `start` as they are.
struct Reflections {
    start: usize,
    rows: usize,
    width: usize,
    v: Vec<f64>,
    t: Vec<f64>,
}

impl Reflections {
    /// Those that bring columns to the form of R, which they are replaced by.
    fn of(a: &mut [f64], [m, n]: [usize; 2], columns: Range<usize>, blocks: &mut Blocks<'_>) -> Reflections {
        let (start, rows, width) = (columns.start, m - columns.start, columns.len());
        let mut v = vec![0.0; rows * width];
        let mut column = Vec::with_capacity(rows);
        for k in columns.clone() {
            column.clear();
            column.extend(a[k * n..].chunks(n).map(|row| row[k]));
            make_normal(&mut column);
            widest(
                #[inline(always)]
                || reflect(&column, &mut a[k * n..], n, k..columns.end),
            );
            let below = v[(k - start) * width..].chunks_exact_mut(width);
            below.zip(&column).for_each(|(row, x)| row[k - start] = *x);
        }
        // Hₖ = I − 2·v·vᵀ: the column of T behind those before is −2·T·Vᵀ·v.
        blocks.multiply([width, rows, width], (&v, 0, [1, width]), (&v, 0, [width, 1]));
        let (products, mut t) = (blocks.product(), vec![0.0; width * width]);
        for k in 0..width {
            for i in 0..k {
                let terms = (i..k).map(|j| t[i * width + j] * products[j * width + k]);
                t[i * width + k] = -2.0 * terms.sum::<f64>();
            }
            t[k * width + k] = 2.0;
        }
        Reflections { start, rows, width, v, t }
    }

    /// Replaces columns of a matrix of `n` columns by their reflections, or by those in the opposite order.
    fn apply(&self, reverse: bool, a: &mut [f64], n: usize, columns: Range<usize>, blocks: &mut Blocks<'_>) {
        let Reflections { start, rows, width, ref v, ref t } = *self;
        let count = columns.len();
        if count == 0 {
            return;
        }
        blocks.multiply([width, rows, count], (v, 0, [1, width]), (a, start * n + columns.start, [n, 1]));
        let along = blocks.product().to_vec();
        let steps = if reverse { [1, width] } else { [width, 1] };
        blocks.multiply([width, width, count], (t, 0, steps), (&along, 0, [count, 1]));
        let along = blocks.product().to_vec();
        blocks.multiply([rows, width, count], (v, 0, [width, 1]), (&along, 0, [count, 1]));
        blocks.subtract(&mut a[start * n..], n, columns);
    }
}

/// Replaces a vector by the unit vector of the reflection that takes it to a multiple of the first axis; 0 stays.
fn make_normal(v: &mut [f64]) {
    let largest = v.iter().fold(0.0, |most: f64, x| if x.is_nan() { *x } else { most.max(x.abs()) });
    if largest == 0.0 {
        return;
    }
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter_mut().for_each(|x| *x /= largest);
    let length = norm(v);
    v[0] += if v[0] < 0.0 { -length } else { length };
    let length = norm(v);
    v.iter_mut().for_each(|x| *x /= length);
}

/// Replaces columns of the matrix A of `n` columns by those of A − 2·v·(vᵀ·A).
#[inline(always)]
fn reflect(v: &[f64], a: &mut [f64], n: usize, columns: Range<usize>) {
    let mut along = [0.0; WIDTH];
    let along = &mut along[..columns.len()];
    for (x, row) in v.iter().zip(a.chunks_exact(n)) {
        along.iter_mut().zip(&row[columns.clone()]).for_each(|(sum, a)| *sum += x * a);
    }
    for (x, row) in v.iter().zip(a.chunks_exact_mut(n)) {
        let x = 2.0 * x;
        row[columns.clone()].iter_mut().zip(&*along).for_each(|(a, sum)| *a -= x * sum);
    }
}
