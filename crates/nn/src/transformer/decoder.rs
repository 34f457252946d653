//! The decoder of a transformer.

use super::parts::{FeedForward, TransformerForm, at_the_end};
use crate::attention::{Cache, Mask, MultiHeadAttention};
use crate::{LayerNorm, Mode};
use autograd::{Scope, Var};

/// A decoder layer of a transformer: attention of a sequence to itself, attention to the memory that an encoder has left, then two linear
/// layers, each with a residual and a normalisation.
///
/// x and y are \[…, length, width\], the memory is \[…, places, width\]. Source: Vaswani et al., *Attention Is All You Need*, 2017, section
/// 3.1.
///
/// ```
/// use autograd::{Params, Tape, Var};
/// use nn::{DecoderLayer, Mode, TransformerForm, attention::Mask};
/// let mut params = Params::f64().with_seed(1);
/// let layer = DecoderLayer::new(&mut params.scope("layer"), TransformerForm::new(4, 2));
/// let tape = Tape::with(&params);
/// let x = tape.var([[0.5, -1.0, 0.25, 2.0], [1.0, 0.0, -0.5, 0.125], [-1.5, 1.0, 0.75, -0.25]]);
/// let memory = tape.var([[0.5, 0.25, -1.0, 0.0], [1.0, -1.0, 0.5, 1.5]]);
/// let whole = layer.forward(x, memory, [Mask::Causal, Mask::All], Mode::Eval);
/// // One row after the other.
/// let mut cache = layer.start(memory);
/// for i in 0..3 {
///     let y = layer.next(x.slice(0, i..i + 1), &mut cache, Mask::All);
///     assert!((y - whole.slice(0, i..i + 1)).abs().max().item() < 1e-14);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DecoderLayer {
    /// The attention to itself, named `attention` in the scope.
    pub attention: MultiHeadAttention,
    /// The normalisation of the attention to itself, named `norm1`.
    pub norm1: LayerNorm,
    /// The attention to the memory, named `cross`.
    pub cross: MultiHeadAttention,
    /// The normalisation of the attention to the memory, named `norm2`.
    pub norm2: LayerNorm,
    /// The linear layers, named `up` and `down`.
    pub feed_forward: FeedForward,
    /// The normalisation of the linear layers, named `norm3`.
    pub norm3: LayerNorm,
    /// Its choices.
    pub form: TransformerForm,
}

/// What a [`DecoderLayer`] keeps from row to row.
#[derive(Clone, Copy, Debug)]
pub struct DecoderCache<'t> {
    /// Keys and values of the rows so far.
    pub own: Option<Cache<'t>>,
    /// Those of the memory.
    pub memory: Cache<'t>,
}

impl DecoderLayer {
    /// A layer with Xavier-normal weights and zero biases.
    ///
    /// # Panics
    /// If the width is no multiple of the number of heads, or the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, form: TransformerForm) -> DecoderLayer {
        DecoderLayer {
            attention: form.attention(scope, "attention"),
            norm1: form.norm(scope, "norm1"),
            cross: form.attention(scope, "cross"),
            norm2: form.norm(scope, "norm2"),
            feed_forward: FeedForward::new(scope, &form),
            norm3: form.norm(scope, "norm3"),
            form,
        }
    }

    /// The decoded rows. The first mask is that of the sequence, usually [`Mask::Causal`], the second that of the memory.
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(
        &self,
        x: Var<'t>,
        memory: Var<'t>,
        [mask, of_memory]: [Mask<'t>; 2],
        mode: Mode<'t>,
    ) -> Var<'t> {
        let _layer = x.tape().within([self.norm1.weight, self.norm2.weight]);
        let form = &self.form;
        let own = form.before(self.norm1, x);
        let h = form.after(self.norm1, x, form.attended(self.attention, own, own, mask, &mode.fold_in(0)));
        let q = form.before(self.norm2, h);
        let h = form.after(self.norm2, h, form.attended(self.cross, q, memory, of_memory, &mode.fold_in(1)));
        let inner = form.before(self.norm3, h);
        form.after(self.norm3, h, self.feed_forward.forward(inner, form, &mode.fold_in(2)))
    }

    /// The cache before the first row: keys and values of the memory.
    ///
    /// # Panics
    /// If shapes do not fit, or the memory is on a tape that does not read the parameters.
    #[track_caller]
    pub fn start<'t>(&self, memory: Var<'t>) -> DecoderCache<'t> {
        DecoderCache { own: None, memory: self.cross.remember(memory) }
    }

    /// The next rows of a sequence, each of which attends to those before it, in evaluation. The mask is that of the memory.
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn next<'t>(&self, x: Var<'t>, cache: &mut DecoderCache<'t>, mask: Mask<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.norm1.weight, self.norm2.weight]);
        let form = &self.form;
        let (y, own) = self.attention.next(form.before(self.norm1, x), cache.own);
        cache.own = Some(own);
        let h = form.after(self.norm1, x, y);
        let q = form.before(self.norm2, h);
        let h = form.after(self.norm2, h, self.cross.attend(q, cache.memory, mask));
        let inner = form.before(self.norm3, h);
        form.after(self.norm3, h, self.feed_forward.forward(inner, form, &Mode::Eval))
    }
}

/// Decoder layers on each other, with a normalisation at the end where the layers [normalise first](TransformerForm::norm_first).
///
/// ```
/// use autograd::{DType, Params, Tape};
/// use nn::{Decoder, Encoder, Mode, TransformerForm, attention::Mask};
/// let mut params = Params::f64().with_seed(1);
/// let form = TransformerForm::new(8, 2);
/// let encoder = Encoder::new(&mut params.scope("encoder"), 2, form);
/// let decoder = Decoder::new(&mut params.scope("decoder"), 2, form);
/// let tape = Tape::with(&params);
/// let (from, to) = (tape.full(0.5, [3, 7, 8], DType::F64), tape.full(0.25, [3, 5, 8], DType::F64));
/// let memory = encoder.forward(from, Mask::All, Mode::Eval);
/// let y = decoder.forward(to, memory, [Mask::Causal, Mask::All], Mode::Eval);
/// assert_eq!(y.shape()[..], [3, 5, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    /// The layers. Layer k is named `k` in the scope.
    pub layers: Vec<DecoderLayer>,
    /// The normalisation at the end, named `norm`.
    pub norm: Option<LayerNorm>,
}

impl Decoder {
    /// So many layers of a form.
    ///
    /// # Panics
    /// As [`DecoderLayer::new`].
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, layers: usize, form: TransformerForm) -> Decoder {
        let mut all = Vec::with_capacity(layers);
        for k in 0..layers {
            all.push(DecoderLayer::new(&mut scope.scope(&k.to_string()), form));
        }
        let norm = if form.norm_first { Some(form.norm(scope, "norm")) } else { None };
        Decoder { layers: all, norm }
    }

    /// The decoded rows.
    ///
    /// # Panics
    /// As [`DecoderLayer::forward`].
    #[track_caller]
    pub fn forward<'t>(
        &self,
        mut x: Var<'t>,
        memory: Var<'t>,
        masks: [Mask<'t>; 2],
        mode: Mode<'t>,
    ) -> Var<'t> {
        for (k, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, memory, masks, mode.fold_in(k as u64));
        }
        at_the_end(self.norm, x)
    }

    /// The caches before the first row, one for each layer.
    ///
    /// # Panics
    /// As [`DecoderLayer::start`].
    #[track_caller]
    pub fn start<'t>(&self, memory: Var<'t>) -> Vec<DecoderCache<'t>> {
        let mut all = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            all.push(layer.start(memory));
        }
        all
    }

    /// The next rows of a sequence, in evaluation.
    ///
    /// # Panics
    /// As [`DecoderLayer::next`].
    #[track_caller]
    pub fn next<'t>(&self, mut x: Var<'t>, caches: &mut [DecoderCache<'t>], mask: Mask<'t>) -> Var<'t> {
        for (layer, cache) in self.layers.iter().zip(caches) {
            x = layer.next(x, cache, mask);
        }
        at_the_end(self.norm, x)
    }
}
