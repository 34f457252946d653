//! What happens to gradients on their way to an optimiser.

use crate::data::error;
use crate::{HyperparameterError, Range, StepError};
use autograd::loops::{Prepare, Slices, Supply, UpdateText};
use autograd::{DType, Data, Gradients, NamedTensor, Optimizer, OptimizerState, Params, StateError};
use std::fmt;

/// Stages before an optimiser: unscale → accumulate → reduce → clip → update. Each is optional, and a pipeline without stages
/// is its optimiser, to the bit.
///
/// Clipping comes last, so that k micro-batches on n machines, clipped, take the step of one large batch. Where every stage
/// is elementwise, large gradients still go straight into the update as they are computed.
///
/// ```
/// use autograd::{Params, Tape};
/// use optim::{Optimizer, Pipeline, Sgd};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [0.0, 0.0]);
/// let mut optimizer = Pipeline::new(Sgd::new(1.0)?).accumulate(2)?.clip_norm(1.0)?;
/// for target in [[3.0, 0.0], [3.0, 8.0]] {
///     let tape = Tape::with(&params);
///     let loss = (tape.param(w) - tape.constant(target)).square().sum() * 0.5;
///     let grads = loss.backward();
///     optimizer.step(&mut params, &grads)?; // the second one updates, by the mean of both: (−3, −4)
/// }
/// assert_eq!(optimizer.norm(), Some(5.0));
/// assert_eq!(params.get::<f64>(w), [0.6000000000000001, 0.8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pipeline<O> {
    optimizer: O,
    unscale: f64,
    accumulate: usize,
    reduce: Option<Reduce>,
    clip_norm: f64,
    /// The p of the norm.
    power: f64,
    clip_value: f64,
    clip_adaptive: f64,
    maximise: bool,
    sum: Option<Gradients>,
    /// How many micro-batches are in the sum.
    count: usize,
    norm: Option<f64>,
}

/// Makes one sum of the gradients of several processes.
type Reduce = Box<dyn FnMut(&mut Gradients) -> Result<(), StepError> + Send>;

impl<O: Optimizer> Pipeline<O> {
    /// No stages yet.
    pub fn new(optimizer: O) -> Pipeline<O> {
        Pipeline {
            optimizer,
            unscale: 1.0,
            accumulate: 1,
            reduce: None,
            clip_norm: f64::INFINITY,
            power: 2.0,
            clip_value: f64::INFINITY,
            clip_adaptive: f64::INFINITY,
            maximise: false,
            sum: None,
            count: 0,
            norm: None,
        }
    }

    /// Divides the gradients by a number with which the loss was multiplied.
    ///
    /// # Errors
    /// If it is not finite or not above 0.
    pub fn unscale(mut self, scale: f64) -> Result<Pipeline<O>, HyperparameterError> {
        self.set_hyperparameter("unscale", scale)?;
        Ok(self)
    }

    /// Makes a step of so many micro-batches: of the mean of their gradients. The other calls of `step` store state that was
    /// written, and change no parameter.
    ///
    /// # Errors
    /// If it is 0.
    pub fn accumulate(mut self, count: usize) -> Result<Pipeline<O>, HyperparameterError> {
        if count == 0 {
            let expected = "a number of micro-batches, at least 1";
            return Err(HyperparameterError { name: "accumulate".into(), value: 0.0, expected });
        }
        self.accumulate = count;
        Ok(self)
    }

    /// Lets a function change the gradients of each step, such as one that averages them over several processes.
    pub fn reduce(
        mut self,
        reduce: impl FnMut(&mut Gradients) -> Result<(), StepError> + Send + 'static,
    ) -> Pipeline<O> {
        self.reduce = Some(Box::new(reduce));
        self
    }

    /// Scales the gradients so that their norm over all trained parameters is at most `limit` (Pascanu et al. 2013,
    /// algorithm 1).
    ///
    /// # Errors
    /// If it is NaN or not above 0.
    pub fn clip_norm(mut self, limit: f64) -> Result<Pipeline<O>, HyperparameterError> {
        self.set_hyperparameter("clip_norm", limit)?;
        Ok(self)
    }

    /// As [`clip_norm`](Pipeline::clip_norm), by the p-norm (Σ|g|ᵖ)^(1/p), which for p = ∞ is the largest |g|.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// use optim::{Optimizer, Pipeline, Sgd};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], 0.0);
    /// let tape = Tape::with(&params);
    /// let grads = (tape.param(w) * tape.constant([2.0, 6.0])).sum().backward();
    /// let mut optimizer = Pipeline::new(Sgd::new(1.0)?).clip_norm_by(1.0, 4.0)?;
    /// optimizer.step(&mut params, &grads)?;
    /// assert_eq!((optimizer.norm(), params.get::<f64>(w)), (Some(8.0), &[-1.0, -3.0][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If p or the limit is NaN or not above 0.
    pub fn clip_norm_by(mut self, p: f64, limit: f64) -> Result<Pipeline<O>, HyperparameterError> {
        if !(LIMIT.within)(p) {
            return Err(HyperparameterError { name: "p".into(), value: p, expected: LIMIT.expected });
        }
        self.power = p;
        self.clip_norm(limit)
    }

    /// Scales the gradient of each output unit to at most `limit` times the norm of its weights, before all other clipping:
    /// see [`Gradients::clip_adaptive`]. Norms of weights count as 10⁻³ at least.
    ///
    /// # Errors
    /// If it is NaN or not above 0.
    pub fn clip_adaptive(mut self, limit: f64) -> Result<Pipeline<O>, HyperparameterError> {
        self.set_hyperparameter("clip_adaptive", limit)?;
        Ok(self)
    }

    /// Goes up the gradient: the loss is made large.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// use optim::{Optimizer, Pipeline, Sgd};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [1], 1.0);
    /// let grads = Tape::with(&params).param(w).sum().backward();
    /// Pipeline::new(Sgd::new(0.5)?).maximise().step(&mut params, &grads)?;
    /// assert_eq!(params.get::<f64>(w), [1.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn maximise(mut self) -> Pipeline<O> {
        self.maximise = true;
        self
    }

    /// Limits each number of the gradients to ±`limit`, after clipping by norm.
    ///
    /// # Errors
    /// If it is NaN or not above 0.
    pub fn clip_value(mut self, limit: f64) -> Result<Pipeline<O>, HyperparameterError> {
        self.set_hyperparameter("clip_value", limit)?;
        Ok(self)
    }

    /// The norm of the gradients of the last step before they were clipped, if there is a limit for it.
    pub fn norm(&self) -> Option<f64> {
        self.norm
    }

    /// The optimiser at the end.
    pub fn optimizer(&self) -> &O {
        &self.optimizer
    }

    /// The optimiser at the end, to be changed.
    pub fn optimizer_mut(&mut self) -> &mut O {
        &mut self.optimizer
    }

    /// What is done with each number, apart from clipping by norm.
    fn prepared(&self, before: Prepare, divisor: f64) -> Prepare {
        let sign = if self.maximise { -1.0 } else { 1.0 };
        let scale = sign * before.scale / (self.unscale * divisor);
        Prepare { scale, limit: before.limit.min(self.clip_value) }
    }

    /// Whether no stage needs gradients of its own.
    fn takes_as_they_are(&self) -> bool {
        self.accumulate == 1 && self.reduce.is_none() && self.clip_adaptive == f64::INFINITY
    }

    /// Clips and updates.
    fn finish(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        supply: Supply<'_>,
    ) -> Result<(), StepError> {
        let mut supply = supply;
        if self.clip_norm < f64::INFINITY {
            let (model, all) = supply.whole.unwrap_or((params, grads));
            let norm = all.norm_by_of(self.power, model) * supply.prepare.scale.abs();
            // A norm that is not finite clips nothing: the update refuses the gradients by name.
            if norm.is_finite() {
                self.norm = Some(norm);
                supply.prepare.scale *= if norm > self.clip_norm { self.clip_norm / norm } else { 1.0 };
            }
        }
        self.optimizer.step_from(params, grads, supply)
    }
}

impl<O: Optimizer> Optimizer for Pipeline<O> {
    fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        self.step_from(params, grads, Supply::default())
    }

    fn step_point(&mut self, point: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        if !self.takes_as_they_are() || self.clip_norm < f64::INFINITY {
            let stages = "a pipeline that accumulates, reduces, or clips by a norm";
            return Err(StepError::Refused(format!(
                "{stages} updates the parameters of a model, not a bare point"
            )));
        }
        // Before a limit hides it.
        if let Some(element) = gradient.iter().position(|g| !g.is_finite()) {
            let value = gradient[element];
            return Err(StepError::NonFiniteGradient { parameter: "point".to_owned(), element, value });
        }
        let prepare = self.prepared(Prepare::default(), 1.0).of::<f64>();
        let prepared: Vec<f64> = gradient.iter().map(|&g| prepare(g)).collect();
        self.optimizer.step_point(point, &prepared)
    }

    fn hyperparameters(&self) -> Vec<(String, f64)> {
        let values = [self.unscale, self.clip_norm, self.clip_value, self.clip_adaptive];
        let own = OWN.into_iter().zip(values);
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        own.chain(self.optimizer.hyperparameters()).collect()
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), HyperparameterError> {
        let (place, range) = match name {
            "unscale" => (&mut self.unscale, SCALE),
            "clip_norm" => (&mut self.clip_norm, LIMIT),
            "clip_value" => (&mut self.clip_value, LIMIT),
            "clip_adaptive" => (&mut self.clip_adaptive, LIMIT),
            _ => return self.optimizer.set_hyperparameter(name, value),
        };
        if !(range.within)(value) {
            return Err(HyperparameterError {
                name: name.to_owned().into(),
                value,
                expected: range.expected,
            });
        }
        *place = value;
        Ok(())
    }

    #[track_caller]
    fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate()
    }

    /// That of the optimiser, and the sum of the micro-batches so far: `net.weight/accumulated`.
    fn state(&self, params: &Params) -> OptimizerState {
        let mut state = self.optimizer.state(params);
        state.numbers = self.hyperparameters();
        if let Some(sum) = self.sum.as_ref().filter(|_| self.count > 0) {
            state.counters.push((COUNT.to_owned(), self.count as u64));
            for (p, range) in sum.trained(params) {
                let data = match sum.dtype() {
                    DType::F32 => Data::F32(sum.slab_of::<f32>()[range].to_vec()),
                    _ => Data::F64(sum.slab_of::<f64>()[range].to_vec()),
                };
                let name = format!("{}/{COUNT}", params.name(p));
                state.tensors.push(NamedTensor { name, shape: params.shape(p).clone(), data });
            }
        }
        state
    }

    fn set_state(&mut self, params: &Params, state: &OptimizerState) -> Result<(), StateError> {
        let own = |name: &str| OWN.contains(&name);
        let suffix = format!("/{COUNT}");
        let mut inner = state.clone();
        inner.numbers.retain(|(name, _)| !own(name));
        inner.counters.retain(|(name, _)| name != COUNT);
        inner.tensors.retain(|tensor| !tensor.name.ends_with(&suffix));
        let count = state.counter(COUNT).unwrap_or(0) as usize;
        let sum = accumulated(params, state, &suffix)?;
        let numbers: Vec<_> = state.numbers.iter().filter(|(name, _)| own(name)).collect();
        for (name, value) in &numbers {
            let range = if name == "unscale" { SCALE } else { LIMIT };
            if !(range.within)(*value) {
                return Err(error(name, value, range.expected));
            }
        }
        self.optimizer.set_state(params, &inner)?;
        for (name, value) in numbers {
            self.set_hyperparameter(name, *value)?;
        }
        (self.sum, self.count) = (Some(sum), count);
        Ok(())
    }

    fn update_text(&self, params: &Params) -> Result<UpdateText, &'static str> {
        if !self.takes_as_they_are() || self.power != 2.0 {
            return Err("it accumulates, reduces, or clips by other than the Euclidean norm or by value");
        }
        let text = self.optimizer.update_text(params)?;
        if !text.prepare.is_nothing() || text.clip_norm < f64::INFINITY {
            return Err("it is a pipeline within a pipeline");
        }
        let prepare = self.prepared(Prepare::default(), 1.0);
        Ok(UpdateText { prepare, clip_norm: self.clip_norm, ..text })
    }

    fn takes_streams(&mut self, params: &Params, prepare: Prepare, largest: f64) -> bool {
        let elementwise = self.takes_as_they_are() && self.clip_norm == f64::INFINITY;
        let prepare = self.prepared(prepare, 1.0);
        elementwise && self.optimizer.takes_streams(params, prepare, largest)
    }

    fn slices(&self) -> Slices {
        match self.optimizer.slices() {
            _ if !self.takes_as_they_are() => Slices::Refused,
            Slices::Own if self.clip_norm < f64::INFINITY => Slices::Whole,
            slices => slices,
        }
    }

    fn step_from(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        supply: Supply<'_>,
    ) -> Result<(), StepError> {
        let Supply { workers, streams, prepare, whole } = supply;
        if self.takes_as_they_are() {
            let prepare = self.prepared(prepare, 1.0);
            return self.finish(params, grads, Supply { workers, streams, prepare, whole });
        }
        grads.check_step(params)?;
        let anew = self.count == 0;
        // A model may have grown since the last step.
        let sum = self.sum.take().filter(|sum| !anew || sum.are_alike(grads));
        let sum = self.sum.insert(sum.unwrap_or_else(|| Gradients::zeros(params)));
        sum.accumulate(grads, anew);
        self.count += 1;
        params.write_back(grads);
        if self.count < self.accumulate {
            return Ok(());
        }
        let mut sum = self.sum.take().expect("it was filled");
        self.count = 0;
        let done = match &mut self.reduce {
            Some(reduce) => reduce(&mut sum),
            None => Ok(()),
        };
        let prepare = self.prepared(prepare, self.accumulate as f64);
        if self.clip_adaptive < f64::INFINITY {
            sum.clip_adaptive(params, self.clip_adaptive / prepare.scale.abs(), 1e-3);
        }
        let supply = Supply { workers, streams: None, prepare, whole };
        let done = done.and_then(|()| self.finish(params, &sum, supply));
        self.sum = Some(sum);
        done
    }
}

/// The sum of micro-batches that a state holds.
fn accumulated(params: &Params, state: &OptimizerState, suffix: &str) -> Result<Gradients, StateError> {
    let mut sum = Gradients::zeros(params);
    sum.set_zero();
    for tensor in &state.tensors {
        let Some(name) = tensor.name.strip_suffix(suffix) else { continue };
        let Some(p) = params.find(name) else {
            return Err(error(&tensor.name, "a tensor", "the name of a parameter"));
        };
        let found = || format!("{} {}", tensor.shape, tensor.data.dtype());
        sum.insert_data(params, p, tensor).map_err(|expected| error(&tensor.name, found(), expected))?;
    }
    Ok(sum)
}

/// The names of the hyper-parameters.
const OWN: [&str; 4] = ["unscale", "clip_norm", "clip_value", "clip_adaptive"];

/// The name of the sum of micro-batches and of their number, in the state.
const COUNT: &str = "accumulated";

const SCALE: Range = Range { expected: "a finite number above 0", within: |x| x.is_finite() && x > 0.0 };
const LIMIT: Range = Range { expected: "a number above 0", within: |x| x > 0.0 };

impl<O: fmt::Debug> fmt::Debug for Pipeline<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("unscale", &self.unscale)
            .field("accumulate", &self.accumulate)
            .field("reduce", &self.reduce.is_some())
            .field("clip_norm", &self.clip_norm)
            .field("power", &self.power)
            .field("clip_value", &self.clip_value)
            .field("clip_adaptive", &self.clip_adaptive)
            .field("maximise", &self.maximise)
            .field("optimizer", &self.optimizer)
            .finish_non_exhaustive()
    }
}
