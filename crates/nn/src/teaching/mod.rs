//! Models for teaching: small enough that their gradients can be written down by hand, as the examples of the workspace do.
//!
//! ```
//! use autograd::{Params, Tape};
//! use nn::teaching::Perceptron;
//! let mut params = Params::f64();
//! let perceptron = Perceptron::new(&mut params.scope("p"), 2);
//! let tape = Tape::with(&params);
//! assert_eq!(perceptron.score(tape.constant([[2.0, -1.0]])).item(), 0.0);
//! ```

mod perceptron;
mod three_one_one;

pub use perceptron::Perceptron;
pub use three_one_one::ThreeOneOne;
