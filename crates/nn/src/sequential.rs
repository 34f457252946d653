//! Functions one after the other.

use crate::Mode;
use autograd::{Mistake, Var};
use std::fmt;

/// A step of a [`Sequential`].
enum Step {
    /// The same in training and in evaluation.
    Plain(Box<dyn for<'t> Fn(Var<'t>) -> Var<'t> + Send + Sync>),
    Moded(Box<dyn for<'t> Fn(Var<'t>, Mode<'t>) -> Var<'t> + Send + Sync>),
    /// Its result is added to what goes in.
    Residual(Sequential),
}

/// Layers one after the other, y = fₙ(…f₂(f₁(x))): anything that maps a variable to one. Layers are [`Copy`], so that a closure holds
/// them.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::{Linear, Sequential};
/// let mut params = Params::f64().with_seed(1);
/// let first = Linear::new(&mut params.scope("first"), 3, 4);
/// let last = Linear::new(&mut params.scope("last"), 4, 1);
/// let net = Sequential::new().then(move |x| first.forward(x)).then(|x| x.relu()).then(move |x| last.forward(x));
/// let tape = Tape::with(&params);
/// let x = tape.constant([[1.0, 2.0, 3.0]]);
/// assert_eq!(net.forward(x).item(), last.forward(first.forward(x).relu()).item());
/// assert_eq!(net.len(), 3);
/// ```
///
/// Layers that training and evaluation tell apart take the mode, each one of its own:
///
/// ```
/// use autograd::{DType, Key, Params, PoolForm, Tape};
/// use nn::{BatchNorm, Conv2d, Dropout, Linear, Mode, Pool2d, Sequential};
/// let mut params = Params::f64().with_seed(1);
/// let mut net = params.scope("net");
/// let conv = Conv2d::new(&mut net.scope("conv"), 3, 8, 3, Default::default());
/// let norm = BatchNorm::new(&mut net.scope("norm"), 8);
/// let out = Linear::new(&mut net.scope("out"), 8 * 3 * 3, 10);
/// let net = Sequential::new()
///     .then(move |x| conv.forward(x))
///     .then_in(move |x, mode| norm.forward(x, &mode))
///     .then(|x| Pool2d::Max(PoolForm::of(2)).forward(x.relu()))
///     .then(|x| nn::flatten(x))
///     .then_in(|x, mode| Dropout::new(0.5).forward(x, mode))
///     .then(move |x| out.forward(x));
/// let tape = Tape::with(&params);
/// let (x, key) = (tape.full(1.0, [2, 3, 8, 8], DType::F64), tape.constant(Key::new(1)));
/// assert_eq!(net.forward_in(x, Mode::Train(key)).shape()[..], [2, 10]);
/// assert_eq!(net.forward_in(x, Mode::Eval).shape()[..], [2, 10]);
/// ```
#[derive(Default)]
pub struct Sequential {
    steps: Vec<Step>,
}

impl Sequential {
    /// No layers: y = x.
    pub fn new() -> Sequential {
        Sequential::default()
    }

    /// One more at the end.
    pub fn then(self, step: impl for<'t> Fn(Var<'t>) -> Var<'t> + Send + Sync + 'static) -> Sequential {
        self.and(Step::Plain(Box::new(step)))
    }

    /// One more at the end, whose mode matters. The i-th step, counted from 0, has the mode of the whole, folded with i.
    pub fn then_in(
        self,
        step: impl for<'t> Fn(Var<'t>, Mode<'t>) -> Var<'t> + Send + Sync + 'static,
    ) -> Sequential {
        self.and(Step::Moded(Box::new(step)))
    }

    /// A residual block at the end, y = x + f(x). Source: He et al., *Deep Residual Learning for Image Recognition*, 2016, equation 1.
    ///
    /// ```
    /// use nn::Sequential;
    /// let tape = autograd::Tape::new();
    /// let net = Sequential::new().residual(Sequential::new().then(|x| x * 2.0));
    /// assert_eq!(net.forward(tape.var(1.0)).item(), 3.0);
    /// ```
    pub fn residual(self, f: Sequential) -> Sequential {
        self.and(Step::Residual(f))
    }

    fn and(mut self, step: Step) -> Sequential {
        self.steps.push(step);
        self
    }

    /// y for x, if the mode of no layer matters.
    ///
    /// # Panics
    /// As its layers do, and if one takes a mode.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        self.forward_by(x, None)
    }

    /// y for x, in training or in evaluation.
    ///
    /// # Panics
    /// As its layers do.
    #[track_caller]
    pub fn forward_in<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        self.forward_by(x, Some(mode))
    }

    #[track_caller]
    fn forward_by<'t>(&self, mut x: Var<'t>, mode: Option<Mode<'t>>) -> Var<'t> {
        for (i, step) in self.steps.iter().enumerate() {
            let own = mode.as_ref().map(|mode| mode.fold_in(i as u64));
            x = match step {
                Step::Plain(f) => f(x),
                Step::Residual(f) => x + f.forward_by(x, own),
                Step::Moded(f) => match own {
                    Some(own) => f(x, own),
                    None => Mistake::new(format!("Sequential: layer {i} takes a mode"))
                        .line("x", x.describe())
                        .rule(
                            "a layer that training and evaluation tell apart is told which of them it is in",
                        )
                        .hint("`net.forward_in(x, Mode::Eval)`, or `Mode::Train(key)` in training")
                        .raise(),
                },
            };
        }
        x
    }

    /// How many layers there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequential").field("layers", &self.len()).finish()
    }
}

/// All axes but the first in one: \[n, …\] becomes \[n, elements of a row\].
///
/// # Panics
/// If x is a single number.
///
/// ```
/// let tape = autograd::Tape::new();
/// assert_eq!(nn::flatten(tape.full(1.0, [5, 2, 3], autograd::DType::F64)).shape()[..], [5, 6]);
/// ```
#[track_caller]
pub fn flatten(x: Var<'_>) -> Var<'_> {
    let shape = x.shape();
    let [rows, rest @ ..] = &shape[..] else {
        Mistake::new("flatten: x is a single number")
            .line("x", x.describe())
            .rule("x is [n, …]")
            .hint("`x.reshape([1, 1])` makes a batch of one number")
            .raise();
    };
    x.reshape([*rows, rest.iter().product()])
}
