//! A run of `train` on several ranks.

use crate::{Error, ShardedStep};
use ::train::Ranks;
use autograd::{Optimizer, OptimizerState, Params};

impl From<Error> for ::train::Error {
    fn from(error: Error) -> ::train::Error {
        ::train::Error::other(error)
    }
}

/// For [`Trainer::run_on`](::train::Trainer::run_on).
impl<O: Optimizer> Ranks<O> for ShardedStep<'_> {
    fn is_first(&self) -> bool {
        self.shards().world.rank() == 0
    }

    fn share(&self, given: Result<Vec<u8>, ::train::Error>) -> Result<Vec<u8>, ::train::Error> {
        let told = given.as_ref().map(Vec::as_slice).map_err(ToString::to_string);
        match (self.share_bytes(told), given) {
            (Err(_), Err(own)) => Err(own), // what the others know as a text
            (shared, _) => Ok(shared?),
        }
    }

    fn any(&self, given: bool) -> Result<bool, ::train::Error> {
        Ok(self.any_says(given)?)
    }

    fn shards(&self) -> Option<u64> {
        Some(ShardedStep::shards(self).count as u64)
    }

    fn state(&self, params: &Params, optimizer: &O) -> Result<OptimizerState, ::train::Error> {
        Ok(self.optimizer_state(params, optimizer)?)
    }

    fn set_state(
        &self,
        params: &Params,
        optimizer: &mut O,
        state: &OptimizerState,
    ) -> Result<(), ::train::Error> {
        self.set_optimizer_state(params, optimizer, state).map_err(|error| match error {
            Error::State(error) => error.into(),
            error => error.into(),
        })
    }
}
