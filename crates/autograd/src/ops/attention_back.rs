//! Cotangents of attention, Q̄, K̄ and V̄ for the cotangent G of Y = (P∘M)·V with P = softmax(Q·Kᵀ + B), in one row for each entry of a
//! batch: the elements of Q̄, then those of K̄ and V̄. The weights P are computed again, and not stored as a whole.
//!
//! The formulas, and those of its derivative, are in `attended.rs`.
//! Source: derived here from A. Vaswani et al., "Attention is all you need", 2017, equation 1.

use super::attended::{
    Given, dense_slopes, dense_weights, needs, of_operands, parts, require_attention, second, sizes,
};
use super::factors::{doubles, write};
use super::prelude::*;
use crate::ir::AttentionBack;
use crate::kernels::attention::{AttentionOrder, Sizes};

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
        sizes(q, v, &self.form).order()
    }
}

impl Rule for AttentionBack {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_attention(x, &self.form, 4)?;
        let sizes = sizes(&x[0].shape, &x[2].shape, &self.form);
        let length = sizes.m * sizes.d + sizes.n * (sizes.d + sizes.e);
        let lead = &x[0].shape[..x[0].shape.len() - 2];
        Ok(Meta::new(Shape::from([lead, &[length]].concat()), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let [q, k, v] = parts(g, at.x).map(Some);
        of_operands(&self.form, at.x.len(), second(&self.form, at.x, [q, k, v, None]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let bias = self.form.beside(&t[4..]).bias.copied().flatten();
        let h = [t[0], t[1], t[2], bias];
        let moved = h.iter().any(Option::is_some).then(|| {
            let all = second(&self.form, at.x, h);
            joined([0, 1, 2].map(|i| all[i].unwrap_or_else(|| at.x[i].full_like(0.0))))
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
        let sizes = sizes(&x[0].meta.shape, &x[2].meta.shape, &self.form);
        let Sizes { entries, m, n, d, e, .. } = sizes;
        let [q, k, g] = [0, 1, 3].map(|i| doubles(&x[i]));
        let [_, p] = dense_weights(x, &self.form, 4, sizes);
        let slopes = dense_slopes(x, &self.form, sizes);
        let mut out = vec![0.0; y.shape.elements()];
        for row in 0..entries * m {
            let (entry, i) = (row / m, row % m);
            let out = &mut out[entry * (m * d + n * (d + e))..];
            for j in 0..n {
                let s = slopes[row * n + j];
                for c in 0..d {
                    out[i * d + c] += s * k[(entry * n + j) * d + c];
                    out[(m + j) * d + c] += s * q[row * d + c];
                }
                (0..e).for_each(|c| out[(m + n) * d + j * e + c] += p[row * n + j] * g[row * e + c]);
            }
        }
        write(y, &out);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let (sizes, given) = (sizes(x[0].shape, x[2].shape, &self.form), Given::of(&self.form, x, 4));
        with_float!(y.dtype(), T => {
            let g = x[3].view();
            kernels::attention::back(given.with::<T>(x), g, y.slice(), sizes, room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        needs(sizes(&x[0].shape, &x[2].shape, &self.form), y.dtype)
    }
}

#[cfg(test)]
use crate::ir::Attending;

#[cfg(test)]
impl Tested for AttentionBack {
    fn rows() -> Vec<Row> {
        /// The cotangents of all operands.
        fn back<'t>(x: &[Var<'t>], mask: Option<Var<'t>>, causal: bool) -> Var<'t> {
            let mut all = x.to_vec();
            all.extend(mask);
            let form = Attending { causal, mask: mask.is_some(), ..Attending::default() };
            record(AttentionBack { form, flops: 1 }, &all)
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
        for (told, shapes) in super::attended::FORMS.into_iter().zip(super::attended::BIASED) {
            all.push(row("attention_back with a bias", &shapes, move |x| {
                let (form, x) = told.adjoint(x);
                record(AttentionBack { form, flops: 1 }, &x)
            }));
        }
        let mut all: Vec<Row> = all.into_iter().map(Row::rounds).collect();
        let single: [&[usize]; 4] = [&[3, 1, 1]; 4];
        all.push(row("attention_back of one key", &single, |x| back(x, None, false).sin()));
        all
    }
}
