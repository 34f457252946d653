//! Elementwise functions of the user's, in one line of a macro.

use super::function::Function;
use super::point::Point;
use crate::mistake::Mistake;
use crate::op::total;
use crate::shape::Shape;
use crate::var::{Operand, Var};

/// What [`elementwise!`](crate::elementwise) writes: a function of numbers, and its slopes.
pub trait Elementwise: Send + Sync + 'static {
    /// The name in lists and messages.
    fn name(&self) -> &'static str;

    /// The value, of the shape of the operands.
    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t>;

    /// The slope along an operand, given the value.
    fn slope<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>) -> Var<'t>;
}

/// An elementwise function by its slopes. As with the functions of the table, a cotangent of 0 takes nothing from a pole.
struct Each<E>(E);

impl<E: Elementwise> Function for Each<E> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        self.0.value(x)
    }

    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        let term = |i: usize| at.wants(i).then(|| g.strong_mul(self.0.slope(i, at.x, at.y)));
        (0..at.x.len()).map(term).collect()
    }

    fn jvp<'t>(&self, at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        total((0..at.x.len()).map(|i| t[i].map(|t| t.strong_mul(self.0.slope(i, at.x, at.y)))))
    }
}

/// The value of an elementwise function at operands that are broadcast against each other.
///
/// # Panics
/// If they cannot be, or the value has another shape.
#[track_caller]
pub fn each<'t>(f: impl Elementwise, x: &[Var<'t>]) -> Var<'t> {
    let name = f.name();
    let mut shape = Shape::default();
    for operand in x {
        let Ok(wider) = shape.broadcast(&operand.shape()) else {
            let shapes: Vec<String> = x.iter().map(|x| x.shape().to_string()).collect();
            let text = Mistake::new(format!("{name}: {} do not fit", shapes.join(" and ")));
            let text = x.iter().enumerate().fold(text, |text, (i, x)| text.line(i, x.describe()));
            text.rule("axes are aligned at the last one, and are equal or 1").raise()
        };
        shape = wider;
    }
    let x: Vec<Var<'t>> = x.iter().map(|x| x.broadcast_to(shape.clone())).collect();
    let y = Var::call(Each(f), &x);
    if y.shape() != shape {
        y.mistake(name, format!("the value has shape {}, its operands {shape}", y.shape()), "y")
            .rule("an elementwise function gives a number for each of its operands'")
            .hint("`custom::Function` is for functions that sum, sort or mix")
            .raise();
    }
    y
}

/// A slope as a variable: a number, repeated, or a variable.
#[track_caller]
pub fn like<'t>(slope: impl Operand<'t>, y: Var<'t>) -> Var<'t> {
    slope.like(y)
}

/// An elementwise function of your own by its value and its slope, in one line. Both are written over variables: it has
/// derivatives of any order and fuses like the functions of the table.
///
/// ```
/// use autograd::{Tape, Var, check_grads, elementwise};
/// use ndarray::arr1;
///
/// elementwise!(
///     /// ln(1 + eˣ) without overflow.
///     pub fn log1pexp(x) -> y { value: x.relu() + (-x.abs()).exp().ln_1p(), slope: x.sigmoid() }
/// );
/// elementwise!(fn scaled_gap(a, b) -> y { value: (a - b).square() * 0.5, slope: a - b, b - a });
///
/// let tape = Tape::new();
/// let x = tape.var([-800.0, 0.0, 800.0]);
/// let y = log1pexp(x);
/// assert_eq!(y.to_vec::<f64>(), [0.0, 2f64.ln(), 800.0]);
/// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 0.5, 1.0]);
/// let at = [arr1(&[0.3, -1.2]).into_dyn(), arr1(&[2.0]).into_dyn()];
/// assert!(check_grads(|x| log1pexp(scaled_gap(x[0], x[1])), &at, 3).is_ok());
/// ```
///
/// The slopes of several operands follow each other, in order. A slope may be a number. Where a cotangent is exactly 0, a
/// slope that is infinite or NaN contributes nothing.
///
/// # Panics
/// The function panics if its operands cannot be broadcast against each other, or its value has another shape than they.
#[macro_export]
macro_rules! elementwise {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($x:ident),+ $(,)?) -> $y:ident {
        value: $value:expr, slope: $($slope:expr),+ $(,)?
    }) => {
        $(#[$doc])*
        #[track_caller]
        $vis fn $name<'t>($($x: $crate::Var<'t>),+) -> $crate::Var<'t> {
            struct Row;
            #[allow(unused_variables)]
            impl $crate::custom::Elementwise for Row {
                fn name(&self) -> &'static str {
                    stringify!($name)
                }
                fn value<'v>(&self, x: &[$crate::Var<'v>]) -> $crate::Var<'v> {
                    let [$($x),+] = *x else { unreachable!("its operands") };
                    $value
                }
                fn slope<'v>(
                    &self,
                    operand: usize,
                    x: &[$crate::Var<'v>],
                    $y: $crate::Var<'v>,
                ) -> $crate::Var<'v> {
                    let [$($x),+] = *x else { unreachable!("its operands") };
                    let all: &[&dyn Fn() -> $crate::Var<'v>] = &[$(&|| $crate::custom::like($slope, $y)),+];
                    all[operand]()
                }
            }
            $crate::custom::each(Row, &[$($x),+])
        }
    };
}
