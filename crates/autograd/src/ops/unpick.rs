//! Unpick: rows of zeros with one entry of each row set, y[i, cᵢ] = xᵢ. The adjoint of pick.
//!
//! Linear in x: ẏ = unpick ẋ, x̄ = pick ȳ. The indices have no derivative.

use super::indexing::{check, check_dense};
use super::pick::require_indices;
use super::prelude::*;
use crate::ir::{Pick, Unpick};

impl Rule for Unpick {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(&x[..1])?;
        let &[rows] = &x[0].shape[..] else {
            return Err(Mismatch::new("the entries to place have one axis"));
        };
        require_indices(x[1], rows)?;
        Ok(Meta::new(Shape::from([rows, self.columns]), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let [x, index] = [0, 1].map(|i| batch.merged(batch.of_all(i), 0));
        batch.parted(record(self.clone(), &[x, index]), 0)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(Pick { by: "" }, &[g, at.x[1]]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| record(self.clone(), &[t, at.x[1]]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        check_dense(&x[1], self.columns)?;
        let index = x[1].slice::<i64>();
        with_float!(y.dtype(), T => {
            let out = y.slice::<T>();
            out.fill(T::default());
            for (i, (&c, &g)) in index.iter().zip(x[0].slice::<T>()).enumerate() {
                out[i * self.columns + c as usize] = g;
            }
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        check(&x[1], self.columns)?;
        with_float!(y.dtype(), T => {
            kernels::index::unpick::<T>(x[0].view(), x[1].view(), self.columns, y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Unpick {
    fn rows() -> Vec<Row> {
        let mut all = rows("unpick", &[&[3]], |x| {
            record(Unpick { columns: 2 }, &[x.square(), x.tape().constant([1i64, 0, 1])])
        });
        all.extend(large("unpick", &[&[400]], |x| {
            let labels: Vec<i64> = (0..400).map(|i| i * 7 % 500).collect();
            record(Unpick { columns: 500 }, &[x.sin(), x.tape().constant(labels)]).cos().exp()
        }));
        all
    }
}
