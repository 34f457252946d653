//! Slice: a range along an axis, y = x[…, start..start+length, …].
//!
//! Linear: ẏ = slice ẋ, and the adjoint puts zeros around: x̄ = pad ȳ.

use crate::dense::{Dense, indices, place};
use crate::dtype::Data;
use crate::ir::{Meta, Pad, Slice};
use crate::op::{At, Clash, Mismatch, Rule, linear};
use crate::record::record;
use crate::shape::Layout;
use crate::var::Var;

impl Rule for Slice {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let (from, axis) = (&x[0].shape, self.axis as usize);
        let length = from[axis];
        if self.start.checked_add(self.length).is_none_or(|end| end > length) {
            let end = self.start.saturating_add(self.length);
            let rule = format!("axis {axis} has {length} places; {}..{end} is not within", self.start);
            return Err(Mismatch::new(rule).clash([Clash::Axis(0, axis)]));
        }
        Ok(Meta::new(from.with_length(axis, self.length), x[0].dtype))
    }

    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        // A buffer without elements has no place to begin at.
        let start = if self.length == 0 || x.shape.contains(&0) { 0 } else { self.start };
        Some(Layout { skip: start as isize * strides[self.axis as usize], strides: strides.into() })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        let &Slice { axis, start, length } = self;
        let after = at.x().shape()[axis as usize] - start - length;
        Some(record(Pad { axis, before: start, after }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone().into(), t)
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        x[0].gather(indices(&y.shape).map(|mut index| {
            index[self.axis as usize] += self.start;
            place(&index, &x[0].meta.shape)
        }))
    }
}
