//! Pick: one entry per row, yᵢ = x[i, cᵢ]; and Scatter, its adjoint: X[i, cᵢ] = gᵢ, zero elsewhere.
//!
//! Both are linear in their first operand and each is the other's adjoint. The indices have no derivative.

use crate::dense::Dense;
use crate::dtype::Storable;
use crate::dtype::{DType, Data, with_float};
use crate::ir::{Meta, Op, Scatter};
use crate::op::{At, Clash, Mismatch, Rule};
use crate::record::{record, require_float};
use crate::shape::Shape;
use crate::var::Var;

pub(crate) struct Pick;

impl Rule for Pick {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(&x[..1])?;
        let &[rows, _] = &x[0].shape[..] else {
            return Err(Mismatch::new("entries are picked from a matrix, of two axes"));
        };
        require_indices(x[1], rows)?;
        Ok(Meta::new(Shape::from([rows]), dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, i: usize, g: Var<'t>) -> Option<Var<'t>> {
        (i == 0).then(|| record(Scatter { columns: at.x[0].shape()[1] }, &[g, at.x[1]]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| record(Op::Pick, &[t, at.x[1]]))
    }

    fn reference(&self, x: &[Dense], _y: &Meta) -> Data {
        let columns = x[0].meta.shape[1];
        let index = i64::slice(x[1].data.borrow());
        x[0].gather(index.iter().enumerate().map(|(i, &c)| i * columns + c as usize))
    }
}

impl Rule for Scatter {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(&x[..1])?;
        let &[rows] = &x[0].shape[..] else {
            return Err(Mismatch::new("the entries to place have one axis"));
        };
        require_indices(x[1], rows)?;
        Ok(Meta::new(Shape::from([rows, self.columns]), dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, i: usize, g: Var<'t>) -> Option<Var<'t>> {
        (i == 0).then(|| record(Op::Pick, &[g, at.x[1]]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| record(self.clone(), &[t, at.x[1]]))
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let index = i64::slice(x[1].data.borrow());
        with_float!(y.dtype, T => {
            let mut out = vec![T::default(); index.len() * self.columns];
            for (i, (&c, &g)) in index.iter().zip(T::slice(x[0].data.borrow())).enumerate() {
                out[i * self.columns + c as usize] = g;
            }
            T::wrap(out)
        })
    }
}

fn require_indices(index: &Meta, rows: usize) -> Result<(), Mismatch> {
    if index.dtype != DType::I64 {
        let rule = format!("the indices are I64, not {}", index.dtype);
        let hint = "record them as integers, such as `&[2i64, 0]`, or convert with `.cast(DType::I64)`";
        return Err(Mismatch::new(rule).hint(hint).clash([Clash::DType(1)]));
    }
    if index.shape[..] != [rows] {
        let rule = format!("there is one index per row: shape [{rows}], not {}", index.shape);
        let mismatch = Mismatch::new(rule);
        return Err(match index.shape[..] {
            [n] if n != rows => mismatch.clash([Clash::Axis(0, 0), Clash::Axis(1, 0)]),
            [n, 1] if n == rows => {
                mismatch.hint(format!("`.reshape([{rows}])` leaves the column's axis out"))
            }
            _ => mismatch,
        });
    }
    Ok(())
}
