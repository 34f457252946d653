//! Select: y = mask ? a : b, elementwise.
//!
//! Linear in a and b: ẏ = mask ? ȧ : ḃ;  ā = mask ? ȳ : 0,  b̄ = mask ? 0 : ȳ. The mask has no derivative.

use super::elementwise::same_shapes;
use super::prelude::*;
use crate::ir::Select;

impl<'t> Var<'t> {
    /// Elementwise choice by a mask, `self ? a : b`. All three are broadcast against each other.
    ///
    /// The gradient goes to the chosen alternative. The other one has the cotangent 0, which gives NaN where its own
    /// derivative is infinite. Put the choice inside then, as in `x.gt(0.0).select(x, 1.0).ln()`.
    ///
    /// # Panics
    /// If `self` is not `Bool`, both alternatives are plain numbers (their dtype would be unknown), dtypes differ, or
    /// shapes clash.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([-1.0, 2.0]);
    /// let y = x.gt(0.0).select(x * x, 0.0);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn select(self, a: impl Operand<'t>, b: impl Operand<'t>) -> Var<'t> {
        // A number takes its dtype from the other alternative, because the mask is Bool.
        let (a, b) = match (a.number(), b.number()) {
            (Some(x), Some(y)) => self
                .mistake("select", format!("the alternatives are the numbers {x} and {y}"), "mask")
                .rule("one of the two has a dtype")
                .hint("`mask.cast(DType::F64)` is 1 where the mask holds and else 0")
                .raise(),
            (Some(x), None) => (b.like(self).full_like(x), b.like(self)),
            (None, Some(y)) => (a.like(self), a.like(self).full_like(y)),
            (None, None) => (a.like(self), b.like(self)),
        };
        let (a, b) = Var::broadcast_pair("select", a, b);
        let (mask, a) = Var::broadcast_pair("select", self, a);
        let (mask, b) = Var::broadcast_pair("select", mask, b);
        record(Select, &[mask, a, b])
    }
}

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

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Select)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        wanted.each(|i| {
            let zero = g.full_like(0.0);
            let [a, b] = if i == 1 { [g, zero] } else { [zero, g] };
            Some(record(Select, &[at.x[0], a, b]))
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let some = t[1].or(t[2])?;
        let [a, b] = [t[1], t[2]].map(|t| t.unwrap_or_else(|| some.full_like(0.0)));
        Some(record(Select, &[at.x[0], a, b]))
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        let [mask, a, b] = [0, 1, 2].map(|i| Box::new(at.x[i].clone()));
        Some(Expr::Cases(mask, a, b))
    }

    fn formula_vjp(&self, at: &Sketch<'_>, operand: usize, g: &Expr) -> Option<Expr> {
        let mask = at.x[0].clone();
        let one_where = if operand == 1 { mask } else { symbol::sum([Expr::ONE, symbol::neg(mask)]) };
        Some(symbol::product([g.clone(), one_where]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let mask = x[0].slice::<bool>();
        with_type!(y.dtype(), T => {
            let (a, b) = (x[1].slice::<T>(), x[2].slice::<T>());
            y.write((0..mask.len()).map(|i| if mask[i] { a[i] } else { b[i] }));
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_type!(y.dtype(), T => {
            kernels::elementwise::select::<T>(x[0].view(), x[1].view(), x[2].view(), y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Select {
    fn rows() -> Vec<Row> {
        let shapes: [[&[usize]; 3]; 4] =
            [[&[4], &[4], &[4]], [&[2, 1], &[3], &[]], [&[0], &[1], &[0]], [&[], &[2], &[2]]];
        let select = |s: &[&[usize]; 3]| row("select", s, |x| x[0].gt(0.1).select(x[1].sin(), x[2] * x[1]));
        let mut all: Vec<Row> = shapes.iter().map(select).collect();
        all.extend(rows("select of numbers", &[&[5]], |x| {
            x.lt(0.1).select(x * x, 3.0) + x.gt(1.0).select(0.0, x)
        }));
        all.extend(rows("triangles", &[&[3, 4], &[2, 3, 3], &[4, 1]], |x| {
            x.tril(0).sin() + x.square().triu(1)
        }));
        all.push(row("select", &[&[320, 500], &[500]], |x| x[0].gt(x[1]).select(x[0].sin(), x[1])).large());
        all
    }
}
