//! Select: y = mask ? a : b, elementwise.
//!
//! Linear in a and b: ẏ = mask ? ȧ : ḃ;  ā = mask ? ȳ : 0,  b̄ = mask ? 0 : ȳ. The mask has no derivative.

use super::elementwise::same_shapes;
use crate::dense::Dense;
use crate::dtype::Storable;
use crate::dtype::{DType, Data, with_type};
use crate::ir::{Meta, Op};
use crate::op::{At, Clash, Mismatch, Rule};
use crate::record::record;
use crate::var::Var;

pub(crate) struct Select;

impl Rule for Select {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        same_shapes(x)?;
        if x[0].dtype != DType::Bool {
            return Err(Mismatch::new("the mask is Bool")
                .hint("make one with a comparison such as `x.gt(0.0)`")
                .clash([Clash::DType(0)]));
        }
        if x[1].dtype != x[2].dtype {
            return Err(Mismatch::new("both alternatives have the same dtype")
                .hint("convert one with `.cast(…)`")
                .clash([Clash::DType(1), Clash::DType(2)]));
        }
        Ok(x[1].clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, i: usize, g: Var<'t>) -> Option<Var<'t>> {
        let zero = g.full_like(0.0);
        let [a, b] = if i == 1 { [g, zero] } else { [zero, g] };
        Some(record(Op::Select, &[at.x[0], a, b]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let some = t[1].or(t[2])?;
        let [a, b] = [t[1], t[2]].map(|t| t.unwrap_or_else(|| some.full_like(0.0)));
        Some(record(Op::Select, &[at.x[0], a, b]))
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let mask = bool::slice(x[0].data.borrow());
        with_type!(y.dtype, T => {
            let (a, b) = (T::slice(x[1].data.borrow()), T::slice(x[2].data.borrow()));
            T::wrap((0..mask.len()).map(|i| if mask[i] { a[i] } else { b[i] }).collect())
        })
    }
}
