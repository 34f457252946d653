//! Concat: operands one after the other along an axis; they agree in the lengths of all others.
//!
//! Linear in all operands together: ẏ = concat(ẋ₁, ẋ₂, …), and each one's adjoint is its part: x̄ₖ = slice ȳ.

use crate::dense::{Dense, indices, place};
use crate::dtype::Storable;
use crate::dtype::{Data, with_type};
use crate::ir::{Concat, Meta, Slice};
use crate::op::{At, Clash, Mismatch, Rule, one_dtype};
use crate::record::record;
use crate::shape::Shape;
use crate::var::Var;

impl Rule for Concat {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let (first, axis) = (x[0], self.axis as usize);
        one_dtype(x)?;
        for (i, other) in x.iter().enumerate() {
            if other.shape.len() != first.shape.len() {
                let hint =
                    "`Var::stack` puts tensors along a new axis, `.unsqueeze(…)` gives one an axis more";
                return Err(Mismatch::new("all operands have as many axes").hint(hint));
            }
            let clash = (0..first.shape.len()).find(|&k| k != axis && other.shape[k] != first.shape[k]);
            if let Some(k) = clash {
                let mismatch = Mismatch::new(format!("all axes but axis {axis} have the same lengths"))
                    .clash([Clash::Axis(0, k), Clash::Axis(i, k)]);
                return Err(match other_axis(&first.shape, &other.shape) {
                    Some(fitting) => mismatch.hint(format!("along axis {fitting} they fit")),
                    None => mismatch,
                });
            }
        }
        let length = x.iter().try_fold(0usize, |n, m| n.checked_add(m.shape[axis]));
        let Some(length) = length else {
            return Err(Mismatch::new("the length of all together can be counted"));
        };
        Ok(Meta::new(first.shape.with_length(axis, length), first.dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, i: usize, g: Var<'t>) -> Option<Var<'t>> {
        let length = |x: &Var<'t>| x.shape()[self.axis as usize];
        let start = at.x[..i].iter().map(length).sum();
        Some(record(Slice { axis: self.axis, start, length: length(&at.x[i]) }, &[g]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let tangents: Vec<Var<'t>> =
            t.iter().zip(at.x).map(|(t, x)| t.unwrap_or_else(|| x.full_like(0.0))).collect();
        Some(record(self.clone(), &tangents))
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let axis = self.axis as usize;
        with_type!(y.dtype, T => {
            T::wrap(indices(&y.shape).map(|mut index| {
                let mut operands = x.iter();
                let mut from = operands.next().expect("at least one operand");
                while index[axis] >= from.meta.shape[axis] {
                    index[axis] -= from.meta.shape[axis];
                    from = operands.next().expect("the lengths add up");
                }
                T::slice(from.data.borrow())[place(&index, &from.meta.shape)]
            }).collect())
        })
    }
}

/// The only axis in which two shapes of as many axes differ.
fn other_axis(a: &Shape, b: &Shape) -> Option<usize> {
    let mut differing = (0..a.len()).filter(|&k| a[k] != b[k]);
    differing.next().filter(|_| differing.next().is_none())
}
