//! Gradient-descent optimisers. They update the slab of [`Params`](autograd::Params), or a single point.
//!
//! ```
//! use autograd::{Params, Tape};
//! use optim::{Adam, Optimizer};
//!
//! let mut params = Params::f64();
//! let w = params.scope("net").param("w", [2], [3.0, 2.0]);
//! let mut adam = Adam::new(0.1)?;
//! for _ in 0..100 {
//!     let tape = Tape::with(&params);
//!     let grads = tape.param(w).square().sum().backward();
//!     adam.step(&mut params, &grads)?; // the gradients are owned: the tape's borrow has ended
//! }
//! assert!(params.get::<f64>(w).iter().all(|w| w.abs() < 0.1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A step does not compile while the tape still borrows the parameters:
//!
//! ```compile_fail,E0502
//! # use autograd::{Params, Tape};
//! # use optim::{Adam, Optimizer};
//! # let mut params = Params::f64();
//! # let w = params.scope("net").param("w", [2], [3.0, 2.0]);
//! # let mut adam = Adam::new(0.1)?;
//! let tape = Tape::with(&params);
//! let loss = tape.param(w).square().sum();
//! let grads = loss.backward();
//! adam.step(&mut params, &grads)?;
//! println!("{}", loss.item()); // reads the parameters that have changed
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It compiles if all values are read before the step:
//!
//! ```
//! # use autograd::{Params, Tape};
//! # use optim::{Adam, Optimizer};
//! # let mut params = Params::f64();
//! # let w = params.scope("net").param("w", [2], [3.0, 2.0]);
//! # let mut adam = Adam::new(0.1)?;
//! let tape = Tape::with(&params);
//! let loss = tape.param(w).square().sum();
//! let (value, grads) = (loss.item(), loss.backward());
//! adam.step(&mut params, &grads)?;
//! println!("{value}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adam;
mod data;
mod descent;
mod formula;
mod group;
mod loops;
mod memory;
mod momentum;
mod pipeline;
mod sgd;
mod tensors;

pub use adam::{Adam, AdamFormula};
pub use autograd::{HyperparameterError, Optimizer, OptimizerState, StateError, StepError};
pub use descent::Descent;
pub use formula::{Formula, Hyperparameters, Range};
pub use momentum::{Momentum, MomentumFormula};
pub use pipeline::Pipeline;
pub use sgd::{Sgd, SgdFormula};
pub use tensors::{PerTensor, TensorRule};
