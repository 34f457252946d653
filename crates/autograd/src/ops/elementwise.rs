//! Elementwise functions: the rules that follow from a row of the table.
//!
//! y = f(x):     x̄ = ȳ·f′(x),            ẏ = f′(x)·ẋ
//! y = f(a, b):  ā = ȳ·∂f/∂a, b̄ = ȳ·∂f/∂b,  ẏ = ∂f/∂a·ȧ + ∂f/∂b·ḃ

use super::prelude::*;
use crate::ir::{Binary, Compare, Op, Unary};
use crate::number::{BinaryRow, Num, Slope, UnaryRow, Zero};
use crate::rows::{self, VisitBinary, VisitUnary};
use kernels::functions;
use kernels::scalars::{of_binary, of_unary};

impl Rule for Unary {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(*self)
    }
    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let ([zero, _], slope) = self.visit(Slopes { at, wanted: [true; 2] });
        times(zero, slope, g).map_or_else(none, only)
    }
    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let ([_, zero], slope) = self.visit(Slopes { at, wanted: [true; 2] });
        times(zero, slope, t[0]?)
    }
    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let (f, p) = (of_unary::<T>(*self), self.parameter().unwrap_or(0.0) as T);
            y.write(x[0].slice::<T>().iter().map(|&x| f.call(x, p)));
        });
        Ok(())
    }
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => functions::unary::<T>(*self, x[0].view(), y.slice()));
        Ok(())
    }
}

impl Rule for Binary {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        same_shapes(x)?;
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(*self)
    }
    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let (zeros, slopes) = self.visit(Slopes { at, wanted: [0, 1].map(|i| wanted.has(i)) });
        slopes.into_iter().zip(zeros).map(|(slope, [zero, _])| times(zero, slope?, g)).collect()
    }
    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (zeros, slopes) = self.visit(Slopes { at, wanted: [0, 1].map(|i| t[i].is_some()) });
        let terms = slopes.into_iter().zip(zeros).zip(t);
        total(terms.map(|((slope, [_, zero]), t)| times(zero, slope?, (*t)?)))
    }
    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let pairs = x[0].slice::<T>().iter().zip(x[1].slice::<T>());
            let f = of_binary::<T>(*self);
            y.write(pairs.map(|(&a, &b)| f.call(a, b)));
        });
        Ok(())
    }
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => functions::binary::<T>(*self, x[0].view(), x[1].view(), y.slice()));
        Ok(())
    }
}

impl Rule for Compare {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        same_shapes(x)?;
        one_dtype(x)?;
        Ok(Meta::new(x[0].shape.clone(), DType::Bool))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(*self)
    }
    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }
    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }
    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_type!(x[0].meta.dtype, T => {
            let pairs = x[0].slice::<T>().iter().zip(x[1].slice::<T>());
            y.write(pairs.map(|(a, b)| self.holds(a, b)));
        });
        Ok(())
    }
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_type!(x[0].dtype(), T => functions::compare::<T>(*self, x[0].view(), x[1].view(), y.slice()));
        Ok(())
    }
}

/// Elementwise ops take operands of one shape; the operators broadcast before.
pub(super) fn same_shapes(x: &[&Meta]) -> Result<(), Mismatch> {
    if x.iter().any(|m| m.shape != x[0].shape) {
        return Err(Mismatch::new("all operands have the same shape").hint("use `.broadcast_to(…)`"));
    }
    Ok(())
}

/// Broadcasts `a` and `b` against each other and records the function.
#[track_caller]
pub(crate) fn binary_of<'t>(op: impl Into<Op>, a: Var<'t>, b: Var<'t>) -> Var<'t> {
    let op = op.into();
    let (a, b) = Var::broadcast_pair(op.name(), a, b);
    record(op, &[a, b])
}

impl From<Unary> for Op {
    fn from(f: Unary) -> Op {
        Op::Unary(f)
    }
}
impl From<Binary> for Op {
    fn from(f: Binary) -> Op {
        Op::Binary(f)
    }
}
impl From<Compare> for Op {
    fn from(f: Compare) -> Op {
        Op::Compare(f)
    }
}

/// g times the derivative of a row; `None` is zero.
fn times<'t>(zero: Zero, slope: Slope<Var<'t>>, g: Var<'t>) -> Option<Var<'t>> {
    match slope {
        Slope::Constant(0.0) => None,
        Slope::Constant(1.0) => Some(g),
        Slope::Constant(-1.0) => Some(-g),
        Slope::Constant(slope) => Some(g * slope),
        slope => Some(rows::times(zero, slope, g)),
    }
}

/// What zeros do in products with them, and the derivatives at a point, recorded.
struct Slopes<'a, 't> {
    at: &'a At<'a, 't>,
    wanted: [bool; 2],
}
impl<'t> VisitUnary for Slopes<'_, 't> {
    type Output = ([Zero; 2], Slope<Var<'t>>);
    fn row<F: UnaryRow>(self, p: f64) -> Self::Output {
        (F::ZEROS, F::slope(Num(self.at.x()), Num(self.at.y), p))
    }
}
impl<'t> VisitBinary for Slopes<'_, 't> {
    type Output = ([[Zero; 2]; 2], [Option<Slope<Var<'t>>>; 2]);
    fn row<F: BinaryRow>(self) -> Self::Output {
        let At { x, y } = *self.at;
        (F::ZEROS, F::slopes(Num(x[0]), Num(x[1]), Num(y), self.wanted))
    }
}
