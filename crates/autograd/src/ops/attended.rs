//! What attention and its adjoint share: the shape rule, lengths, and the weights.

use super::factors::doubles;
use super::prelude::*;
use super::softmax::sum_keeping;
use crate::kernels::attention::Sizes;
use crate::math::exp;
use crate::number::Num;

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
    Needs {
        shared: sizes.shared(),
        scratch: with_float!(dtype, T => kernels::attention::scratch::<T>(&sizes)),
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

/// The weights, one key at a time.
pub(super) fn dense_weights(x: &[Dense], mask: Option<&Dense>, sizes: Sizes) -> Vec<f64> {
    let Sizes { entries, m, n, d, causal, .. } = sizes;
    let [q, k] = [0, 1].map(|i| doubles(&x[i]));
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
