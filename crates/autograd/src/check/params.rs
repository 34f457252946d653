//! The gradient of a model, against measured slopes.

use super::{Array, DIFFERENCE, GradientMismatch, agree, direction, step_at};
use crate::dtype::DType;
use crate::grad::dot;
use crate::mistake::Mistake;
use crate::params::Params;
use crate::tape::Tape;
use crate::var::Var;

/// Checks the gradient of `f` by every trained parameter of a model: a layer or a loss of your own, as it is used.
///
/// Every element of every parameter is moved by ±h, and (f(p + h) − f(p − h)) ÷ 2h is compared with the gradient. What `f` gives may
/// have any shape: its elements are weighted by fixed numbers. `f` must be smooth near the parameters, and the same function at every call:
/// a layer that drops numbers needs the same key. It takes two evaluations for each element, so a small model is enough.
///
/// # Errors
/// The first element that differs by more than 10⁻⁶ of the largest of its parameter (or of 1), by the parameter's name.
///
/// # Panics
/// If the parameters are F32, whose differences have too few digits.
///
/// ```
/// use autograd::{Params, check_params};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("weight", [2], [0.5, -1.0]);
/// check_params(&params, |tape| (tape.param(w) * tape.constant([1.0, 2.0])).tanh().sum())?;
///
/// // A cut path is found, and named:
/// let wrong = check_params(&params, |tape| (tape.param(w) * tape.param(w).detach()).sum());
/// assert_eq!(wrong.unwrap_err().place, "`net.weight`, entry [0]");
/// # Ok::<(), autograd::GradientMismatch>(())
/// ```
#[track_caller]
pub fn check_params(
    params: &Params,
    f: impl for<'t> Fn(&'t Tape<'t>) -> Var<'t>,
) -> Result<(), GradientMismatch> {
    if params.dtype() != DType::F64 {
        Mistake::new(format!("check_params: the parameters are {}", params.dtype()))
            .rule("differences need the digits of F64")
            .hint("make the model in `Params::f64()` for the check")
            .raise();
    }
    let tape = Tape::with(params);
    let y = f(&tape);
    let weights = direction(&y.shape(), 0);
    let grads = dot(y, tape.constant(&weights)).backward();
    let mut moved = params.clone();
    for p in params.iter().filter(|&p| !params.is_frozen(p)) {
        let mut value_at = |i: usize, x: f64| {
            moved.get_mut::<f64>(p)[i] = x;
            let tape = Tape::with(&moved);
            Array::value(f(&tape)).dot(&weights)
        };
        let slope = |(i, &x): (usize, &f64)| {
            let (above, below) = step_at(x);
            let (up, down) = (value_at(i, above), value_at(i, below));
            value_at(i, x);
            (up - down) / (above - below)
        };
        let shape = params.shape(p).clone();
        let measured =
            Array { elements: params.get::<f64>(p).iter().enumerate().map(slope).collect(), shape };
        let zeros = || vec![0.0; measured.elements.len()];
        let elements = grads.get::<f64>(p).map_or_else(zeros, <[f64]>::to_vec);
        let gradient = Array { elements, shape: measured.shape.clone() };
        agree(1, &format!("`{}`", params.name(p)), ("the gradient", &gradient), (DIFFERENCE, &measured))?;
    }
    Ok(())
}
