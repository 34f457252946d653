//! Functions with rules of their own that everybody needs: estimators that pass straight through, and hooks on cotangents.

use super::function::Function;
use super::point::Point;
use crate::ir::Custom;
use crate::tape::Tape;
use crate::var::Var;
use std::sync::Arc;

/// The second operand, with the derivative of the first.
struct StraightThrough;

impl Function for StraightThrough {
    fn name(&self) -> &'static str {
        "straight_through"
    }

    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        x[1]
    }

    fn vjp<'t>(&self, _at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        vec![Some(g), None]
    }

    fn jvp<'t>(&self, _at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0]
    }
}

/// The operand, whose cotangents pass through a function.
struct WithCotangent<F>(F);

impl<F: for<'v> Fn(Var<'v>) -> Var<'v> + Send + Sync + 'static> Function for WithCotangent<F> {
    fn name(&self) -> &'static str {
        "with_cotangent"
    }

    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        x[0]
    }

    fn vjp<'t>(&self, _at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        vec![Some((self.0)(g))]
    }

    fn jvp<'t>(&self, _at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0]
    }
}

impl<'t> Var<'t> {
    /// Other values in the place of these, with the derivative of these: ∂y/∂self = 1, ∂y/∂values = 0. What rounds or
    /// chooses can so be trained. Source: Bengio, Léonard and Courville, "Estimating or propagating gradients through stochastic
    /// neurons for conditional computation", 2013.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([0.2, 0.7]);
    /// let bits = x.straight_through(x.gt(0.5).cast(x.dtype()));
    /// assert_eq!(bits.to_vec::<f64>(), [0.0, 1.0]);
    /// assert_eq!((bits * 3.0).sum().grad([x])[0].to_vec::<f64>(), [3.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the values differ in shape or dtype.
    #[track_caller]
    pub fn straight_through(self, values: Var<'t>) -> Var<'t> {
        self.check_same_tape("straight_through", values);
        if (values.shape(), values.dtype()) != (self.shape(), self.dtype()) {
            self.mistake("straight_through", "the values do not fit", "x")
                .line("values", values.describe())
                .rule("they have the shape and dtype of what they stand for")
                .raise();
        }
        Var::call(StraightThrough, &[self, values])
    }

    /// The same values, whose cotangent passes through `f` on its way back: a hook in the graph. It holds in programs and for
    /// gradients of any order; a tangent passes as it is.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0, 4.0]);
    /// // Reversed, as adversarial training has it (Ganin and Lempitsky 2015):
    /// let y = x.with_cotangent(|g| -0.1 * g);
    /// assert_eq!(y.square().sum().grad([x])[0].to_vec::<f64>(), [-0.6000000000000001, -0.8]);
    /// // Clipped to length 1:
    /// let y = x.with_cotangent(|g| g / g.norm().maximum(1.0));
    /// assert_eq!((y.square() * 0.5).sum().grad([x])[0].to_vec::<f64>(), [0.6, 0.8]);
    /// ```
    ///
    /// # Panics
    /// Who asks for a derivative panics if `f` changes the shape or the dtype.
    #[track_caller]
    pub fn with_cotangent(self, f: impl for<'v> Fn(Var<'v>) -> Var<'v> + Send + Sync + 'static) -> Var<'t> {
        Var::call(WithCotangent(f), &[self])
    }
}

type Hook = Arc<dyn for<'v> Fn(Var<'v>) -> Var<'v> + Send + Sync>;

/// The same values, whose cotangent passes through a hook.
#[track_caller]
pub(crate) fn hooked<'t>(x: Var<'t>, hook: &Custom) -> Var<'t> {
    let hook = hook.get::<Hook>().clone();
    x.with_cotangent(move |g| hook(g))
}

impl Tape<'_> {
    /// From now on, what is [named](Var::named) so has its cotangent pass through `f` on its way back, as by
    /// [`with_cotangent`](Var::with_cotangent): a hook in code that is not yours, if it names what it computes and goes on with
    /// what `named` returns. The last hook of a name counts, until the tape is reset.
    ///
    /// On an eager tape `f` may also read the cotangent. In a program it has no value; a changed one is recorded.
    ///
    /// ```
    /// use autograd::{Tape, Var};
    /// use std::sync::{Arc, Mutex};
    /// fn model<'t>(x: Var<'t>) -> Var<'t> {
    ///     let hidden = x.square().named("hidden");
    ///     hidden.sum()
    /// }
    /// let tape = Tape::new();
    /// let seen = Arc::new(Mutex::new(vec![]));
    /// let noted = seen.clone();
    /// tape.hook("hidden", move |g| {
    ///     noted.lock().unwrap().extend(g.to_vec::<f64>());
    ///     g * 0.5
    /// });
    /// let x = tape.var([1.0, 3.0]);
    /// assert_eq!(model(x).grad([x])[0].to_vec::<f64>(), [1.0, 3.0]);
    /// assert_eq!(*seen.lock().unwrap(), [1.0, 1.0]);
    /// ```
    pub fn hook(&self, name: &str, f: impl for<'v> Fn(Var<'v>) -> Var<'v> + Send + Sync + 'static) {
        let hook: Hook = Arc::new(f);
        self.list_mut().set_hook(name, Custom::new::<Hook>("hook", hook));
    }
}
