//! Checks of gradients that users can run on their own functions.

mod params;

pub use params::check_params;

use crate::dense::indices;
use crate::grad::dot;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::tensor::ToTensor;
use crate::var::Var;
use ndarray::ArrayD;
use std::fmt;

/// A function from variables to a variable, of any lifetime.
type Function<'f> = dyn for<'t> Fn(&[Var<'t>]) -> Vec<Var<'t>> + 'f;

/// Two derivatives that contradict each other.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientMismatch {
    /// The order of the derivative: 1 for gradients, 2 for their derivatives, and so on.
    pub order: usize,
    /// The entry that differs, such as `input 0, entry [1, 2]`.
    pub place: String,
    /// How the first value was computed.
    pub got_by: &'static str,
    /// The first value.
    pub got: f64,
    /// How the second value was computed.
    pub want_by: &'static str,
    /// The second value.
    pub want: f64,
}

impl fmt::Display for GradientMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GradientMismatch { order, place, got_by, got, want_by, want } = self;
        let off = (got - want).abs();
        write!(f, "order {order}: {got_by} gives {got:e} for {place}, {want_by} {want:e}: off by {off:e}")
    }
}

impl std::error::Error for GradientMismatch {}

/// The relative difference that is allowed from a central difference in `f64`, whose own error is about 1e-10.
const TOLERANCE: f64 = 1e-6;

/// Checks the derivatives of `f` at `inputs` up to `order` (1: gradients, 2: their derivatives, …).
///
/// At each order, with a fixed cotangent u and fixed tangents v, three things are checked. Every entry of the vector-Jacobian
/// product is compared with a central difference. Every entry of the Jacobian-vector product is compared with a central
/// difference along v. And ⟨u, J·v⟩ must equal ⟨Jᵀ·u, v⟩. The next order checks the gradient in the same way. `f` must be
/// smooth near `inputs`.
///
/// # Errors
/// The first entry that differs by more than 1e-6 of the scale of the array, with both values.
///
/// ```
/// use autograd::check_grads;
/// use ndarray::arr1;
/// let x = arr1(&[0.3, -1.2]).into_dyn();
/// assert!(check_grads(|x| (x[0].sin() * x[0]).sum(), &[x.clone()], 3).is_ok());
///
/// // A cut gradient path is found:
/// let wrong = check_grads(|x| (x[0] * x[0].detach()).sum(), &[x], 1).unwrap_err();
/// assert_eq!(wrong.place, "input 0, entry [0]");
/// ```
pub fn check_grads(
    f: impl for<'t> Fn(&[Var<'t>]) -> Var<'t>,
    inputs: &[ArrayD<f64>],
    order: usize,
) -> Result<(), GradientMismatch> {
    let derivatives = Derivatives { pull: pullback, push: |y, x, t| y.jvp(x, t) };
    let inputs: Vec<Array> = inputs.iter().map(Array::of).collect();
    derivatives.check(&|x: &[Var<'_>]| vec![f(x)], &inputs, 1, order)
}

/// Numbers of a shape, in row-major order.
#[derive(Clone)]
struct Array {
    shape: Shape,
    elements: Vec<f64>,
}

impl Array {
    fn of(x: &ArrayD<f64>) -> Array {
        Array { shape: Shape::from(x.shape()), elements: x.iter().copied().collect() }
    }

    fn value(x: Var<'_>) -> Array {
        Array { shape: x.shape(), elements: x.to_vec() }
    }

    fn dot(&self, other: &Array) -> f64 {
        self.elements.iter().zip(&other.elements).map(|(a, b)| a * b).sum()
    }

    fn with(&self, other: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
        let pairs = self.elements.iter().zip(&other.elements);
        Array { shape: self.shape.clone(), elements: pairs.map(|(&a, &b)| f(a, b)).collect() }
    }
}

impl ToTensor for Array {
    type Elem = f64;
    fn shape(&self) -> Shape {
        self.shape.clone()
    }
    fn write_to(&self, out: &mut Vec<f64>) {
        out.extend_from_slice(&self.elements);
    }
    fn as_elements(&self) -> Option<&[f64]> {
        Some(&self.elements)
    }
}

/// The gradient of Σ ⟨u, y⟩ with respect to the inputs, for outputs y and cotangents u.
type Pull = for<'t> fn(&[Var<'t>], &[Array], &[Var<'t>]) -> Vec<Var<'t>>;

/// The tangent of an output, for inputs and their tangents.
type Push = for<'t> fn(Var<'t>, &[Var<'t>], &[Var<'t>]) -> Var<'t>;

/// The two derivatives under test.
#[derive(Clone, Copy)]
struct Derivatives {
    pull: Pull,
    push: Push,
}

impl Derivatives {
    fn check(
        self,
        f: &Function<'_>,
        inputs: &[Array],
        order: usize,
        last: usize,
    ) -> Result<(), GradientMismatch> {
        if order > last {
            return Ok(());
        }
        let tape = Tape::new();
        let x: Vec<Var<'_>> = inputs.iter().map(|a| tape.var(a)).collect();
        let y = f(&x);
        let u: Vec<Array> = y.iter().enumerate().map(|(i, y)| direction(&y.shape(), i)).collect();
        let v: Vec<Array> = x.iter().enumerate().map(|(i, x)| direction(&x.shape(), i + 7)).collect();

        let pulled: Vec<Array> = (self.pull)(&y, &u, &x).into_iter().map(Array::value).collect();
        for (i, grad) in pulled.iter().enumerate() {
            let numeric = numeric_gradient(f, inputs, i, &u);
            agree(order, &format!("input {i}"), (VJP, grad), (DIFFERENCE, &numeric))?;
        }
        let t: Vec<Var<'_>> = v.iter().map(|t| tape.constant(t)).collect();
        let pushed: Vec<Array> = y.iter().map(|&y| Array::value((self.push)(y, &x, &t))).collect();
        for (i, (jvp, numeric)) in pushed.iter().zip(numeric_push(f, inputs, &v)).enumerate() {
            agree(order, &format!("output {i}"), (JVP, jvp), (DIFFERENCE, &numeric))?;
        }
        let inner = |a: &[Array], b: &[Array]| Array {
            shape: Shape::default(),
            elements: vec![a.iter().zip(b).map(|(a, b)| a.dot(b)).sum()],
        };
        let (forward, backward) = (inner(&u, &pushed), inner(&pulled, &v));
        agree(order, "the inner product", ("⟨u, J·v⟩", &forward), ("⟨Jᵀ·u, v⟩", &backward))?;

        // The bound gives the closure its signature: its result lives as long as its argument.
        let gradient = higher_ranked(|x| (self.pull)(&f(x), &u, x));
        self.check(&gradient, inputs, order + 1, last)
    }
}

const VJP: &str = "the vector-Jacobian product";
const JVP: &str = "the Jacobian-vector product";
const DIFFERENCE: &str = "a central difference";

fn higher_ranked<F: for<'t> Fn(&[Var<'t>]) -> Vec<Var<'t>>>(f: F) -> F {
    f
}

/// The gradient of Σ ⟨u, y⟩.
fn pullback<'t>(y: &[Var<'t>], cotangents: &[Array], x: &[Var<'t>]) -> Vec<Var<'t>> {
    let tape = x[0].tape();
    let terms = y.iter().zip(cotangents).map(|(&y, u)| dot(y, tape.constant(u)));
    let total = terms.reduce(|a, b| a + b).expect("a function has a result");
    total.grads(x)
}

/// Central differences of Σ ⟨u, f⟩ along each entry of one input.
fn numeric_gradient(f: &Function<'_>, inputs: &[Array], which: usize, cotangents: &[Array]) -> Array {
    let value = |at: &[Array]| -> f64 { evaluate(f, at).iter().zip(cotangents).map(|(y, u)| y.dot(u)).sum() };
    let mut at = inputs.to_vec();
    let mut out = vec![];
    for (entry, &x) in inputs[which].elements.iter().enumerate() {
        let (above, below) = step_at(x);
        at[which].elements[entry] = above;
        let up = value(&at);
        at[which].elements[entry] = below;
        let down = value(&at);
        at[which].elements[entry] = x;
        out.push((up - down) / (above - below));
    }
    Array { shape: inputs[which].shape.clone(), elements: out }
}

/// The points above and below from which a slope at `x` is measured best.
fn step_at(x: f64) -> (f64, f64) {
    let h = f64::EPSILON.cbrt() * x.abs().max(1.0);
    (x + h, x - h)
}

/// Central differences of f along the tangents.
fn numeric_push(f: &Function<'_>, inputs: &[Array], tangents: &[Array]) -> Vec<Array> {
    let h = f64::EPSILON.cbrt();
    let moved = |h: f64| -> Vec<Array> {
        inputs.iter().zip(tangents).map(|(x, t)| x.with(t, |x, t| x + t * h)).collect()
    };
    let (up, down) = (evaluate(f, &moved(h)), evaluate(f, &moved(-h)));
    up.iter().zip(&down).map(|(up, down)| up.with(down, |up, down| (up - down) / (2.0 * h))).collect()
}

fn evaluate(f: &Function<'_>, at: &[Array]) -> Vec<Array> {
    let tape = Tape::new();
    let x: Vec<Var<'_>> = at.iter().map(|a| tape.var(a)).collect();
    f(&x).into_iter().map(Array::value).collect()
}

/// Fixed numbers between −1 and 1 and away from 0: multiples of the golden ratio, modulo 1. They are so irregular that
/// errors in a symmetric `f` are unlikely to cancel.
fn direction(shape: &[usize], which: usize) -> Array {
    let mut k = which as f64 * 17.0;
    let shape = Shape::from(shape);
    let mut next = || {
        k += 1.0;
        let x = (k * 0.618_033_988_749_894_9).fract() * 2.0 - 1.0;
        x + 0.1 * x.signum()
    };
    let elements = (0..shape.elements()).map(|_| next()).collect();
    Array { shape, elements }
}

fn agree(
    order: usize,
    place: &str,
    (got_by, got): (&'static str, &Array),
    (want_by, want): (&'static str, &Array),
) -> Result<(), GradientMismatch> {
    let scale = want.elements.iter().fold(1.0f64, |m, x| m.max(x.abs()));
    let array = want;
    for (i, (&got, &want)) in got.elements.iter().zip(&want.elements).enumerate() {
        let agrees = (got - want).abs() <= TOLERANCE * scale;
        if !agrees {
            let place = match &indices(&array.shape).nth(i).unwrap_or_default()[..] {
                [] => place.to_owned(),
                index => format!("{place}, entry {index:?}"),
            };
            return Err(GradientMismatch { order, place, got_by, got, want_by, want });
        }
    }
    Ok(())
}

/// The difference of two arrays that should be equal; see [`compare`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// All entries are equal to the last bit. Zeros of either sign are equal.
    pub exact: bool,
    /// The largest difference is within 1e-10 of the largest entry.
    pub close: bool,
    /// The largest difference of two entries, divided by the largest entry of the second array. NaN if an entry of either array
    /// is NaN.
    pub max_difference: f64,
    /// The index of that difference.
    pub worst: usize,
}

/// Compares gradients, such as hand-written ones with those of the tape, relative to the largest entry of `want`.
///
/// The comparison is relative to the whole array, not to each entry. An entry that is small because larger terms cancel has
/// no accurate last digits, whatever the method.
///
/// # Panics
/// If the lengths differ.
///
/// ```
/// use autograd::compare;
/// let c = compare(&[1.0, 2.0, 3e-17], &[1.0, 2.0, 0.0]);
/// assert!(!c.exact && c.close && c.worst == 2);
/// assert_eq!(c.to_string(), "exact no   close yes  max difference 1.5e-17");
/// ```
#[track_caller]
pub fn compare(got: &[f64], want: &[f64]) -> Comparison {
    assert!(
        got.len() == want.len(),
        "compare: {} entries against {}\n  rule: as many",
        got.len(),
        want.len()
    );
    let largest = want.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let mut result = Comparison { exact: true, close: true, max_difference: 0.0, worst: 0 };
    for (i, (&g, &w)) in got.iter().zip(want).enumerate() {
        if g == w {
            continue;
        }
        let difference = (g - w).abs() / scale;
        result.exact = false;
        if difference > result.max_difference || difference.is_nan() {
            (result.max_difference, result.worst) = (difference, i);
        }
    }
    result.close = result.max_difference <= 1e-10;
    result
}

/// The columns *exact*, *close* and *max difference*.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |b: bool| if b { "yes" } else { "no " };
        write!(
            f,
            "exact {}  close {}  max difference {:.1e}",
            yes(self.exact),
            yes(self.close),
            self.max_difference
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Op, Unary};
    use ndarray::arr1;

    fn point() -> Vec<ArrayD<f64>> {
        vec![arr1(&[0.4, -0.9, 1.7]).into_dyn()]
    }

    /// Gives a recorded node the rules of another function: the value stays, the derivatives are wrong.
    fn with_rules_of(op: Unary, y: Var<'_>) -> Var<'_> {
        y.tape().list_mut().nodes[y.id() as usize].op = Op::Unary(op);
        y
    }

    #[test]
    fn a_wrong_rule_is_caught_and_its_entry_is_named() {
        assert_eq!(check_grads(|x| x[0].sin(), &point(), 2), Ok(()));
        let wrong = check_grads(|x| with_rules_of(Unary::Cos, x[0].sin()), &point(), 1).unwrap_err();
        assert_eq!((wrong.order, wrong.place.as_str(), wrong.got_by), (1, "input 0, entry [0]", VJP));
        assert!(wrong.to_string().contains("off by"), "{wrong}");
    }

    /// A rule whose value is right, but whose own derivative is not: seen at order 2 only.
    #[test]
    fn a_wrong_second_derivative_is_caught_at_order_two() {
        fn half_detached<'t>(x: &[Var<'t>]) -> Var<'t> {
            // Value and first derivative of x² at the point, the slope cut from the tape.
            let slope = (2.0 * x[0]).detach();
            (x[0] * x[0]).detach() + slope * (x[0] - x[0].detach())
        }
        assert_eq!(check_grads(half_detached, &point(), 1), Ok(()));
        assert_eq!(check_grads(half_detached, &point(), 2).unwrap_err().order, 2);
    }

    #[test]
    fn a_wrong_forward_mode_is_caught() {
        let wrong = Derivatives { pull: pullback, push: |y, x, t| y.jvp(x, t) * 1.001 };
        let error =
            wrong.check(&|x: &[Var<'_>]| vec![x[0].exp()], &[Array::of(&point()[0])], 1, 1).unwrap_err();
        assert_eq!((error.place.as_str(), error.got_by), ("output 0, entry [0]", JVP));
    }

    #[test]
    fn a_gradient_that_is_no_number_is_caught() {
        let at = vec![arr1(&[0.0]).into_dyn()];
        assert!(check_grads(|x| x[0].gt(0.0).select(x[0].ln(), 0.0), &at, 1).is_err());
    }

    #[test]
    fn comparison_is_relative_to_the_largest_entry() {
        let c = compare(&[1e3, 1.0 + 1e-9], &[1e3, 1.0]);
        assert!(!c.exact && c.close && c.worst == 1 && (c.max_difference - 1e-12).abs() < 1e-16);
        assert!(compare(&[0.0, -0.0], &[-0.0, 0.0]).exact);
        assert!(!compare(&[1.0, f64::NAN], &[1.0, 2.0]).close);
        assert!(compare(&[], &[]).exact);
    }
}
