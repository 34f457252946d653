//! MatrixExp: the exponential of each matrix, eᴬ = Σ Aᵏ/k!, by the [13/13] Padé approximant of A/2ˢ, squared s times.
//!
//! Its derivative along E is the block L in exp [A E; 0 A] = [eᴬ L; 0 eᴬ], and the adjoint is the derivative at Aᵀ along
//! the cotangent. So both are exponentials again, of matrices twice the size, and have derivatives of any order.
//! Source: N. J. Higham, "The scaling and squaring method for the matrix exponential revisited", 2005, algorithm 2.3;
//! R. Mathias, "A chain rule for matrix functions and applications", 1996, theorem 2.1.

use super::factors::{Lu, doubles, product, require_square, write};
use super::prelude::*;
use crate::ir::MatrixExp;
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The exponential of each matrix of \[…, n, n\], eᴬ = Σ Aᵏ/k!, in double precision. The result is NaN where A holds one,
    /// or an infinity. A derivative takes exponentials of matrices of 2n rows.
    ///
    /// # Panics
    /// If the matrices are not square.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let a = tape.var([[0.0, 1.0], [0.0, 0.0]]);
    /// assert_eq!(a.matrix_exp().to_vec::<f64>(), [1.0, 1.0, 0.0, 1.0]);
    /// let [slope] = a.matrix_exp().sum().grad([a]);
    /// assert!((slope - tape.constant([[1.5, 1.0], [13.0 / 6.0, 1.5]])).abs().max().item() < 1e-14);
    /// ```
    #[track_caller]
    pub fn matrix_exp(self) -> Var<'t> {
        record(MatrixExp, &[self])
    }
}

/// The derivative at `a` along `e`. It is linear in e, which is brought to the size of 1, so that the blocks on the diagonal
/// lose no digits beside it.
fn along<'t>(a: Var<'t>, e: Var<'t>) -> Var<'t> {
    let n = a.shape()[a.rank() - 1];
    if e.shape().contains(&0) {
        return e;
    }
    let largest = e.detach().abs().max_over(crate::Keep([-2, -1]));
    let size = largest.gt(0.0).select(largest, 1.0);
    let above = Var::concat(&[a, e / size], -1);
    let below = Var::concat(&[a.full_like(0.0), a], -1);
    let both = record(MatrixExp, &[Var::concat(&[above, below], -2)]);
    both.slice(-2, 0..n).slice(-1, n..2 * n) * size
}

impl Rule for MatrixExp {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        require_square(x[0])?;
        Ok(Meta::new(x[0].shape.clone(), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(MatrixExp)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(along(at.x().t(), g))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| along(at.x(), t))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let n = y.shape[y.shape.len() - 1];
        let all = doubles(&x[0]);
        let values: Vec<f64> = all.chunks((n * n).max(1)).flat_map(|a| exponential(a, n)).listed();
        write(y, &values);
        Ok(())
    }
}

/// The largest norm for which the approximant has all digits: Higham's θ₁₃.
const THETA: f64 = 5.371920351148152;

/// The coefficients of the approximant, of A⁰ to A¹³.
#[rustfmt::skip]
const PADE: [f64; 14] = [
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
    10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
];

fn exponential(a: &[f64], n: usize) -> Vec<f64> {
    let norm = (0..n).map(|j| (0..n).map(|i| a[i * n + j].abs()).sum::<f64>());
    let norm = norm.fold(0.0, |most: f64, sum| if sum.is_nan() { sum } else { most.max(sum) });
    if !a.iter().all(|x| x.is_finite()) || !norm.is_finite() {
        return vec![f64::NAN; n * n];
    }
    let mut halvings = 0;
    while norm * 0.5f64.powi(halvings) > THETA {
        halvings += 1;
    }
    let scaled: Vec<f64> = a.iter().map(|x| x * 0.5f64.powi(halvings)).listed();
    let mut y = approximant(&scaled, n);
    for _ in 0..halvings {
        y = product(&y, &y, n);
    }
    y
}

/// (V − U)⁻¹·(V + U), with the odd powers in U and the even ones in V.
fn approximant(a: &[f64], n: usize) -> Vec<f64> {
    let a2 = product(a, a, n);
    let a4 = product(&a2, &a2, n);
    let a6 = product(&a4, &a2, n);
    // The coefficients b of A⁶, A⁴, A² and 1.
    let sum = |b: [f64; 4]| -> Vec<f64> {
        let one = |k: usize| if k.is_multiple_of(n + 1) { b[3] } else { 0.0 };
        (0..n * n).map(|k| b[0] * a6[k] + b[1] * a4[k] + b[2] * a2[k] + one(k)).listed()
    };
    let add = |x: Vec<f64>, y: Vec<f64>| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x + y).listed() };
    let b = PADE;
    let odd = product(&a6, &sum([b[13], b[11], b[9], 0.0]), n);
    let u = product(a, &add(odd, sum([b[7], b[5], b[3], b[1]])), n);
    let even = product(&a6, &sum([b[12], b[10], b[8], 0.0]), n);
    let v = add(even, sum([b[6], b[4], b[2], b[0]]));
    let [difference, sum] =
        [-1.0, 1.0].map(|sign| -> Vec<f64> { v.iter().zip(&u).map(|(v, u)| v + sign * u).listed() });
    Lu::of(&difference, n).solve(&sum, n)
}

#[cfg(test)]
impl Tested for MatrixExp {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[2, 2], &[1, 1], &[3, 1, 1], &[0, 0], &[2, 3, 3], &[0, 2, 2]];
        let mut all = rows("matrix_exp", shapes, |x| (x.sin() * 0.5).matrix_exp());
        all.extend(rows("matrix_exp of a transpose", &[&[2, 2]], |x| x.sin().t().matrix_exp().sin()));
        all.extend(large("matrix_exp", &[&[20, 20, 20]], |x| (x.sin() * 0.1).matrix_exp()));
        super::factors::rounded(all)
    }
}
