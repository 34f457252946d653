//! The parts of a loop: its operands, and the pieces of its result.

use super::super::bodies::flops;
use crate::dtype::DType;
use crate::ir::{Body, Held, Meta, Piece, Scan, in_steps};
use crate::record::record;
use crate::var::Var;
use std::sync::Arc;

/// Records a loop: all results of its body, in order.
#[track_caller]
pub(super) fn results<'t>(
    body: Arc<Body>,
    steps: usize,
    reverse: bool,
    history: bool,
    operands: &[Var<'t>],
) -> Vec<Var<'t>> {
    let mut all: Vec<Option<Var<'t>>> = vec![None; body.ports.results()];
    for part in body.dtypes() {
        let scan = Scan::of(body.clone(), steps, part, reverse, history);
        let pieces = scan.pieces();
        let row = record(scan, operands);
        for piece in pieces {
            if let Held::Result(i) = piece.held {
                all[i] = Some(taken(row, &piece));
            }
        }
    }
    all.into_iter().map(|x| x.expect("each result has a dtype")).collect()
}

/// A piece of a loop's result.
#[track_caller]
pub(super) fn taken<'t>(row: Var<'t>, piece: &Piece) -> Var<'t> {
    row.slice(0, piece.start..piece.start + piece.elements()).reshape(piece.shape.clone())
}

impl Scan {
    pub(super) fn of(body: Arc<Body>, steps: usize, part: DType, reverse: bool, history: bool) -> Scan {
        let scan = Scan { body, steps, flops: 0, part, reverse, history };
        let elements = scan.pieces().iter().map(Piece::elements).fold(0, usize::saturating_add);
        let flops = flops(&scan.body).saturating_mul(steps).div_ceil(elements.max(1));
        Scan { flops, ..scan }
    }

    /// Shapes and dtypes of the operands.
    pub(super) fn operands(&self) -> impl Iterator<Item = Meta> {
        let ports = self.body.ports;
        self.body.arguments().enumerate().map(move |(i, meta)| match ports.is_read(i) {
            true => Meta::new(in_steps(&meta.shape, self.steps), meta.dtype),
            false => meta.clone(),
        })
    }
}
