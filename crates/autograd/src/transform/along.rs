//! All derivatives along a line, in one sweep forward.

use super::apart;
use crate::var::Var;

/// f(x + t·v) as a power series in t, by [`taylor`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Taylor<'t> {
    /// The coefficients of t⁰, t¹, … up to the order that was asked for.
    pub coefficients: Vec<Var<'t>>,
    /// The ops without a rule of their own, by name, each once. Their coefficients were found by derivatives of derivatives, which costs
    /// about twice as much for each further order.
    pub nested: Vec<&'static str>,
}

/// The coefficients cₖ of f(x + t·v) = Σ cₖ·tᵏ up to the given order, all in one sweep forward.
///
/// The functions of the table have recurrences from their derivatives; linear and bilinear ops act on the coefficients; others are
/// differentiated again and again, and the answer [tells which](Taylor::nested). An order of 6 takes a small multiple of the time of f.
///
/// ```
/// use autograd::{Tape, transform::taylor};
/// let tape = Tape::new();
/// let series = taylor(|x| (1.0 - x).recip(), 4)(tape.var(0.0), tape.constant(1.0));
/// assert_eq!(series.coefficients.iter().map(|c| c.item()).collect::<Vec<_>>(), [1.0; 5]);
/// assert!(series.nested.is_empty());
/// ```
///
/// # Panics
/// As that of [`jvp`](super::jvp).
///
/// Source: Griewank & Walther, *Evaluating Derivatives*, 2008, chapter 13.
pub fn taylor<'t>(f: impl Fn(Var<'t>) -> Var<'t>, order: usize) -> impl Fn(Var<'t>, Var<'t>) -> Taylor<'t> {
    move |x, v| {
        let x = apart(x);
        let along = f(x).taylor(&[x], &[v], order);
        Taylor { coefficients: along.coefficients, nested: along.nested }
    }
}

/// f(x + t·v) and its derivatives by t at 0, up to the given order: those of [`taylor`], times k!.
///
/// ```
/// use autograd::{Tape, transform::derivatives_along};
/// let tape = Tape::new();
/// let all = derivatives_along(|x| x.exp(), 3)(tape.var(0.0), tape.constant(2.0));
/// assert_eq!(all.iter().map(|d| d.item()).collect::<Vec<_>>(), [1.0, 2.0, 4.0, 8.0]);
/// ```
///
/// # Panics
/// As that of [`jvp`](super::jvp).
pub fn derivatives_along<'t>(
    f: impl Fn(Var<'t>) -> Var<'t>,
    order: usize,
) -> impl Fn(Var<'t>, Var<'t>) -> Vec<Var<'t>> {
    let taylor = taylor(f, order);
    move |x, v| {
        let mut factorial = 1.0;
        let derivative = |(k, c): (usize, &Var<'t>)| {
            factorial *= k.max(1) as f64;
            if k < 2 { *c } else { *c * factorial }
        };
        taylor(x, v).coefficients.iter().enumerate().map(derivative).collect()
    }
}
