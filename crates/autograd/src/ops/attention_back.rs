//! Cotangents of attention, Q̄, K̄ and V̄ for the cotangent G of Y = P·V with P = softmax(Q·Kᵀ), in one row for each entry of a
//! batch: the elements of Q̄, then those of K̄ and V̄. The weights P are computed again, and not stored as a whole.
//!
//! With D = G·Vᵀ and S̄ = P∘(D − Σ P∘D): Q̄ = S̄·K, K̄ = S̄ᵀ·Q, V̄ = Pᵀ·G.
//!
//! The derivative along H = (Hq, Hk, Hv) pairs with that of Y: ⟨H, (Q̄, K̄, V̄)⟩ = ⟨G, Ẏ⟩ =: φ for Ẏ = Ṗ·V + P·Hv, Ṡ = Hq·Kᵀ +
//! Q·Hkᵀ, Ṗ = P∘(Ṡ − r), r = Σ P∘Ṡ, c = Σ P∘D. The gradient of φ is both the pull-back of H and, because second derivatives are
//! symmetric, the derivative along H: with W = Ṡ∘(D − c) − r·D + G·Hvᵀ and W̄ = P∘(W − Σ P∘W) it is W̄·K + S̄·Hk for Q,
//! W̄ᵀ·Q + S̄ᵀ·Hq for K, Ṗᵀ·G for V, and Ẏ for G. These formulas store the weights: the memory is that of m·n numbers.
//! Source: derived here from A. Vaswani et al., "Attention is all you need", 2017, equation 1.

use super::attended::{dense_weights, needs, parts, pulled, require_attention, sizes, weights};
use super::factors::{doubles, write};
use super::prelude::*;
use super::softmax::sum_keeping;
use crate::ir::AttentionBack;
use crate::kernels::attention::{AttentionOrder, Operands, Sizes};

/// The inverse of [`parts`].
fn joined<'t>(x: [Var<'t>; 3]) -> Var<'t> {
    let flat = x.map(|x| {
        let shape = x.shape();
        let (lead, last) = shape.split_at(shape.len() - 2);
        x.reshape(&[lead, &[last.iter().product()]].concat()[..])
    });
    Var::concat(&flat, -1)
}

impl AttentionBack {
    /// The order in which sums are made, from the shapes of queries and values.
    pub fn order(&self, q: &[usize], v: &[usize]) -> AttentionOrder {
        sizes(q, v, self.causal).order()
    }

    /// The gradient of φ for queries, keys, values and G.
    fn second<'t>(&self, x: &[Var<'t>], h: [Var<'t>; 3]) -> [Var<'t>; 4] {
        let ([q, k, v, g], [hq, hk, hv]) = ([0, 1, 2, 3].map(|i| x[i]), h);
        let p = weights(q, k, x.get(4).copied(), self.causal);
        let last = (p.rank() - 1) as Axis;
        let (d, s) = (g.matmul(v.t()), hq.matmul(k.t()) + q.matmul(hk.t()));
        let [r, c] = [s, d].map(|x| sum_keeping(p * x, last));
        let w = pulled(p, s * (d - c) - r * d + g.matmul(hv.t()));
        let (slope, change) = (p * (d - c), p * (s - r));
        [
            w.matmul(k) + slope.matmul(hk),
            w.t().matmul(q) + slope.t().matmul(hq),
            change.t().matmul(g),
            change.matmul(v) + p.matmul(hv),
        ]
    }
}

impl Rule for AttentionBack {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_attention(x, (x.len() > 4).then_some(4))?;
        let sizes = sizes(&x[0].shape, &x[2].shape, self.causal);
        let length = sizes.m * sizes.d + sizes.n * (sizes.d + sizes.e);
        let lead = &x[0].shape[..x[0].shape.len() - 2];
        Ok(Meta::new(Shape::from([lead, &[length]].concat()), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        self.second(at.x, parts(g, at.x)).map(Some).into_iter().collect()
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let moved = t[..3].iter().any(Option::is_some).then(|| {
            let h = [0, 1, 2].map(|i| t[i].unwrap_or_else(|| at.x[i].full_like(0.0)));
            let [q, k, v, _] = self.second(at.x, h);
            joined([q, k, v])
        });
        // Linear in G.
        let other = t[3].map(|t| {
            let mut x = at.x.to_vec();
            x[3] = t;
            record(self.clone(), &x)
        });
        total([moved, other])
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let sizes = sizes(&x[0].meta.shape, &x[2].meta.shape, self.causal);
        let Sizes { entries, m, n, d, e, .. } = sizes;
        let [q, k, v, g] = [0, 1, 2, 3].map(|i| doubles(&x[i]));
        let p = dense_weights(x, x.get(4), sizes);
        let mut out = vec![0.0; y.shape.elements()];
        for entry in 0..entries {
            let out = &mut out[entry * (m * d + n * (d + e))..];
            for i in 0..m {
                let row = entry * m + i;
                let p = &p[row * n..][..n];
                let g = &g[row * e..][..e];
                let values = |j: usize| &v[(entry * n + j) * e..][..e];
                let slope = |j: usize| g.iter().zip(values(j)).fold(0.0, |sum, (a, b)| sum + a * b);
                let mean = (0..n).fold(0.0, |sum, j| sum + p[j] * slope(j));
                for j in 0..n {
                    let s = p[j] * (slope(j) - mean);
                    for c in 0..d {
                        out[i * d + c] += s * k[(entry * n + j) * d + c];
                        out[(m + j) * d + c] += s * q[row * d + c];
                    }
                    (0..e).for_each(|c| out[(m + n) * d + j * e + c] += p[j] * g[c]);
                }
            }
        }
        write(y, &out);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let sizes = sizes(x[0].shape, x[2].shape, self.causal);
        let mask = x.get(4).map(Strided::view);
        with_float!(y.dtype(), T => {
            let (g, y) = (x[3].view(), y.slice());
            let x = Operands::<T> { q: x[0].view(), k: x[1].view(), v: x[2].view(), mask };
            kernels::attention::back(x, g, y, sizes, room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        needs(sizes(&x[0].shape, &x[2].shape, self.causal), y.dtype)
    }
}

#[cfg(test)]
impl Tested for AttentionBack {
    fn rows() -> Vec<Row> {
        /// The cotangents of all operands.
        fn back<'t>(x: &[Var<'t>], mask: Option<Var<'t>>, causal: bool) -> Var<'t> {
            let mut all = x.to_vec();
            all.extend(mask);
            record(AttentionBack { causal, flops: 1 }, &all)
        }
        let mut all = vec![];
        for [m, n, d, e] in super::attended::SIZES {
            let shapes: [&[usize]; 4] = [&[m, d], &[n, d], &[n, e], &[m, e]];
            all.push(row("attention_back", &shapes, |x| back(x, None, false)));
            all.push(row("causal attention_back", &shapes, |x| back(x, None, true)));
        }
        let batch: [&[usize]; 4] = [&[2, 2, 1], &[2, 3, 1], &[2, 3, 2], &[2, 2, 2]];
        all.push(row("attention_back with a mask", &batch, |x| {
            let mask = x[0].tape().constant([[true, false, true], [false, false, false]]);
            back(x, Some(mask.broadcast_to([2, 2, 3])), false)
        }));
        all.push(row("attention_back of transposes", &[&[2, 3], &[2, 3], &[2, 3], &[2, 3]], |x| {
            back(&[0, 1, 2, 3].map(|i| x[i].t()), None, false)
        }));
        let long: [&[usize]; 4] = [&[700, 4], &[600, 4], &[600, 3], &[700, 3]];
        all.push(row("attention_back", &long, |x| back(x, None, true) * 0.01).large());
        let some: [&[usize]; 4] = [&[120, 3], &[200, 3], &[200, 2], &[120, 2]];
        all.push(
            row("attention_back with a long mask", &some, |x| {
                back(x, Some(x[0].tape().lower_triangle(120, 200, -1)), false) * 0.01
            })
            .large(),
        );
        let mut all: Vec<Row> = all.into_iter().map(Row::rounds).collect();
        let single: [&[usize]; 4] = [&[3, 1, 1]; 4];
        all.push(row("attention_back of one key", &single, |x| back(x, None, false).sin()));
        all
    }
}
