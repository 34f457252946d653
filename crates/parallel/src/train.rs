//! A run of `train` on several ranks.

use crate::{Error, ShardedStep};
use ::train::Ranks;
use autograd::{Optimizer, OptimizerState, Params};

impl From<Error> for ::train::Error {
    fn from(error: Error) -> ::train::Error {
        ::train::Error::other(error)
    }
}

/// For [`Trainer::run_on`](::train::Trainer::run_on): the first rank writes the folder, and the run may go on with another number of ranks.
///
/// ```
/// use autograd::{Key, Params, ndarray::Array};
/// use parallel::{Threads, World};
/// use train::{Batches, Session, Trainer};
/// let folder = std::env::temp_dir().join(format!("wengert-ranks-{}", std::process::id()));
/// let run = |ranks: usize, epochs: u64| {
///     Threads::run(ranks, |world| -> Result<u64, train::Error> {
///         let mut params = Params::f64();
///         let w = params.scope("line").param("w", [], 0.0);
///         let shards = world.shards(4);
///         let step = shards.trace(&params, |t| {
///             t.outputs((t.input("x", [2]) * w - t.input("y", [2])).square().mean()).with_gradients()
///         })?;
///         let x = Array::linspace(-1.0, 1.0, 24);
///         let part = shards.part();
///         let batches = Batches::of((x.clone(), 2.0 * x), 8, |loader| loader.shuffle(Key::new(1))).part(move |n| part.rows(n));
///         let mut session = Session::new(params, optim::Sgd::new(0.5)?);
///         Trainer::new(&folder).epochs(epochs).run_on(
///             &step,
///             &mut session,
///             &batches,
///             |session, (x, y)| Ok(step.step(&mut session.params, &mut session.optimizer, (x, y))?),
///             |_| Ok([]),
///         )?;
///         Ok(session.params.get::<f64>(w)[0].to_bits())
///     })
/// };
/// run(3, 2);
/// let ended = run(2, 4).into_iter().collect::<Result<Vec<_>, _>>()?; // goes on after two epochs
/// # std::fs::remove_dir_all(&folder)?;
/// let whole = run(1, 4).remove(0)?; //                                  anew, alone
/// # std::fs::remove_dir_all(&folder)?;
/// assert_eq!(ended, [whole, whole]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
