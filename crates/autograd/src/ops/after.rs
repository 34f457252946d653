//! After: the values of the first operand, which nobody reads before the second one is known.
//!
//! Linear in its first operand: ẏ = ẋ, x̄ = ȳ. It holds recomputation back: what a backward pass computes again from a
//! value reads it after the cotangent that asks for it, and so it is no common expression with the forward pass. The operand
//! that it waits for has no derivative.

use super::prelude::*;
use crate::ir::After;

impl Rule for After {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(After)
    }

    fn view(&self, _x: &Meta, strides: &[isize]) -> Option<Layout> {
        Some(Strides::from(strides).into())
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(g)
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0]
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(at.x[0].clone())
    }

    fn formula_vjp(&self, _at: &Sketch<'_>, operand: usize, g: &Expr) -> Option<Expr> {
        (operand == 0).then(|| g.clone())
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        x[0].gather(0..y.shape.elements(), y);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for After {
    fn rows() -> Vec<Row> {
        let mut all = rows("after", &[&[4], &[2, 3], &[0], &[]], |x| {
            record(After, &[x.square(), x.sin().detach()]) * x
        });
        all.extend(rows("after a sum, of a transpose", &[&[2, 3]], |x| {
            record(After, &[x.t(), x.exp().sum().detach()]).sin()
        }));
        all.extend(large("after", &[&[320, 500]], |x| record(After, &[x.sin(), x.sum().detach()]).cos()));
        all
    }
}
