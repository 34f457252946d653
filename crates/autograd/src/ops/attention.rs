//! Attention: Y = (P∘M)·V with the weights P = softmax(Q·Kᵀ + B), row by row, for Q of [m, d], K of [n, d], V of [n, e]; keys may be
//! left out, and weights dropped. Neither these, n for each query, nor M are ever stored as a whole, neither here nor in the adjoints.
//!
//! With Ṡ = Q̇·Kᵀ + Q·K̇ᵀ + Ḃ and Ṗ = P∘(Ṡ − Σ P∘Ṡ): Ẏ = (Ṗ∘M)·V + (P∘M)·V̇. The tangent stores the weights.
//! Source: A. Vaswani et al., "Attention is all you need", 2017, equation 1; that the weights need no memory is from M. N. Rabe,
//! C. Staats, "Self-attention does not need O(n²) memory", 2021, and T. Dao et al., "FlashAttention", 2022.

use super::attended::{
    AttentionForm, Given, dense_weights, needs, parts, pulled, require_attention, sizes, thinned, weights,
};
use super::factors::{doubles, write};
use super::prelude::*;
use crate::ir::{Attending, Attention, AttentionBack, AttentionBias};
use crate::kernels::attention::{AttentionOrder, Sizes};
use crate::mistake::Mistake;

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
        self.attention_with(keys, values, AttentionForm { mask, ..AttentionForm::default() })
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
        self.attention_with(keys, values, AttentionForm { causal: true, ..AttentionForm::default() })
    }

    /// As [`attention`](Var::attention), with a bias and with dropout: (P∘M)·V for P = softmax(Q·Kᵀ + B).
    ///
    /// M is 1/(1 − p) where u ≥ p and 0 elsewhere, for the numbers u of [`key.uniform_of(dtype, […, m, n])`](Var::uniform_of): those that
    /// dropout of the weights would draw. They are drawn again for the gradient. The cotangent of a bias has the shape that the bias has
    /// itself; only one of \[…, m, n\] takes memory for m·n numbers. A query that sees no key gives zeros and has no derivative.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit, or the share is not in 0 ≤ p ≤ 1.
    ///
    /// ```
    /// # use autograd::{AttentionForm, Tape};
    /// let tape = Tape::new();
    /// let (q, k) = (tape.var([[0.0], [0.0]]), tape.var([[1.0], [2.0]]));
    /// let bias = tape.var([3f64.ln(), 0.0]);
    /// let form = AttentionForm { bias: Some(bias), ..AttentionForm::default() };
    /// let y = q.attention_with(k, tape.var([[10.0], [20.0]]), form);
    /// assert!(y.to_vec::<f64>().iter().all(|y| (y - 12.5).abs() < 1e-14));
    /// assert_eq!(y.sum().grad([bias])[0].shape()[..], [2]);
    /// ```
    #[track_caller]
    pub fn attention_with(self, keys: Var<'t>, values: Var<'t>, form: AttentionForm<'t>) -> Var<'t> {
        let drop = form.dropout.map_or(0.0, |(_, share)| share);
        if !(0.0..=1.0).contains(&drop) {
            Mistake::new(format!("attention: dropout of {drop}"))
                .rule("it is the share of dropped weights, at least 0 and at most 1")
                .raise();
        }
        let key = form.dropout.filter(|_| drop > 0.0).map(|(key, _)| key);
        let told =
            Attending { causal: form.causal, mask: form.mask.is_some(), bias: form.bias.is_some(), drop };
        let mut x = vec![self, keys, values];
        x.extend([form.mask, form.bias].into_iter().flatten());
        let flops = fitted(&mut x, &told);
        x.extend(key);
        record(Attention { form: told, flops }, &x)
    }
}

/// Gives operands equal leading axes where the given ones can be broadcast; a bias gets as many axes as the scores have, and all
/// columns. The shape rule has the rest. The floating-point operations for a number of the result.
#[track_caller]
fn fitted(x: &mut [Var<'_>], told: &Attending) -> usize {
    let shapes = [x[0].shape(), x[1].shape(), x[2].shape()];
    let [Some((a, &[m, d])), Some((b, _)), Some((c, &[n, e]))] =
        shapes.each_ref().map(|s| s.split_last_chunk())
    else {
        return 0;
    };
    let lead = Shape::from(a).broadcast(&Shape::from(b)).and_then(|ab| ab.broadcast(&Shape::from(c)));
    let Ok(lead) = lead else { return 0 };
    let places = told.beside(3..);
    for (i, x) in x.iter_mut().enumerate() {
        let ends: [usize; 2] = shapes.get(i).map_or([m, n], |s| [s[s.len() - 2], s[s.len() - 1]]);
        let to = Shape::from([&lead[..], &ends].concat());
        let shape = x.shape();
        if shape.broadcast(&to).is_ok_and(|both| both == to) {
            if places.bias == Some(i) {
                let mut own = vec![1; to.len() - shape.len()];
                own.extend(&shape[..]);
                // The columns are those that a softmax adds up.
                let wide = Shape::from(&own).with_length(to.len() - 1, n);
                *x = x.reshape(own).broadcast_to(wide);
            } else {
                *x = x.broadcast_to(to);
            }
        }
    }
    2 * n.saturating_mul(d.saturating_add(e)) / e.max(1)
}

impl Attention {
    /// The order in which sums are made, from the shapes of queries and values.
    pub fn order(&self, q: &[usize], v: &[usize]) -> AttentionOrder {
        sizes(q, v, &self.form).order()
    }
}

impl Rule for Attention {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_attention(x, &self.form, 3)?;
        let width = x[2].shape[x[2].shape.len() - 1];
        Ok(Meta::new(x[0].shape.with_length(x[0].shape.len() - 1, width), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let mut x = vec![at.x[0], at.x[1], at.x[2], g];
        x.extend_from_slice(&at.x[3..]);
        let Sizes { m, n, d, e, .. } = sizes(&at.x[0].shape(), &at.x[2].shape(), &self.form);
        let mut all: Cotangents<'t> = (0..at.x.len()).map(|_| None).collect();
        if (0..3).any(|i| wanted.has(i)) {
            // Five products of m·n numbers.
            let flops = 2 * m * n * (3 * d + 2 * e) / (m * d + n * (d + e)).max(1);
            let back = record(AttentionBack { form: self.form, flops }, &x);
            all.iter_mut().zip(parts(back, &at.x[..3])).for_each(|(all, part)| *all = Some(part));
        }
        if let Some(bias) = self.form.beside(3..at.x.len()).bias.filter(|&bias| wanted.has(bias)) {
            // Two products.
            let products = 2 * m * n * (d + e) * at.x[0].shape().elements() / (m * d).max(1);
            let flops = products / at.x[bias].shape().elements().max(1);
            all[bias] = Some(record(AttentionBias { form: self.form, flops }, &x));
        }
        all
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let ([q, k, v], beside) = ([0, 1, 2].map(|i| at.x[i]), self.form.beside(at.x[3..].iter().copied()));
        let p = weights(q, k, &self.form, &beside);
        let thin = |x: Var<'t>| thinned(&self.form, &beside, x);
        let bias = self.form.beside(&t[3..]).bias.copied().flatten();
        let slope = total([t[0].map(|t| t.matmul(k.t())), t[1].map(|t| q.matmul(t.t())), bias]);
        total([slope.map(|s| thin(pulled(p, s)).matmul(v)), t[2].map(|t| thin(p).matmul(t))])
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let sizes = sizes(&x[0].meta.shape, &x[2].meta.shape, &self.form);
        let Sizes { m, n, e, .. } = sizes;
        let v = doubles(&x[2]);
        let [_, p] = dense_weights(x, &self.form, 3, sizes);
        let value = |number: usize| {
            let (row, column) = (number / e, number % e);
            let values = &v[row / m * n * e..];
            (0..n).fold(0.0, |sum, j| sum + p[row * n + j] * values[j * e + column])
        };
        write(y, &(0..sizes.entries * m * e).map(value).collect::<Vec<f64>>());
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let (sizes, given) = (sizes(x[0].shape, x[2].shape, &self.form), Given::of(&self.form, x, 3));
        with_float!(y.dtype(), T => {
            kernels::attention::attention(given.with::<T>(x), y.slice(), sizes, room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        needs(sizes(&x[0].shape, &x[2].shape, &self.form), y.dtype)
    }
}

#[cfg(test)]
use crate::key::Key;

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
        for (told, shapes) in super::attended::FORMS.into_iter().zip(super::attended::BIASED) {
            let [q, k, v, _, bias] = shapes;
            all.push(row("attention with a bias", &[q, k, v, bias], move |x| {
                x[0].sin().attention_with(x[1].cos(), x[2], told.form(x[0], x[1], Some(x[3]))).sin()
            }));
        }
        let long: [&[usize]; 4] = [&[2, 150, 3], &[2, 210, 3], &[2, 210, 2], &[150, 210]];
        for told in &super::attended::FORMS[1..3] {
            let told = *told;
            all.push(
                row("attention with a long bias", &long, move |x| {
                    x[0].sin().attention_with(x[1], x[2], told.form(x[0], x[1], Some(x[3])))
                })
                .large(),
            );
        }
        let hidden: [&[usize]; 3] = [&[3, 2], &[2, 2], &[2, 2]];
        all.push(row("attention with a bias that hides keys", &hidden, |x| {
            let bias = x[0].tape().constant([[0.5, f64::NEG_INFINITY], [0.0, 1.0], [f64::NEG_INFINITY; 2]]);
            let form = AttentionForm { bias: Some(bias.cast(x[0].dtype())), ..AttentionForm::default() };
            x[0].attention_with(x[1], x[2], form).sin()
        }));
        let shapes: [&[usize]; 3] = [&[3, 2], &[5, 2], &[5, 2]];
        all.push(row("attention with dropout", &shapes, |x| {
            let dropout = Some((x[0].tape().constant(Key::new(7)), 0.3));
            x[0].attention_with(x[1], x[2], AttentionForm { dropout, ..AttentionForm::default() }).sin()
        }));
        let mut all: Vec<Row> = all.into_iter().map(Row::rounds).collect();
        // A single key has weight 1, and no sum rounds: random programs, which are compared to the last bit, take this.
        let single: [&[usize]; 3] = [&[3, 1, 1]; 3];
        all.push(row("attention to one key", &single, |x| x[0].attention(x[1], x[2], None).sin()));
        let single: [&[usize]; 4] = [&[3, 1, 1]; 4];
        all.push(row("attention to one key with a bias", &single, |x| {
            let form = AttentionForm { bias: Some(x[3]), ..AttentionForm::default() };
            x[0].attention_with(x[1], x[2], form).sin()
        }));
        all
    }
}
