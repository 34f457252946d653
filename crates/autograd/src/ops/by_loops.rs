//! A user's own loops: y = f(x), computed by code that is not written in the recorded language.
//!
//! It has no derivative and says so when it is asked. The function that is made of it has: see
//! [`Function`](super::call::Function).

use super::prelude::*;
use crate::dtype::{DataMut, Element};
use crate::ir::{ByLoops, Custom};
use crate::mistake::Mistake;
use crate::record::check_memory;
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn};

/// Loops of your own, for what is no composition of ops: [`Var::by_loops`].
///
/// They read arrays and fill one. The same operands give the same result: a program may compute it once or many times, on any
/// thread.
///
/// ```
/// use autograd::custom::Loops;
/// use autograd::{Shape, Tape, Var};
/// use ndarray::{ArrayViewD, ArrayViewMutD};
/// /// The k-th largest number.
/// struct Largest(usize);
/// impl Loops for Largest {
///     fn name(&self) -> &'static str {
///         "largest"
///     }
///     fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
///         if x[0].elements() > self.0 { Ok(Shape::from([])) } else { Err(format!("x has more than {} numbers", self.0)) }
///     }
///     fn fill(&self, x: &[ArrayViewD<'_, f64>], mut y: ArrayViewMutD<'_, f64>) -> Result<(), String> {
///         let mut all: Vec<f64> = x[0].iter().copied().collect();
///         if all.iter().any(|x| x.is_nan()) {
///             return Err("a NaN has no place in an order".to_owned());
///         }
///         all.sort_by(|a, b| b.total_cmp(a));
///         y.fill(all[self.0]);
///         Ok(())
///     }
/// }
/// let tape = Tape::new();
/// assert_eq!(Var::by_loops(Largest(1), &[tape.var([3.0, 9.0, 5.0])]).item(), 5.0);
/// ```
pub trait Loops: Send + Sync + 'static {
    /// The name in lists and messages.
    fn name(&self) -> &'static str;

    /// The shape of the result.
    ///
    /// # Errors
    /// The rule that the operands do not meet; recording then panics at the caller with it.
    fn shape(&self, x: &[&Shape]) -> Result<Shape, String>;

    /// Fills the result, which holds zeros. Operands of `F32` come and go through here, if
    /// [`fill_f32`](Loops::fill_f32) is not given.
    ///
    /// # Errors
    /// Why the values make it impossible: an eager tape panics with it, and a run of a program gives it in
    /// [`Fault::Refused`].
    fn fill(&self, x: &[ArrayViewD<'_, f64>], y: ArrayViewMutD<'_, f64>) -> Result<(), String>;

    /// The same for `F32`.
    ///
    /// # Errors
    /// As [`fill`](Loops::fill).
    fn fill_f32(&self, x: &[ArrayViewD<'_, f32>], mut y: ArrayViewMutD<'_, f32>) -> Result<(), String> {
        let x: Vec<ArrayD<f64>> = x.iter().map(|x| x.mapv(f64::from)).collect();
        let views: Vec<ArrayViewD<'_, f64>> = x.iter().map(|x| x.view()).collect();
        let mut double = ArrayD::zeros(y.raw_dim());
        self.fill(&views, double.view_mut())?;
        y.zip_mut_with(&double, |y, &x| *y = x as f32);
        Ok(())
    }
}

type Held = Box<dyn Loops>;

impl<'t> Var<'t> {
    /// What [loops of your own](Loops) make of operands of one floating-point dtype.
    ///
    /// It has no derivative; who asks for one is told so. [`custom::Function`](crate::custom::Function) gives it one.
    ///
    /// # Panics
    /// If there are no operands, or if the loops refuse their shapes; on an eager tape, if they refuse their values.
    ///
    /// ```
    /// # use autograd::{Shape, Tape, Var, custom::Loops};
    /// # use ndarray::{ArrayViewD, ArrayViewMutD};
    /// struct Reversed;
    /// impl Loops for Reversed {
    ///     fn name(&self) -> &'static str {
    ///         "reversed"
    ///     }
    ///     fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
    ///         Ok(x[0].clone())
    ///     }
    ///     fn fill(&self, x: &[ArrayViewD<'_, f64>], mut y: ArrayViewMutD<'_, f64>) -> Result<(), String> {
    ///         let all: Vec<f64> = x[0].iter().copied().collect();
    ///         y.iter_mut().zip(all.iter().rev()).for_each(|(y, x)| *y = *x);
    ///         Ok(())
    ///     }
    /// }
    /// let tape = Tape::new();
    /// assert_eq!(Var::by_loops(Reversed, &[tape.var([1.0, 2.0])]).to_vec::<f64>(), [2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn by_loops<L: Loops>(loops: L, x: &[Var<'t>]) -> Var<'t> {
        let name = loops.name();
        let Some(first) = x.first() else {
            Mistake::new(format!("{name}: no operands")).rule("loops read at least one operand").raise();
        };
        let shapes: Vec<Shape> = x.iter().map(|x| x.shape()).collect();
        let to = match loops.shape(&shapes.iter().collect::<Vec<_>>()) {
            Ok(to) => to,
            Err(rule) => x
                .iter()
                .enumerate()
                .skip(1)
                .fold(first.mistake(name, "its loops refuse the shapes", "operand 0"), |text, (i, x)| {
                    text.line(format!("operand {i}"), x.describe())
                })
                .rule(rule)
                .raise(),
        };
        x.iter().for_each(|x| check_memory(name, &x.shape(), x.dtype()));
        let held: Held = Box::new(loops);
        record(ByLoops { function: Custom::new::<L>(name, held), to: to.into(), examples: 0 }, x)
    }
}

/// A user's loops for each example of a batch, one after the other: nothing is known of them that would do for all at once.
struct OneByOne {
    loops: Custom,
    /// Which operands differ between examples.
    own: Vec<bool>,
}

impl OneByOne {
    fn each<T>(
        &self,
        x: &[ArrayViewD<'_, T>],
        mut y: ArrayViewMutD<'_, T>,
        fill: impl Fn(&Held, &[ArrayViewD<'_, T>], ArrayViewMutD<'_, T>) -> Result<(), String>,
    ) -> Result<(), String> {
        y.axis_iter_mut(Axis(0)).enumerate().try_for_each(|(i, y)| {
            let one: Vec<ArrayViewD<'_, T>> = x
                .iter()
                .zip(&self.own)
                .map(|(x, &own)| if own { x.index_axis(Axis(0), i) } else { x.view() })
                .collect();
            fill(self.loops.get(), &one, y)
        })
    }
}

impl Loops for OneByOne {
    fn name(&self) -> &'static str {
        self.loops.name()
    }

    fn shape(&self, _x: &[&Shape]) -> Result<Shape, String> {
        unreachable!("a batch has the shape of an example")
    }

    fn fill(&self, x: &[ArrayViewD<'_, f64>], y: ArrayViewMutD<'_, f64>) -> Result<(), String> {
        self.each(x, y, |loops, x, y| loops.fill(x, y))
    }

    fn fill_f32(&self, x: &[ArrayViewD<'_, f32>], y: ArrayViewMutD<'_, f32>) -> Result<(), String> {
        self.each(x, y, |loops, x, y| loops.fill_f32(x, y))
    }
}

/// Says that a derivative is missing, at the line that asks for it.
fn refuse(loops: &Custom, y: Var<'_>) {
    let name = loops.name();
    let text = y
        .mistake(name, "its loops have no derivative", "y")
        .rule("what is computed by loops has the derivative that a rule gives")
        .hint("call them in `value` of a `custom::Function`, whose `vjp` is the rule; or `.detach()` the result, if its derivative is to be zero");
    y.tape().refuse_in_sweep(&text);
}

impl Rule for ByLoops {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        Ok(Meta::new(Shape::clone(&self.to), require_float(x)?))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let own: Vec<bool> = batch.x.iter().map(|x| matches!(x, Each::Own(_))).collect();
        let x: Vec<Var<'t>> = batch.x.iter().map(|&(Each::Own(x) | Each::Same(x))| x).collect();
        let (name, to) = (self.function.name(), batch.shape(&self.to));
        let each: Held = Box::new(OneByOne { loops: self.function.clone(), own });
        let examples = batch.examples.saturating_mul(self.examples.max(1));
        record(ByLoops { function: Custom::new::<OneByOne>(name, each), to: to.into(), examples }, &x)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        refuse(&self.function, at.y);
        none()
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        refuse(&self.function, at.y);
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (loops, shape): (&Held, _) = (self.function.get(), IxDyn(y.shape));
        let whole = "as many elements as the shape has";
        let done = match y.data {
            DataMut::F32(y) => {
                y.fill(0.0);
                loops.fill_f32(&arrays(x), ArrayViewMutD::from_shape(shape, y).expect(whole))
            }
            DataMut::F64(y) => {
                y.fill(0.0);
                loops.fill(&arrays(x), ArrayViewMutD::from_shape(shape, y).expect(whole))
            }
            other => unreachable!("loops on {}", other.dtype()),
        };
        done.map_err(|why| Fault::Refused { by: self.function.name(), why })
    }
}

fn arrays<T: Element>(x: &[Dense]) -> Vec<ArrayViewD<'_, T>> {
    let shaped = |x: &Dense| IxDyn(&x.meta.shape);
    let all = x.iter().map(|x| ArrayViewD::from_shape(shaped(x), x.slice()));
    all.map(|x| x.expect("as many elements as the shape has")).collect()
}

#[cfg(test)]
impl Tested for ByLoops {
    fn rows() -> Vec<Row> {
        /// Signs of numbers, whose derivative is zero.
        struct Signs;
        impl Loops for Signs {
            fn name(&self) -> &'static str {
                "signs"
            }
            fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
                Ok(x[0].clone())
            }
            fn fill(&self, x: &[ArrayViewD<'_, f64>], mut y: ArrayViewMutD<'_, f64>) -> Result<(), String> {
                y.zip_mut_with(&x[0], |y, x| *y = x.signum());
                Ok(())
            }
        }
        fn signs(x: Var<'_>) -> Var<'_> {
            Var::by_loops(Signs, &[x]).detach()
        }
        let mut all = rows("signs", &[&[4], &[2, 3], &[0, 2], &[]], |x| x.sin() * signs(x));
        all.extend(rows("signs of a transpose", &[&[2, 3]], |x| x.t() * signs(x.t())));
        all.extend(large("signs", &[&[160_000]], |x| x.sin() * signs(x)));
        all
    }
}
