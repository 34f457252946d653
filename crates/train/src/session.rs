//! What steps change.

use crate::error::Error;
use autograd::{Inputs, Key, NonFinite, Optimizer, Params, Program, State, StepError, Tape, Var};
use optim::Average;
use std::collections::BTreeMap;

/// What steps change, and so what a checkpoint holds: the parameters and buffers of a model, its optimiser, an average of the
/// parameters, the key of the run, and numbers of one's own.
///
/// ```
/// use autograd::Params;
/// use optim::Sgd;
/// use train::Session;
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 1.0]);
/// let mut session = Session::new(params, Sgd::new(0.25)?);
/// let losses = [(); 2].map(|()| session.eager(|tape| tape.param(w).square().sum()).unwrap());
/// assert_eq!(losses, [10.0, 2.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session<O> {
    /// The parameters and buffers.
    pub params: Params,
    /// What updates the parameters.
    pub optimizer: O,
    /// An average of the parameters, which a [`Trainer`](crate::Trainer) updates after each step; none, unless one is asked for.
    pub average: Option<Average>,
    /// The key of the run.
    pub key: Key,
    /// What else a run remembers, such as the state of an [`optim::Plateau`].
    pub numbers: BTreeMap<String, f64>,
    pub(crate) step: u64,
}

impl<O: Optimizer> Session<O> {
    /// The begin of a run.
    pub fn new(params: Params, optimizer: O) -> Session<O> {
        Session { params, optimizer, average: None, key: Key::new(0), numbers: BTreeMap::new(), step: 0 }
    }

    /// With an average of the parameters: [`Trainer::run`](crate::Trainer::run) updates it after each step, and checkpoints hold it.
    ///
    /// ```
    /// use autograd::{Params, ndarray::Array};
    /// use train::{Batches, Session, Trainer};
    /// # let folder = std::env::temp_dir().join(format!("wengert-average-{}", std::process::id()));
    /// let mut params = Params::f64();
    /// let w = params.scope("line").param("w", [], 0.0);
    /// let batches = Batches::of((Array::linspace(1.0, 2.0, 4),), 2, |loader| loader);
    /// let mut session = Session::new(params, optim::Sgd::new(0.25)?).with_average(optim::Average::equal());
    /// let mut weights = vec![];
    /// Trainer::new(&folder).epochs(1).run(
    ///     &mut session,
    ///     &batches,
    ///     |session, (x,)| {
    ///         let loss = session.eager(|t| (t.constant(x) - w).square().mean())?;
    ///         weights.push(session.params.get::<f64>(w)[0]);
    ///         Ok(loss)
    ///     },
    ///     |_| Ok([]),
    /// )?;
    /// let average = session.average.expect("it has one");
    /// assert_eq!(average.get::<f64>(&session.params, w), [(weights[0] + weights[1]) / 2.0]);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_average(self, average: Average) -> Session<O> {
        Session { average: Some(average), ..self }
    }

    /// With another key.
    #[must_use]
    pub fn with_key(self, key: Key) -> Session<O> {
        Session { key, ..self }
    }

    /// How many steps a [`Trainer`](crate::Trainer) has made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The key of the next step, for dropout and the like: after a restart, a step has the key that it would have had.
    ///
    /// ```
    /// use autograd::{Key, Params};
    /// let session = train::Session::new(Params::f64(), optim::Sgd::new(0.1)?).with_key(Key::new(3));
    /// assert_eq!(session.step_key(), Key::new(3).fold_in(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn step_key(&self) -> Key {
        self.key.fold_in(self.step)
    }

    /// A step on an eager tape: the loss, its gradients, an update; gives the loss.
    ///
    /// # Errors
    /// Where the optimiser refuses the step. Nothing is changed then. If something was not finite, the loss is recorded once more to
    /// search for its origin.
    ///
    /// # Panics
    /// Where recording does.
    #[track_caller]
    pub fn eager(&mut self, loss: impl for<'t> Fn(&'t Tape<'t>) -> Var<'t>) -> Result<f64, Error> {
        let (value, grads) = {
            let tape = Tape::with(&self.params);
            let loss = loss(&tape);
            (loss.item(), loss.backward())
        };
        match self.optimizer.step(&mut self.params, &grads) {
            Ok(()) => Ok(value),
            Err(error) => Err(self.explained(error, || {
                let tape = Tape::with(&self.params);
                loss(&tape).find_nonfinite()
            })),
        }
    }

    /// A step of a program: [`Program::step`].
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// use train::Session;
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, -1.0]);
    /// let program = Program::trace(&params, |t| t.outputs((t.input("x", [2]) * w).ln().sum()).with_gradients())?;
    /// let (mut state, mut session) = (program.state(), Session::new(params, optim::Sgd::new(0.1)?));
    /// let error = session.planned(&program, &mut state, (&[1.0, 1.0],)).unwrap_err();
    /// assert_eq!((error.origin().unwrap().op, &error.origin().unwrap().element[..]), ("ln", &[1][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::step`]. Nothing is changed then. If something was not finite, the error says where it was born.
    ///
    /// # Panics
    /// As [`Program::step`].
    #[track_caller]
    pub fn planned(
        &mut self,
        program: &Program,
        state: &mut State,
        inputs: impl Inputs + Copy,
    ) -> Result<f64, Error> {
        let made = program.step(state, &mut self.params, &mut self.optimizer, inputs);
        made.map_err(|error| {
            self.explained(error, || program.find_nonfinite(&self.params, inputs).ok().flatten())
        })
    }

    /// The error of a step, with where the NaN or infinity was born, if it is that.
    fn explained(&self, error: StepError, find: impl FnOnce() -> Option<NonFinite>) -> Error {
        let is_that = matches!(
            error,
            StepError::NonFiniteLoss { .. }
                | StepError::NonFiniteGradient { .. }
                | StepError::NonFiniteResult { .. }
        );
        let origin = if is_that { find().map(Box::new) } else { None };
        Error::Step { step: self.step, error: Box::new(error), origin }
    }
}
