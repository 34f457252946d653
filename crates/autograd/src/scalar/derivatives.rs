//! Derivatives of functions, for those who want no tape in their hands.

use super::dual::Dual;
use super::real::Real;
use super::tape::{Tape, Var};

/// f′(x), in forward mode. Nest it for higher orders.
///
/// ```
/// use autograd::scalar::{Real, derivative};
/// fn f<T: Real>(x: T) -> T {
///     x * x * x
/// }
/// assert_eq!(derivative(f, 2.0), 12.0);
/// assert_eq!(derivative(|x| derivative(f, x), 2.0), 12.0);
/// ```
pub fn derivative<T: Real>(f: impl FnOnce(Dual<T>) -> Dual<T>, x: T) -> T {
    f(Dual::new(x, 1.0)).tangent
}

/// f(x) and ∇f(x), in reverse mode: at the price of a few evaluations, however many arguments there are.
///
/// ```
/// use autograd::scalar::gradient;
/// let (value, slopes) = gradient(|x| x[0] * x[1] + x[1], &[2.0, 3.0]);
/// assert_eq!((value, slopes), (9.0, vec![3.0, 3.0]));
/// ```
pub fn gradient(f: impl for<'t> FnOnce(&[Var<'t>]) -> Var<'t>, at: &[f64]) -> (f64, Vec<f64>) {
    let tape = Tape::new();
    let x: Vec<Var<'_>> = at.iter().map(|&x| tape.var(x)).collect();
    let y = f(&x);
    (y.value(), y.grads(&x))
}

/// The matrix of second derivatives ∂²f/∂xᵢ∂xⱼ, row by row: the gradient of a derivative, forward over reverse.
///
/// Source: Griewank & Walther, *Evaluating Derivatives*, 2008, section 5.1.
///
/// ```
/// use autograd::scalar::hessian;
/// let rows = hessian(|x| x[0] * x[0] * x[1], &[2.0, 3.0]);
/// assert_eq!(rows, [[6.0, 4.0], [4.0, 0.0]]);
/// ```
pub fn hessian(f: impl for<'t> Fn(&[Dual<Var<'t>>]) -> Dual<Var<'t>>, at: &[f64]) -> Vec<Vec<f64>> {
    let mut tape = Tape::new();
    let row = |i| {
        tape.clear();
        let x: Vec<Var<'_>> = at.iter().map(|&x| tape.var(x)).collect();
        let directed = x.iter().enumerate().map(|(j, &x)| Dual::new(x, if i == j { 1.0 } else { 0.0 }));
        f(&directed.collect::<Vec<_>>()).tangent.grads(&x)
    };
    (0..at.len()).map(row).collect()
}
