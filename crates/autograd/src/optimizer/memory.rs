//! What an optimiser remembers, as data.

use crate::dtype::Data;
use crate::error::HyperparameterError;
use crate::shape::Shape;
use std::error::Error;
use std::fmt;

/// What an optimiser remembers: by [`Optimizer::state`](super::Optimizer::state). It can be read, changed, saved, and given
/// to another optimiser of the same kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState {
    /// Hyper-parameters, by name.
    pub numbers: Vec<(String, f64)>,
    /// How many steps there were: for each parameter, by its full name.
    pub counters: Vec<(String, u64)>,
    /// Tensors, by the name of the parameter and of the state, such as `net.0.weight/m`.
    pub tensors: Vec<NamedTensor>,
}

impl OptimizerState {
    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&NamedTensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The counter of this name.
    pub fn counter(&self, name: &str) -> Option<u64> {
        self.counters.iter().find(|(known, _)| known == name).map(|&(_, count)| count)
    }

    /// The hyper-parameter of this name.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(known, _)| known == name).map(|&(_, value)| value)
    }
}

/// A tensor with a name, as it stands in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// Its elements, row-major.
    pub data: Data,
}

/// A state that an optimiser cannot take over. Nothing has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct StateError {
    /// The part of the state, such as `net.0.weight/m`.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What is expected there.
    pub expected: String,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "optimiser state `{}`: {}; expected {}", self.field, self.found, self.expected)
    }
}

impl Error for StateError {}

impl From<HyperparameterError> for StateError {
    fn from(error: HyperparameterError) -> StateError {
        StateError {
            field: error.name.into_owned(),
            found: error.value.to_string(),
            expected: error.expected.to_owned(),
        }
    }
}

/// Refuses counters and tensors.
pub(super) fn numbers_only(state: &OptimizerState) -> Result<(), StateError> {
    let names = state.counters.iter().map(|(name, _)| name).chain(state.tensors.iter().map(|t| &t.name));
    match names.take(1).next() {
        None => Ok(()),
        Some(name) => Err(StateError {
            field: name.clone(),
            found: "a memory".to_owned(),
            expected: "hyper-parameters alone: this optimiser remembers nothing else".to_owned(),
        }),
    }
}
