//! Copy: the same values in new contiguous memory.
//!
//! Linear: ẏ = ẋ, x̄ = ȳ. Plans copy values that must be contiguous: outputs, gradients in the slab, and narrow data that a
//! product would read with large strides.

use super::prelude::*;
use crate::ir::Copy;

impl Rule for Copy {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Copy)
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

    fn formula_vjp(&self, _at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        Some(g.clone())
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        x[0].gather(0..y.shape.elements(), y);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let strides = kernels::copies::row_major(y.shape);
        with_type!(y.dtype(), T => kernels::copies::copy::<T>(x[0].view(), &strides, y.slice(), room.workers));
        Ok(())
    }

    fn needs(&self, _x: &[&Meta], y: &Meta) -> Needs {
        Needs { shared: y.shape.elements() >= Target::CPU.threads.copies_from, ..Needs::default() }
    }
}

#[cfg(test)]
impl Tested for Copy {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[2, 3], &[4], &[0, 3], &[1, 1], &[]];
        let mut all = rows("copy", shapes, |x| record(Copy, &[x.sin()]) * x);
        all.extend(rows("copy of a transpose", &[&[2, 3], &[0, 2]], |x| record(Copy, &[x.t()]).exp()));
        all.extend(rows("copy of a broadcast", &[&[3], &[]], |x| {
            record(Copy, &[x.broadcast_to([2, 3])]).sin()
        }));
        all.extend(large("copy", &[&[320, 500]], |x| record(Copy, &[x.t()]).sin()));
        all
    }
}
