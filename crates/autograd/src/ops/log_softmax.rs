//! Logarithm of the softmax along an axis, yᵢ = xᵢ − ln Σ eˣʲ. It is computed from x − max x to avoid overflow.
//!
//! ẏ = ẋ − Σ eʸ·ẋ,  x̄ = ȳ − eʸ·Σ ȳ.

use super::prelude::*;
use super::softmax::{along, exponentials, largest, sum_keeping};
use crate::ir::LogSoftmax;
use crate::lists::IntoList;
use crate::math::ln;
use crate::number::Num;

impl<'t> Var<'t> {
    /// The logarithm of the softmax along an axis, xᵢ − ln Σ eˣʲ. It is accurate even where the softmax underflows.
    ///
    /// # Panics
    /// If the axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let y = tape.var([0.0, 1000.0]).log_softmax(0);
    /// assert_eq!(y.to_vec::<f64>(), [-1000.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn log_softmax(self, axis: isize) -> Var<'t> {
        let axis = self.axis("log_softmax", axis);
        record(LogSoftmax { axis }, &[self])
    }
}

impl Rule for LogSoftmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(LogSoftmax { axis: self.axis + 1 })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        // A row of −∞ has no softmax; where nobody reads it, the sum is 0, a strong zero.
        only(g - sum_keeping(g, self.axis).strong_mul(at.y.exp()))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let t = t[0]?;
        Some(t - sum_keeping(t.strong_mul(at.y.exp()), self.axis))
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(Expr::Apply(crate::ir::Unary::Ln, Box::new(Expr::Call("softmax", vec![at.x[0].clone()]))))
    }

    /// g − softmax(x)·Σ g. For a loss that picks the entries of labels, the two are one: softmax(x) − one_hot(labels).
    fn formula_vjp(&self, at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        let shares = Expr::Call("softmax", vec![at.x[0].clone()]);
        if let Some((rest, labels)) = symbol::picked(g) {
            return Some(symbol::neg(symbol::product([rest, symbol::sum([shares, symbol::neg(labels)])])));
        }
        let sum = symbol::total([self.axis as usize], at.shape, g.clone());
        Some(symbol::sum([g.clone(), symbol::neg(symbol::product([shares, sum]))]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => y.write(along::<T>(&x[0], self.axis, &|row| {
            let (_, total) = exponentials(row);
            row.iter().map(|x| x - largest(row) - ln(Num(total)).0).listed()
        })));
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        use kernels::softmax::{along, log_softmax_row};
        with_float!(y.dtype(), T => {
            let mut exponentials = Vec::new();
            let mut row = |r: &mut [T]| log_softmax_row(r, &mut exponentials);
            along::<T>(x[0].view(), self.axis as usize, y.slice(), &mut row);
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for LogSoftmax {
    fn rows() -> Vec<Row> {
        let mut all = rows("log_softmax", &[&[5], &[3, 4], &[2, 3, 1], &[3, 0]], |x| x.log_softmax(-1));
        all.extend(rows("log_softmax along the first axis", &[&[5], &[3, 4], &[2, 0, 3]], |x| {
            x.log_softmax(0)
        }));
        for axis in [0, 1] {
            all.extend(large("log_softmax", &[&[320, 500]], move |x| x.sin().log_softmax(axis)));
        }
        all
    }
}
