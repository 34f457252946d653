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
