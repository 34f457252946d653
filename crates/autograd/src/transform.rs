//! Functions of functions: a function of variables is a value that can be transformed, and what comes out is a function again.
//!
//! | transformation | of | gives | by |
//! |---|---|---|---|
//! | [`grad`], [`value_and_grad`] | f: ℝⁿ → ℝ | ∇f | a sweep back |
//! | [`value_and_grad_with`] | f of several variables, with something beside its value | f, what is beside it, ∇f | a sweep back |
//! | [`vjp`] | f: ℝⁿ → ℝᵐ | (f, uᵀ·∂f) along a cotangent u | a sweep back |
//! | [`jvp`] | f: ℝⁿ → ℝᵐ | (f, ∂f·v) along a tangent v | a sweep forward |
//! | [`jacobian`] | f: ℝⁿ → ℝᵐ | ∂fᵢ/∂xⱼ | whichever sweep is needed fewer times |
//! | [`jacobians`] | f of several variables | ∂f/∂x for each | the same |
//! | [`hessian`], [`hvp`] | f: ℝⁿ → ℝ | ∂²f/∂xᵢ∂xⱼ, and its product with v | forward over back |
//! | [`partial`], [`laplacian`] | f of points | ∂f/∂xᵢ and Σ ∂²f/∂xᵢ² at each point | a sweep forward |
//! | [`taylor`], [`derivatives_along`] | f: ℝⁿ → ℝᵐ | the coefficients of f(x + t·v) in t, and its derivatives | one sweep forward |
//! | [`vmap`], [`vmap_over`], [`vmap_onto`] | f of one example | f of a batch | a rule for each op |
//! | [`checkpoint`] | f: ℝⁿ → ℝᵐ | f, of which nothing is kept but the value | computing f again for a sweep back |
//!
//! [`Wrt`] has these derivatives by all parameters of a model, or by those of a part of it. ℝⁿ is a variable of any shape. The
//! functions record ops like all code, so they work on an eager tape as in a [`Program`](crate::Program), and what they give has
//! derivatives in turn.
//!
//! A transformed function differentiates by its *argument*: what else the function uses counts as fixed, even if it is the same
//! variable.
//!
//! ```
//! use autograd::{Tape, transform::grad};
//! let tape = Tape::new();
//! let x = tape.var(3.0);
//! assert_eq!(grad(|y| x * y)(x).item(), 3.0); // x is fixed: not 2·x
//! assert_eq!(grad(|x| grad(|y| x * y.square())(x))(x).item(), 12.0); // d(2x²)/dx
//! ```

mod along;
mod vmap;
mod wrt;

pub use along::{Taylor, derivatives_along, taylor};
pub use vmap::{vmap, vmap_onto, vmap_over};
pub use wrt::{Wrt, jacobians};

use crate::mistake::Mistake;
use crate::shape::Shape;
use crate::target::Target;
use crate::var::Var;

/// The same values as another node: derivatives by it see what the function does with its argument, and nothing around it.
#[track_caller]
fn apart(x: Var<'_>) -> Var<'_> {
    x.reshape(x.shape())
}

/// ∇f, for a function of one element.
///
/// ```
/// use autograd::{Tape, transform::grad};
/// let tape = Tape::new();
/// let slope = grad(|x| x.square().sum());
/// assert_eq!(slope(tape.var([1.0, 2.0])).to_vec::<f64>(), [2.0, 4.0]);
/// // The gradient is a function again.
/// assert_eq!(grad(grad(|x| x.powf(3.0)))(tape.var(2.0)).item(), 12.0);
/// ```
///
/// # Panics
/// The function that it gives panics if f gives more than one element or an integer.
pub fn grad<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>) -> Var<'t> {
    move |x| value_and_grad_with(|[x]| (f(x), ()))([x]).2[0]
}

/// f and ∇f.
///
/// ```
/// use autograd::{Tape, transform::value_and_grad};
/// let tape = Tape::new();
/// let (y, dx) = value_and_grad(|x| x.exp())(tape.var(0.0));
/// assert_eq!((y.item(), dx.item()), (1.0, 1.0));
/// ```
///
/// # Panics
/// As that of [`grad`].
pub fn value_and_grad<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>) -> (Var<'t>, Var<'t>) {
    move |x| {
        let (y, (), [gradient]) = value_and_grad_with(|[x]| (f(x), ()))([x]);
        (y, gradient)
    }
}

/// f and its gradient by each of several variables, for a function that gives something beside its value: the predictions beside a
/// loss, or `()`.
///
/// ```
/// use autograd::{Tape, transform::value_and_grad_with};
/// let tape = Tape::new();
/// let (loss, errors, [dw, db]) = value_and_grad_with(|[w, b]| {
///     let errors = w * 2.0 - b;
///     (errors.square().sum(), errors)
/// })([tape.var([1.0, 0.5]), tape.var(1.0)]);
/// assert_eq!((loss.item(), errors.to_vec::<f64>()), (1.0, vec![1.0, 0.0]));
/// assert_eq!((dw.to_vec::<f64>(), db.item()), (vec![4.0, 0.0], -2.0));
/// ```
///
/// # Panics
/// As that of [`grad`].
pub fn value_and_grad_with<'t, A, const N: usize>(
    f: impl Fn([Var<'t>; N]) -> (Var<'t>, A),
) -> impl Fn([Var<'t>; N]) -> (Var<'t>, A, [Var<'t>; N]) {
    move |x| {
        let x = x.map(apart);
        let (y, also) = f(x);
        (y, also, y.grad(x))
    }
}

/// f, and the product uᵀ·∂f of a cotangent with its Jacobian.
///
/// ```
/// use autograd::{Tape, transform::vjp};
/// let tape = Tape::new();
/// let (y, along_u) = vjp(|x| x.square())(tape.var([1.0, 2.0]), tape.constant([10.0, 1.0]));
/// assert_eq!((y.to_vec::<f64>(), along_u.to_vec::<f64>()), (vec![1.0, 4.0], vec![20.0, 4.0]));
/// ```
///
/// # Panics
/// The function that it gives panics if the cotangent has not the shape and dtype of the value.
pub fn vjp<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>, Var<'t>) -> (Var<'t>, Var<'t>) {
    move |x, cotangent| {
        let x = apart(x);
        let y = f(x);
        (y, y.vjp(cotangent, &[x])[0])
    }
}

/// f, and the product ∂f·v of its Jacobian with a tangent.
///
/// ```
/// use autograd::{Tape, transform::jvp};
/// let tape = Tape::new();
/// let (y, along_v) = jvp(|x| x.prod())(tape.var([3.0, 4.0]), tape.constant([1.0, 2.0]));
/// assert_eq!((y.item(), along_v.item()), (12.0, 10.0));
/// ```
///
/// # Panics
/// The function that it gives panics if the tangent has not the shape and dtype of the argument.
pub fn jvp<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>, Var<'t>) -> (Var<'t>, Var<'t>) {
    move |x, tangent| {
        let x = apart(x);
        let y = f(x);
        (y, y.jvp(&[x], &[tangent]))
    }
}

/// All derivatives ∂fᵢ/∂xⱼ, of the shape \[…f, …x\]: by the sweep that is needed fewer times, forward for each element of x or back for
/// each of f. [`jacobian_forward`] and [`jacobian_back`] choose.
///
/// ```
/// use autograd::{Tape, Var, transform::jacobian};
/// fn polar(p: Var<'_>) -> Var<'_> {
///     let (r, t) = (p.index(0, 0), p.index(0, 1));
///     Var::stack(&[r * t.cos(), r * t.sin()], 0)
/// }
/// let tape = Tape::new();
/// let j = jacobian(polar)(tape.var([2.0, 0.0]));
/// assert_eq!(j.to_vec::<f64>(), [1.0, 0.0, 0.0, 2.0]);
/// ```
///
/// # Panics
/// The function that it gives panics if f gives integers.
pub fn jacobian<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>) -> Var<'t> {
    move |x| {
        let x = apart(x);
        let y = f(x);
        if x.shape().elements() < y.shape().elements() { columns(y, x) } else { rows(y, &[x])[0] }
    }
}

/// As [`jacobian`], by a sweep forward for each element of x.
///
/// ```
/// use autograd::{Tape, transform::jacobian_forward};
/// let tape = Tape::new();
/// let j = jacobian_forward(|x| x.square())(tape.var([1.0, 2.0]));
/// assert_eq!(j.to_vec::<f64>(), [2.0, 0.0, 0.0, 4.0]);
/// ```
///
/// # Panics
/// As that of [`jacobian`].
pub fn jacobian_forward<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>) -> Var<'t> {
    move |x| {
        let x = apart(x);
        columns(f(x), x)
    }
}

/// As [`jacobian`], by a sweep back for each element of f.
///
/// ```
/// use autograd::{Tape, transform::jacobian_back};
/// let tape = Tape::new();
/// let j = jacobian_back(|x| x.square())(tape.var([1.0, 2.0]));
/// assert_eq!(j.to_vec::<f64>(), [2.0, 0.0, 0.0, 4.0]);
/// ```
///
/// # Panics
/// As that of [`jacobian`].
pub fn jacobian_back<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>) -> Var<'t> {
    move |x| {
        let x = apart(x);
        rows(f(x), &[x])[0]
    }
}

/// ∂²f/∂xᵢ∂xⱼ of a function of one element, of the shape \[…x, …x\]: tangents of the gradient, forward over back.
///
/// ```
/// use autograd::{Tape, transform::hessian};
/// let tape = Tape::new();
/// let h = hessian(|x| x.prod())(tape.var([2.0, 3.0]));
/// assert_eq!(h.to_vec::<f64>(), [0.0, 1.0, 1.0, 0.0]);
/// ```
///
/// # Panics
/// As that of [`grad`].
pub fn hessian<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>) -> Var<'t> {
    jacobian_forward(grad(f))
}

/// ∂²f·v of a function of one element, for the cost of a few gradients: no Hessian is made.
///
/// ```
/// use autograd::{Tape, transform::hvp};
/// let tape = Tape::new();
/// let along = hvp(|x| x.powf(3.0).sum())(tape.var([1.0, 2.0]), tape.constant([1.0, 10.0]));
/// assert_eq!(along.to_vec::<f64>(), [6.0, 120.0]);
/// ```
///
/// # Panics
/// As those of [`grad`] and [`jvp`].
pub fn hvp<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>, Var<'t>) -> Var<'t> {
    let gradient = grad(f);
    move |x, tangent| {
        let x = apart(x);
        gradient(x).jvp(&[x], &[tangent])
    }
}

/// ∂f/∂xᵢ at each point, for points of \[…, n\] that do not influence each other: a sweep forward along axis i of the space. It has the
/// shape of what f gives, and is a function of points again, so that `partial(partial(u, 0), 1)` is a mixed derivative.
///
/// ```
/// use autograd::{Tape, Var, transform::partial};
/// fn u(p: Var<'_>) -> Var<'_> {
///     p.index(-1, 0).square() * p.index(-1, 1) // t²·x
/// }
/// let tape = Tape::new();
/// let points = tape.var([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// assert_eq!(partial(u, 0)(points).to_vec::<f64>(), [4.0, 24.0, 60.0]); //             2·t·x
/// assert_eq!(partial(partial(u, 0), 1)(points).to_vec::<f64>(), [2.0, 6.0, 10.0]); //  2·t
/// ```
///
/// # Panics
/// The function that it gives panics if the points have no such axis.
pub fn partial<'t>(f: impl Fn(Var<'t>) -> Var<'t>, axis: usize) -> impl Fn(Var<'t>) -> Var<'t> {
    move |x| {
        let x = apart(x);
        let v = direction(x, axis);
        f(x).jvp(&[x], &[v])
    }
}

/// Δf = Σᵢ ∂²f/∂xᵢ² at each point, as of [`partial`], exact, in one sweep forward: each value carries its derivatives along all axes
/// and the sum of the second ones. No Hessian is made.
///
/// ```
/// use autograd::{Tape, transform::laplacian};
/// let tape = Tape::new();
/// let points = tape.var([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]);
/// assert_eq!(laplacian(|p| p.square().sum_over(-1))(points).to_vec::<f64>(), [6.0, 6.0]);
/// ```
///
/// # Panics
/// The function that it gives panics if the points have no axis, or it has length 0.
///
/// Source: Li et al., "A computational framework for neural network-based variational Monte Carlo with Forward Laplacian", 2024.
pub fn laplacian<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>) -> Var<'t> {
    move |x| {
        let x = apart(x);
        let (n, ones) = (space(x), vec![1; x.rank() - 1]);
        // The same at all points: what they have in common is computed once.
        let directions = x.tape().eye(n, x.dtype()).reshape(&[&[n], &ones[..], &[n]].concat()[..]);
        f(x).second_derivatives(&[x], &[directions]).coefficients[1]
    }
}

/// f, of which nothing is kept but the value: a derivative computes it again. [`Tape::checkpoint`](crate::Tape::checkpoint) is
/// the same for several arguments and results.
///
/// ```
/// use autograd::{Tape, transform::checkpoint};
/// let tape = Tape::new();
/// let layers = checkpoint(checkpoint(|x| x.sin().exp()));
/// let x = tape.var([0.5, 1.0]);
/// assert_eq!(layers(x).sum().grad([x])[0].to_vec::<f64>(), x.sin().exp().sum().grad([x])[0].to_vec::<f64>());
/// ```
///
/// # Panics
/// As [`Tape::checkpoint`](crate::Tape::checkpoint).
pub fn checkpoint<'t>(f: impl Fn(Var<'t>) -> Var<'t>) -> impl Fn(Var<'t>) -> Var<'t> {
    move |x| x.tape().checkpoint(x, &f)
}

/// The Jacobians of y by each x, row by row.
fn rows<'t>(y: Var<'t>, x: &[Var<'t>]) -> Vec<Var<'t>> {
    let units = y.tape().eye(y.shape().elements(), y.dtype());
    let all = each_direction(units, y, x, |unit| y.vjp(unit.reshape(y.shape()), x));
    all.into_iter().zip(x).map(|(rows, x)| rows.reshape(beside(y, *x))).collect()
}

/// The Jacobian of y by x, column by column.
fn columns<'t>(y: Var<'t>, x: Var<'t>) -> Var<'t> {
    let units = x.tape().eye(x.shape().elements(), x.dtype());
    let column = |unit: Var<'t>| vec![y.jvp(&[x], &[unit.reshape(x.shape())])];
    let columns = each_direction(units, y, &[x], column)[0];
    columns.reshape([x.shape().elements(), y.shape().elements()]).t().reshape(beside(y, x))
}

/// Derivatives of y for each of the given directions, along a new first axis: as one batch, or, where one alone is work enough, one
/// after the other, each of which fits the caches that all together leave.
fn each_direction<'t>(
    directions: Var<'t>,
    y: Var<'t>,
    x: &[Var<'t>],
    along: impl Fn(Var<'t>) -> Vec<Var<'t>>,
) -> Vec<Var<'t>> {
    let n = directions.shape()[0];
    let first = x.iter().map(|x| x.id()).min().unwrap_or(y.id());
    if n == 0 || y.tape().list().largest(first..y.id() + 1) <= Target::CPU.batch_up_to {
        return vmap(along)(directions);
    }
    let all: Vec<Vec<Var<'t>>> = (0..n as isize).map(|i| along(directions.index(0, i))).collect();
    let stacked = |k: usize| Var::stack(&all.iter().map(|each| each[k]).collect::<Vec<_>>(), 0);
    (0..all[0].len()).map(stacked).collect()
}

/// \[…y, …x\].
fn beside(y: Var<'_>, x: Var<'_>) -> Shape {
    y.shape().iter().chain(x.shape().iter()).copied().collect()
}

/// The unit vector along an axis of the space, at each point.
#[track_caller]
fn direction<'t>(x: Var<'t>, axis: usize) -> Var<'t> {
    let n = space(x);
    if axis >= n {
        Mistake::new(format!("partial: axis {axis} of a space of {n}"))
            .rule("points are [..., n], and axes are counted from 0")
            .raise();
    }
    x.tape().eye(n, x.dtype()).index(0, axis as isize).broadcast_to(x.shape())
}

/// How many axes the space of points has.
#[track_caller]
fn space(x: Var<'_>) -> usize {
    match x.shape().last() {
        Some(&n) if n > 0 => n,
        _ => Mistake::new(format!("partial: points of {}", x.shape()))
            .rule("points are [..., n], n at least 1")
            .raise(),
    }
}
