//! Max over axes, which disappear.
//!
//! y = max x:  ẏ = Σ w·ẋ,  x̄ = w·ȳ  with w = 1/m at each of the m largest elements and 0 elsewhere. So ties share the
//! gradient equally, as in `maximum`. NaN counts as larger than any number.

use super::binary_of;
use super::prelude::*;
use crate::ir::{Compare, Max, Reshape, Sum};
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The largest of all elements; NaN if any element is NaN. Equal largest elements share the gradient equally.
    ///
    /// # Panics
    /// If there are no elements.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 3.0, 3.0]);
    /// assert_eq!(x.max().item(), 3.0);
    /// assert_eq!(x.max().grad([x])[0].to_vec::<f64>(), [0.0, 0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn max(self) -> Var<'t> {
        self.max_over(..)
    }

    /// The largest elements over some axes; NaN if any of them is NaN. Equal largest elements share the gradient equally. The
    /// axes disappear, or stay with length 1: see [`ToAxes`](crate::ToAxes).
    ///
    /// # Panics
    /// If an axis does not exist or has no element.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [4.0, 3.0]]);
    /// assert_eq!(x.max_over(0).to_vec::<f64>(), [4.0, 3.0]);
    /// assert_eq!(x.max_over(-1).to_vec::<f64>(), [2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn max_over(self, axes: impl ToAxes) -> Var<'t> {
        self.reduce(self.axes("max_over", axes), |axes| Max { axes })
    }

    /// The smallest of all elements. Else as [`max`](Var::max).
    ///
    /// # Panics
    /// If there are no elements.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([2.0, 1.0]).min().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn min(self) -> Var<'t> {
        -(-self).max()
    }

    /// The smallest elements over some axes. Else as [`max_over`](Var::max_over).
    ///
    /// # Panics
    /// If an axis does not exist or has no element.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([[1.0, 2.0], [4.0, 3.0]]).min_over(1).to_vec::<f64>(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn min_over(self, axes: impl ToAxes) -> Var<'t> {
        -(-self).max_over(axes)
    }
}

impl Rule for Max {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        require_elements(x[0], &self.axes)?;
        Ok(Meta::new(x[0].shape.without(&self.axes), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Max { axes: behind(&self.axes) })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(self.weights(at) * self.keeping(at, g))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let moved = self.weights(at) * t[0]?;
        Some(record(Sum { axes: self.axes.clone() }, &[moved]))
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(Expr::Call("max", vec![at.x[0].clone()]))
    }

    /// The largest is given all; equal ones share it.
    fn formula_vjp(&self, at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        let [x, y] = [at.x[0].clone(), at.y.clone()].map(Box::new);
        Some(symbol::product([g.clone(), Expr::Holds(crate::ir::Compare::Eq, x, y)]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let shape = &x[0].meta.shape;
        with_float!(y.dtype(), T => {
            let mut out: Vec<Option<T>> = vec![None; y.shape.elements()];
            for (index, &value) in indices(shape).zip(x[0].slice::<T>()) {
                let kept: Vec<usize> =
                    (0..shape.len()).filter(|&i| !self.axes.contains(&(i as Axis))).map(|i| index[i]).listed();
                let largest = &mut out[offset(&kept, y.shape)];
                if largest.is_none_or(|m| value > m || value.is_nan()) && !largest.is_some_and(T::is_nan) {
                    *largest = Some(value);
                }
            }
            y.write(out.into_iter().map(|m| m.expect("over at least one element")));
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let gone = |axis: usize| self.axes.contains(&(axis as Axis));
        with_float!(y.dtype(), T => kernels::max::max::<T>(x[0].view(), &gone, y.slice()));
        Ok(())
    }
}

impl Max {
    /// The weight w of each element.
    fn weights<'t>(&self, at: &At<'_, 't>) -> Var<'t> {
        let (x, y) = (at.x(), self.keeping(at, at.y));
        let largest = binary_of(Compare::Eq, x, y).cast(x.dtype());
        let ties = record(Sum { axes: self.axes.clone() }, &[largest]);
        largest * self.keeping(at, ties.recip())
    }

    /// `y` with length 1 at the reduced axes.
    fn keeping<'t>(&self, at: &At<'_, 't>, y: Var<'t>) -> Var<'t> {
        record(Reshape { to: at.x().shape().with_ones(&self.axes) }, &[y])
    }
}

/// Refuses axes of length 0, which have no largest element.
pub(super) fn require_elements(x: &Meta, axes: &[Axis]) -> Result<(), Mismatch> {
    match axes.iter().find(|&&a| x.shape[a as usize] == 0) {
        Some(&axis) => Err(Mismatch::new(format!("axis {axis} has an element to take"))
            .clash([Clash::Axis(0, usize::from(axis))])),
        None => Ok(()),
    }
}

#[cfg(test)]
impl Tested for Max {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 3, 1], &[40, 3, 1], &[2, 2, 70]];
        let mut all = rows("max", shapes, |x| x.sin().max());
        all.extend(rows("max over the first", shapes, |x| x.square().max_over(0)));
        all.extend(rows("max over the middle", shapes, |x| x.square().max_over(1)));
        all.extend(rows("max over the last", shapes, |x| x.square().max_over(-1)));
        all.extend(rows("min over two", shapes, |x| x.sin().min_over([0, 2])));
        all.extend(rows("max over none", shapes, |x| x.sin().max_over([])));
        all.extend(rows("max of a transpose", &[&[3, 40]], |x| x.t().max_over(0)));
        all.extend(rows("max of no rows", &[&[3, 0], &[0, 3]], |x| {
            let axis = if x.shape()[0] == 0 { 1 } else { 0 };
            x.max_over(axis)
        }));
        all.extend(rows("logsumexp", shapes, |x| x.logsumexp_over([0, 2]) + x.logsumexp_over(1).sum()));
        all.extend(rows("variance", shapes, |x| x.sin().var_over(1, 1) + x.var_over([0, 2], 0).sum()));
        all.extend(rows("standardized", shapes, |x| x.standardize(1, 0.1).sin()));
        all.extend(rows("norms", shapes, |x| x.norm() + x.norm_over(3.0, 1) + x.norm_over(1.0, 1)));
        all.extend(large("max over the rows", &[&[320, 500]], |x| x.sin().max_over(0)));
        all.extend(large("max over the columns", &[&[320, 500]], |x| x.sin().max_over(1)));
        all
    }
}
