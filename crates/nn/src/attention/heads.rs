//! Attention of several heads.

use super::{Mask, dropped_dot_product, scaled_dot_product_with};
use crate::normalize::equal_parts;
use crate::{Dropout, Linear, Mode};
use autograd::{Mistake, Scope, Var};

/// Attention of several heads: q, k and v are split into heads of equal width, whose results stand side by side. It also gives the
/// weights of the heads, \[…, heads, m, n\].
///
/// q is \[…, m, width\], k \[…, n, width\], v \[…, n, values\], and the result is \[…, m, values\]. A mask is broadcast to \[…, heads, m, n\].
/// Source: Vaswani et al., *Attention Is All You Need*, 2017, section 3.2.2.
///
/// # Panics
/// If shapes do not fit, or a width is no multiple of the number of heads.
///
/// ```
/// use nn::attention::{Mask, multi_head};
/// let tape = autograd::Tape::new();
/// let (q, k) = (tape.constant([[0.0, 0.0]]), tape.constant([[1.0, 2.0], [2.0, 1.0]]));
/// let v = tape.constant([[10.0, 1.0], [20.0, 3.0]]);
/// let (y, weights) = multi_head(q, k, v, 2, Mask::All);
/// assert_eq!((y.to_vec::<f64>(), weights.shape()[..].to_vec()), (vec![15.0, 2.0], vec![2, 1, 2]));
/// ```
#[track_caller]
pub fn multi_head<'t>(
    q: Var<'t>,
    k: Var<'t>,
    v: Var<'t>,
    heads: usize,
    mask: Mask<'t>,
) -> (Var<'t>, Var<'t>) {
    let mut weights = q;
    // No closure, which would hide the line that calls the layer.
    let (q, k, v) = (split(q, heads), split(k, heads), split(v, heads));
    let y = scaled_dot_product_with(q, k, v, mask, |of| {
        weights = of;
        of
    });
    (joined(y), weights)
}

/// \[…, heads, length, width/heads\].
#[track_caller]
fn split(rows: Var<'_>, heads: usize) -> Var<'_> {
    let shape = rows.shape();
    match &shape[..] {
        [lead @ .., length, width] if heads > 0 && width.is_multiple_of(heads) => {
            let apart = [lead, &[*length, heads, width / heads]].concat();
            rows.reshape(&apart[..]).move_axis(-3, -2)
        }
        _ => Mistake::new(format!("multi_head: {heads} heads of {shape}"))
            .line("rows", rows.describe())
            .rule("rows are […, length, width], and the width is a multiple of the number of heads")
            .raise(),
    }
}

/// \[…, length, heads·width\].
fn joined(y: Var<'_>) -> Var<'_> {
    let y = y.move_axis(-3, -2);
    let shape = y.shape();
    let (lead, last) = shape.split_at(shape.len() - 2);
    y.reshape(&[lead, &[last[0] * last[1]]].concat()[..])
}

/// Multi-head attention of rows to other rows: four linear layers around [`multi_head`].
///
/// Queries are \[…, m, width\], keys and values \[…, n, width\], and so is the result \[…, m, width\]. [`SelfAttention`](super::SelfAttention) is the case that all
/// are the same rows, with one product for the three maps.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::attention::{Cache, Mask, MultiHeadAttention};
/// let mut params = Params::f64().with_seed(1);
/// let layer = MultiHeadAttention::new(&mut params.scope("attention"), 4, 2);
/// let tape = Tape::with(&params);
/// let x = tape.var([[0.5, -1.0, 0.25, 2.0], [1.0, 0.0, -0.5, 0.125], [-1.5, 1.0, 0.75, -0.25]]);
/// let whole = layer.forward(x, x, x, Mask::Causal);
/// // One row after the other, with what the rows before it left.
/// let mut cache = None;
/// for i in 0..3 {
///     let (y, next) = layer.next(x.slice(0, i..i + 1), cache);
///     assert!((y - whole.slice(0, i..i + 1)).abs().max().item() < 1e-14);
///     cache = Some(next);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MultiHeadAttention {
    /// The map of queries, named `query` in its scope.
    pub query: Linear,
    /// The map of keys, named `key`.
    pub key: Linear,
    /// The map of values, named `value`.
    pub value: Linear,
    /// The map from the heads to the result, named `output`.
    pub output: Linear,
    /// The number of heads.
    pub heads: usize,
}

/// The keys and values of earlier rows, \[…, n, width\] each.
#[derive(Clone, Copy, Debug)]
pub struct Cache<'t> {
    /// The keys.
    pub keys: Var<'t>,
    /// The values.
    pub values: Var<'t>,
}

impl MultiHeadAttention {
    /// Attention of rows of `width` columns, with Xavier-normal weights and zero biases.
    ///
    /// # Panics
    /// If `width` is no multiple of `heads`, or the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, width: usize, heads: usize) -> MultiHeadAttention {
        if heads == 0 || !width.is_multiple_of(heads) {
            Mistake::new(format!("MultiHeadAttention: {heads} heads of {width} columns"))
                .rule("the width is a multiple of the number of heads")
                .hint(format!("such as {} heads", equal_parts(width, heads)))
                .raise();
        }
        let query = Linear::new(&mut scope.scope("query"), width, width);
        let key = Linear::new(&mut scope.scope("key"), width, width);
        let value = Linear::new(&mut scope.scope("value"), width, width);
        let output = Linear::new(&mut scope.scope("output"), width, width);
        MultiHeadAttention { query, key, value, output, heads }
    }

    /// The attended rows.
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, q: Var<'t>, k: Var<'t>, v: Var<'t>, mask: Mask<'t>) -> Var<'t> {
        self.forward_dropped(q, k, v, mask, Dropout { rate: 0.0 }, Mode::Eval)
    }

    /// As [`forward`](MultiHeadAttention::forward), with dropout of the weights: see [`dropped_dot_product`].
    ///
    /// # Panics
    /// If shapes do not fit, a tensor is on a tape that does not read the parameters, or the rate is not in 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn forward_dropped<'t>(
        &self,
        q: Var<'t>,
        k: Var<'t>,
        v: Var<'t>,
        mask: Mask<'t>,
        dropout: Dropout,
        mode: Mode<'t>,
    ) -> Var<'t> {
        let _layer = q.tape().within([self.query.weight, self.output.weight]);
        let kept = Cache { keys: self.key.forward(k), values: self.value.forward(v) };
        self.of(q, kept, mask, dropout, mode)
    }

    /// As [`forward`](MultiHeadAttention::forward), with a function of the weights of \[…, heads, m, n\], which are stored.
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward_with<'t>(
        &self,
        q: Var<'t>,
        k: Var<'t>,
        v: Var<'t>,
        mask: Mask<'t>,
        f: impl FnOnce(Var<'t>) -> Var<'t>,
    ) -> Var<'t> {
        let _layer = q.tape().within([self.query.weight, self.output.weight]);
        let (q, k, v) = (self.query.forward(q), self.key.forward(k), self.value.forward(v));
        let (q, k, v) = (split(q, self.heads), split(k, self.heads), split(v, self.heads));
        self.output.forward(joined(scaled_dot_product_with(q, k, v, mask, f)))
    }

    /// Keys and values of rows that are attended to again and again, such as those of an encoder: for
    /// [`attend`](MultiHeadAttention::attend).
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn remember<'t>(&self, rows: Var<'t>) -> Cache<'t> {
        let _layer = rows.tape().within([self.query.weight, self.output.weight]);
        Cache { keys: self.key.forward(rows), values: self.value.forward(rows) }
    }

    /// The attended rows for keys and values that are known.
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn attend<'t>(&self, q: Var<'t>, cache: Cache<'t>, mask: Mask<'t>) -> Var<'t> {
        let _layer = q.tape().within([self.query.weight, self.output.weight]);
        self.of(q, cache, mask, Dropout { rate: 0.0 }, Mode::Eval)
    }

    #[track_caller]
    fn of<'t>(
        &self,
        q: Var<'t>,
        Cache { keys, values }: Cache<'t>,
        mask: Mask<'t>,
        dropout: Dropout,
        mode: Mode<'t>,
    ) -> Var<'t> {
        let q = self.query.forward(q);
        let (q, k, v) = (split(q, self.heads), split(keys, self.heads), split(values, self.heads));
        self.output.forward(joined(dropped_dot_product(q, k, v, mask, dropout, mode)))
    }

    /// The attended rows for the next rows of a sequence: x attends to the rows before it, whose keys and values are kept, and each
    /// of its rows to those of x up to itself. The second result is the cache for the rows after it.
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn next<'t>(&self, x: Var<'t>, cache: Option<Cache<'t>>) -> (Var<'t>, Cache<'t>) {
        let mut all = self.remember(x);
        if let Some(before) = cache {
            all.keys = Var::concat(&[before.keys, all.keys], -2);
            all.values = Var::concat(&[before.values, all.values], -2);
        }
        let [rows, keys] = [x, all.keys].map(|of| of.shape()[of.rank() - 2]);
        let mask = Mask::Where(x.tape().lower_triangle(rows, keys, (keys - rows) as isize));
        (self.attend(x, all, mask), all)
    }
}
