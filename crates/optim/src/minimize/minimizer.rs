//! What all minimisers have in common: settings, the loop, and what is found.

use super::error::{MinimizeError, check, check_finite};
use super::problem::{Point, Problem, Recorded};
use autograd::{Params, Tape, ToTensor, Var};
use std::fmt;
use std::ops::ControlFlow;

/// What is asked after each iteration.
type Observer<'a> = Box<dyn FnMut(&Iterate<'_>) -> ControlFlow<()> + 'a>;

/// A minimiser: a [method](Method), when to stop, and who looks on. The functions of [`minimize`](crate::minimize) make one each.
///
/// ```
/// use optim::minimize::lbfgs;
/// let found = lbfgs().tolerance(1e-10).run(|x| (x - 3.0).square().sum(), [0.0, 1.0])?;
/// assert!(found.converged() && (found.x[0] - 3.0).abs() < 1e-10);
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
pub struct Minimizer<'a, M> {
    pub(crate) method: M,
    pub(crate) limits: Limits,
    observer: Option<Observer<'a>>,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub(crate) tolerance: f64,
    pub(crate) decrement: f64,
    iterations: usize,
}

/// Where a minimiser stands after an iteration; number 0 is the start.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Iterate<'a> {
    /// How many iterations there were.
    pub iteration: usize,
    /// How often the function and its gradient were evaluated.
    pub evaluations: usize,
    /// The point.
    pub x: &'a [f64],
    /// The value there.
    pub value: f64,
    /// The largest |∂f/∂xᵢ| there.
    pub gradient_norm: f64,
    /// What the method steers by: the latest step along its direction, the damping λ, the radius Δ.
    pub scale: f64,
}

/// What a minimiser found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Minimum {
    /// The point, in row-major order; of a model, its parameters that are not frozen, in their order.
    pub x: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// The largest |∂f/∂xᵢ| there.
    pub gradient_norm: f64,
    /// How many steps were tried.
    pub iterations: usize,
    /// How often the function and its gradient were evaluated.
    pub evaluations: usize,
    /// Why it ended.
    pub why: Stopped,
}

impl Minimum {
    /// Whether it ended because a tolerance was met.
    pub fn converged(&self) -> bool {
        self.why == Stopped::Converged
    }
}

/// Why a minimiser ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// A tolerance was met.
    Converged,
    /// No step improves the point: it is as good as rounding allows, or the function is not smooth there.
    NoProgress,
    /// The limit of iterations was reached.
    Iterations,
    /// A step of fixed length led to where the function is not finite; the point is the one before.
    NonFinite,
    /// The observer said so.
    Asked,
}

/// The text of a sentence: `a tolerance was met`.
impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stopped::Converged => "a tolerance was met",
            Stopped::NoProgress => "no step improves the point",
            Stopped::Iterations => "the limit of iterations was reached",
            Stopped::NonFinite => "a step led to where the function is not finite",
            Stopped::Asked => "the observer said so",
        })
    }
}

/// What an iteration led to.
#[derive(Debug)]
pub enum Step {
    To(Point),
    Refused,
    End(Stopped),
}

/// How the next point is found. The methods are those of [`minimize`](crate::minimize).
pub trait Method {
    /// Records what the method asks of a function.
    #[doc(hidden)]
    fn trace<'p>(&self, params: &'p mut Params, f: &Recorded<'_>) -> Result<Problem<'p>, MinimizeError>;
    /// Refuses settings that are out of range.
    #[doc(hidden)]
    fn check(&self) -> Result<(), MinimizeError>;
    /// One iteration.
    #[doc(hidden)]
    fn step(&mut self, problem: &mut Problem<'_>, at: &Point, limits: &Limits)
    -> Result<Step, MinimizeError>;
    /// What the method steers by.
    #[doc(hidden)]
    fn scale(&self) -> f64;
}

impl<'a, M: Method> Minimizer<'a, M> {
    pub(crate) fn of(method: M) -> Self {
        let limits = Limits { tolerance: 1e-8, decrement: 0.0, iterations: 1000 };
        Minimizer { method, limits, observer: None }
    }

    /// The same with a tolerance of the gradient: it stops where no |∂f/∂xᵢ| is larger. 1e-8, and 0 for
    /// [`levenberg_marquardt`](super::levenberg_marquardt).
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.limits.tolerance = tolerance;
        self
    }

    /// The same with a tolerance of the decrease that the next step promises, −gᵀd along the direction d, or what the model of a
    /// trust region gives. It stops where no more is promised. Newton's decrement (Boyd & Vandenberghe 2004, section 9.5.1); 0.
    pub fn decrement(mut self, decrement: f64) -> Self {
        self.limits.decrement = decrement;
        self
    }

    /// The same with a limit of iterations; 1000.
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.limits.iterations = iterations;
        self
    }

    /// The same with somebody who sees the start and each iteration, and may end it.
    ///
    /// ```
    /// use optim::minimize::{Stopped, lbfgs};
    /// use std::ops::ControlFlow;
    /// let mut values = vec![];
    /// let observe = |now: &optim::minimize::Iterate<'_>| {
    ///     values.push(now.value);
    ///     if now.iteration == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// };
    /// let found = lbfgs().observe(observe).run(|x| x.cosh().sum(), [1.0, 2.0])?;
    /// assert_eq!((found.why, found.iterations), (Stopped::Asked, 2));
    /// assert!(values[0] > values[1] && values[1] > values[2] && values[2] == found.value);
    /// # Ok::<(), optim::minimize::MinimizeError>(())
    /// ```
    pub fn observe(mut self, observer: impl FnMut(&Iterate<'_>) -> ControlFlow<()> + 'a) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Minimises a function of a tensor, from a start.
    ///
    /// The function is recorded once: what it does may not depend on values, and random numbers are the same each time. Write the closure where
    /// it is passed, or a `fn`: the compiler gives one in a `let` too short a lifetime.
    ///
    /// # Errors
    /// If a setting is out of range, the start or what the function gives there is not finite, or the program fails.
    ///
    /// # Panics
    /// If a loss gives more than one element, and where recording does.
    #[track_caller]
    pub fn run(
        self,
        f: impl for<'t> Fn(Var<'t>) -> Var<'t>,
        start: impl ToTensor<Elem = f64>,
    ) -> Result<Minimum, MinimizeError> {
        let mut values = vec![];
        start.write_to(&mut values);
        check_finite("start", &values)?;
        let mut params = Params::f64();
        let x = params.scope("").param("x", start.shape(), &values[..]);
        self.run_model(&mut params, |t| f(t.param(x)))
    }

    /// Minimises a function of all parameters of a model that are not frozen, and leaves the minimum in them.
    ///
    /// ```
    /// use autograd::Params;
    /// use optim::minimize::lbfgs;
    /// let mut params = Params::f64();
    /// let mut line = params.scope("line");
    /// let (w, b) = (line.param("w", [1], 0.0), line.param("b", [], 0.0));
    /// let found = lbfgs().run_model(&mut params, |t| {
    ///     let (x, y) = (t.constant([0.0, 1.0, 2.0]), t.constant([1.0, 3.0, 5.0]));
    ///     (x * w + b - y).square().mean()
    /// })?;
    /// assert!(found.converged() && (params.get::<f64>(w)[0] - 2.0).abs() < 1e-7 && found.x.len() == 2);
    /// # Ok::<(), optim::minimize::MinimizeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Minimizer::run); the parameters are then as they were. If all are frozen.
    ///
    /// # Panics
    /// As [`run`](Minimizer::run).
    #[track_caller]
    pub fn run_model(
        self,
        params: &mut Params,
        f: impl for<'t> Fn(&'t Tape<'t>) -> Var<'t>,
    ) -> Result<Minimum, MinimizeError> {
        let mut problem = self.method.trace(params, &f)?;
        self.run_problem(&mut problem)
    }

    pub(crate) fn run_problem(mut self, problem: &mut Problem<'_>) -> Result<Minimum, MinimizeError> {
        let Limits { tolerance, decrement, .. } = self.limits;
        check("tolerance", tolerance, tolerance >= 0.0, "at least 0")?;
        check("decrement", decrement, decrement >= 0.0, "at least 0")?;
        self.method.check()?;
        let start = problem.start()?;
        let found = self.descend(problem, start.clone());
        problem.set(found.as_ref().map_or(&start, |found| &found.x));
        found
    }

    fn descend(&mut self, problem: &mut Problem<'_>, start: Vec<f64>) -> Result<Minimum, MinimizeError> {
        let mut at = problem.evaluate(start)?;
        if !at.is_finite() {
            return Err(MinimizeError::NonFiniteStart { value: at.value });
        }
        let mut iterations = 0;
        let why = loop {
            if self.asks_to_stop(iterations, problem.evaluations, &at) {
                break Stopped::Asked;
            }
            if at.norm <= self.limits.tolerance {
                break Stopped::Converged;
            }
            if iterations >= self.limits.iterations {
                break Stopped::Iterations;
            }
            match self.method.step(problem, &at, &self.limits)? {
                Step::To(point) => at = point,
                Step::Refused => {}
                Step::End(why) => break why,
            }
            iterations += 1;
        };
        let (value, gradient_norm, evaluations) = (at.value, at.norm, problem.evaluations);
        Ok(Minimum { x: at.x, value, gradient_norm, iterations, evaluations, why })
    }

    fn asks_to_stop(&mut self, iteration: usize, evaluations: usize, at: &Point) -> bool {
        let (value, gradient_norm, scale) = (at.value, at.norm, self.method.scale());
        let now = Iterate { iteration, evaluations, x: &at.x, value, gradient_norm, scale };
        self.observer.as_mut().is_some_and(|observer| observer(&now).is_break())
    }
}

impl<M: fmt::Debug> fmt::Debug for Minimizer<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Minimizer { method, limits, observer: _ } = self;
        f.debug_struct("Minimizer").field("method", method).field("limits", limits).finish_non_exhaustive()
    }
}
