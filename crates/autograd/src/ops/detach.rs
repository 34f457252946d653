//! Detach: the same values without a derivative: ẏ = 0, x̄ = 0.

use super::prelude::*;
use crate::ir::Detach;

impl<'t> Var<'t> {
    /// The same values without a derivative: later ops treat them as a constant.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(3.0);
    /// assert_eq!((x * x.detach()).grad([x])[0].item(), 3.0);
    /// ```
    #[track_caller]
    pub fn detach(self) -> Var<'t> {
        record(Detach, &[self])
    }
}

impl Rule for Detach {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Detach)
    }

    fn view(&self, _x: &Meta, strides: &[isize]) -> Option<Layout> {
        Some(Strides::from(strides).into())
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(at.x[0].clone())
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        x[0].gather(0..y.shape.elements(), y);
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Detach {
    fn rows() -> Vec<Row> {
        let mut all = rows("detach", &[&[4]], |x| x.sin() + (x * 0.0).detach());
        all.extend(large("detach", &[&[160_000]], |x| x.sin() * x.detach()));
        all
    }
}
