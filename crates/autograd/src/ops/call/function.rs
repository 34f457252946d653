//! Functions of the user's, with rules of the user's.

use super::super::bodies::flops;
use super::point::Point;
use crate::ir::{Call, Custom, Meta, Op};
use crate::mistake::Mistake;
use crate::op::{At, Cotangents, Wanted};
use crate::record::{Given, Recording, check_memory, record};
use crate::var::Var;

/// A function with a derivative of your own: [`Var::call`].
///
/// The value and the rules are written over variables. So they have derivatives of any order, a program fuses them with what is
/// around them, and nothing is known of them twice. Where the value is no composition of ops, it calls
/// [`Var::by_loops`]; then the rule says what the derivative is.
///
/// The function reads its operands alone, and numbers that it makes itself.
///
/// ```
/// use autograd::{Tape, Var, check_grads, custom::{Function, Point}};
/// use ndarray::arr1;
/// /// √(a² + b²), whose slope at the origin is 0 by choice.
/// struct Length;
/// impl Function for Length {
///     fn name(&self) -> &'static str {
///         "length"
///     }
///     fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
///         x[0].hypot(x[1])
///     }
///     fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
///         let per = at.y.gt(0.0).select(g / at.y, 0.0);
///         vec![Some(per * at.x[0]), Some(per * at.x[1])]
///     }
/// }
/// let tape = Tape::new();
/// let (a, b) = (tape.var([3.0, 0.0]), tape.var([0.0, 0.0]));
/// let y = Var::call(Length, &[a, b]);
/// assert_eq!(y.sum().grad([a])[0].to_vec::<f64>(), [1.0, 0.0]);
/// let at = [arr1(&[3.0, 1.0]).into_dyn(), arr1(&[-4.0, 2.0]).into_dyn()];
/// assert!(check_grads(|x| Var::call(Length, x), &at, 3).is_ok()); // of any order
/// ```
pub trait Function: Send + Sync + 'static {
    /// The name in lists and messages.
    fn name(&self) -> &'static str;

    /// The value at these operands.
    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t>;

    /// The cotangent of each operand, of its shape and dtype, given that of the value; `None` for zero.
    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>>;

    /// The tangent of the value, given those of the operands; `None` for zero.
    ///
    /// If it is not written, it follows from [`vjp`](Function::vjp), which is then linear in the cotangent, by two sweeps back:
    /// [`Point::transposed`].
    fn jvp<'t>(&self, at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        at.transposed(t, |u| self.vjp(at, u))
    }
}

pub(super) type Held = Box<dyn Function>;

impl<'t> Var<'t> {
    /// The value of a [function of your own](crate::custom::Function), which has its derivative by its own rule, at any order.
    ///
    /// ```
    /// use autograd::{Tape, Var, custom::{Function, Point}};
    /// /// The number itself, whose cotangents are at most as large as this.
    /// struct Clipped(f64);
    /// impl Function for Clipped {
    ///     fn name(&self) -> &'static str {
    ///         "clipped"
    ///     }
    ///     fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
    ///         x[0]
    ///     }
    ///     fn vjp<'t>(&self, _at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
    ///         vec![Some(g.maximum(-self.0).minimum(self.0))]
    ///     }
    ///     fn jvp<'t>(&self, _at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
    ///         t[0]
    ///     }
    /// }
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// let y = Var::call(Clipped(1.0), &[x]) * tape.constant([0.5, -9.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.5, -1.0]);
    /// ```
    ///
    /// # Panics
    /// If there are no operands, if the function reads another variable or a parameter, or where recording does. Who asks for a
    /// derivative panics if the rule gives cotangents of other shapes than the operands have.
    #[track_caller]
    pub fn call<F: Function>(f: F, x: &[Var<'t>]) -> Var<'t> {
        let name = f.name();
        let Some(first) = x.first() else {
            Mistake::new(format!("{name}: no operands"))
                .rule("a function reads at least one operand")
                .raise();
        };
        for other in x {
            first.check_same_tape(name, *other);
            check_memory(name, &other.shape(), other.dtype());
        }
        let own: Vec<Meta> = x.iter().map(|x| Meta::new(x.shape(), x.dtype())).collect();
        let recording = Recording::begin(first.tape(), &own);
        let y = f.value(&recording.arguments());
        first.check_same_tape(name, y);
        let given = Given { carried: 0, captured: own.len(), stacked: 1, hoists: false };
        let (body, read) = recording.end(&[y], given, &[]);
        for other in &read {
            if !matches!(other.tape().list().node(other.id()).op, Op::Constant) {
                other
                    .mistake(name, "the function reads what is no operand of it", "x")
                    .rule("its rule covers its operands alone")
                    .hint("give it as an operand; its cotangent may be `None`")
                    .raise();
            }
        }
        let (flops, held): (_, Held) = (flops(&body) / body.result(0).shape.elements().max(1), Box::new(f));
        let function = Some(Custom::new::<F>(name, held));
        record(Call { body, function, own: own.len(), flops }, &[x, &read].concat())
    }
}

/// The cotangents by the function's rule.
pub(super) fn cotangents<'t>(
    function: &Custom,
    own: usize,
    at: &At<'_, 't>,
    g: Var<'t>,
    wanted: Wanted<'_>,
) -> Cotangents<'t> {
    let point = Point { x: &at.x[..own], y: at.y, wanted: &wanted.0[..own] };
    let given = function.get::<Held>().vjp(&point, g);
    if given.len() != own {
        let text =
            at.y.mistake(function.name(), format!("its rule gives {} cotangents", given.len()), "y")
                .rule(format!("each of the {own} operands has one, `None` for zero"));
        at.y.tape().refuse_in_sweep(&text);
    }
    for (i, (x, given)) in point.x.iter().zip(&given).enumerate() {
        given.iter().for_each(|given| check(function, &format!("cotangent {i}"), *given, "operand", *x));
    }
    given.into_iter().collect()
}

/// The tangent by the function's rule.
pub(super) fn tangent<'t>(
    function: &Custom,
    own: usize,
    at: &At<'_, 't>,
    t: &[Option<Var<'t>>],
) -> Option<Var<'t>> {
    let wanted: Vec<bool> = t[..own].iter().map(Option::is_some).collect();
    let point = Point { x: &at.x[..own], y: at.y, wanted: &wanted };
    let given = function.get::<Held>().jvp(&point, &t[..own]);
    given.iter().for_each(|given| check(function, "tangent", *given, "y", at.y));
    given
}

/// Says that a rule gives what does not fit, at the line that asks for the derivative.
fn check(function: &Custom, what: &str, given: Var<'_>, label: &str, x: Var<'_>) {
    if (given.shape(), given.dtype()) != (x.shape(), x.dtype()) {
        let text = x
            .mistake(function.name(), format!("{what} is {} {}", given.shape(), given.dtype()), label)
            .rule("a derivative has the shape and dtype of what it is the derivative by")
            .hint("`.sum_over(…)` the axes along which the value was broadcast");
        x.tape().refuse_in_sweep(&text);
    }
}
