//! What an optimiser is: its core, and the rule that updates a number.

use crate::error::{self, HyperparameterError, StepError};
use crate::memory::{Memory, Subject};
use autograd::Float;

/// How numbers are updated, each by its own gradient. Sealed: the methods of [`Optimizer`] are what is public.
pub trait Rule: HasCore + Sync {
    /// How many slabs of memory the rule needs.
    const SLABS: usize;
    /// The update of a number in its step number `t` (from 1).
    fn at<T: Float>(&self, t: u64) -> impl Formula<T>;
}

/// The update of one number: (p, g, \[m, v\]) ↦ (p′, \[m′, v′\]), with so many memories as the rule has slabs.
pub trait Formula<T>: Fn(T, T, [T; 2]) -> (T, [T; 2]) + Copy + Sync {}
impl<T, F: Fn(T, T, [T; 2]) -> (T, [T; 2]) + Copy + Sync> Formula<T> for F {}

/// What every optimiser has beside hyper-parameters of its own.
#[derive(Clone, Debug)]
pub struct Core {
    pub(crate) learning_rate: f64,
    /// Taken out for the time of a step, since the rule reads its hyper-parameters beside it: in a box, which moves easily.
    pub(crate) memory: Option<Box<Memory>>,
}

impl Core {
    pub(crate) fn new(rate: f64) -> Result<Core, HyperparameterError> {
        Ok(Core { learning_rate: error::learning_rate(rate)?, memory: None })
    }

    /// The memory, unless it is of another subject.
    pub(crate) fn take_memory(&mut self, subject: Subject) -> Result<Box<Memory>, StepError> {
        self.memory.get_or_insert_default().check(subject)?;
        Ok(self.memory.take().expect("it is there"))
    }
}

/// Access to the core.
pub trait HasCore {
    /// The core.
    fn core(&self) -> &Core;
    /// The core, to be changed.
    fn core_mut(&mut self) -> &mut Core;
}
