//! Transformers: a block of language models, and the encoder and decoder of the paper.

mod decoder;
mod encoder;
mod parts;

pub use decoder::{Decoder, DecoderCache, DecoderLayer};
pub use encoder::{Encoder, EncoderLayer};
pub use parts::{FeedForward, TransformerForm};

use crate::attention::{Mask, SelfAttention};
use crate::{Activation, LayerNorm, Mlp};
use autograd::{Scope, Var};

/// A transformer block that normalises first: h = x + attention(norm₁(x)), y = h + W₂·gelu(W₁·norm₂(h)).
///
/// x and y are \[…, length, width\]. The formula leaves out the biases. Sources: Vaswani et al. 2017, section 3; for the order,
/// Radford et al., *Language Models are Unsupervised Multitask Learners*, 2019, section 2.3.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::{TransformerBlock, attention::Mask};
/// let mut params = Params::f64().with_seed(1);
/// let block = TransformerBlock::new(&mut params.scope("block"), 8, 2);
/// let tape = Tape::with(&params);
/// let x = tape.full(0.5, [2, 5, 8], autograd::DType::F64);
/// assert_eq!(block.forward(x, Mask::Causal).shape()[..], [2, 5, 8]);
/// assert_eq!(params.elements(), 2 * 16 + (8 * 24 + 24) + (8 * 8 + 8) + (8 * 32 + 32) + (32 * 8 + 8));
/// ```
#[derive(Clone, Debug)]
pub struct TransformerBlock {
    /// Before the attention, named `norm1` in the scope.
    pub norm1: LayerNorm,
    /// The attention, named `attention`.
    pub attention: SelfAttention,
    /// Before the two linear layers, named `norm2`.
    pub norm2: LayerNorm,
    /// W₁ to the hidden width, the activation, and W₂ back, named `mlp`.
    pub mlp: Mlp,
}

impl TransformerBlock {
    /// A block for rows of `width` columns with a hidden width of 4·`width` and [`Activation::GeluTanh`]; weights
    /// Xavier-normal, biases zero. For other sizes or activations, build the block from its public fields.
    ///
    /// # Panics
    /// If `width` is no multiple of `heads`, or the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, width: usize, heads: usize) -> TransformerBlock {
        let sizes = [width, 4 * width, width];
        TransformerBlock {
            norm1: LayerNorm::new(&mut scope.scope("norm1"), width),
            attention: SelfAttention::new(&mut scope.scope("attention"), width, heads),
            norm2: LayerNorm::new(&mut scope.scope("norm2"), width),
            mlp: Mlp::new(&mut scope.scope("mlp"), &sizes, Activation::GeluTanh),
        }
    }

    /// The output for x of \[…, length, width\], of the same shape.
    ///
    /// # Panics
    /// If x has another shape or dtype, or is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, mask: Mask<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.norm1.weight, self.norm2.weight]);
        let h = x + self.attention.forward(self.norm1.forward(x), mask);
        h + self.mlp.forward(self.norm2.forward(h))
    }
}
