//! Cotangent of the bias of attention, B̄ for the cotangent G of Y = (P∘M)·V with P = softmax(Q·Kᵀ + B). It has the shape of B: cotangents
//! of the scores are added up where B was broadcast, along leading axes and along queries. The weights P are computed again, and not
//! stored as a whole.
//!
//! The formulas, and those of its derivative, are in `attended.rs`.
//! Source: derived here from A. Vaswani et al., "Attention is all you need", 2017, equation 1.

use super::attended::{Given, dense_slopes, needs, of_operands, require_attention, second, sizes};
use super::factors::write;
use super::prelude::*;
use crate::ir::AttentionBias;
use crate::kernels::attention::AttentionOrder;

impl AttentionBias {
    /// The order in which sums are made, from the shapes of queries, values and the bias.
    pub fn order(&self, q: &[usize], v: &[usize], bias: &[usize]) -> AttentionOrder {
        let sizes = sizes(q, v, &self.form);
        AttentionOrder { parts: sizes.parts_of_bias(bias[bias.len() - 2]), ..sizes.order() }
    }

    /// The number of the bias among the operands.
    fn place(&self, operands: usize) -> usize {
        self.form.beside(4..operands).bias.expect("its only user gives a bias")
    }
}

impl Rule for AttentionBias {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_attention(x, &self.form, 4)?;
        Ok(Meta::new(x[self.place(x.len())].shape.clone(), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        of_operands(&self.form, at.x.len(), second(&self.form, at.x, [None, None, None, Some(g)]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let h = [t[0], t[1], t[2], t[self.place(at.x.len())]];
        let moved = h.iter().any(Option::is_some).then(|| second(&self.form, at.x, h)[4]).flatten();
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
        let lengths = [&x[0].meta.shape[..x[0].meta.shape.len() - 1], &[sizes.n]].concat();
        let mut out = vec![0.0; y.shape.elements()];
        for (index, slope) in indices(&lengths).zip(dense_slopes(x, &self.form, sizes)) {
            let own = y.shape.iter().zip(&index);
            out[own.fold(0, |at, (&own, &i)| at * own + if own == 1 { 0 } else { i })] += slope;
        }
        write(y, &out);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let (sizes, given) = (sizes(x[0].shape, x[2].shape, &self.form), Given::of(&self.form, x, 4));
        let own = x[self.place(x.len())].shape;
        with_float!(y.dtype(), T => {
            let g = x[3].view();
            kernels::attention::bias(given.with::<T>(x), g, (y.slice(), own), sizes, room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        needs(sizes(&x[0].shape, &x[2].shape, &self.form), y.dtype)
    }
}

#[cfg(test)]
use super::attended::{BIASED, FORMS, Told};

#[cfg(test)]
impl Tested for AttentionBias {
    fn rows() -> Vec<Row> {
        fn of<'t>(told: Told, x: &[Var<'t>]) -> Var<'t> {
            let (form, x) = told.adjoint(x);
            record(AttentionBias { form, flops: 1 }, &x)
        }
        let mut all = vec![];
        for (told, shapes) in FORMS.into_iter().zip(BIASED) {
            all.push(row("attention_bias", &shapes, move |x| of(told, x)));
        }
        // Bands of queries and steps of keys; a row for all queries has parts.
        let [q, k, v, g]: [&[usize]; 4] = [&[2, 250, 3], &[2, 210, 3], &[2, 210, 2], &[2, 250, 2]];
        for (told, bias) in FORMS[1..].iter().zip([[1, 250, 210], [2, 1, 210], [1, 1, 210]]) {
            let told = *told;
            all.push(row("attention_bias", &[q, k, v, g, &bias], move |x| of(told, x)).large());
        }
        all.into_iter().map(Row::rounds).collect()
    }
}
