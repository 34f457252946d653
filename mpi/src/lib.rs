//! Data-parallel training on several processes and machines: a world of `wengert-parallel` whose ranks speak by MPI.
//!
//! What a training gives is the same, to the last bit, on any number of ranks. Under `mpirun -n 3` the following is one of three ranks,
//! and without `mpirun` it is the only one.
//!
//! ```
//! use wengert::{parallel::World as _, prelude::*};
//!
//! let world = wengert_mpi::World::join()?;
//! let mut params = Params::f64();
//! let w = params.scope("line").param("w", [], 0.0);
//! let step = world.shards(8).trace(&params, |t| {
//!     let (x, y) = (t.input("x", [2]), t.input("y", [2])); // of one shard
//!     t.outputs((x * w - y).square().mean()).with_gradients()
//! })?;
//! let (x, y): (Vec<f64>, Vec<f64>) = step.part().rows(16).map(|row| (row as f64 / 16.0, row as f64 / 8.0)).unzip();
//! let mut adam = Adam::new(0.1)?;
//! for _ in 0..200 {
//!     step.step(&mut params, &mut adam, (&x, &y))?;
//! }
//! assert!((params.get::<f64>(w)[0] - 2.0).abs() < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod notice;
mod wire;
mod world;

pub use world::{JoinError, World};
