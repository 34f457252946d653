//! Sum over axes, which disappear; added in the fixed tree of [`crate::tree`].
//!
//! Linear: ẏ = Σ ẋ, and the adjoint repeats the cotangent over what was summed: x̄ = broadcast ȳ.

use crate::dense::{Dense, indices, place};
use crate::dtype::Storable;
use crate::dtype::{Data, with_float};
use crate::ir::{Broadcast, Meta, Reshape, Sum};
use crate::op::{At, Mismatch, Rule, linear};
use crate::record::{record, require_float};
use crate::tree;
use crate::var::Var;

impl Rule for Sum {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        Ok(Meta::new(x[0].shape.without(&self.axes), dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        let shape = at.x().shape();
        let ones = shape.with_ones(&self.axes);
        let g = if g.rank() == 0 { g } else { record(Reshape { to: ones }, &[g]) };
        Some(record(Broadcast { to: shape }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone().into(), t)
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let shape = &x[0].meta.shape;
        let summed: Vec<usize> = self.axes.iter().map(|&a| shape[a as usize]).collect();
        with_float!(y.dtype, T => {
            let values = T::slice(x[0].data.borrow());
            T::wrap(indices(&y.shape).map(|kept| {
                let terms: Vec<T> = indices(&summed).map(|s| values[place(&self.merge(&kept, &s), shape)]).collect();
                tree::sum(&terms)
            }).collect())
        })
    }
}

impl Sum {
    /// The operand's index from that of the result and that within the summed axes.
    fn merge(&self, kept: &[usize], summed: &[usize]) -> Vec<usize> {
        let (mut kept, mut summed) = (kept.iter(), summed.iter());
        let mut next = |axis: usize| {
            let from = if self.axes.contains(&(axis as u8)) { summed.next() } else { kept.next() };
            from.copied()
        };
        (0..).map_while(&mut next).collect()
    }
}
