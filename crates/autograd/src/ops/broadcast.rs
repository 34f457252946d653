//! Broadcast: repetition along axes of length 1 and new leading axes, as in NumPy.
//!
//! Linear: ẏ = broadcast ẋ. The adjoint sums over the repeated axes: x̄ = Σ ȳ. No other rule un-broadcasts.

use super::prelude::*;
use crate::ir::{Broadcast, Reshape, Sum};
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// `self` repeated along axes of length 1 and along new leading axes, as in NumPy. The operators call this as needed.
    ///
    /// # Panics
    /// If the length of an axis, counted from the last, is neither 1 nor that of `shape`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// assert_eq!(x.broadcast_to([3, 2]).sum().grad([x])[0].to_vec::<f64>(), [3.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Var<'t> {
        let to = shape.into();
        if self.shape() == to { self } else { record(Broadcast { to }, &[self]) }
    }
}

impl Rule for Broadcast {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let from = &x[0].shape;
        match from.broadcast(&self.to) {
            Ok(both) if both == self.to => {}
            result => {
                let to = &self.to;
                let rule =
                    format!("{from} becomes {to} only if each axis, counted from the last, is equal or 1");
                let mismatch = Mismatch::new(rule);
                return Err(match result {
                    Err(clash) => mismatch.clash([Clash::Axis(0, from.len() - clash)]),
                    Ok(_) => mismatch,
                });
            }
        }
        Ok(Meta::new(self.to.clone(), x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let x = batch.of_all(0);
        // Axes of length 1 stand between the examples and the axes that the operand has.
        let (from, to) = (x.shape(), batch.shape(&self.to));
        let new = vec![1; to.len() - from.len()];
        record(Broadcast { to }, &[x.reshape([&from[..1], &new, &from[1..]].concat())])
    }

    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        let lead = self.to.len() - x.shape.len();
        let stride = |axis: usize| match axis.checked_sub(lead) {
            Some(kept) if x.shape[kept] == self.to[axis] => strides[kept],
            _ => 0,
        };
        Some(Strides::from_fn(self.to.len(), stride).into())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let (from, lead) = (at.x().shape(), self.to.len() - at.x().rank());
        let repeated = (0..self.to.len()).filter(|&i| i < lead || from[i - lead] != self.to[i]);
        let axes: Axes = repeated.map(|i| i as Axis).collect();
        let sum = record(Sum { axes }, &[g]);
        only(if sum.shape() == from { sum } else { record(Reshape { to: from }, &[sum]) })
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(at.x[0].clone())
    }

    fn formula_vjp(&self, at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        let (from, lead) = (at.shapes[0], self.to.len() - at.shapes[0].len());
        let repeated = |&i: &usize| self.to[i] > 1 && (i < lead || from[i - lead] == 1);
        Some(symbol::total((0..self.to.len()).filter(repeated), at.shape, g.clone()))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let from = &x[0].meta.shape;
        let lead = y.shape.len() - from.len();
        let offsets = indices(y.shape).map(|index| {
            let source: Vec<usize> =
                from.iter().zip(&index[lead..]).map(|(&d, &i)| if d == 1 { 0 } else { i }).listed();
            offset(&source, from)
        });
        x[0].gather(offsets, y);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Broadcast {
    fn rows() -> Vec<Row> {
        let mut all = rows("broadcast", &[&[], &[1], &[3, 1], &[1, 4], &[2, 1, 4]], |x| {
            x.square().broadcast_to([2, 3, 4]).sin()
        });
        all.extend(rows("broadcast to nothing", &[&[], &[1], &[2, 1]], |x| x.broadcast_to([2, 0]).exp()));
        all.extend(large("broadcast", &[&[500]], |x| x.broadcast_to([320, 500]).sin()));
        all
    }
}
