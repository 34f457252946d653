//! The core of an optimiser, and the rule that updates a number.

use crate::error::{self, HyperparameterError, StepError};
use crate::memory::{Memory, Subject};
use autograd::Float;

/// How each number is updated by its gradient. The trait is sealed; the methods of [`Optimizer`] are public.
pub trait Rule: HasCore + Sync {
    /// How many slabs of memory the rule needs.
    const SLABS: usize;
    /// The update of a number in its step number `t` (from 1).
    fn at<T: Float>(&self, t: u64) -> impl Formula<T>;
}

/// The update of one number: (p, g, \[m, v\]) ↦ (p′, \[m′, v′\]), with one memory for each slab of the rule.
pub trait Formula<T>: Fn(T, T, [T; 2]) -> (T, [T; 2]) + Copy + Sync {}
impl<T, F: Fn(T, T, [T; 2]) -> (T, [T; 2]) + Copy + Sync> Formula<T> for F {}

/// The fields that every optimiser has, beside its own hyper-parameters.
#[derive(Clone, Debug)]
pub struct Core {
    pub(crate) learning_rate: f64,
    /// It is taken out during a step, while the rule reads the hyper-parameters. The box makes the move cheap.
    pub(crate) memory: Option<Box<Memory>>,
}

impl Core {
    pub(crate) fn new(rate: f64) -> Result<Core, HyperparameterError> {
        Ok(Core { learning_rate: error::learning_rate(rate)?, memory: None })
    }

    /// The memory, if it belongs to this subject.
    pub(crate) fn take_memory(&mut self, subject: Subject) -> Result<Box<Memory>, StepError> {
        self.memory.get_or_insert_default().check(subject)?;
        Ok(self.memory.take().expect("it is there"))
    }
}

/// Access to the core.
pub trait HasCore {
    /// The core.
    fn core(&self) -> &Core;
    /// The core, mutable.
    fn core_mut(&mut self) -> &mut Core;
}
