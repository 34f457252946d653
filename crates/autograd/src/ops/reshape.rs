//! Reshape: the same elements in row-major order under another shape.
//!
//! Linear: ẏ = reshape ẋ, and the adjoint is the reshape back: x̄ = reshape ȳ.

use crate::dense::Dense;
use crate::dtype::Data;
use crate::ir::{Meta, Reshape};
use crate::op::{At, Mismatch, Rule, linear};
use crate::record::record;
use crate::shape::Strides;
use crate::var::Var;

impl Rule for Reshape {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let (from, to) = (x[0].shape.checked_elements(), self.to.checked_elements());
        if from != to {
            let count = |n: Option<usize>| n.map_or("too many".into(), |n| n.to_string());
            let rule = format!("{} has {} elements, {} has {}", x[0].shape, count(from), self.to, count(to));
            return Err(Mismatch::new(rule));
        }
        Ok(Meta::new(self.to.clone(), x[0].dtype))
    }

    /// A view where the operand is one number throughout or lies contiguous; else the elements are copied.
    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Strides> {
        let axes = || x.shape.iter().zip(strides).filter(|(d, _)| **d != 1);
        if axes().all(|(_, &s)| s == 0) {
            return Some(Strides::from_elem(0, self.to.len()));
        }
        let contiguous = x.shape.strides();
        let is_contiguous = axes().map(|(_, s)| s).eq(x
            .shape
            .iter()
            .zip(&contiguous)
            .filter(|(d, _)| **d != 1)
            .map(|(_, s)| s));
        is_contiguous.then(|| self.to.strides())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        Some(record(Reshape { to: at.x().shape() }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone().into(), t)
    }

    fn reference(&self, x: &[Dense], _y: &Meta) -> Data {
        x[0].data.clone()
    }
}
