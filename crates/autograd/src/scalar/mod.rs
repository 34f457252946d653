//! A tape of plain numbers, for code that is written one scalar at a time: a neuron, a root finder, a step of an ODE.
//!
//! ```
//! use autograd::scalar::Tape;
//! let tape = Tape::new();
//! let (x, w) = (tape.var(2.0), tape.var(-0.5));
//! let y = (x * w + 1.0).sigmoid();
//! assert_eq!(y.value(), 0.5);
//! assert_eq!(y.grad([x, w]), [-0.125, 0.5]);
//! ```
//!
//! # One text, four meanings
//!
//! A function written over [`Real`] is a plain function of `f64`, a recording on this tape, a derivative in forward mode
//! ([`Dual`], nested as often as you like), and a computation on tensors, where each scalar is a [`crate::Var`] of as many
//! samples as you like, in a [`Program`](crate::Program) too.
//!
//! ```
//! use autograd::scalar::{Dual, Real, Tape, derivative};
//! fn f<T: Real>(x: T) -> T {
//!     x.sin() * x + 1.0
//! }
//! let x = 0.5f64;
//! assert_eq!(f(x), x.sin() * x + 1.0);
//! let slope = x.cos() * x + x.sin();
//! assert!((derivative(f, x) - slope).abs() < 1e-15);        // forward mode
//! let tape = Tape::new();
//! let v = tape.var(x);
//! assert!((f(v).grad([v])[0] - slope).abs() < 1e-15);       // reverse mode
//! let second = f(Dual::new(v, 1.0)).tangent.grad([v])[0];   // forward over reverse
//! assert!((second - (2.0 * x.cos() - x * x.sin())).abs() < 1e-15);
//! let tensors = autograd::Tape::new();
//! assert_eq!(f(tensors.var([x, x])).to_vec::<f64>(), [f(x); 2]);
//! ```
//!
//! # How it is lean
//!
//! A [`Var`] is a value y and a linear form dy = s₁·dn₁ + s₂·dn₂ of at most two nodes. A function of one argument scales
//! the form, the product of two nodes is a form of two terms, and none of them is recorded: the chain rule is applied at
//! once, on the way. What has three terms becomes a node of the list, of 48 bytes. So a step sum + w·x of a neuron costs one
//! node for two operations; functions of one variable, constants, and factors that are plain numbers cost nothing.

mod derivatives;
mod dual;
mod functions;
mod gradient;
mod list;
mod operators;
mod real;
mod tape;
#[cfg(test)]
mod tests;

pub use derivatives::{derivative, gradient, hessian};
pub use dual::Dual;
pub use real::{Operand, Real};
pub use tape::{Tape, Var};
