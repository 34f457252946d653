//! Lookahead.

use crate::data::{error, slab_of, tensors_of};
use crate::formula::Range;
use crate::{HyperparameterError, StateError, StepError};
use autograd::loops::{Prepare, Slab, Slices, Supply};
use autograd::{DType, Float, Gradients, Optimizer, OptimizerState, Params};

/// Lookahead (Zhang et al. 2019, algorithm 1): any optimiser, whose parameters go back part of the way every k steps.
///
/// After each k steps: s ← s + α·(p − s), p ← s, with slow weights s that begin as p. The optimiser keeps its memory.
///
/// ```
/// use autograd::{Params, Tape};
/// use optim::{Lookahead, Optimizer, Sgd};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [1], 1.0);
/// let mut optimizer = Lookahead::new(Sgd::new(0.25)?, 2, 0.5)?;
/// for after in [0.75, 0.75] {
///     let grads = Tape::with(&params).param(w).sum().backward();
///     optimizer.step(&mut params, &grads)?;
///     assert_eq!(params.get::<f64>(w), [after]); // 1 − ¼; then half of the way from 1 to ½
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lookahead<O> {
    optimizer: O,
    every: u64,
    share: f64,
    count: u64,
    slow: Slab,
}

/// The hyper-parameter α, the counter of steps, and the state of each parameter, by name.
const SHARE: (&str, Range) =
    ("lookahead", Range { expected: "a number from 0 to 1", within: |x| (0.0..=1.0).contains(&x) });
const COUNT: &str = "lookahead";
const SLOW: &str = "/slow";

impl<O: Optimizer> Lookahead<O> {
    /// Around an optimiser, with k and α (5 and ½ in the paper).
    ///
    /// # Errors
    /// If k is 0, or α is outside of [0, 1].
    pub fn new(optimizer: O, every: u64, share: f64) -> Result<Lookahead<O>, HyperparameterError> {
        if every == 0 {
            let expected = "a number of steps, at least 1";
            return Err(HyperparameterError { name: "every".into(), value: 0.0, expected });
        }
        let mut new = Lookahead { optimizer, every, share: 0.5, count: 0, slow: Slab::empty(DType::F64) };
        new.set_hyperparameter(SHARE.0, share)?;
        Ok(new)
    }

    /// The optimiser within.
    pub fn optimizer(&self) -> &O {
        &self.optimizer
    }

    /// Notes the values that have no slow ones yet.
    fn begin<T: Float>(&mut self, fast: &[T]) {
        if self.slow.len() == 0 {
            self.slow = Slab::empty(T::DTYPE);
        }
        let known = self.slow.len();
        if self.slow.dtype() == T::DTYPE && known < fast.len() {
            self.slow.grow(fast.len() - known);
            self.slow.slice_mut::<T>()[known..].copy_from_slice(&fast[known..]);
        }
    }

    /// Counts a step; whether the slow weights move.
    fn counts(&mut self) -> bool {
        self.count += 1;
        self.count.is_multiple_of(self.every)
    }

    fn look<T: Float>(&mut self, fast: &mut [T]) {
        let share = T::from_f64(self.share);
        for (p, s) in fast.iter_mut().zip(self.slow.slice_mut::<T>()) {
            *s = *s + share * (*p - *s);
            *p = *s;
        }
    }
}

impl<O: Optimizer> Optimizer for Lookahead<O> {
    fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        self.step_from(params, grads, Supply::default())
    }

    fn step_point(&mut self, point: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        let before = self.slow.clone();
        self.begin(point);
        self.optimizer.step_point(point, gradient).inspect_err(|_| self.slow = before)?;
        if self.counts() {
            self.look(point);
        }
        Ok(())
    }

    fn hyperparameters(&self) -> Vec<(String, f64)> {
        let mut all = self.optimizer.hyperparameters();
        all.push((SHARE.0.to_owned(), self.share));
        all
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), HyperparameterError> {
        if name != SHARE.0 {
            return self.optimizer.set_hyperparameter(name, value);
        }
        if !(SHARE.1.within)(value) {
            return Err(HyperparameterError { name: SHARE.0.into(), value, expected: SHARE.1.expected });
        }
        self.share = value;
        Ok(())
    }

    #[track_caller]
    fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate()
    }

    fn state(&self, params: &Params) -> OptimizerState {
        let mut state = self.optimizer.state(params);
        state.numbers = self.hyperparameters();
        state.counters.push((COUNT.to_owned(), self.count));
        state.tensors.extend(tensors_of(&self.slow, params, SLOW));
        state
    }

    fn set_state(&mut self, params: &Params, state: &OptimizerState) -> Result<(), StateError> {
        let mut inner = state.clone();
        inner.numbers.retain(|(name, _)| name != SHARE.0);
        inner.counters.retain(|(name, _)| name != COUNT);
        inner.tensors.retain(|tensor| !tensor.name.ends_with(SLOW));
        let Some(count) = state.counter(COUNT) else {
            return Err(error(COUNT, "nothing", "a counter"));
        };
        let share = state.number(SHARE.0).unwrap_or(self.share);
        if !(SHARE.1.within)(share) {
            return Err(error(SHARE.0, share, SHARE.1.expected));
        }
        let slow = slab_of(params, state, SLOW)?;
        self.optimizer.set_state(params, &inner)?;
        (self.count, self.slow, self.share) = (count, slow, share);
        Ok(())
    }

    fn takes_streams(&mut self, params: &Params, prepare: Prepare, largest: f64) -> bool {
        self.optimizer.takes_streams(params, prepare, largest)
    }

    fn slices(&self) -> Slices {
        self.optimizer.slices()
    }

    fn step_from(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        supply: Supply<'_>,
    ) -> Result<(), StepError> {
        let before = self.slow.len();
        match params.dtype() {
            DType::F32 => self.begin(params.slab_of::<f32>()),
            _ => self.begin(params.slab_of::<f64>()),
        }
        if let Err(refused) = self.optimizer.step_from(params, grads, supply) {
            if before == 0 {
                self.slow = Slab::empty(params.dtype());
            }
            return Err(refused);
        }
        if self.counts() {
            match params.dtype() {
                DType::F32 => self.look(params.slab_mut::<f32>()),
                _ => self.look(params.slab_mut::<f64>()),
            }
        }
        Ok(())
    }
}
