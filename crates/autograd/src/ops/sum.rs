//! Sum over axes, which disappear. The terms are added in the fixed tree of [`crate::tree`].
//!
//! Linear: ẏ = Σ ẋ, and the adjoint repeats the cotangent along the summed axes: x̄ = broadcast ȳ.

use super::prelude::*;
use crate::ir::{Broadcast, Reshape, Sum};
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The sum of all elements, Σ x, and 0 if there are none. The terms are added pairwise, in an order that depends on the
    /// shape only.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// assert_eq!(x.sum().item(), 3.0);
    /// assert_eq!(x.sum().grad([x])[0].to_vec::<f64>(), [1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn sum(self) -> Var<'t> {
        self.sum_over(..)
    }

    /// The sum over some axes. They disappear, or stay with length 1: see [`ToAxes`](crate::ToAxes).
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_over(0).to_vec::<f64>(), [4.0, 6.0]);
    /// assert_eq!(x.sum_over(-1).to_vec::<f64>(), [3.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn sum_over(self, axes: impl ToAxes) -> Var<'t> {
        self.reduce(self.axes("sum_over", axes), |axes| Sum { axes })
    }
}

impl Rule for Sum {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        Ok(Meta::new(x[0].shape.without(&self.axes), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Sum { axes: behind(&self.axes) })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let shape = at.x().shape();
        let ones = shape.with_ones(&self.axes);
        let g = if g.rank() == 0 { g } else { record(Reshape { to: ones }, &[g]) };
        only(record(Broadcast { to: shape }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    /// The sum of products of two vectors is their inner product.
    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        match &at.x[0] {
            Expr::Product(factors) if at.shapes[0].len() == 1 && factors.len() == 2 => {
                let [a, b] = [&factors[0], &factors[1]].map(|e| Box::new(e.clone()));
                Some(Expr::Matrix(a, b, vec![]))
            }
            x => Some(symbol::total(self.axes.iter().map(|&a| a as usize), at.shapes[0], x.clone())),
        }
    }

    fn formula_vjp(&self, _at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        Some(g.clone())
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let shape = &x[0].meta.shape;
        let summed: Vec<usize> = self.axes.iter().map(|&a| shape[a as usize]).listed();
        with_float!(y.dtype(), T => {
            let values = x[0].slice::<T>();
            let results = indices(y.shape).map(|kept| {
                let terms: Vec<T> = indices(&summed).map(|s| values[offset(&self.merge(&kept, &s), shape)]).listed();
                tree::sum(&terms)
            });
            y.write(results);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let summed = |axis: usize| self.axes.contains(&(axis as Axis));
        with_float!(y.dtype(), T => kernels::sum::shared::<T>(x[0].view(), &summed, y.slice(), room.workers));
        Ok(())
    }

    fn needs(&self, x: &[&Meta], _y: &Meta) -> Needs {
        Needs { shared: x[0].shape.elements() >= Target::CPU.threads.sums_from, ..Needs::default() }
    }
}

impl Sum {
    /// The multi-index in the operand, from the index along the kept axes and the index along the summed axes.
    fn merge(&self, kept: &[usize], summed: &[usize]) -> Vec<usize> {
        let (mut kept, mut summed) = (kept.iter(), summed.iter());
        let mut next = |axis: usize| {
            let from = if self.axes.contains(&(axis as Axis)) { summed.next() } else { kept.next() };
            from.copied()
        };
        (0..).map_while(&mut next).listed()
    }
}

#[cfg(test)]
impl Tested for Sum {
    fn rows() -> Vec<Row> {
        let every: &[&[usize]] = &[&[], &[1], &[0], &[5], &[2, 3], &[2, 0, 3], &[1, 1, 4], &[40]];
        let mut all = rows("sum", every, |x| x.square().sum());
        all.extend(rows("sum", &[&[1100]], |x| x.sum()));
        let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 3, 1], &[2, 0, 3], &[40, 3, 1]];
        all.extend(rows("sum over the first", shapes, |x| x.sin().sum_over(0)));
        all.extend(rows("sum over the middle", shapes, |x| x.sin().sum_over(1)));
        all.extend(rows("sum over the last", shapes, |x| x.sin().sum_over(-1)));
        all.extend(rows("sum over two", shapes, |x| x.sin().sum_over([0, 2])));
        all.extend(rows("sum over none", shapes, |x| x.sin().sum_over([])));
        all.extend(rows("sum that keeps its axes", shapes, |x| x.sin() * x.sum_over(crate::Keep([0, -1]))));
        all.extend(rows("sum of a transpose", &[&[3, 40]], |x| x.t().sum_over(0)));
        all.extend(rows("mean", &[&[7], &[2, 3]], |x| x.exp().mean()));
        all.extend(rows("mean over", shapes, |x| x.exp().mean_over(0)));
        all.extend(large("sum", &[&[160_000]], |x| x.sin().sum()));
        all.extend(large("sum over the rows", &[&[320, 500]], |x| x.sin().sum_over(0)));
        all.extend(large("sum over the columns", &[&[320, 500]], |x| x.sin().sum_over(1)));
        all
    }
}
