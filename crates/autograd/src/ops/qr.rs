//! Qr: A = Q·R for matrices with at least as many rows as columns, by Householder's reflections. The columns of Q are orthonormal,
//! R is upper triangular and its diagonal is not negative. The rows of Q and those of R stand in one result, one below the other.
//!
//! With C = Qᵀ·Ȧ·R⁻¹ and its antisymmetric part below the diagonal, Ω = tril₋₁(C) − tril₋₁(C)ᵀ: Ṙ = (C − Ω)·R and
//! Q̇ = Ȧ·R⁻¹ − Q·(C − Ω). Ā = (Q̄ + Q·S)·R⁻ᵀ, where S is symmetric with the lower triangle of R·R̄ᵀ − Q̄ᵀ·Q.
//! Source: S. F. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
//! experimental design", 2010, section 4; M. Seeger et al., "Auto-differentiating linear algebra", 2017.

use super::factors::{as_doubles, doubles, factor_needs, in_doubles, write};
use super::prelude::*;
use crate::ir::{Qr, SolveTriangular};
use crate::kernels::linear::Blocks;
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The factors Q of \[…, m, n\] and R of \[…, n, n\] of each matrix of \[…, m, n\] with m ≥ n: A = Q·R, the columns of Q are
    /// orthonormal, and R is upper triangular. Signs are chosen so that the diagonal of R is not negative, which makes the
    /// factors unique where A has full rank.
    ///
    /// # Panics
    /// If a matrix has fewer rows than columns; the derivative, if it has not full rank ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[3.0], [4.0]]);
    /// let (q, r) = a.qr();
    /// assert_eq!(r.item(), 5.0);
    /// assert!((q.t().matmul(q) - 1.0).abs().max().item() < 1e-15);
    /// assert!((r.sum().grad([a])[0] - q).abs().max().item() < 1e-15);
    /// ```
    #[track_caller]
    pub fn qr(self) -> (Var<'t>, Var<'t>) {
        let both = record(Qr, &[self]);
        halves(both)
    }
}

/// Q and R.
fn halves<'t>(both: Var<'t>) -> (Var<'t>, Var<'t>) {
    let shape = both.shape();
    let &[.., rows, n] = &shape[..] else { unreachable!("the shape rule demands matrices") };
    (both.slice(-2, 0..rows - n), both.slice(-2, rows - n..rows))
}

/// X·R⁻¹, or X·R⁻ᵀ.
fn divided<'t>(x: Var<'t>, r: Var<'t>, transposed: bool) -> Var<'t> {
    record(SolveTriangular { upper: true, transposed: !transposed, unit: false }, &[r, x.t()]).t()
}

impl Rule for Qr {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        match x[0].shape.split_last_chunk() {
            Some((lead, &[m, n])) if m >= n => {
                Ok(Meta::new(Shape::from([lead, &[m + n, n]].concat()), dtype))
            }
            Some(_) => Err(Mismatch::new("a matrix has at least as many rows as columns")
                .hint("`a.t().qr()` gives the factors of the transpose")
                .clash([Clash::Axis(0, x[0].shape.len() - 2), Clash::Axis(0, x[0].shape.len() - 1)])),
            None => Err(Mismatch::new("the operand holds matrices, of two axes or more")),
        }
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Qr)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let ((q, r), (gq, gr)) = (halves(at.y), halves(g));
        let m = r.matmul(gr.triu(0).t()) - gq.t().matmul(q);
        let s = m.tril(0) + m.tril(-1).t();
        only(divided(gq + q.matmul(s), r, true))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (q, r) = halves(at.y);
        let e = divided(t[0]?, r, false);
        let c = q.t().matmul(e);
        let low = c.tril(-1);
        let upper = c - low + low.t();
        Some(Var::concat(&[e - q.matmul(upper), upper.matmul(r)], -2))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let &[.., m, n] = &x[0].meta.shape[..] else { unreachable!("the shape rule demands matrices") };
        let all = doubles(&x[0]);
        let values: Vec<f64> = all.chunks((m * n).max(1)).flat_map(|a| factors(a, m, n)).listed();
        write(y, &values);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let &[.., m, n] = x[0].shape else { unreachable!("the shape rule demands matrices") };
        let (given, mut a) = (as_doubles(&x[0]), vec![]);
        let mut blocks = Blocks::new(room.scratch, room.workers);
        in_doubles(y, |all| {
            let matrices = given.chunks_exact((m * n).max(1));
            for (both, given) in all.chunks_exact_mut(((m + n) * n).max(1)).zip(matrices) {
                let (q, r) = both.split_at_mut(m * n);
                a.clear();
                a.extend_from_slice(given);
                kernels::reflections::qr(&mut a, q, [m, n], &mut blocks);
                let signs = (0..n).map(|k| if a[k * n + k] < 0.0 { -1.0 } else { 1.0 }).listed();
                q.chunks_exact_mut(n).for_each(|row| row.iter_mut().zip(&signs).for_each(|(q, s)| *q *= s));
                for (k, (row, a)) in r.chunks_exact_mut(n).zip(a.chunks_exact(n)).enumerate() {
                    row[..k].fill(0.0);
                    row[k..].iter_mut().zip(&a[k..]).for_each(|(r, a)| *r = signs[k] * a);
                }
            }
            Ok(())
        })
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        let &[.., m, n] = &x[0].shape[..] else { unreachable!("the shape rule demands matrices") };
        factor_needs([m, n, n])
    }
}

/// The rows of Q and those of R.
fn factors(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    let mut r = a.to_vec();
    let mut normals: Vec<Vec<f64>> = Vec::with_capacity(n);
    for k in 0..n {
        let column: Vec<f64> = (k..m).map(|i| r[i * n + k]).listed();
        let normal = normal_of(column);
        reflect(&normal, &mut r[k * n..], n);
        normals.push(normal);
    }
    let mut q = vec![0.0; m * n];
    (0..n).for_each(|k| q[k * n + k] = 1.0);
    for (k, normal) in normals.iter().enumerate().rev() {
        reflect(normal, &mut q[k * n..], n);
    }
    let signs: Vec<f64> = (0..n).map(|k| if r[k * n + k] < 0.0 { -1.0 } else { 1.0 }).listed();
    let upper = (0..n * n).map(|k| if k / n > k % n { 0.0 } else { signs[k / n] * r[k] });
    (0..m * n).map(|k| q[k] * signs[k % n]).chain(upper).listed()
}

/// The unit vector of the reflection that takes a vector to a multiple of the first axis; 0 if it has that direction.
fn normal_of(mut v: Vec<f64>) -> Vec<f64> {
    let largest = v.iter().fold(0.0, |most: f64, x| if x.is_nan() { *x } else { most.max(x.abs()) });
    if largest == 0.0 {
        return v;
    }
    v.iter_mut().for_each(|x| *x /= largest);
    let length = norm(&v);
    v[0] += if v[0] < 0.0 { -length } else { length };
    let length = norm(&v);
    v.iter_mut().for_each(|x| *x /= length);
    v
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Replaces the matrix A of `n` columns by A − 2·v·(vᵀ·A).
fn reflect(v: &[f64], a: &mut [f64], n: usize) {
    let mut along = vec![0.0; n];
    for (x, row) in v.iter().zip(a.chunks(n)) {
        along.iter_mut().zip(row).for_each(|(sum, a)| *sum += x * a);
    }
    for (x, row) in v.iter().zip(a.chunks_mut(n)) {
        row.iter_mut().zip(&along).for_each(|(a, sum)| *a -= 2.0 * x * sum);
    }
}

#[cfg(test)]
impl Tested for Qr {
    fn rows() -> Vec<Row> {
        /// Of full rank, whatever x is.
        fn full<'t>(x: Var<'t>) -> Var<'t> {
            let shape = x.shape();
            let &[.., m, n] = &shape[..] else { unreachable!("matrices") };
            let low = x.identity(n).pad(-2, 0, m - n);
            x.sin() + low * (1.5 * m as f64 + 1.0)
        }
        /// Both factors in one number for each element.
        fn mixed<'t>((q, r): (Var<'t>, Var<'t>)) -> Var<'t> {
            Var::concat(&[q.sin() * 2.0, r], -2)
        }
        let shapes: &[&[usize]] =
            &[&[3, 3], &[4, 2], &[1, 1], &[3, 1, 1], &[3, 0], &[0, 0], &[2, 3, 2], &[0, 2, 2]];
        let mut all = rows("qr", shapes, |x| mixed(full(x).qr()));
        all.extend(rows("qr of a transpose", &[&[3, 3]], |x| mixed(full(x).flip(0).t().qr())));
        all.extend(large("qr", &[&[20, 40, 20], &[110, 80]], |x| mixed(full(x).qr())));
        super::factors::rounded(all)
    }
}
