//! Detach: the same values, cut from the derivative: ẏ = 0, x̄ = 0.

use crate::dense::Dense;
use crate::dtype::Data;
use crate::ir::Meta;
use crate::op::{At, Mismatch, Rule};
use crate::shape::{Layout, Strides};
use crate::var::Var;

pub(crate) struct Detach;

impl Rule for Detach {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        Ok(x[0].clone())
    }
    fn view(&self, _x: &Meta, strides: &[isize]) -> Option<Layout> {
        Some(Strides::from(strides).into())
    }
    fn vjp<'t>(&self, _at: &At<'_, 't>, _i: usize, _g: Var<'t>) -> Option<Var<'t>> {
        None
    }
    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }
    fn reference(&self, x: &[Dense], _y: &Meta) -> Data {
        x[0].data.clone()
    }
}
