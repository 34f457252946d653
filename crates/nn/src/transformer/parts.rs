//! What encoder and decoder layers of transformers are made of.

use crate::attention::{Mask, MultiHeadAttention};
use crate::{Activation, Dropout, LayerNorm, Linear, Mode};
use autograd::{Scope, Var};

/// The sizes and choices of encoder and decoder layers.
///
/// ```
/// use nn::{Activation, TransformerForm};
/// // As in the paper, but for the order of newer models and another activation.
/// let form = TransformerForm { norm_first: true, activation: Activation::Gelu, ..TransformerForm::new(512, 8) };
/// assert_eq!((form.hidden, form.dropout), (2048, 0.1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransformerForm {
    /// The width of the rows.
    pub width: usize,
    /// The number of heads of each attention.
    pub heads: usize,
    /// The width between the two linear layers.
    pub hidden: usize,
    /// The function between the two linear layers.
    pub activation: Activation,
    /// Whether each part normalises what goes in, x + f(norm(x)), or what comes out, norm(x + f(x)).
    pub norm_first: bool,
    /// The share of elements that training drops: of the attention's weights, behind the activation, and of the result of each part.
    pub dropout: f64,
    /// ε of the normalisations.
    pub epsilon: f64,
}

impl TransformerForm {
    /// As in the paper: a hidden width of 4·`width`, relu, normalisation of what comes out, dropout 0.1; ε = 10⁻⁵. Source: Vaswani et
    /// al., *Attention Is All You Need*, 2017, sections 3 and 5.4.
    pub fn new(width: usize, heads: usize) -> TransformerForm {
        let (activation, hidden) = (Activation::Relu, 4 * width);
        TransformerForm { width, heads, hidden, activation, norm_first: false, dropout: 0.1, epsilon: 1e-5 }
    }

    #[track_caller]
    pub(super) fn norm(&self, scope: &mut Scope<'_>, name: &str) -> LayerNorm {
        LayerNorm { epsilon: self.epsilon, ..LayerNorm::new(&mut scope.scope(name), self.width) }
    }

    #[track_caller]
    pub(super) fn attention(&self, scope: &mut Scope<'_>, name: &str) -> MultiHeadAttention {
        Dropout::new(self.dropout);
        MultiHeadAttention::new(&mut scope.scope(name), self.width, self.heads)
    }

    #[track_caller]
    pub(super) fn drop<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        Dropout { rate: self.dropout }.forward(x, mode)
    }

    /// What a part is given: norm(x), or x. (Closures would hide the line that calls a layer.)
    #[track_caller]
    pub(super) fn before<'t>(&self, norm: LayerNorm, x: Var<'t>) -> Var<'t> {
        if self.norm_first { norm.forward(x) } else { x }
    }

    /// x + y for the result y of a part, or norm(x + y).
    #[track_caller]
    pub(super) fn after<'t>(&self, norm: LayerNorm, x: Var<'t>, y: Var<'t>) -> Var<'t> {
        if self.norm_first { x + y } else { norm.forward(x + y) }
    }

    /// Rows that attend to others, or to themselves.
    #[track_caller]
    pub(super) fn attended<'t>(
        &self,
        layer: MultiHeadAttention,
        q: Var<'t>,
        others: Var<'t>,
        mask: Mask<'t>,
        mode: &Mode<'t>,
    ) -> Var<'t> {
        let dropout = Dropout { rate: self.dropout };
        let y = layer.forward_dropped(q, others, others, mask, dropout, mode.fold_in(0));
        self.drop(y, mode.fold_in(1))
    }
}

/// The normalisation at the end of a stack, if there is one.
#[track_caller]
pub(super) fn at_the_end(norm: Option<LayerNorm>, x: Var<'_>) -> Var<'_> {
    match norm {
        Some(norm) => norm.forward(x),
        None => x,
    }
}

/// The two linear layers at the end of a transformer's layer, W₂·f(W₁·x), for each row by itself.
#[derive(Clone, Copy, Debug)]
pub struct FeedForward {
    /// W₁ to the hidden width, named `up` in the scope.
    pub up: Linear,
    /// W₂ back, named `down`.
    pub down: Linear,
}

impl FeedForward {
    #[track_caller]
    pub(super) fn new(scope: &mut Scope<'_>, form: &TransformerForm) -> FeedForward {
        let up = Linear::new(&mut scope.scope("up"), form.width, form.hidden);
        FeedForward { up, down: Linear::new(&mut scope.scope("down"), form.hidden, form.width) }
    }

    #[track_caller]
    pub(super) fn forward<'t>(&self, x: Var<'t>, form: &TransformerForm, mode: &Mode<'t>) -> Var<'t> {
        let hidden = form.activation.apply(self.up.forward(x));
        form.drop(self.down.forward(form.drop(hidden, mode.fold_in(0))), mode.fold_in(1))
    }
}
