//! Programs on NVIDIA GPUs, with the bits of the CPU.
//!
//! **No GPU has run this yet.** Everything up to the driver is tested on the host: the kernels, compiled and run block by block in
//! any order; which of them wait for which; memory, transfers, updates. The calls of the driver are written and compiled.
//!
//! ```no_run
//! use autograd::{Params, Program};
//! use cuda::{Cuda, Device, Train};
//! use optim::Adam;
//! let mut params = Params::f32();
//! let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
//! let program = Program::trace(&params, |t| {
//!     let (x, y) = (t.input("x", [3, 2]), t.input("y", [3, 1]));
//!     t.outputs((x.matmul(w) - y).square().mean()).with_gradients()
//! })?;
//! let mut adam = Adam::new(0.01)?;
//! let mut training = Cuda::first()?.train(&program, &mut params, &mut adam)?; // or `Cpu.train(…)`
//! for _ in 0..1000 {
//!     training.step(([[1.0f32, 2.0], [3.0, 4.0], [5.0, 5.0]], [0.5f32, 0.5, 0.0]))?; // does not wait
//! }
//! println!("{}", training.loss()?);
//! training.finish()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The driver, NVRTC and cuBLASLt are found when they are needed, so this builds on every machine. Where there is none,
//! [`Cuda::first`] says so:
//!
//! ```
//! use cuda::{Cuda, Error};
//! match Cuda::first() {
//!     Ok(gpu) => println!("{}", gpu.name()),
//!     Err(error) => println!("{error}"), // no CUDA driver: …
//! }
//! ```

mod control;
mod cost;
mod cpu;
mod cuda;
mod dag;
mod data;
mod device;
mod driver;
mod error;
mod form;
mod loaded;
mod loops;
#[doc(hidden)]
pub mod machine;
mod moved;
mod numbers;
mod numerics;
mod on;
mod order;
mod parts;
mod product;
mod run;
mod shards;
mod task;
mod tasks;
mod training;
mod update;
mod way;
mod whole;

pub use cpu::{CpuRunner, CpuTraining};
pub use cuda::Cuda;
pub use device::{Cpu, Device, Runner, Train};
pub use error::Error;
pub use form::Form;
pub use moved::Moved;
pub use numerics::Numerics;
#[doc(no_inline)]
pub use optim::ByFormula;
pub use run::Running;
pub use training::Training;
