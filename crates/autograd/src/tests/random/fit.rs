//! Rows of the table of tests as steps of a random program. Any variables are converted to the shapes and values that a row
//! takes.

use crate::ir::OpKind;
use crate::tests::Row;
use crate::tests::rows::{every_row, rows_of};
use crate::{Tape, Var};
use std::ops::Range;
use std::sync::OnceLock;

/// What a row takes and gives.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) operands: usize,
    /// The shape of its result.
    pub(super) result: Vec<usize>,
    /// Whether it adds up in another order than the oracle.
    pub(super) rounds: bool,
    /// The op whose row it is.
    pub(super) of: OpKind,
}

/// The rows that random programs draw from.
pub(super) fn small_rows() -> Vec<Row> {
    every_row().filter(|row| !row.large).collect()
}

/// What they take and give, in the same order.
pub(super) fn signatures() -> Vec<Signature> {
    static ALL: OnceLock<Vec<Signature>> = OnceLock::new();
    let signature = |of: OpKind, row: Row| {
        let tape = Tape::new();
        let x: Vec<Var<'_>> = row.arguments().iter().map(|a| tape.var(a)).collect();
        Signature { operands: x.len(), result: (row.f)(&x).shape().to_vec(), rounds: row.rounds, of }
    };
    let small = |of: OpKind| rows_of(of).into_iter().filter(|row| !row.large);
    let all = || OpKind::ALL.iter().flat_map(|&of| small(of).map(move |row| signature(of, row)));
    ALL.get_or_init(|| all().collect()).clone()
}

/// The row on operands of any shapes.
pub(super) fn apply_row<'t>(row: &Row, x: &[Var<'t>]) -> Var<'t> {
    let fitted: Vec<Var<'t>> =
        x.iter().zip(&row.shapes).map(|(x, shape)| fit(*x, shape, &row.domain)).collect();
    (row.f)(&fitted)
}

/// A tensor of the given shape with values within an interval, made of one of any shape.
fn fit<'t>(x: Var<'t>, shape: &[usize], domain: &Range<f64>) -> Var<'t> {
    let (given, wanted) = (x.shape().elements(), shape.iter().product::<usize>());
    let flat = x.reshape([given]);
    let flat = if given < wanted { flat.pad(0, 0, wanted - given) } else { flat.slice(0, 0..wanted) };
    let (middle, half) = ((domain.start + domain.end) / 2.0, (domain.end - domain.start) / 2.0);
    (flat.sin() * (0.98 * half) + middle).reshape(shape)
}
