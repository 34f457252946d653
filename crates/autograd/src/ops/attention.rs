//! Attention: Y = P·V with the weights P = softmax(Q·Kᵀ), row by row, for Q of [m, d], K of [n, d], V of [n, e]; keys may be left
//! out. The weights, n for each query, are never stored as a whole, neither here nor in the adjoint.
//!
//! With Ṡ = Q̇·Kᵀ + Q·K̇ᵀ and Ṗ = P∘(Ṡ − Σ P∘Ṡ): Ẏ = Ṗ·V + P·V̇. The tangent stores the weights.
//! Source: A. Vaswani et al., "Attention is all you need", 2017, equation 1; that the weights need no memory is from M. N. Rabe,
//! C. Staats, "Self-attention does not need O(n²) memory", 2021, and T. Dao et al., "FlashAttention", 2022.

use super::attended::{dense_weights, needs, parts, pulled, require_attention, sizes, weights};
use super::factors::{doubles, write};
use super::prelude::*;
use crate::ir::{Attention, AttentionBack};
use crate::kernels::attention::{AttentionOrder, Operands, Sizes};

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

impl Attention {
    /// The order in which sums are made, from the shapes of queries and values.
    pub fn order(&self, q: &[usize], v: &[usize]) -> AttentionOrder {
        sizes(q, v, self.causal).order()
    }
}

impl Rule for Attention {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_attention(x, (x.len() > 3).then_some(3))?;
        let width = x[2].shape[x[2].shape.len() - 1];
        Ok(Meta::new(x[0].shape.with_length(x[0].shape.len() - 1, width), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let mut x = vec![at.x[0], at.x[1], at.x[2], g];
        x.extend(at.x.get(3).copied());
        let Sizes { m, n, d, e, .. } = sizes(&at.x[0].shape(), &at.x[2].shape(), self.causal);
        // Five products of m·n numbers.
        let flops = 2 * m * n * (3 * d + 2 * e) / (m * d + n * (d + e)).max(1);
        let all = record(AttentionBack { causal: self.causal, flops }, &x);
        parts(all, &at.x[..3]).map(Some).into_iter().collect()
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
        let v = doubles(&x[2]);
        let p = dense_weights(x, x.get(3), sizes);
        let value = |number: usize| {
            let (row, column) = (number / e, number % e);
            let values = &v[row / m * n * e..];
            (0..n).fold(0.0, |sum, j| sum + p[row * n + j] * values[j * e + column])
        };
        write(y, &(0..sizes.entries * m * e).map(value).collect::<Vec<f64>>());
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

#[cfg(test)]
impl Tested for Attention {
    fn rows() -> Vec<Row> {
        let mut all = vec![];
        for [m, n, d, e] in super::attended::SIZES {
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
        let some: [&[usize]; 3] = [&[120, 3], &[200, 3], &[200, 2]];
        // The first query sees no key.
        all.push(
            row("attention with a long mask", &some, |x| {
                x[0].sin().attention(x[1], x[2], Some(x[0].tape().lower_triangle(120, 200, -1)))
            })
            .large(),
        );
        let many: [&[usize]; 3] = [&[20, 40, 8], &[20, 50, 8], &[20, 50, 4]];
        all.push(
            row("attention of a batch", &many, |x| x[0].sin().causal_attention(x[1].sin(), x[2])).large(),
        );
        let mut all: Vec<Row> = all.into_iter().map(Row::rounds).collect();
        // A single key has weight 1, and no sum rounds: random programs, which are compared to the last bit, take this.
        let single: [&[usize]; 3] = [&[3, 1, 1]; 3];
        all.push(row("attention to one key", &single, |x| x[0].attention(x[1], x[2], None).sin()));
        all
    }
}
