//! What attention and its adjoints share: the shape rule, lengths, the weights, and the derivative of the adjoints.
//!
//! With the mask M of dropout, 0 or 1/(1 − p), and the bias B: S = Q·Kᵀ + B, P = softmax(S), Y = (P∘M)·V. A key is hidden by the mask,
//! by causality, or by a bias of −∞: its weight is 0, whatever the score is.
//!
//! The cotangents for G, with D = (G·Vᵀ)∘M and S̄ = P∘(D − c), c = Σ P∘D: Q̄ = S̄·K, K̄ = S̄ᵀ·Q, V̄ = (P∘M)ᵀ·G, and B̄ is S̄, summed
//! where B was broadcast.
//!
//! The derivative of these along H = (Hq, Hk, Hv, Hb) pairs with that of Y: ⟨H, (Q̄, K̄, V̄, B̄)⟩ = ⟨G, Ẏ⟩ =: φ for Ẏ = (Ṗ∘M)·V +
//! (P∘M)·Hv, Ṡ = Hq·Kᵀ + Q·Hkᵀ + Hb, Ṗ = P∘(Ṡ − r), r = Σ P∘Ṡ. The gradient of φ is both the pull-back of H and, because second
//! derivatives are symmetric, the derivative along H: with W = Ṡ∘(D − c) − r·D + (G·Hvᵀ)∘M and W̄ = P∘(W − Σ P∘W) it is W̄·K + S̄·Hk
//! for Q, W̄ᵀ·Q + S̄ᵀ·Hq for K, (Ṗ∘M)ᵀ·G for V, Ẏ for G, and W̄, summed, for B. These formulas store the weights: the memory is that
//! of m·n numbers.

use super::factors::doubles;
use super::prelude::*;
use super::softmax::sum_keeping;
use super::uniform::{keys_of, keys_of_dense, require_key};
use crate::ir::{Attending, Beside};
use crate::kernels::attention::{Dropped, Operands, Sizes};
use crate::key::Key;
use crate::math::exp;
use crate::number::Num;
use crate::philox::Unit;
use crate::view::View;

/// What [`Var::attention_with`] takes beside queries, keys and values; by default nothing.
///
/// ```
/// # use autograd::{AttentionForm, Key, Tape};
/// let tape = Tape::new();
/// let form = AttentionForm { dropout: Some((tape.constant(Key::new(1)), 0.1)), ..AttentionForm::default() };
/// assert!(!form.causal && form.bias.is_none());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AttentionForm<'t> {
    /// Whether query i sees the keys 0 to i alone. The others are not computed.
    pub causal: bool,
    /// A `Bool` mask, broadcast to \[…, m, n\], true where a query sees a key.
    pub mask: Option<Var<'t>>,
    /// Numbers B that are added to the scores, broadcast to \[…, m, n\]: a bias by distance, or one that is learned. −∞ hides a key.
    pub bias: Option<Var<'t>>,
    /// A key of random numbers, I64 of \[2\], and the share of weights that they drop, 0 ≤ p ≤ 1.
    pub dropout: Option<(Var<'t>, f64)>,
}

/// Shapes and dtypes of queries, keys and values, and of what follows from `first` on.
pub(super) fn require_attention(x: &[&Meta], form: &Attending, first: usize) -> Result<DType, Mismatch> {
    let dtype = require_float(&x[..3])?;
    let mut ends = [[0; 2]; 3];
    for (end, x) in ends.iter_mut().zip(x) {
        let Some(last) = x.shape.last_chunk() else {
            return Err(Mismatch::new("queries, keys and values are rows of matrices, of two axes or more"));
        };
        *end = *last;
    }
    let [[m, d], [n, width], [length, _]] = ends;
    let rank = [0, 1, 2].map(|i| x[i].shape.len());
    if d != width {
        let sides = [Clash::Axis(0, rank[0] - 1), Clash::Axis(1, rank[1] - 1)];
        return Err(Mismatch::new("a query is as wide as a key").clash(sides));
    }
    if n != length {
        let sides = [Clash::Axis(1, rank[1] - 2), Clash::Axis(2, rank[2] - 2)];
        return Err(Mismatch::new("every key has a value").clash(sides));
    }
    let lead = |i: usize| &x[i].shape[..rank[i] - 2];
    if lead(0) != lead(1) || lead(0) != lead(2) {
        return Err(Mismatch::new("leading axes, aligned at the last, are equal or one of them is 1"));
    }
    let beside = form.beside(first..x.len());
    let full = Shape::from([lead(0), &[m, n]].concat());
    if let Some(at) = beside.mask {
        if x[at].dtype != DType::Bool {
            return Err(Mismatch::new("a mask is Bool, true where a query sees a key")
                .hint("`mask.gt(0.0)` makes truth values of numbers; numbers to add are a bias")
                .clash([Clash::DType(at)]));
        }
        if x[at].shape != full {
            return Err(Mismatch::new(format!("a mask can be broadcast to […, {m}, {n}], queries and keys")));
        }
    }
    if let Some(at) = beside.bias {
        if x[at].dtype != dtype {
            let rule = format!("a bias is {dtype}, as queries, keys and values are");
            return Err(Mismatch::new(rule).clash([Clash::DType(at)]));
        }
        let fits = |(&own, &wanted): (&usize, &usize)| own == 1 || own == wanted;
        let own = &x[at].shape;
        if own.len() != full.len() || own.last() != Some(&n) || !own.iter().zip(&full[..]).all(fits) {
            return Err(Mismatch::new(format!("a bias can be broadcast to […, {m}, {n}], queries and keys")));
        }
    }
    if let Some(at) = beside.key {
        require_key(x[at], at)?;
        let entries = &x[at].shape[..x[at].shape.len() - 1];
        if !lead(0).starts_with(entries) {
            return Err(Mismatch::new(
                "there is a key for all weights, or one for each entry of leading axes",
            ));
        }
    }
    Ok(dtype)
}

/// Lengths of operands that the shape rule has accepted.
pub(super) fn sizes(q: &[usize], v: &[usize], form: &Attending) -> Sizes {
    let (Some((lead, &[m, d])), Some(&[n, e])) = (q.split_last_chunk(), v.last_chunk()) else {
        unreachable!("the shape rule demands matrices")
    };
    Sizes { entries: lead.iter().product(), m, n, d, e, causal: form.causal, drop: form.drop > 0.0 }
}

/// What is given beside the others, as kernels read it: a bias has the steps of a tensor of \[…, m, n\].
pub(super) struct Given<'a> {
    form: Attending,
    beside: Beside<Strided<'a>>,
    full: Shape,
    strides: Strides,
    keys: Vec<Key>,
}

impl<'a> Given<'a> {
    pub(super) fn of(form: &Attending, x: &[Strided<'a>], first: usize) -> Self {
        let beside = form.beside(x[first..].iter().copied());
        let (rank, n) = (x[0].shape.len(), x[1].shape[x[1].shape.len() - 2]);
        let full = Shape::from(x[0].shape).with_length(rank - 1, n);
        let steps = beside.bias.iter().flat_map(|b| b.shape.iter().zip(b.strides));
        let strides = steps.map(|(&length, &step)| if length == 1 { 0 } else { step }).collect();
        let keys = beside.key.iter().flat_map(keys_of).collect();
        Given { form: *form, beside, full, strides, keys }
    }

    /// The operands of a kernel.
    pub(super) fn with<'b, T: Unit>(&'b self, x: &[Strided<'b>]) -> Operands<'b, T> {
        let bias = self.beside.bias.map(|b| View {
            data: T::slice(b.data),
            offset: b.offset,
            shape: &self.full,
            strides: &self.strides,
        });
        let (drop, factor) = (T::from_f64(self.form.drop), T::from_f64(self.form.factor()));
        Operands {
            q: x[0].view(),
            k: x[1].view(),
            v: x[2].view(),
            mask: self.beside.mask.map(|mask| mask.view()),
            bias,
            dropped: Dropped { keys: &self.keys, drop, factor },
        }
    }
}

/// What blocks need.
pub(super) fn needs(sizes: Sizes, dtype: DType) -> Needs {
    Needs {
        shared: sizes.shared(),
        scratch: with_float!(dtype, T => kernels::attention::scratch::<T>(&sizes)),
    }
}

/// The weights, composed of other ops, and stored.
pub(super) fn weights<'t>(q: Var<'t>, k: Var<'t>, form: &Attending, beside: &Beside<Var<'t>>) -> Var<'t> {
    let mut scores = q.matmul(k.t());
    let &[.., m, n] = &scores.shape()[..] else { unreachable!("the shape rule demands matrices") };
    let open = beside.bias.map(|bias| bias.ne(f64::NEG_INFINITY));
    if let (Some(bias), Some(open)) = (beside.bias, open) {
        scores += open.select(bias, 0.0);
    }
    let causal = form.causal.then(|| q.tape().lower_triangle(m, n, 0));
    let all = [causal, beside.mask, open].into_iter().flatten();
    let Some(seen) = all.reduce(|a, b| a.select(b, b.full_like(0.0))) else { return scores.softmax(-1) };
    // The lowest number, not −∞: of a row without a key softmax would make NaN. The second choice empties such a row.
    let lowest = if scores.dtype() == DType::F32 { f64::from(f32::MIN) } else { f64::MIN };
    seen.select(seen.select(scores, lowest).softmax(-1), 0.0)
}

/// x∘M for numbers of the shape of the weights.
pub(super) fn thinned<'t>(form: &Attending, beside: &Beside<Var<'t>>, x: Var<'t>) -> Var<'t> {
    let Some(key) = beside.key else { return x };
    let numbers = key.uniform_of(x.dtype(), &x.shape()[key.rank() - 1..]);
    x * (numbers.ge(form.drop).cast(x.dtype()) * form.factor())
}

/// Sums over the axes where a shape has length 1.
fn gathered<'t>(x: Var<'t>, to: &Shape) -> Var<'t> {
    let shape = x.shape();
    let axes: Vec<isize> =
        (0..shape.len()).filter(|&i| to[i] == 1 && shape[i] != 1).map(|i| i as isize).collect();
    if axes.is_empty() { x } else { x.sum_over(axes).reshape(to.clone()) }
}

/// The gradient of φ for queries, keys, values, G and the bias, given H for queries, keys, values and the bias.
pub(super) fn second<'t>(
    form: &Attending,
    x: &[Var<'t>],
    [hq, hk, hv, hb]: [Option<Var<'t>>; 4],
) -> [Option<Var<'t>>; 5] {
    let ([q, k, v, g], beside) = ([0, 1, 2, 3].map(|i| x[i]), form.beside(x[4..].iter().copied()));
    let p = weights(q, k, form, &beside);
    let thin = |x: Var<'t>| thinned(form, &beside, x);
    let last = (p.rank() - 1) as Axis;
    let d = thin(g.matmul(v.t()));
    let centred = d - sum_keeping(p * d, last);
    let slope = p * centred;
    let s = total([hq.map(|h| h.matmul(k.t())), hk.map(|h| q.matmul(h.t())), hb]);
    let r = s.map(|s| sum_keeping(p * s, last));
    let change = s.zip(r).map(|(s, r)| thin(p * (s - r)));
    let moved = s.zip(r).map(|(s, r)| s * centred - r * d);
    let w = total([moved, hv.map(|h| thin(g.matmul(h.t())))]).map(|w| pulled(p, w));
    [
        total([w.map(|w| w.matmul(k)), hk.map(|h| slope.matmul(h))]),
        total([w.map(|w| w.t().matmul(q)), hq.map(|h| slope.t().matmul(h))]),
        change.map(|change| change.t().matmul(g)),
        total([change.map(|change| change.matmul(v)), hv.map(|h| thin(p).matmul(h))]),
        beside.bias.zip(w).map(|(bias, w)| gathered(w, &bias.shape())),
    ]
}

/// The cotangent of each operand, of those that [`second`] gives for queries, keys, values, G and the bias.
pub(super) fn of_operands<'t>(form: &Attending, count: usize, all: [Option<Var<'t>>; 5]) -> Cotangents<'t> {
    let bias = form.beside(4..count).bias;
    (0..count).map(|i| if Some(i) == bias { all[4] } else { all[..4].get(i).copied().flatten() }).collect()
}

/// P∘(D − Σ P∘D), a derivative of softmax applied to D.
pub(super) fn pulled<'t>(p: Var<'t>, d: Var<'t>) -> Var<'t> {
    p * (d - sum_keeping(p * d, (p.rank() - 1) as Axis))
}

/// Queries, keys and values in one row for each entry, as they are.
pub(super) fn parts<'t>(all: Var<'t>, x: &[Var<'t>]) -> [Var<'t>; 3] {
    let mut start = 0;
    std::array::from_fn(|i| {
        let shape = x[i].shape();
        let length: usize = shape[shape.len() - 2..].iter().product();
        start += length;
        all.slice(-1, start - length..start).reshape(shape)
    })
}

/// P and P∘M, one key at a time.
pub(super) fn dense_weights(x: &[Dense], form: &Attending, first: usize, sizes: Sizes) -> [Vec<f64>; 2] {
    let Sizes { entries, m, n, d, causal, .. } = sizes;
    let beside = form.beside(&x[first..]);
    let [q, k] = [0, 1].map(|i| doubles(&x[i]));
    let bias = beside.bias.map(|bias| {
        let lengths = [&x[0].meta.shape[..x[0].meta.shape.len() - 1], &[n]].concat();
        let (own, all) = (&bias.meta.shape, doubles(bias));
        let place = |index: &[usize]| {
            own.iter().zip(index).fold(0, |at, (&own, &i)| at * own + if own == 1 { 0 } else { i })
        };
        indices(&lengths).map(|index| all[place(&index)]).collect::<Vec<f64>>()
    });
    let added = |at: usize| bias.as_ref().map_or(0.0, |bias| bias[at]);
    let mut all = vec![0.0; entries * m * n];
    for row in 0..entries * m {
        let (entry, query) = (row / m, row % m);
        let seen: Vec<usize> = (0..n)
            .filter(|&j| !causal || j <= query)
            .filter(|&j| beside.mask.is_none_or(|mask| mask.slice::<bool>()[row * n + j]))
            .filter(|&j| added(row * n + j) != f64::NEG_INFINITY)
            .collect();
        let score = |j: usize| {
            let key = &k[(entry * n + j) * d..][..d];
            let product = q[row * d..][..d].iter().zip(key).fold(0.0, |sum, (a, b)| sum + a * b);
            product + added(row * n + j)
        };
        let largest = seen.iter().map(|&j| score(j)).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = seen.iter().map(|&j| exp(Num(score(j) - largest)).0).sum();
        seen.iter().for_each(|&j| all[row * n + j] = exp(Num(score(j) - largest)).0 / total);
    }
    let thinned = match beside.key {
        Some(key) => {
            all.iter().zip(dense_factors(key, form, x[0].meta.dtype, all.len())).map(|(p, m)| p * m).collect()
        }
        None => all.clone(),
    };
    [all, thinned]
}

/// M.
fn dense_factors(keys: &Dense, form: &Attending, dtype: DType, count: usize) -> Vec<f64> {
    let each = count / (keys.meta.shape.elements() / 2).max(1);
    with_float!(dtype, T => {
        let n = <T as Unit>::PER_BLOCK;
        let kept = |key: Key, i: usize| {
            let number = <T as Unit>::unit(key.block((i / n) as u64), i % n);
            if number < <T as Float>::from_f64(form.drop) { 0.0 } else { form.factor() }
        };
        keys_of_dense(keys).flat_map(|key| (0..each).map(move |i| kept(key, i))).collect()
    })
}

/// S̄, one key at a time, of the operands of an adjoint.
pub(super) fn dense_slopes(x: &[Dense], form: &Attending, sizes: Sizes) -> Vec<f64> {
    let Sizes { entries, m, n, e, .. } = sizes;
    let [v, g] = [2, 3].map(|i| doubles(&x[i]));
    let [p, _] = dense_weights(x, form, 4, sizes);
    let factors = form.beside(&x[4..]).key.map(|key| dense_factors(key, form, x[0].meta.dtype, p.len()));
    let mut all = vec![0.0; p.len()];
    for row in 0..entries * m {
        let slope = |j: usize| {
            let (g, v) = (&g[row * e..][..e], &v[(row / m * n + j) * e..][..e]);
            let sum = g.iter().zip(v).fold(0.0, |sum, (a, b)| sum + a * b);
            sum * factors.as_ref().map_or(1.0, |m| m[row * n + j])
        };
        let mean = (0..n).fold(0.0, |sum, j| sum + p[row * n + j] * slope(j));
        (0..n).for_each(|j| all[row * n + j] = p[row * n + j] * (slope(j) - mean));
    }
    all
}

/// Lengths m, n, d, e of the tests.
#[cfg(test)]
pub(super) const SIZES: [[usize; 4]; 7] =
    [[2, 3, 2, 2], [1, 1, 1, 1], [3, 2, 1, 2], [0, 2, 2, 1], [2, 0, 2, 1], [2, 2, 0, 1], [2, 2, 1, 0]];

/// Shapes of queries, keys, values, cotangents and a bias of the tests: one for all, one for each query, key or entry.
#[cfg(test)]
pub(super) const BIASED: [[&[usize]; 5]; 4] = [
    [&[2, 3], &[4, 3], &[4, 1], &[2, 1], &[2, 4]],
    [&[2, 2, 1], &[2, 3, 1], &[2, 3, 2], &[2, 2, 2], &[1, 1, 3]],
    [&[2, 2, 2, 1], &[2, 2, 3, 1], &[2, 2, 3, 1], &[2, 2, 2, 1], &[1, 2, 2, 3]],
    [&[2, 1, 3, 1], &[2, 1, 2, 1], &[2, 1, 2, 1], &[2, 1, 3, 1], &[2, 1, 1, 2]],
];

/// What the tests give beside a bias.
#[cfg(test)]
#[derive(Clone, Copy)]
pub(super) struct Told {
    causal: bool,
    /// Whether a mask hides the keys from query i that are not before key i: the first query sees none.
    mask: bool,
    drop: f64,
}

#[cfg(test)]
pub(super) const FORMS: [Told; 4] = [
    Told { causal: false, mask: false, drop: 0.0 },
    Told { causal: true, mask: false, drop: 0.4 },
    Told { causal: false, mask: true, drop: 0.0 },
    Told { causal: false, mask: true, drop: 0.5 },
];

#[cfg(test)]
impl Told {
    /// What attention is told, for queries and keys.
    pub(super) fn form<'t>(self, q: Var<'t>, k: Var<'t>, bias: Option<Var<'t>>) -> AttentionForm<'t> {
        let [m, n] = [q, k].map(|x| x.shape()[x.rank() - 2]);
        AttentionForm {
            causal: self.causal,
            mask: self.mask.then(|| q.tape().lower_triangle(m, n, -1)),
            bias,
            dropout: (self.drop > 0.0).then(|| (q.tape().constant(Key::new(3)), self.drop)),
        }
    }

    /// The form of an adjoint and its operands, for queries, keys, values, cotangents and a bias.
    pub(super) fn adjoint<'t>(self, x: &[Var<'t>]) -> (Attending, Vec<Var<'t>>) {
        let form = self.form(x[0], x[1], Some(x[4]));
        let shape = x[0].shape().with_length(x[0].rank() - 1, x[1].shape()[x[1].rank() - 2]);
        let mut all = x[..4].to_vec();
        all.extend(form.mask.map(|mask| mask.broadcast_to(shape)));
        all.push(x[4]);
        all.extend(form.dropout.map(|(key, _)| key));
        (Attending { causal: self.causal, mask: self.mask, bias: true, drop: self.drop }, all)
    }
}
