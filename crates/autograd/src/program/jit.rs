//! A closure that is traced once for each combination of input shapes.

use super::{Inputs, Outputs, Program, ProgramError, Run, State};
use crate::error::StepError;
use crate::ir::Meta;
use crate::lists::IntoList;
use crate::optimizer::Optimizer;
use crate::params::Params;
use crate::tape::Tape;
use crate::var::Var;
use smallvec::SmallVec;
use std::fmt;

/// The default limit of combinations of shapes.
const LIMIT: usize = 8;

/// Shape and dtype of each input.
type Key = SmallVec<[Meta; 4]>;

/// A closure that becomes a [`Program`] for each combination of input shapes and dtypes that it is called with: for
/// batches whose last one is smaller, or sequences of a few lengths.
///
/// It is traced when a combination comes for the first time, visibly: [`plans`](Jit::plans) gives what there is, and
/// beyond [a limit](Jit::with_limit) of 8 it is an error. The parameters come with each call; those that are frozen
/// while tracing have no gradient, and a call after one has been frozen or thawed traces the combination again, in place.
///
/// ```
/// use autograd::{Jit, Params};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
/// let mut loss = Jit::new(|t, x| t.outputs((x[0].matmul(w) - x[1]).square().mean()).with_gradients());
/// let run = loss.run(&params, ([[3.0, 2.0]], [[0.5]]))?;
/// assert_eq!((run.item(0), run.grads().get::<f64>(w)), (0.25, Some(&[3.0, 2.0][..])));
/// loss.run(&params, ([[3.0, 2.0], [1.0, 0.0]], [[0.5], [0.0]]))?;
/// loss.run(&params, ([[0.0, 1.0]], [[1.0]]))?;
/// assert_eq!(loss.plans().len(), 2); // batches of one and of two
/// # Ok::<(), autograd::ProgramError>(())
/// ```
pub struct Jit<F> {
    f: F,
    names: Vec<String>,
    limit: usize,
    threads: Option<usize>,
    plans: Vec<Traced>,
}

/// The program for one combination of shapes.
#[derive(Debug)]
struct Traced {
    key: Key,
    /// For each parameter, whether it was frozen; empty if the program gives no gradients.
    frozen: Vec<bool>,
    program: Program,
    state: State,
}

/// A [`Jit`] whose type can be written down, for the field of a struct: [`Jit::boxed`] makes it.
///
/// ```
/// use autograd::{BoxedJit, Jit, Params, ProgramError};
/// struct Model {
///     params: Params,
///     loss: BoxedJit,
/// }
/// impl Model {
///     fn new() -> Model {
///         let mut params = Params::f64();
///         let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
///         let loss = Jit::boxed(move |t, x| t.outputs((x[0].matmul(w) - x[1]).square().mean()));
///         Model { params, loss }
///     }
///     fn loss(&mut self, x: &[[f64; 2]], y: &[f64]) -> Result<f64, ProgramError> {
///         let (x, y) = (autograd::ndarray::arr2(x), autograd::ndarray::aview1(y).insert_axis(autograd::ndarray::Axis(1)));
///         Ok(self.loss.run(&self.params, (&x, &y))?.item(0))
///     }
/// }
/// let mut model = Model::new();
/// assert_eq!(model.loss(&[[3.0, 2.0]], &[0.5])?, 0.25);
/// assert_eq!(model.loss(&[[3.0, 2.0], [1.0, 1.0]], &[1.0, 1.0])?, 0.5);
/// # Ok::<(), ProgramError>(())
/// ```
pub type BoxedJit = Jit<Box<dyn for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Outputs + Send + Sync>>;

impl BoxedJit {
    /// As [`Jit::new`], in a box, so that the type has a name: [`BoxedJit`], whose example stores one in a struct.
    pub fn boxed(
        f: impl for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Outputs + Send + Sync + 'static,
    ) -> BoxedJit {
        Jit::new(Box::new(f))
    }
}

impl<F> fmt::Debug for Jit<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Jit { f: _, names, limit, threads, plans } = self;
        let mut shown = f.debug_struct("Jit");
        shown.field("names", names).field("limit", limit).field("threads", threads).field("plans", plans);
        shown.finish_non_exhaustive()
    }
}

impl<F> Jit<F>
where
    F: for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Outputs,
{
    /// Of a closure that is given the tape and the inputs in order; they are named `x0`, `x1`, and so on.
    pub fn new(f: F) -> Jit<F> {
        Jit { f, names: vec![], limit: LIMIT, threads: None, plans: vec![] }
    }

    /// The same with names for the inputs: there have to be as many of them as names.
    ///
    /// ```
    /// use autograd::{Jit, Params};
    /// let mut f = Jit::new(|t, x| t.outputs(x[0].pick(x[1]))).with_names(["scores", "labels"]);
    /// let error = f.run(&Params::f64(), ([[1.0, 2.0]],)).unwrap_err();
    /// assert_eq!(error.to_string(), "inputs: 1 given, the program takes 2 (`scores`, `labels`), in this order");
    /// ```
    ///
    /// # Panics
    /// If two names are equal.
    #[track_caller]
    pub fn with_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Jit<F> {
        self.names = names.into_iter().map(Into::into).listed();
        for (i, name) in self.names.iter().enumerate() {
            assert!(!self.names[..i].contains(name), "with_names: `{name}` stands twice");
        }
        self
    }

    /// The same with a limit of combinations of shapes.
    pub fn with_limit(mut self, limit: usize) -> Jit<F> {
        self.limit = limit;
        self
    }

    /// The same with so many threads at most, as [`State::with_threads`].
    pub fn with_threads(mut self, threads: usize) -> Jit<F> {
        self.threads = Some(threads);
        self
    }

    /// The programs so far, in the order in which their shapes came: each tells its [inputs](Program::inputs).
    pub fn plans(&self) -> impl ExactSizeIterator<Item = &Program> {
        self.plans.iter().map(|traced| &traced.program)
    }

    /// Runs the program for inputs of these shapes, which is traced first if there is none.
    ///
    /// # Errors
    /// As [`Program::run`]; and if there are as many programs as the limit allows already.
    ///
    /// # Panics
    /// Where tracing does: see [`Program::trace`].
    #[track_caller]
    pub fn run(&mut self, params: &Params, inputs: impl Inputs) -> Result<Run<'_>, ProgramError> {
        let index = self.plan_for(params, &inputs)?;
        let Traced { program, state, .. } = &mut self.plans[index];
        program.run(state, params, inputs)
    }

    /// Runs the program and lets an optimiser change the parameters by the gradients, as [`Program::step`]; gives the
    /// loss. [`step_outputs`](Jit::step_outputs) gives all outputs.
    ///
    /// # Errors
    /// As [`run`](Jit::run), and where the optimiser refuses the gradients; then nothing is changed.
    ///
    /// # Panics
    /// As [`run`](Jit::run); and if the closure gives no gradients.
    #[track_caller]
    pub fn step(
        &mut self,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<f64, StepError> {
        self.step_outputs(params, optimizer, inputs).map(|run| run.item(0))
    }

    /// As [`step`](Jit::step), and gives all outputs, as [`Program::step_outputs`].
    ///
    /// # Errors
    /// As [`step`](Jit::step).
    ///
    /// # Panics
    /// As [`step`](Jit::step).
    #[track_caller]
    pub fn step_outputs(
        &mut self,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<Run<'_>, StepError> {
        let index = self.plan_for(params, &inputs)?;
        let Traced { program, state, .. } = &mut self.plans[index];
        program.step_outputs(state, params, optimizer, inputs)
    }

    /// The index of the program for these inputs, which is traced if there is none.
    #[track_caller]
    fn plan_for(&mut self, params: &Params, inputs: &impl Inputs) -> Result<usize, ProgramError> {
        let mut key = Key::new();
        inputs.each(&mut |x| key.push(Meta::new(x.dimensions(), x.dtype())));
        let known = self.plans.iter().position(|traced| traced.key == key);
        if let Some(index) = known
            && self.plans[index].is_valid(params)
        {
            return Ok(index);
        }
        if known.is_none() && self.plans.len() >= self.limit {
            return Err(ProgramError::TooManyPlans { limit: self.limit });
        }
        let traced = self.trace(params, key)?;
        Ok(match known {
            Some(index) => {
                self.plans[index] = traced;
                index
            }
            None => {
                self.plans.push(traced);
                self.plans.len() - 1
            }
        })
    }

    #[track_caller]
    fn trace(&self, params: &Params, key: Key) -> Result<Traced, ProgramError> {
        let names: Vec<String> = match &self.names[..] {
            [] => (0..key.len()).map(|i| format!("x{i}")).listed(),
            names if names.len() == key.len() => names.to_vec(),
            names => {
                let listed: Vec<String> = names.iter().map(|name| format!("`{name}`")).listed();
                let (expected, given) = (names.len(), key.len());
                return Err(ProgramError::InputCount { expected, given, names: listed.join(", ") });
            }
        };
        let program = Program::trace(params, |t| {
            let inputs = names.iter().zip(&key);
            let x: SmallVec<[Var<'_>; 4]> =
                inputs.map(|(name, Meta { shape, dtype })| t.input_of(name, *dtype, shape)).collect();
            (self.f)(t, &x)
        })?;
        let frozen = match program.gradients {
            Some(_) => params.iter().map(|p| params.is_frozen(p)).listed(),
            None => vec![],
        };
        let state = program.state();
        let state = match self.threads {
            Some(threads) => state.with_threads(threads),
            None => state,
        };
        Ok(Traced { key, frozen, program, state })
    }
}

impl Traced {
    /// Whether the same parameters have gradients as when it was traced.
    fn is_valid(&self, params: &Params) -> bool {
        self.program.gradients.is_none()
            || params.id() != self.program.owner // refused when it runs
            || params.handles().map(|p| params.is_frozen(p)).eq(self.frozen.iter().copied())
    }
}
