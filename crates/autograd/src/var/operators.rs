//! `+ − × ÷`, negation and comparison, between variables, parameters and plain numbers.

use super::Var;
use crate::ir::{Binary, Broadcast, Op, Unary};
use crate::mistake::Mistake;
use crate::op::{Clash, Mismatch};
use crate::ops::binary_of;
use crate::params::Param;
use crate::record::{Asked, record};
use crate::shape::Shape;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// An operand that a [`Var`] can be combined with: another `Var`, a parameter's handle, or an `f64` number, which takes the
/// dtype of the `Var`; or a reference to one of them.
///
/// ```
/// use autograd::{Params, Tape};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
/// let tape = Tape::with(&params);
/// let x = &tape.var([1.0, 2.0]);
/// let mut y = w * x - 2.0 * x;
/// y += w;
/// y /= 2.0;
/// assert_eq!((-&y).to_vec::<f64>(), [-2.0, -4.0]);
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

/// A reference to any of them.
impl<'t, R: Operand<'t>> Operand<'t> for &R {
    #[track_caller]
    fn like(self, other: Var<'t>) -> Var<'t> {
        (*self).like(other)
    }
    fn number(self) -> Option<f64> {
        (*self).number()
    }
}

/// An operator with a variable on the left, owned or borrowed.
macro_rules! variable_on_the_left {
    ($Trait:ident $method:ident: $($Left:ty)*) => {
        $(impl<'t, R: Operand<'t>> $Trait<R> for $Left {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, rhs: R) -> Var<'t> {
                let a = self.to_owned();
                binary_of(Binary::$Trait, a, rhs.like(a))
            }
        })*
    };
}

/// An operator with a number or a parameter on the left, and a variable on the right, owned or borrowed.
macro_rules! variable_on_the_right {
    ($Trait:ident $method:ident: $($Left:ty, $Right:ty;)*) => {
        $(impl<'t> $Trait<$Right> for $Left {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, rhs: $Right) -> Var<'t> {
                let b = rhs.to_owned();
                binary_of(Binary::$Trait, self.like(b), b)
            }
        })*
    };
}

macro_rules! operator {
    ($($Trait:ident $method:ident $Assign:ident $assign:ident;)*) => {
        $(
            variable_on_the_left! { $Trait $method: Var<'t> &Var<'t> }
            variable_on_the_right! { $Trait $method: f64, Var<'t>; f64, &Var<'t>; Param, Var<'t>; Param, &Var<'t>; }

            /// The handle stands for the new node; the old one stays on the tape.
            impl<'t, R: Operand<'t>> $Assign<R> for Var<'t> {
                #[track_caller]
                fn $assign(&mut self, rhs: R) {
                    *self = binary_of(Binary::$Trait, *self, rhs.like(*self));
                }
            }
        )*
    };
}
operator! {
    Add add AddAssign add_assign;
    Sub sub SubAssign sub_assign;
    Mul mul MulAssign mul_assign;
    Div div DivAssign div_assign;
}

impl<'t> Neg for Var<'t> {
    type Output = Var<'t>;
    #[track_caller]
    fn neg(self) -> Var<'t> {
        record(Unary::Neg, &[self])
    }
}
impl<'t> Neg for &Var<'t> {
    type Output = Var<'t>;
    #[track_caller]
    fn neg(self) -> Var<'t> {
        -*self
    }
}

/// The sum of several variables, one addition after the other.
///
/// # Panics
/// If there are none: then there is no tape for the sum either.
///
/// ```
/// use autograd::{Tape, Var};
/// let tape = Tape::new();
/// let losses = [1.0, 2.0, 4.0].map(|x| tape.var(x).square());
/// let total: Var<'_> = losses.iter().sum();
/// assert_eq!(total.item(), 21.0);
/// ```
impl<'t> Sum for Var<'t> {
    #[track_caller]
    fn sum<I: Iterator<Item = Var<'t>>>(mut variables: I) -> Var<'t> {
        let Some(mut total) = variables.next() else { sum_of_none() };
        // This is no closure, because the line of a closure would become the source line of the node.
        for x in variables {
            total += x;
        }
        total
    }
}
impl<'a, 't> Sum<&'a Var<'t>> for Var<'t> {
    #[track_caller]
    fn sum<I: Iterator<Item = &'a Var<'t>>>(variables: I) -> Var<'t> {
        variables.copied().sum()
    }
}

#[cold]
#[track_caller]
fn sum_of_none() -> ! {
    Mistake::new("sum: of no variables")
        .rule("a sum is recorded on the tape of what it adds up")
        .hint("`tape.constant(0.0)` is the sum of none")
        .raise()
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
