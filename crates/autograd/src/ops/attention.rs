//! Attention: Y = P·V with the weights P = softmax(Q·Kᵀ), row by row, for Q of [m, d], K of [n, d], V of [n, e]; keys may be left
//! out. The weights, n for each query, are never stored as a whole, neither here nor in the [adjoint](super::attention_back).
//!
//! With Ṡ = Q̇·Kᵀ + Q·K̇ᵀ and Ṗ = P∘(Ṡ − Σ P∘Ṡ): Ẏ = Ṗ·V + P·V̇. The tangent stores the weights.
//! Source: A. Vaswani et al., "Attention is all you need", 2017, equation 1; that the weights need no memory is from M. N. Rabe,
//! C. Staats, "Self-attention does not need O(n²) memory", 2021, and T. Dao et al., "FlashAttention", 2022.

use super::prelude::*;
use super::softmax::sum_keeping;
use crate::ir::{Attention, AttentionBack};
use crate::kernels::attention::{Operands, Sizes};
use crate::math::exp;
use crate::number::Num;

impl<'t> Var<'t> {
    /// Averages of the rows of V, softmax(Q·Kᵀ)·V, for queries Q = `self` of \[…, m, d\], keys of \[…, n, d\] and values of
    /// \[…, n, e\]: \[…, m, e\]. Leading axes are broadcast against each other. The products are not scaled: usually the
    /// queries are divided by √d before.
    ///
    /// A `Bool` mask, broadcast to \[…, m, n\], is true where a query sees a key. A query that sees none gives zeros and has no
    /// derivative.
    ///
    /// The weights are never stored as a whole, and the gradient computes them again: the memory is that of operands and
    /// results. A derivative of second order, and a [`jvp`](Var::jvp), takes memory for m·n weights.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (q, k) = (tape.var([[0.0], [0.0]]), tape.var([[1.0], [2.0]]));
    /// let v = tape.var([[10.0], [20.0]]);
    /// assert_eq!(q.attention(k, v, None).to_vec::<f64>(), [15.0, 15.0]);
    /// let mask = tape.constant([[true, false], [false, false]]);
    /// let y = q.attention(k, v, Some(mask));
    /// assert_eq!(y.to_vec::<f64>(), [10.0, 0.0]);
    /// assert_eq!(y.sum().grad([v])[0].to_vec::<f64>(), [1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn attention(self, keys: Var<'t>, values: Var<'t>, mask: Option<Var<'t>>) -> Var<'t> {
        attend(self, keys, values, mask, false)
    }

    /// As [`attention`](Var::attention), where query i sees the keys 0 to i. The others are not computed.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (q, k) = (tape.var([[0.0], [0.0]]), tape.var([[1.0], [2.0]]));
    /// let y = q.causal_attention(k, tape.var([[10.0], [20.0]]));
    /// assert_eq!(y.to_vec::<f64>(), [10.0, 15.0]);
    /// ```
    #[track_caller]
    pub fn causal_attention(self, keys: Var<'t>, values: Var<'t>) -> Var<'t> {
        attend(self, keys, values, None, true)
    }
}

/// Records attention, with equal leading axes where the given ones can be broadcast. The shape rule has the rest.
#[track_caller]
fn attend<'t>(q: Var<'t>, k: Var<'t>, v: Var<'t>, mask: Option<Var<'t>>, causal: bool) -> Var<'t> {
    let mut x = vec![q, k, v];
    x.extend(mask);
    let shapes = [q, k, v].map(|x| x.shape());
    let [Some((a, &[m, d])), Some((b, _)), Some((c, &[n, e]))] =
        shapes.each_ref().map(|s| s.split_last_chunk())
    else {
        return record(Attention { causal, flops: 0 }, &x);
    };
    let lead = Shape::from(a).broadcast(&Shape::from(b)).and_then(|ab| ab.broadcast(&Shape::from(c)));
    if let Ok(lead) = lead {
        for (i, x) in x.iter_mut().enumerate() {
            let ends: [usize; 2] = shapes.get(i).map_or([m, n], |s| [s[s.len() - 2], s[s.len() - 1]]);
            let to = Shape::from([&lead[..], &ends].concat());
            if x.shape().broadcast(&to).is_ok_and(|both| both == to) {
                *x = x.broadcast_to(to);
            }
        }
    }
    let flops = 2 * n.saturating_mul(d.saturating_add(e)) / e.max(1);
    record(Attention { causal, flops }, &x)
}

/// Shapes and dtypes of queries, keys and values.
pub(super) fn require_attention(x: &[&Meta], mask: Option<usize>) -> Result<DType, Mismatch> {
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
    let Some(at) = mask else { return Ok(dtype) };
    if x[at].dtype != DType::Bool {
        return Err(Mismatch::new("a mask is Bool, true where a query sees a key")
            .hint("`mask.gt(0.0)` makes truth values of numbers")
            .clash([Clash::DType(at)]));
    }
    if x[at].shape[..] != [lead(0), &[m, n]].concat()[..] {
        return Err(Mismatch::new(format!("a mask can be broadcast to […, {m}, {n}], queries and keys")));
    }
    Ok(dtype)
}

/// Lengths of operands that the shape rule has accepted.
pub(super) fn sizes(q: &[usize], v: &[usize], causal: bool) -> Sizes {
    let (Some((lead, &[m, d])), Some(&[n, e])) = (q.split_last_chunk(), v.last_chunk()) else {
        unreachable!("the shape rule demands matrices")
    };
    Sizes { entries: lead.iter().product(), m, n, d, e, causal }
}

/// What blocks need.
pub(super) fn needs(sizes: Sizes, dtype: DType) -> Needs {
    let products = [sizes.entries, sizes.m, sizes.n, sizes.d.max(sizes.e)];
    let products = products.iter().fold(1usize, |all, &n| all.saturating_mul(n));
    Needs {
        shared: products >= Target::CPU.threads.products_from,
        scratch: with_float!(dtype, T => sizes.scratch::<T>()),
    }
}

/// The weights, composed of other ops, and stored.
pub(super) fn weights<'t>(q: Var<'t>, k: Var<'t>, mask: Option<Var<'t>>, causal: bool) -> Var<'t> {
    let scores = q.matmul(k.t());
    let &[.., m, n] = &scores.shape()[..] else { unreachable!("the shape rule demands matrices") };
    let mask = if causal { Some(q.tape().lower_triangle(m, n, 0)) } else { mask };
    let Some(mask) = mask else { return scores.softmax(-1) };
    // The lowest number, not −∞: of a row without a key softmax would make NaN. The second choice empties such a row.
    let lowest = if scores.dtype() == DType::F32 { f64::from(f32::MIN) } else { f64::MIN };
    mask.select(mask.select(scores, lowest).softmax(-1), 0.0)
}

/// P∘(D − Σ P∘D), a derivative of softmax applied to D.
pub(super) fn pulled<'t>(p: Var<'t>, d: Var<'t>) -> Var<'t> {
    p * (d - sum_keeping(p * d, (p.rank() - 1) as Axis))
}

impl Rule for Attention {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_attention(x, (x.len() > 3).then_some(3))?;
        let width = x[2].shape[x[2].shape.len() - 1];
        Ok(Meta::new(x[0].shape.with_length(x[0].shape.len() - 1, width), dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let mut x = vec![at.x[0], at.x[1], at.x[2], g];
        x.extend(at.x.get(3).copied());
        // About three products of the five that the adjoint takes for each of the two here.
        let all = record(AttentionBack { causal: self.causal, flops: self.flops }, &x);
        super::attention_back::parts(all, &at.x[..3]).map(Some).into_iter().collect()
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let [q, k, v] = [0, 1, 2].map(|i| at.x[i]);
        let p = weights(q, k, at.x.get(3).copied(), self.causal);
        let slope = total([t[0].map(|t| t.matmul(k.t())), t[1].map(|t| q.matmul(t.t()))]);
        total([slope.map(|s| pulled(p, s).matmul(v)), t[2].map(|t| p.matmul(t))])
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let sizes = sizes(&x[0].meta.shape, &x[2].meta.shape, self.causal);
        let Sizes { m, n, e, .. } = sizes;
        let v = super::factors::doubles(&x[2]);
        let p = dense_weights(x, x.get(3), sizes);
        let value = |number: usize| {
            let (row, column) = (number / e, number % e);
            let values = &v[row / m * n * e..];
            (0..n).fold(0.0, |sum, j| sum + p[row * n + j] * values[j * e + column])
        };
        super::factors::write(y, &(0..sizes.entries * m * e).map(value).collect::<Vec<f64>>());
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let sizes = sizes(x[0].shape, x[2].shape, self.causal);
        let mask = x.get(3).map(Strided::view);
        with_float!(y.dtype(), T => {
            let x = Operands::<T> { q: x[0].view(), k: x[1].view(), v: x[2].view(), mask };
            kernels::attention::attention(x, y.slice(), sizes, room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        needs(sizes(&x[0].shape, &x[2].shape, self.causal), y.dtype)
    }
}

/// The weights, one key at a time.
pub(super) fn dense_weights(x: &[Dense], mask: Option<&Dense>, sizes: Sizes) -> Vec<f64> {
    let Sizes { entries, m, n, d, causal, .. } = sizes;
    let [q, k] = [0, 1].map(|i| super::factors::doubles(&x[i]));
    let mut all = vec![0.0; entries * m * n];
    for row in 0..entries * m {
        let (entry, query) = (row / m, row % m);
        let seen: Vec<usize> = (0..n)
            .filter(|&j| !causal || j <= query)
            .filter(|&j| mask.is_none_or(|mask| mask.slice::<bool>()[row * n + j]))
            .collect();
        let score = |j: usize| {
            let key = &k[(entry * n + j) * d..][..d];
            q[row * d..][..d].iter().zip(key).fold(0.0, |sum, (a, b)| sum + a * b)
        };
        let largest = seen.iter().map(|&j| score(j)).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = seen.iter().map(|&j| exp(Num(score(j) - largest)).0).sum();
        seen.iter().for_each(|&j| all[row * n + j] = exp(Num(score(j) - largest)).0 / total);
    }
    all
}

/// Lengths m, n, d, e of the tests.
#[cfg(test)]
pub(super) const SIZES: [[usize; 4]; 7] =
    [[2, 3, 2, 2], [1, 1, 1, 1], [3, 2, 1, 2], [0, 2, 2, 1], [2, 0, 2, 1], [2, 2, 0, 1], [2, 2, 1, 0]];

#[cfg(test)]
impl Tested for Attention {
    fn rows() -> Vec<Row> {
        let mut all = vec![];
        for [m, n, d, e] in SIZES {
            let shapes: [&[usize]; 3] = [&[m, d], &[n, d], &[n, e]];
            all.push(row("attention", &shapes, |x| x[0].sin().attention(x[1].cos(), x[2], None).sin()));
            all.push(row("causal attention", &shapes, |x| x[0].causal_attention(x[1], x[2])));
        }
        let batch: [&[usize]; 3] = [&[2, 1, 2, 2], &[3, 3, 2], &[1, 3, 1]];
        all.push(row("attention with a mask", &batch, |x| {
            let mask = x[0].tape().constant([[true, false, true], [false, false, false]]);
            x[0].attention(x[1], x[2], Some(mask))
        }));
        all.push(row("attention of transposes", &[&[2, 3], &[2, 3], &[2, 3]], |x| {
            x[0].t().causal_attention(x[1].t(), x[2].flip(0).t())
        }));
        let long: [&[usize]; 3] = [&[700, 4], &[600, 4], &[600, 3]];
        all.push(row("attention", &long, |x| x[0].sin().attention(x[1].sin(), x[2], None)).large());
        let many: [&[usize]; 3] = [&[9, 40, 8], &[9, 50, 8], &[9, 50, 4]];
        all.push(
            row("attention of a batch", &many, |x| x[0].sin().causal_attention(x[1].sin(), x[2])).large(),
        );
        all.into_iter().map(Row::rounds).collect()
    }
}
