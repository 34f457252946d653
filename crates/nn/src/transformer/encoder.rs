//! The encoder of a transformer.

use super::parts::{FeedForward, TransformerForm, at_the_end};
use crate::attention::{Cache, Mask, MultiHeadAttention};
use crate::{LayerNorm, Mode};
use autograd::{Scope, Var};

/// An encoder layer of a transformer: attention of a sequence to itself, then two linear layers, each with a residual and a normalisation.
///
/// x and y are \[…, length, width\]. With a causal mask it is the layer of a language model. Source: Vaswani et al., *Attention Is All
/// You Need*, 2017, section 3.1; for the order, Xiong et al., *On Layer Normalization in the Transformer Architecture*, 2020.
///
/// ```
/// use autograd::{Key, Params, Tape};
/// use nn::{EncoderLayer, Mode, TransformerForm, attention::Mask};
/// let mut params = Params::f64().with_seed(1);
/// let layer = EncoderLayer::new(&mut params.scope("layer"), TransformerForm::new(4, 2));
/// let tape = Tape::with(&params);
/// let x = tape.var([[0.5, -1.0, 0.25, 2.0], [1.0, 0.0, -0.5, 0.125], [-1.5, 1.0, 0.75, -0.25]]);
/// let train = Mode::Train(tape.constant(Key::new(1)));
/// assert_eq!(layer.forward(x, Mask::All, train).shape(), x.shape());
/// // One row after the other, with what the rows before it left.
/// let whole = layer.forward(x, Mask::Causal, Mode::Eval);
/// let (first, cache) = layer.next(x.slice(0, 0..1), None);
/// let (rest, _) = layer.next(x.slice(0, 1..3), Some(cache));
/// assert!((autograd::Var::concat(&[first, rest], 0) - whole).abs().max().item() < 1e-14);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EncoderLayer {
    /// The attention, named `attention` in the scope.
    pub attention: MultiHeadAttention,
    /// The normalisation of the attention, named `norm1`.
    pub norm1: LayerNorm,
    /// The linear layers, named `up` and `down`.
    pub feed_forward: FeedForward,
    /// The normalisation of the linear layers, named `norm2`.
    pub norm2: LayerNorm,
    /// Its choices.
    pub form: TransformerForm,
}

impl EncoderLayer {
    /// A layer with Xavier-normal weights and zero biases.
    ///
    /// # Panics
    /// If the width is no multiple of the number of heads, or the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, form: TransformerForm) -> EncoderLayer {
        EncoderLayer {
            attention: form.attention(scope, "attention"),
            norm1: form.norm(scope, "norm1"),
            feed_forward: FeedForward::new(scope, &form),
            norm2: form.norm(scope, "norm2"),
            form,
        }
    }

    /// The encoded rows.
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, mask: Mask<'t>, mode: Mode<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.norm1.weight, self.norm2.weight]);
        let form = &self.form;
        let own = form.before(self.norm1, x);
        let h = form.after(self.norm1, x, form.attended(self.attention, own, own, mask, &mode.fold_in(0)));
        let inner = form.before(self.norm2, h);
        form.after(self.norm2, h, self.feed_forward.forward(inner, form, &mode.fold_in(1)))
    }

    /// The next rows of a sequence, each of which attends to those before it, in evaluation: see [`MultiHeadAttention::next`].
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn next<'t>(&self, x: Var<'t>, cache: Option<Cache<'t>>) -> (Var<'t>, Cache<'t>) {
        let _layer = x.tape().within([self.norm1.weight, self.norm2.weight]);
        let form = &self.form;
        let (y, cache) = self.attention.next(form.before(self.norm1, x), cache);
        let h = form.after(self.norm1, x, y);
        let inner = form.before(self.norm2, h);
        (form.after(self.norm2, h, self.feed_forward.forward(inner, form, &Mode::Eval)), cache)
    }
}

/// Encoder layers on each other, with a normalisation at the end where the layers [normalise first](TransformerForm::norm_first).
///
/// ```
/// use autograd::{DType, Params, Tape};
/// use nn::{Encoder, Mode, TransformerForm, attention::Mask};
/// let mut params = Params::f64().with_seed(1);
/// let form = TransformerForm { norm_first: true, ..TransformerForm::new(8, 2) };
/// let encoder = Encoder::new(&mut params.scope("encoder"), 3, form);
/// let tape = Tape::with(&params);
/// let (x, words) = (tape.full(0.5, [2, 5, 8], DType::F64), tape.constant([[3i64, 4, 0, 0, 0], [7, 1, 2, 9, 0]]));
/// let y = encoder.forward(x, Mask::All.with_keys(words.ne(0.0)), Mode::Eval);
/// assert_eq!(y.shape()[..], [2, 5, 8]);
/// assert_eq!(params.name(encoder.layers[2].norm1.weight), "encoder.2.norm1.weight");
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    /// The layers. Layer k is named `k` in the scope.
    pub layers: Vec<EncoderLayer>,
    /// The normalisation at the end, named `norm`.
    pub norm: Option<LayerNorm>,
}

impl Encoder {
    /// So many layers of a form.
    ///
    /// # Panics
    /// As [`EncoderLayer::new`].
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, layers: usize, form: TransformerForm) -> Encoder {
        let mut all = Vec::with_capacity(layers);
        for k in 0..layers {
            all.push(EncoderLayer::new(&mut scope.scope(&k.to_string()), form));
        }
        let norm = if form.norm_first { Some(form.norm(scope, "norm")) } else { None };
        Encoder { layers: all, norm }
    }

    /// The encoded rows.
    ///
    /// # Panics
    /// As [`EncoderLayer::forward`].
    #[track_caller]
    pub fn forward<'t>(&self, mut x: Var<'t>, mask: Mask<'t>, mode: Mode<'t>) -> Var<'t> {
        for (k, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, mask, mode.fold_in(k as u64));
        }
        at_the_end(self.norm, x)
    }

    /// The next rows of a sequence, in evaluation, with a cache for each layer: none at the beginning.
    ///
    /// # Panics
    /// As [`EncoderLayer::next`].
    #[track_caller]
    pub fn next<'t>(&self, mut x: Var<'t>, cache: Option<Vec<Cache<'t>>>) -> (Var<'t>, Vec<Cache<'t>>) {
        let mut all = Vec::with_capacity(self.layers.len());
        for (k, layer) in self.layers.iter().enumerate() {
            let (y, next) = layer.next(x, cache.as_ref().map(|cache| cache[k]));
            x = y;
            all.push(next);
        }
        (at_the_end(self.norm, x), all)
    }
}
