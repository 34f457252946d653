//! Functions one after the other.

use autograd::Var;
use std::fmt;

/// A step of a [`Sequential`].
type Step = Box<dyn for<'t> Fn(Var<'t>) -> Var<'t> + Send + Sync>;

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
    pub fn then(mut self, step: impl for<'t> Fn(Var<'t>) -> Var<'t> + Send + Sync + 'static) -> Sequential {
        self.steps.push(Box::new(step));
        self
    }

    /// y for x.
    ///
    /// # Panics
    /// As its layers do.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        self.steps.iter().fold(x, |x, step| step(x))
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
