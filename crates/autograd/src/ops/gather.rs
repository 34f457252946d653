//! Gather: elements along an axis, with an index for each, y[…, i, …] = x[…, c[…, i, …], …].
//!
//! Linear in x: ẏ = gather ẋ. The adjoint adds up the cotangents of elements that were read several times:
//! x̄ = scatter_add ȳ. The indices have no derivative.

use super::indexing::{check, check_dense, require_indices_along};
use super::prelude::*;
use crate::ir::{Gather, ScatterAdd};

impl<'t> Var<'t> {
    /// Elements along an axis, with an index for each: yᵢⱼ = x\[cᵢⱼ, j\] along axis 0, yᵢⱼ = x\[i, cᵢⱼ\] along axis 1. The
    /// result has the shape of the index. A negative axis counts from the end; an index must not be negative.
    ///
    /// # Panics
    /// If the axis does not exist; if the index is not `I64`, has another number of axes, or is longer than `self` along
    /// another axis; if an index is out of range ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    /// let index = tape.constant([[1i64, 1], [0, 1]]);
    /// assert_eq!(x.gather(1, index).to_vec::<f64>(), [2.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.gather(0, index).to_vec::<f64>(), [3.0, 4.0, 1.0, 4.0]);
    /// assert_eq!(x.gather(1, index).sum().grad([x])[0].to_vec::<f64>(), [0.0, 2.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn gather(self, axis: isize, index: Var<'t>) -> Var<'t> {
        let axis = self.axis("gather", axis);
        record(Gather { axis }, &[self, index])
    }
}

impl Rule for Gather {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_indices_along(self.axis, &x[0].shape, x[1])?;
        Ok(Meta::new(x[1].shape.clone(), x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Gather { axis: self.axis + 1 })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(ScatterAdd { axis: self.axis, to: at.x[0].shape() }, &[g, at.x[1]]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| record(self.clone(), &[t, at.x[1]]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (from, axis) = (&x[0].meta.shape, self.axis as usize);
        check_dense(&x[1], from[axis])?;
        let offsets = indices(y.shape).zip(x[1].slice::<i64>()).map(|(mut position, &index)| {
            position[axis] = index as usize;
            offset(&position, from)
        });
        x[0].gather(offsets, y);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let axis = self.axis as usize;
        check(&x[1], x[0].shape[axis])?;
        with_type!(y.dtype(), T => kernels::index::gather::<T>(x[0].view(), axis, x[1].view(), y.slice()));
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Gather {
    fn rows() -> Vec<Row> {
        let index = [[1i64, 0, 1], [0, 0, 1]];
        let mut all = rows("gather along the first", &[&[2, 3], &[4, 3]], move |x| {
            x.square().gather(0, x.tape().constant(index))
        });
        all.extend(rows("gather along the last", &[&[2, 2], &[3, 5]], move |x| {
            x.sin().gather(-1, x.tape().constant(index)) * 2.0
        }));
        all.extend(rows("gather of transposes", &[&[3, 4]], move |x| {
            x.t().gather(0, x.tape().constant(index).t().slice(0, 0..2).t().t())
        }));
        all.extend(rows("gather of a mask and of integers", &[&[4, 3]], move |x| {
            let mask = x.gt(0.1).gather(0, x.tape().constant(index));
            let whole = (x * 9.0).cast(DType::I64).gather(0, x.tape().constant(index)).cast(x.dtype());
            mask.select(whole, 2.0) * x.slice(0, ..2)
        }));
        all.extend(rows("gather nothing", &[&[3, 4], &[2, 0]], |x| {
            let nothing = x.tape().full(0.0, [2, 0], DType::I64);
            x.gather(1, nothing).sum() + x
        }));
        all.extend(large("gather", &[&[320, 500]], |x| {
            let index: Vec<i64> = (0..160_000).map(|i| i * 7 % 320).collect();
            x.sin().gather(0, x.tape().constant(index).reshape([320, 500])).exp()
        }));
        all
    }
}
