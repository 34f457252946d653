//! Scatter-add: elements added to zeros along an axis, with an index for each, in row-major order of x:
//! y[…, c[…, i, …], …] += x[…, i, …]. The adjoint of gather.
//!
//! Linear in x: ẏ = scatter_add ẋ, x̄ = gather ȳ. The indices have no derivative.

use super::indexing::{check, check_dense, require_indices_along};
use super::prelude::*;
use crate::ir::{Gather, ScatterAdd};

impl<'t> Var<'t> {
    /// `self` with the elements of a source added along an axis, with an index for each: y\[cᵢⱼ, j\] += sourceᵢⱼ along
    /// axis 0, y\[i, cᵢⱼ\] += sourceᵢⱼ along axis 1. Elements with the same index add up. A negative axis counts from the
    /// end; an index must not be negative.
    ///
    /// # Panics
    /// If the axis does not exist; if the index is not `I64`, differs in shape from the source, or is longer than `self`
    /// along another axis; if an index is out of range ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (x, source) = (tape.var([1.0, 1.0, 1.0]), tape.var([2.0, 3.0]));
    /// let y = x.scatter_add(0, tape.constant([2i64, 2]), source);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 1.0, 6.0]);
    /// assert_eq!(y.square().sum().grad([source])[0].to_vec::<f64>(), [12.0, 12.0]);
    /// ```
    #[track_caller]
    pub fn scatter_add(self, axis: isize, index: Var<'t>, source: Var<'t>) -> Var<'t> {
        let axis = self.axis("scatter_add", axis);
        self + record(ScatterAdd { axis, to: self.shape() }, &[source, index])
    }
}

impl Rule for ScatterAdd {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(&x[..1])?;
        require_indices_along(self.axis, &self.to, x[1])?;
        if x[0].shape != x[1].shape {
            return Err(Mismatch::new("there is an index for each element of the source"));
        }
        Ok(Meta::new(self.to.clone(), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(ScatterAdd { axis: self.axis + 1, to: batch.shape(&self.to) })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(Gather { axis: self.axis }, &[g, at.x[1]]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| record(self.clone(), &[t, at.x[1]]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let axis = self.axis as usize;
        check_dense(&x[1], self.to[axis])?;
        with_float!(y.dtype(), T => {
            let out = y.slice::<T>();
            out.fill(T::default());
            let elements = x[1].slice::<i64>().iter().zip(x[0].slice::<T>());
            for (mut position, (&index, &g)) in indices(&x[0].meta.shape).zip(elements) {
                position[axis] = index as usize;
                let y = &mut out[offset(&position, &self.to)];
                *y += g;
            }
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let axis = self.axis as usize;
        check(&x[1], self.to[axis])?;
        let strides = self.to.strides();
        with_float!(y.dtype(), T => {
            kernels::index::scatter_add::<T>(x[0].view(), axis, x[1].view(), &strides, y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for ScatterAdd {
    fn rows() -> Vec<Row> {
        let index = [[1i64, 0, 1], [0, 0, 1]];
        let mut all = vec![
            row("scatter_add along the first", &[&[4, 3], &[2, 3]], move |x| {
                x[0].scatter_add(0, x[0].tape().constant(index), x[1].sin()).square()
            }),
            row("scatter_add along the last", &[&[3, 2], &[2, 3]], move |x| {
                x[0].scatter_add(-1, x[0].tape().constant(index), x[1]).exp()
            }),
            row("scatter_add of transposes", &[&[3, 2], &[3, 2]], move |x| {
                x[0].t().scatter_add(0, x[0].tape().constant(index).t().t(), x[1].t()).sin()
            }),
        ];
        all.extend(large("scatter_add", &[&[320, 500]], |x| {
            let index: Vec<i64> = (0..160_000).map(|i| i * 7 % 320).collect();
            let index = x.tape().constant(index).reshape([320, 500]);
            x.scatter_add(0, index, x.sin()).sin()
        }));
        all
    }
}
