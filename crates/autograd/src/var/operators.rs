//! `+ − × ÷`, negation and comparison, between variables, parameters and plain numbers.

use super::Var;
use crate::ir::{Binary, Broadcast, Op, Unary};
use crate::op::{Clash, Mismatch};
use crate::ops::binary_of;
use crate::params::Param;
use crate::record::{Asked, record};
use crate::shape::Shape;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// An operand that a [`Var`] can be combined with: another `Var`, a parameter's handle, or an `f64` number, which takes the
/// dtype of the `Var`.
///
/// ```
/// let tape = autograd::Tape::new();
/// assert_eq!((tape.var(1.5) * 2.0).item(), 3.0);
/// ```
///
/// An integer is none:
///
/// ```compile_fail,E0277
/// let tape = autograd::Tape::new();
/// tape.var(1.5) * 2; // the compiler says: write `2.0`
/// ```
#[diagnostic::on_unimplemented(
    message = "a `Var` cannot be combined with `{Self}`",
    label = "neither a `Var`, a `Param` nor an `f64` number",
    note = "a number beside a `Var` is an `f64`: write `2.0` instead of `2`"
)]
pub trait Operand<'t>: Copy {
    /// As a variable on the tape of `other`; a number takes the dtype and shape of `other`.
    fn like(self, other: Var<'t>) -> Var<'t>;

    /// The number, if it is one.
    fn number(self) -> Option<f64> {
        None
    }
}

impl<'t> Operand<'t> for Var<'t> {
    fn like(self, _other: Var<'t>) -> Var<'t> {
        self
    }
}
impl<'t> Operand<'t> for Param {
    #[track_caller]
    fn like(self, other: Var<'t>) -> Var<'t> {
        other.tape.param(self)
    }
}
impl<'t> Operand<'t> for f64 {
    #[track_caller]
    fn like(self, other: Var<'t>) -> Var<'t> {
        other.full_like(self)
    }
    fn number(self) -> Option<f64> {
        Some(self)
    }
}

macro_rules! operator {
    ($($Trait:ident $method:ident;)*) => {
        $(
            impl<'t, R: Operand<'t>> $Trait<R> for Var<'t> {
                type Output = Var<'t>;
                #[track_caller]
                fn $method(self, rhs: R) -> Var<'t> {
                    binary_of(Binary::$Trait, self, rhs.like(self))
                }
            }
            impl<'t> $Trait<Var<'t>> for f64 {
                type Output = Var<'t>;
                #[track_caller]
                fn $method(self, rhs: Var<'t>) -> Var<'t> {
                    binary_of(Binary::$Trait, self.like(rhs), rhs)
                }
            }
            impl<'t> $Trait<Var<'t>> for Param {
                type Output = Var<'t>;
                #[track_caller]
                fn $method(self, rhs: Var<'t>) -> Var<'t> {
                    binary_of(Binary::$Trait, self.like(rhs), rhs)
                }
            }
        )*
    };
}
operator! { Add add; Sub sub; Mul mul; Div div; }

impl<'t> Neg for Var<'t> {
    type Output = Var<'t>;
    #[track_caller]
    fn neg(self) -> Var<'t> {
        record(Unary::Neg, &[self])
    }
}

impl<'t> Var<'t> {
    /// Both, broadcast against each other by NumPy's rule.
    #[track_caller]
    pub(crate) fn broadcast_pair(name: &str, a: Var<'t>, b: Var<'t>) -> (Var<'t>, Var<'t>) {
        if a.has_shape_of(b) {
            return (a, b);
        }
        let (from_a, from_b) = (a.shape(), b.shape());
        let to = match from_a.broadcast(&from_b) {
            Ok(to) => to,
            Err(clash) => misfit(name, a, b, clash),
        };
        (stretch(a, &from_a, &to), stretch(b, &from_b, &to))
    }
}

/// Panics because two shapes cannot be broadcast to a common shape: axis `clash` from the end differs.
#[cold]
#[track_caller]
fn misfit(op: &str, a: Var<'_>, b: Var<'_>, clash: usize) -> ! {
    a.check_same_tape(op, b);
    let (from_a, from_b) = (a.shape(), b.shape());
    let hint = match (&from_a[..], &from_b[..]) {
        (&[m, n], &[k, l]) if from_a.broadcast(&Shape::from([l, k])).is_ok() => {
            if m * n < k * l {
                "did you mean `a.t()`?"
            } else {
                "did you mean `b.t()`?"
            }
        }
        (&[rows, _], &[n]) if n == rows => "`b.unsqueeze(1)` makes it a column: one value for each row of a",
        (&[n], &[rows, _]) if n == rows => "`a.unsqueeze(1)` makes it a column: one value for each row of b",
        _ => "",
    };
    let mut mismatch = Mismatch::new("axes, aligned at the last, are equal or one of them is 1")
        .clash([Clash::Axis(0, from_a.len() - clash), Clash::Axis(1, from_b.len() - clash)]);
    let (list, params) = (a.tape.list(), a.tape.params());
    let is_parameter = |v: Var<'_>| matches!(list.node(v.id).op, Op::Parameter(_));
    if !hint.is_empty() {
        mismatch = mismatch.hint(hint);
    } else if !is_parameter(a) && !is_parameter(b) {
        mismatch = mismatch.hint("`.reshape(…)` puts an axis of length 1 where the values shall repeat");
    }
    Asked { list: &list, params, op, labels: &["a", "b"], operands: &[a.id, b.id] }.misfit(&mismatch).raise()
}

/// This is no closure, because the line of a closure would become the source line of the node.
#[track_caller]
fn stretch<'t>(v: Var<'t>, from: &Shape, to: &Shape) -> Var<'t> {
    if from == to { v } else { record(Broadcast { to: to.clone() }, &[v]) }
}
