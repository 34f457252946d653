//! Attention: averages of value rows, weighted by how well their keys match a query.

mod heads;

pub use heads::{Cache, MultiHeadAttention, multi_head};

use crate::normalize::equal_parts;
use crate::{Dropout, Linear, Mode};
use autograd::{AttentionForm, DType, Mistake, Scope, Var};

/// Which keys a query attends to.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Mask<'t> {
    /// All of them.
    All,
    /// Query i attends to the keys 0 to i, so that no row depends on later rows.
    Causal,
    /// The keys where a `Bool` mask is true. It is broadcast to \[…, queries, keys\].
    Where(Var<'t>),
    /// All of them, with numbers added to the scores before the softmax, such as a bias by distance. They are broadcast to
    /// \[…, queries, keys\]. −∞ leaves a key out.
    Bias(Var<'t>),
    /// Several of these at once: a key is attended to where each of them allows it.
    Several {
        /// As [`Causal`](Mask::Causal).
        causal: bool,
        /// As [`Where`](Mask::Where).
        mask: Option<Var<'t>>,
        /// As [`Bias`](Mask::Bias).
        bias: Option<Var<'t>>,
    },
}

impl<'t> Mask<'t> {
    /// This mask, limited to the keys where a `Bool` mask of \[…, keys\] is true: in a batch of sequences, those that are no padding.
    /// The heads share it.
    ///
    /// # Panics
    /// If the mask is not `Bool`, or shapes do not fit.
    ///
    /// ```
    /// use nn::attention::{Mask, scaled_dot_product};
    /// let tape = autograd::Tape::new();
    /// let [q, v] = [[0.0, 0.0], [10.0, 20.0]].map(|all| tape.constant(all).reshape([1, 1, 2, 1]));
    /// let first = tape.constant([[true, false]]);
    /// let y = scaled_dot_product(q, q, v, Mask::Causal.with_keys(first));
    /// assert_eq!(y.to_vec::<f64>(), [10.0, 10.0]);
    /// ```
    #[track_caller]
    pub fn with_keys(self, keys: Var<'t>) -> Mask<'t> {
        if keys.rank() == 0 || keys.dtype() != DType::Bool {
            Mask::of_keys(keys);
        }
        // [n, heads, queries, keys].
        let keys = keys.unsqueeze(-2).unsqueeze(-2);
        let Parts { causal, mask, bias } = self.parts();
        Mask::Several { causal, mask: Some(mask.map_or(keys, |mask| both(keys, mask))), bias }
    }

    fn parts(self) -> Parts<'t> {
        let none = Parts { causal: false, mask: None, bias: None };
        match self {
            Mask::All => none,
            Mask::Causal => Parts { causal: true, ..none },
            Mask::Where(mask) => Parts { mask: Some(mask), ..none },
            Mask::Bias(bias) => Parts { bias: Some(bias), ..none },
            Mask::Several { causal, mask, bias } => Parts { causal, mask, bias },
        }
    }

    #[cold]
    #[track_caller]
    fn of_keys(keys: Var<'t>) -> ! {
        Mistake::new(format!("Mask: keys {} {}", keys.shape(), keys.dtype()))
            .line("keys", keys.describe())
            .rule("the mask of keys is Bool of […, keys], true where a key may be attended to")
            .hint("make one with a comparison such as `words.ne(padding)`")
            .raise()
    }
}

/// What a mask consists of.
struct Parts<'t> {
    causal: bool,
    mask: Option<Var<'t>>,
    bias: Option<Var<'t>>,
}

/// Where both are true.
#[track_caller]
fn both<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    a.select(b, b.full_like(0.0))
}

/// Scaled dot-product attention, softmax(q·kᵀ/√d)·v.
///
/// q is \[…, m, d\], k \[…, n, d\], v \[…, n, e\] and the result \[…, m, e\], all with the same leading axes. A query
/// that attends to no key gives zeros, and no derivative. The m·n weights of long sequences, from 2¹⁴ on, are not stored: see
/// [`Var::attention_with`]. Source: Vaswani et al., *Attention Is All You Need*, 2017, equation 1.
///
/// # Panics
/// If shapes or dtypes do not fit.
///
/// ```
/// use nn::attention::{Mask, scaled_dot_product};
/// let tape = autograd::Tape::new();
/// let (q, k) = (tape.constant([[0.0], [0.0]]), tape.constant([[1.0], [2.0]]));
/// let v = tape.constant([[10.0], [20.0]]);
/// assert_eq!(scaled_dot_product(q, k, v, Mask::All).to_vec::<f64>(), [15.0, 15.0]);
/// assert_eq!(scaled_dot_product(q, k, v, Mask::Causal).to_vec::<f64>(), [10.0, 15.0]);
/// let padding = tape.constant([[true, true], [false, false]]);
/// assert_eq!(scaled_dot_product(q, k, v, Mask::Where(padding)).to_vec::<f64>(), [15.0, 0.0]);
/// ```
#[track_caller]
pub fn scaled_dot_product<'t>(q: Var<'t>, k: Var<'t>, v: Var<'t>, mask: Mask<'t>) -> Var<'t> {
    dropped_dot_product(q, k, v, mask, Dropout { rate: 0.0 }, Mode::Eval)
}

/// As [`scaled_dot_product`], with dropout of the weights: in training (softmax(q·kᵀ/√d)∘m/(1 − p))·v, with m as in [`Dropout`].
///
/// The numbers are those that [`Dropout::forward`] draws for the weights; those of long sequences are drawn again for the gradient, and
/// no mask of m·n is stored. Source: Vaswani et al., *Attention Is All You Need*, 2017, section 5.4.
///
/// # Panics
/// If shapes or dtypes do not fit; if the key is not `I64` of shape \[2\]; if the rate is not in 0 ≤ p ≤ 1.
///
/// ```
/// use autograd::{Key, Tape};
/// use nn::attention::{Mask, dropped_dot_product};
/// use nn::{Dropout, Mode};
/// let tape = Tape::new();
/// let [q, v] = [tape.constant([[0.0]; 200]), tape.constant([[1.0]; 200])];
/// let train = Mode::Train(tape.constant(Key::new(1)));
/// let y = dropped_dot_product(q, q, v, Mask::All, Dropout::new(0.5), train).to_vec::<f64>();
/// // The mean of 200 weights of which half are 2, and half are 0.
/// assert!(y.iter().all(|y| (y - 1.0).abs() < 0.5) && y[0] != y[1]);
/// ```
#[track_caller]
pub fn dropped_dot_product<'t>(
    q: Var<'t>,
    k: Var<'t>,
    v: Var<'t>,
    mask: Mask<'t>,
    dropout: Dropout,
    mode: Mode<'t>,
) -> Var<'t> {
    let (queries, keys) = (q.shape(), k.shape());
    let long = match (&queries[..], &keys[..]) {
        ([.., m, _], [.., n, _]) => m.saturating_mul(*n) >= LONG,
        _ => false,
    };
    if !long {
        return scaled_dot_product_with(q, k, v, mask, |weights| dropout.forward(weights, mode));
    }
    let dropout = match mode {
        Mode::Train(key) => Some((key, Dropout::new(dropout.rate).rate)),
        Mode::Eval => None,
    };
    let Parts { causal, mask, bias } = mask.parts();
    let q = q / (queries[queries.len() - 1] as f64).sqrt();
    q.attention_with(k, v, AttentionForm { causal, mask, bias, dropout })
}

/// From so many weights of a head on, attention is [one op](Var::attention), which does not store them and is as fast or faster.
/// Fewer are composed of products and a softmax, which a program fuses and a derivation shows.
const LONG: usize = 1 << 14;

/// As [`scaled_dot_product`], f(softmax(q·kᵀ/√d))·v with a function of the weights, such as
/// [`Dropout`](crate::Dropout::forward).
///
/// The weights are \[…, m, n\], a row for each query.
///
/// # Panics
/// If shapes or dtypes do not fit.
///
/// ```
/// use nn::attention::{Mask, scaled_dot_product_with};
/// let tape = autograd::Tape::new();
/// let (q, k) = (tape.constant([[0.0]]), tape.constant([[1.0], [2.0]]));
/// let v = tape.constant([[10.0], [20.0]]);
/// let y = scaled_dot_product_with(q, k, v, Mask::All, |weights| weights * tape.constant([2.0, 0.0]));
/// assert_eq!(y.item(), 10.0);
/// ```
#[track_caller]
pub fn scaled_dot_product_with<'t>(
    q: Var<'t>,
    k: Var<'t>,
    v: Var<'t>,
    mask: Mask<'t>,
    f: impl FnOnce(Var<'t>) -> Var<'t>,
) -> Var<'t> {
    let shape = q.shape();
    let &[.., queries, width] = &shape[..] else {
        Mistake::new(format!("scaled_dot_product: q is {shape}"))
            .line("q", q.describe())
            .rule("queries, keys and values are rows of matrices")
            .raise();
    };
    let scores = (q / (width as f64).sqrt()).matmul(k.t());
    f(weights(scores, queries, mask.parts())).matmul(v)
}

/// The softmax of scores, 0 where a key is not attended to.
#[track_caller]
fn weights<'t>(mut scores: Var<'t>, queries: usize, Parts { causal, mask, bias }: Parts<'t>) -> Var<'t> {
    let keys = scores.shape()[scores.rank() - 1];
    let before = causal.then(|| scores.tape().lower_triangle(queries, keys, 0));
    if let (Some(before), None, None) = (before, mask, bias) {
        // Each query attends to a key.
        return before.select(scores, f64::NEG_INFINITY).softmax(-1);
    }
    if let Some(mask) = mask {
        check_mask(mask, scores);
    }
    let open = bias.map(|bias| bias.ne(f64::NEG_INFINITY));
    if let (Some(bias), Some(open)) = (bias, open) {
        scores += open.select(bias, 0.0);
    }
    let Some(seen) = [before, mask, open].into_iter().flatten().reduce(both) else {
        return scores.softmax(-1);
    };
    // The lowest number, not -∞: of a row without a key softmax would make NaN. The second choice empties such a row.
    let lowest = if scores.dtype() == DType::F32 { f64::from(f32::MIN) } else { f64::MIN };
    seen.select(seen.select(scores, lowest).softmax(-1), 0.0)
}

/// Refuses a mask that is none, or of other lengths.
#[track_caller]
fn check_mask(mask: Var<'_>, scores: Var<'_>) {
    let (given, wanted) = (mask.shape(), scores.shape());
    let fits = |(a, b): (&usize, &usize)| *a == 1 || a == b;
    let all_fit = given.len() <= wanted.len() && given.iter().rev().zip(wanted.iter().rev()).all(fits);
    if mask.dtype() != DType::Bool || !all_fit {
        Mistake::new(format!("attention: mask {given} {} for scores {wanted}", mask.dtype()))
            .line("mask", mask.describe())
            .line("scores", scores.describe())
            .rule(
                "a mask is Bool, and is broadcast to […, queries, keys], with an axis of heads before these",
            )
            .hint("`mask.gt(0.0)` of numbers; for the keys of a batch, `Mask::All.with_keys(keys)`")
            .raise();
    }
}

/// Multi-head self-attention: every row of a sequence attends to the rows of the same sequence.
///
/// \[q k v\] = x·W + b. Each of q, k and v is split into heads of width/heads columns. The results of the heads stand side by
/// side and go through a second linear layer. x and the result are \[…, length, width\]. Source: Vaswani et al.,
/// *Attention Is All You Need*, 2017, section 3.2.2.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::attention::{Mask, SelfAttention};
/// let mut params = Params::f64().with_seed(1);
/// let layer = SelfAttention::new(&mut params.scope("attention"), 4, 2);
/// let tape = Tape::with(&params);
/// let x = tape.var([[0.5, -1.0, 0.25, 2.0], [1.0, 0.0, -0.5, 0.125], [-1.5, 1.0, 0.75, -0.25]]);
/// let y = layer.forward(x, Mask::Causal);
/// assert_eq!(y.shape(), x.shape());
/// let first = y.index(0, 0).sum().grad([x])[0].to_vec::<f64>();
/// assert!(first[..4].iter().all(|&g| g != 0.0) && first[4..].iter().all(|&g| g == 0.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SelfAttention {
    /// The layer that gives queries, keys and values side by side: \[width, 3·width\], named `qkv` in its scope.
    pub qkv: Linear,
    /// The layer from the heads to the result: \[width, width\], named `output` in its scope.
    pub output: Linear,
    /// The number of heads.
    pub heads: usize,
}

impl SelfAttention {
    /// Attention of rows of `width` columns, with Xavier-normal weights and zero biases.
    ///
    /// # Panics
    /// If `width` is no multiple of `heads`, or the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, width: usize, heads: usize) -> SelfAttention {
        if heads == 0 || !width.is_multiple_of(heads) {
            Mistake::new(format!("SelfAttention: {heads} heads of {width} columns"))
                .rule("the width is a multiple of the number of heads")
                .hint(format!("such as {} heads", equal_parts(width, heads)))
                .raise();
        }
        let qkv = Linear::new(&mut scope.scope("qkv"), width, 3 * width);
        let output = Linear::new(&mut scope.scope("output"), width, width);
        SelfAttention { qkv, output, heads }
    }

    /// The attended rows for x of \[…, length, width\], of the same shape.
    ///
    /// # Panics
    /// If x has another shape or dtype, or is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, mask: Mask<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.qkv.weight, self.output.weight]);
        let shape = x.shape();
        let [lead @ .., length, width] = &shape[..] else {
            Mistake::new(format!("SelfAttention: x is {shape}"))
                .line("x", x.describe())
                .rule("a sequence has two axes, length and width")
                .hint("`x.unsqueeze(0)` makes a sequence of one row")
                .raise();
        };
        let sequences = lead.iter().product();
        let split = [sequences, *length, 3, self.heads, width / self.heads];
        // [3, sequences, heads, length, columns]: queries, keys and values are views of one product.
        let qkv = self.qkv.forward(x).reshape(split).permute(&[2, 0, 3, 1, 4]);
        let [q, k, v] = [0, 1, 2].map(|i| qkv.index(0, i));
        let heads = scaled_dot_product(q, k, v, mask);
        self.output.forward(heads.permute(&[0, 2, 1, 3]).reshape(&shape))
    }
}
