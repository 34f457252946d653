//! Pad: zeros added before and after along an axis, y[…, before + i, …] = x[…, i, …], zero elsewhere.
//!
//! Linear: ẏ = pad ẋ, and the adjoint cuts the zeros off: x̄ = slice ȳ.

use super::prelude::*;
use crate::ir::{Pad, Slice};

impl<'t> Var<'t> {
    /// `self` with zeros (`false` for `Bool`) added before and after along an axis. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([1.0, 2.0]).pad(0, 1, 2).to_vec::<f64>(), [0.0, 1.0, 2.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn pad(self, axis: isize, before: usize, after: usize) -> Var<'t> {
        let axis = self.axis("pad", axis);
        record(Pad { axis, before, after }, &[self])
    }
}

impl Rule for Pad {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let axis = self.axis as usize;
        let length = [self.before, self.after].iter().try_fold(x[0].shape[axis], |n, &m| n.checked_add(m));
        let Some(length) = length else {
            return Err(Mismatch::new("the padded length can be counted"));
        };
        Ok(Meta::new(x[0].shape.with_length(axis, length), x[0].dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Pad { axis: self.axis + 1, ..self.clone() })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let length = at.x().shape()[self.axis as usize];
        only(record(Slice { axis: self.axis, start: self.before, length }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_type!(y.dtype(), T => {
            let (from, to) = (&x[0].meta.shape, y.shape);
            let out = y.slice::<T>();
            out.fill(T::default());
            for (mut index, &value) in indices(from).zip(x[0].slice::<T>()) {
                index[self.axis as usize] += self.before;
                out[offset(&index, to)] = value;
            }
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let strides = kernels::copies::row_major(y.shape);
        let start = self.before * strides[self.axis as usize] as usize;
        with_type!(y.dtype(), T => {
            let out = y.slice::<T>();
            out.fill(T::default());
            kernels::copies::copy_into::<T>(x[0].view(), start, &strides, out);
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Pad {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[2, 3], &[1, 1], &[0, 4], &[2, 0]];
        let mut all = rows("pad", shapes, |x| x.sin().pad(1, 2, 1).cos());
        all.extend(rows("pad of a transpose", shapes, |x| x.sin().t().pad(-1, 0, 3).exp()));
        all.extend(large("pad", &[&[320, 500]], |x| x.sin().pad(0, 3, 2).exp()));
        all
    }
}
