//! Neural layers, initialisers and losses. They record ops on a tape, and the tape computes their gradients.
//!
//! A layer holds [`Copy`] handles to its parameters and has a method `forward`. The values are in
//! [`Params`](autograd::Params). The same `forward` works on any tape that reads those parameters.
//!
//! ```
//! use autograd::{Params, Tape};
//! use nn::{Activation, Mlp, loss};
//!
//! let mut params = Params::f64().with_seed(7);
//! let net = Mlp::new(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Sigmoid);
//! let tape = Tape::with(&params);
//! let x = tape.constant([[0.0, 1.0], [1.0, 0.0]]);
//! let y = tape.constant([[1.0], [0.0]]);
//! let loss = loss::mse(net.forward(x), y);
//! let grads = loss.backward();
//! assert_eq!(params.elements(), 2 * 10 + 10 + 10 * 5 + 5 + 5 + 1);
//! assert!(loss.item() > 0.0 && grads.norm() > 0.0);
//! ```
//!
//! # Your own
//!
//! A layer is a struct of handles with a method. One with state makes a [`Buffer`](autograd::Buffer) and, in training, writes what it shall
//! be after the step:
//!
//! ```
//! use autograd::{Buffer, Key, Param, Params, Program, Scope, Var};
//! use nn::{Init, Mode};
//!
//! /// y = w·(x − r), where r is a running mean of x.
//! struct Centre {
//!     weight: Param,
//!     mean: Buffer,
//! }
//!
//! impl Centre {
//!     fn new(scope: &mut Scope<'_>, width: usize) -> Centre {
//!         let weight = scope.param("weight", [width], Init::Normal(1.0));
//!         Centre { weight, mean: scope.buffer("mean", [width], 0.0) }
//!     }
//!
//!     #[track_caller]
//!     fn forward<'t>(&self, x: Var<'t>, mode: &Mode<'t>) -> Var<'t> {
//!         let tape = x.tape();
//!         let _layer = tape.within([self.weight]); // what is recorded now is in its scope
//!         let mean = tape.buffer(self.mean);
//!         if mode.is_train() {
//!             tape.write(self.mean, mean * 0.9 + x.mean_over(0).detach() * 0.1);
//!         }
//!         (x - mean) * self.weight
//!     }
//! }
//!
//! let mut params = Params::f64().with_seed(1);
//! let layer = Centre::new(&mut params.scope("centre"), 2);
//! let step = Program::trace(&params, |t| {
//!     let (x, mode) = (t.input("x", [3, 2]), Mode::Train(t.input_key("key")));
//!     t.outputs(layer.forward(x, &mode).square().mean()).with_gradients()
//! })?;
//! let mut state = step.state();
//! let run = step.run(&mut state, &params, ([[1.0, 2.0]; 3], Key::new(1)))?;
//! assert!(run.grads().norm() > 0.0);
//! run.write_back(&mut params);
//! assert_eq!(params.buffer_values::<f64>(layer.mean), [0.1, 0.2]);
//! # Ok::<(), autograd::ProgramError>(())
//! ```
//!
//! An initialiser gives values for a name, a shape and a seed, and a loss is a function that ends in one number:
//!
//! ```
//! use autograd::{Initial, Mistake, Params, Tape, Var};
//! use nn::{Init, Linear};
//!
//! /// One at the places (i, i), zero elsewhere.
//! struct Identity;
//! impl Initial for Identity {
//!     fn values(&self, _name: &str, shape: &[usize], _seed: u64) -> Vec<f64> {
//!         let columns = shape.last().copied().unwrap_or(1);
//!         let elements = shape.iter().product();
//!         (0..elements).map(|i: usize| if i / columns == i % columns { 1.0 } else { 0.0 }).collect()
//!     }
//! }
//!
//! /// Mean ln cosh(a − y).
//! #[track_caller]
//! fn log_cosh<'t>(a: Var<'t>, y: Var<'t>) -> Var<'t> {
//!     if a.shape() != y.shape() {
//!         Mistake::new("log_cosh: the shapes differ").line("a", a.describe()).line("y", y.describe()).raise();
//!     }
//!     (a - y).log_cosh().mean()
//! }
//!
//! let mut params = Params::f64();
//! let layer = Linear::with_init(&mut params.scope("layer"), 2, 2, Identity, Init::Zeros);
//! let tape = Tape::with(&params);
//! let x = tape.constant([[3.0, -1.0]]);
//! assert_eq!(log_cosh(layer.forward(x), x).item(), 0.0);
//! ```

mod activation;
pub mod attention;
mod batch_norm;
mod bilinear;
mod conv;
pub mod distributions;
mod dropout;
pub mod embedding;
mod init;
mod linear;
pub mod loss;
mod mlp;
mod mode;
mod norm;
pub mod normalize;
mod pool;
mod recurrent;
pub mod sequence;
mod sequential;
mod summary;
pub mod teaching;
mod transformer;
mod weights;

pub use activation::{Activation, OwnActivation, UnknownActivation};
pub use batch_norm::{BatchNorm, GroupNorm};
pub use bilinear::Bilinear;
pub use conv::{
    Conv, Conv1d, Conv2d, Conv3d, ConvTranspose, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d,
};
pub use dropout::{AlphaDropout, Dropout};
pub use embedding::{Embedding, EmbeddingBag, Positions};
pub use init::{Fan, Init, Scaled};
pub use linear::{Bias, Linear, NoBias};
pub use mlp::Mlp;
pub use mode::Mode;
pub use norm::{LayerNorm, RmsNorm};
pub use pool::{GlobalPool, Pool, Pool1d, Pool2d, Pool3d};
pub use recurrent::{GruCell, LstmCell};
pub use sequence::{Gru, Lstm, Rnn, RnnCell};
pub use sequential::{Sequential, flatten};
pub use summary::summary;
pub use transformer::{
    Decoder, DecoderCache, DecoderLayer, Encoder, EncoderLayer, FeedForward, TransformerBlock,
    TransformerForm,
};
pub use weights::{SpectralNorm, WeightNorm};

/// The perceptron, which has moved.
#[deprecated(note = "it is `nn::teaching::Perceptron` now")]
pub type Perceptron = teaching::Perceptron;

/// The 3-1-1 network, which has moved.
#[deprecated(note = "it is `nn::teaching::ThreeOneOne` now")]
pub type ThreeOneOne = teaching::ThreeOneOne;
