//! A run that several ranks make together.

use crate::error::Error;
use autograd::{Optimizer, OptimizerState, Params};

/// The ranks of a run that several threads or processes make together, for [`Trainer::run_on`](crate::Trainer::run_on): each makes
/// its part of each step, and all have the same parameters. Crate `parallel` implements it.
///
/// **All ranks call all of these in the same order.**
pub trait Ranks<O: Optimizer> {
    /// Whether this rank writes the checkpoints and the logs.
    fn is_first(&self) -> bool;

    /// What the first rank gives; or its error, on all ranks. What others give does not count.
    ///
    /// # Errors
    /// That of the first rank, or that the ranks cannot speak with each other.
    fn share(&self, given: Result<Vec<u8>, Error>) -> Result<Vec<u8>, Error>;

    /// Whether one of the ranks says so.
    ///
    /// # Errors
    /// If the ranks cannot speak with each other.
    fn any(&self, given: bool) -> Result<bool, Error>;

    /// Into how many shards a step is cut, if it is: it decides the bits, and so it is part of the run, which no checkpoint of another
    /// number goes on.
    fn shards(&self) -> Option<u64>;

    /// What the optimiser remembers of the whole model.
    ///
    /// # Errors
    /// If ranks have parts of it that cannot be put together.
    fn state(&self, params: &Params, optimizer: &O) -> Result<OptimizerState, Error>;

    /// Takes over what the optimiser remembered of the whole model.
    ///
    /// # Errors
    /// If it does not fit.
    fn set_state(&self, params: &Params, optimizer: &mut O, state: &OptimizerState) -> Result<(), Error>;
}

/// A run of one rank, which is not cut.
pub(crate) struct Single;

impl<O: Optimizer> Ranks<O> for Single {
    fn is_first(&self) -> bool {
        true
    }
    fn share(&self, given: Result<Vec<u8>, Error>) -> Result<Vec<u8>, Error> {
        given
    }
    fn any(&self, given: bool) -> Result<bool, Error> {
        Ok(given)
    }
    fn shards(&self) -> Option<u64> {
        None
    }
    fn state(&self, params: &Params, optimizer: &O) -> Result<OptimizerState, Error> {
        Ok(optimizer.state(params))
    }
    fn set_state(&self, params: &Params, optimizer: &mut O, state: &OptimizerState) -> Result<(), Error> {
        Ok(optimizer.set_state(params, state)?)
    }
}
