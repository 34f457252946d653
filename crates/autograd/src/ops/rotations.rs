//! Eigenvalues and singular values by Jacobi's rotations, in double precision: short, and accurate for small values as well.
//! Source: G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th edition, 2013, sections 8.5 and 8.6.3.

use crate::lists::{IntoList, places};

/// Many more sweeps than rotations ever take: they converge quadratically.
const SWEEPS: usize = 60;

/// The rotation (c, s) that makes two rows orthogonal: of squared lengths `a` and `b`, or diagonal elements, and with the inner
/// product `between`, or element off the diagonal.
fn rotation(a: f64, b: f64, between: f64) -> (f64, f64) {
    let zeta = (b - a) / (2.0 * between);
    let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
    let c = 1.0 / (1.0 + t * t).sqrt();
    (c, t * c)
}

/// Replaces rows p and q, p < q, by c·p − s·q and s·p + c·q.
fn rotate(rows: &mut [f64], n: usize, [p, q]: [usize; 2], (c, s): (f64, f64)) {
    let (head, tail) = rows.split_at_mut(q * n);
    for (x, y) in head[p * n..][..n].iter_mut().zip(&mut tail[..n]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|k| if k.is_multiple_of(n + 1) { 1.0 } else { 0.0 }).listed()
}

/// The rows in another order, each times a sign.
fn arranged(rows: &[f64], n: usize, order: &[usize], signs: &[f64]) -> Vec<f64> {
    order.iter().zip(signs).flat_map(|(&i, &sign)| rows[i * n..][..n].iter().map(move |x| sign * x)).listed()
}

/// The sign that makes the largest element positive.
fn sign_of(row: &[f64]) -> f64 {
    let largest = row.iter().fold(0.0, |most: f64, &x| if x.abs() > most.abs() { x } else { most });
    if largest < 0.0 { -1.0 } else { 1.0 }
}

/// The eigenvalues of a symmetric matrix, ascending, and the eigenvectors as rows, the largest element of each positive.
pub(super) fn eigen(a: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    if !a.iter().all(|x| x.is_finite()) {
        return (vec![f64::NAN; n], vec![f64::NAN; n * n]);
    }
    let (mut a, mut vectors) = (a.to_vec(), identity(n));
    for _ in 0..SWEEPS {
        let mut turned = false;
        for (p, q) in (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q))) {
            let (between, sizes) = (a[p * n + q], a[p * n + p].abs() + a[q * n + q].abs());
            if between == 0.0 || between.abs() <= f64::EPSILON * 1e-3 * sizes {
                continue;
            }
            turned = true;
            let turn = rotation(a[p * n + p], a[q * n + q], between);
            rotate(&mut a, n, [p, q], turn);
            for row in a.chunks_mut(n) {
                (row[p], row[q]) = (turn.0 * row[p] - turn.1 * row[q], turn.1 * row[p] + turn.0 * row[q]);
            }
            (a[p * n + q], a[q * n + p]) = (0.0, 0.0);
            rotate(&mut vectors, n, [p, q], turn);
        }
        if !turned {
            break;
        }
    }
    let value = |i: usize| a[i * n + i];
    let order = places(n, &|i, j| value(i).total_cmp(&value(j)));
    let signs: Vec<f64> = order.iter().map(|&i| sign_of(&vectors[i * n..][..n])).listed();
    (order.iter().map(|&i| value(i)).listed(), arranged(&vectors, n, &order, &signs))
}

/// The singular values of a matrix, descending, and the singular vectors as rows.
pub(super) struct Singular {
    pub(super) left: Vec<f64>,
    pub(super) values: Vec<f64>,
    pub(super) right: Vec<f64>,
}

/// Of the transpose of a matrix of m rows and n columns, m ≥ n: its n rows of m elements. The largest element of each left vector
/// is positive.
pub(super) fn singular(columns: &[f64], m: usize, n: usize) -> Singular {
    let largest = columns.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if !columns.iter().all(|x| x.is_finite()) {
        let nans = |count: usize| vec![f64::NAN; count];
        return Singular { left: nans(m * n), values: nans(n), right: nans(n * n) };
    }
    // No square overflows or vanishes.
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let mut left: Vec<f64> = columns.iter().map(|x| x / scale).listed();
    let mut right = identity(n);
    orthogonalise(&mut left, &mut right, m, n);
    let row = |i: usize| &left[i * m..][..m];
    let lengths: Vec<f64> = (0..n).map(|i| dot(row(i), row(i)).sqrt()).listed();
    let order = places(n, &|i, j| lengths[j].total_cmp(&lengths[i]));
    let signs: Vec<f64> = order.iter().map(|&i| sign_of(row(i))).listed();
    let scales: Vec<f64> = order
        .iter()
        .zip(&signs)
        .map(|(&i, sign)| if lengths[i] > 0.0 { sign / lengths[i] } else { 0.0 })
        .listed();
    let mut vectors = arranged(&left, m, &order, &scales);
    complete(&mut vectors, m, n);
    let values = order.iter().map(|&i| lengths[i] * scale).listed();
    Singular { left: vectors, values, right: arranged(&right, n, &order, &signs) }
}

/// Rotates rows of `left`, and those of `right` alike, until those of `left` are orthogonal.
fn orthogonalise(left: &mut [f64], right: &mut [f64], m: usize, n: usize) {
    for _ in 0..SWEEPS {
        let mut turned = false;
        for (p, q) in (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q))) {
            let (x, y) = (&left[p * m..][..m], &left[q * m..][..m]);
            let (a, b, between) = (dot(x, x), dot(y, y), dot(x, y));
            if between == 0.0 || between.abs() <= f64::EPSILON * 0.5 * (a * b).sqrt() {
                continue;
            }
            turned = true;
            let turn = rotation(a, b, between);
            rotate(left, m, [p, q], turn);
            rotate(right, n, [p, q], turn);
        }
        if !turned {
            break;
        }
    }
}

/// Replaces rows of zeros, which are the last ones, by unit vectors that are orthogonal to all rows before.
fn complete(rows: &mut [f64], m: usize, n: usize) {
    let mut axes = 0..m;
    for k in 0..n {
        while rows[k * m..][..m].iter().all(|x| *x == 0.0) {
            let axis = axes.next().expect("some axis is not within the span of fewer vectors than axes");
            let (before, rest) = rows.split_at_mut(k * m);
            let row = &mut rest[..m];
            row[axis] = 1.0;
            for _ in 0..2 {
                for other in before.chunks(m) {
                    let along = dot(row, other);
                    row.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
                }
            }
            let length = dot(row, row).sqrt();
            let keep = length > 0.1 / (m as f64).sqrt();
            row.iter_mut().for_each(|x| *x = if keep { *x / length } else { 0.0 });
        }
    }
}
