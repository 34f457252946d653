//! Pad: zeros before and after along an axis, y[…, before + i, …] = x[…, i, …], zero elsewhere.
//!
//! Linear: ẏ = pad ẋ, and the adjoint cuts the zeros off: x̄ = slice ȳ.

use crate::dense::{Dense, indices, place};
use crate::dtype::Storable;
use crate::dtype::{Data, with_type};
use crate::ir::{Meta, Pad, Slice};
use crate::op::{At, Mismatch, Rule, linear};
use crate::record::record;
use crate::var::Var;

impl Rule for Pad {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let axis = self.axis as usize;
        let length = [self.before, self.after].iter().try_fold(x[0].shape[axis], |n, &m| n.checked_add(m));
        let Some(length) = length else {
            return Err(Mismatch::new("the padded length can be counted"));
        };
        Ok(Meta::new(x[0].shape.with_length(axis, length), x[0].dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        let length = at.x().shape()[self.axis as usize];
        Some(record(Slice { axis: self.axis, start: self.before, length }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone().into(), t)
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        with_type!(y.dtype, T => {
            let mut out = vec![T::default(); y.shape.elements()];
            let from = &x[0].meta.shape;
            for (mut index, &value) in indices(from).zip(T::slice(x[0].data.borrow())) {
                index[self.axis as usize] += self.before;
                out[place(&index, &y.shape)] = value;
            }
            T::wrap(out)
        })
    }
}
