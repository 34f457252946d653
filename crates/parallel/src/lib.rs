//! Training on several ranks that gives the same parameters, to the last bit, for any number of them.
//!
//! A *rank* is one of N threads or processes that train a model together, each with its own copy. A step is cut into S *shards*, parts
//! of the batch: their number belongs to what is trained, that of the ranks does not.
//!
//! ```
//! use autograd::Params;
//! use parallel::{Error, Threads, World};
//! let weights = Threads::run(2, |world| {
//!     let mut params = Params::f64();
//!     let w = params.scope("net").param("w", [], 0.0);
//!     let shards = world.shards(8);
//!     let step = shards.trace(&params, |t| {
//!         t.outputs((t.input("x", [1]) - w).square().mean()).with_gradients() // of one shard: a row
//!     })?;
//!     let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
//!     let mut sgd = optim::Sgd::new(0.5).expect("a rate");
//!     step.step(&mut params, &mut sgd, (&x[shards.part().rows(8)],))?; // this rank's rows
//!     Ok::<f64, Error>(params.get::<f64>(w)[0])
//! });
//! assert_eq!(weights, [Ok(4.5), Ok(4.5)]); // the mean of all rows
//! ```
//!
//! | what | for |
//! |---|---|
//! | [`World`] | what a rank knows of the others: its number, how many there are, a few collectives of bytes |
//! | [`Alone`], [`Threads`], [`Counted`] | one rank; ranks that are threads of this process; one that counts what it sends |
//! | [`Shards`], [`Part`] | how a step is cut; which rows of a batch a rank has |
//! | [`ShardedStep`] | the step, with its formulas |
//! | [`Error`], [`WorldError`] | what went wrong, the same on all ranks |
//!
//! # What is sent
//! With n numbers (gradients, outputs, what is written to buffers), N ranks and S shards, N and S powers of two, a rank sends in one step
//!
//! | way | numbers |
//! |---|---|
//! | the tree, and all update | 2·n·(N − 1)/N |
//! | the tree, and [owners update](Shards::owners_update) | 2·n·(N − 1)/N |
//! | the same, clipped by a norm | 3·n·(N − 1)/N |
//! | [fast](Shards::fast), by [`World::sum`] as it is provided | 2·n·(N − 1)/N |
//!
//! and 48 bytes to each other rank for a header, twice where owners update. With other N or S a rank may hold two subtrees or more, of each of
//! which it sends the sum: the first half of the way is then up to as many times longer.
//!
//! # Features
//! | feature | by default | what it adds |
//! |---|---|---|
//! | `train` | off | runs of the crate `train` on several ranks: [`ShardedStep`] implements `train::Ranks` |
//! | `cuda` | off | shards that run on the GPU of their rank: `ShardedStep::on` |

mod alone;
mod counted;
#[cfg(feature = "cuda")]
mod device;
mod engine;
mod error;
mod header;
mod inputs;
mod part;
mod print;
mod slice;
mod step;
mod sums;
mod threads;
mod trace;
#[cfg(feature = "train")]
mod train;
mod tree;
mod world;

pub use alone::Alone;
pub use counted::Counted;
#[cfg(feature = "cuda")]
pub use device::OnDevice;
pub use error::{Departure, Error, WorldError};
pub use part::Part;
pub use step::ShardedStep;
pub use threads::Threads;
pub use world::{Numbers, Shards, World};
