//! Broadcast: repetition along axes of length 1 and new leading axes, as in NumPy.
//!
//! Linear: ẏ = broadcast ẋ. Its adjoint is the sum over what was repeated: x̄ = Σ ȳ. No other rule un-broadcasts.

use crate::dense::{Dense, indices, place};
use crate::dtype::Data;
use crate::ir::{Broadcast, Meta, Reshape, Sum};
use crate::op::{At, Clash, Mismatch, Rule, linear};
use crate::record::record;
use crate::shape::{Axes, Layout, Strides};
use crate::var::Var;

impl Rule for Broadcast {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let from = &x[0].shape;
        match from.broadcast(&self.to) {
            Ok(both) if both == self.to => {}
            result => {
                let to = &self.to;
                let rule =
                    format!("{from} becomes {to} only if each axis, counted from the last, is equal or 1");
                let mismatch = Mismatch::new(rule);
                return Err(match result {
                    Err(clash) => mismatch.clash([Clash::Axis(0, from.len() - clash)]),
                    Ok(_) => mismatch,
                });
            }
        }
        Ok(Meta::new(self.to.clone(), x[0].dtype))
    }

    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        let lead = self.to.len() - x.shape.len();
        let stride = |axis: usize| match axis.checked_sub(lead) {
            Some(kept) if x.shape[kept] == self.to[axis] => strides[kept],
            _ => 0,
        };
        Some(Strides::from_fn(self.to.len(), stride).into())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        let (from, lead) = (at.x().shape(), self.to.len() - at.x().rank());
        let repeated = (0..self.to.len()).filter(|&i| i < lead || from[i - lead] != self.to[i]);
        let axes: Axes = repeated.map(|i| i as u8).collect();
        let sum = record(Sum { axes }, &[g]);
        Some(if sum.shape() == from { sum } else { record(Reshape { to: from }, &[sum]) })
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone().into(), t)
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let from = &x[0].meta.shape;
        let lead = y.shape.len() - from.len();
        x[0].gather(indices(&y.shape).map(|index| {
            let source: Vec<usize> =
                from.iter().zip(&index[lead..]).map(|(&d, &i)| if d == 1 { 0 } else { i }).collect();
            place(&source, from)
        }))
    }
}
