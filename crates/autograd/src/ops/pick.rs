//! Pick: one entry of each row, yᵢ = x[i, cᵢ].
//!
//! Linear in x: ẏ = pick ẋ, x̄ = unpick ȳ. The indices have no derivative.

use super::indexing::{check, check_dense, require_i64};
use super::prelude::*;
use crate::ir::{Pick, Unpick};

impl<'t> Var<'t> {
    /// One entry of each row of a matrix of \[n, c\]: yᵢ = x\[i, indexᵢ\], for an index of n integers.
    ///
    /// # Panics
    /// If `self` is no matrix, if `index` is not `I64` of shape \[n\], or if an index is out of 0..c.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.pick(tape.constant(&[1i64, 0]));
    /// assert_eq!(y.to_vec::<f64>(), [2.0, 3.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn pick(self, index: Var<'t>) -> Var<'t> {
        record(Pick { by: "" }, &[self, index])
    }

    /// As [`pick`](Var::pick), for a loss whose rows have labels: the [`Fault`](crate::Fault) of a label that is no class
    /// speaks in the name of the loss, of labels and classes.
    ///
    /// # Panics
    /// As [`pick`](Var::pick).
    ///
    /// ```
    /// use autograd::{DType, Params, Program, Var};
    /// /// −mean of the scores of the labels.
    /// fn reward<'t>(scores: Var<'t>, labels: Var<'t>) -> Var<'t> {
    ///     -scores.pick_labels("reward", labels).mean()
    /// }
    /// let params = Params::f64();
    /// let program = Program::trace(&params, |t| {
    ///     t.outputs(reward(t.input("scores", [2, 2]), t.input_of("labels", DType::I64, [2])))
    /// })?;
    /// let mut state = program.state();
    /// let error = program.run(&mut state, &params, ([[1.0, 2.0], [3.0, 4.0]], &[0i64, 2])).unwrap_err();
    /// let text = error.to_string();
    /// assert!(text.starts_with("reward at ") && text.ends_with(": label 2 of row 1 is outside of 0..2 (2 classes)"));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    #[track_caller]
    pub fn pick_labels(self, loss: &'static str, labels: Var<'t>) -> Var<'t> {
        record(Pick { by: loss }, &[self, labels])
    }
}

impl Pick {
    /// What is wrong with an index, in the words of who asked.
    fn fault(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Index { position, value, bound } if !self.by.is_empty() => {
                Fault::Label { asked: self.by, row: position[0], label: value, classes: bound }
            }
            fault => fault,
        }
    }
}

impl Rule for Pick {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(&x[..1])?;
        let &[rows, _] = &x[0].shape[..] else {
            return Err(Mismatch::new("entries are picked from a matrix, of two axes"));
        };
        require_indices(x[1], rows)?;
        Ok(Meta::new(Shape::from([rows]), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let [x, index] = [0, 1].map(|i| batch.merged(batch.of_all(i), 0));
        batch.parted(record(self.clone(), &[x, index]), 0)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(Unpick { columns: at.x[0].shape()[1] }, &[g, at.x[1]]))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        t[0].map(|t| record(self.clone(), &[t, at.x[1]]))
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(Expr::Op("pick".to_owned(), at.x.to_vec()))
    }

    fn formula_vjp(&self, at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        Some(symbol::product([g.clone(), symbol::one_hot(at.x[1].clone())]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let columns = x[0].meta.shape[1];
        check_dense(&x[1], columns).map_err(|fault| self.fault(fault))?;
        let index = x[1].slice::<i64>();
        x[0].gather(index.iter().enumerate().map(|(i, &c)| i * columns + c as usize), y);
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        check(&x[1], x[0].shape[1]).map_err(|fault| self.fault(fault))?;
        with_float!(y.dtype(), T => kernels::index::pick::<T>(x[0].view(), x[1].view(), y.slice()));
        Ok(())
    }
}

/// Checks that there is one index for each row.
pub(super) fn require_indices(index: &Meta, rows: usize) -> Result<(), Mismatch> {
    require_i64(1, index)?;
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

#[cfg(test)]
impl Tested for Pick {
    fn rows() -> Vec<Row> {
        let mut all = rows("pick", &[&[3, 4]], |x| x.square().pick(x.tape().constant([3i64, 0, 3])));
        all.extend(rows("pick no rows", &[&[0, 4]], |x| x.pick(x.tape().constant(Vec::<i64>::new()))));
        all.extend(large("pick", &[&[320, 500]], |x| {
            let labels: Vec<i64> = (0..320).map(|i| i * 7 % 500).collect();
            x.sin().pick(x.tape().constant(labels))
        }));
        all
    }
}
