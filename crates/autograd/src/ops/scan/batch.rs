//! A loop for each example of a batch: one loop, whose body computes a step of all examples.

use super::super::bodies::replay_for_each;
use super::parts::taken;
use crate::ir::{Body, Held, Meta, NodeId, Ports, Scan};
use crate::op::{Batch, Each, with_examples};
use crate::record::{Given, Recording, record};
use crate::var::Var;

/// The results of all loops. Each example has a row.
#[track_caller]
pub(super) fn of_each_loop<'t>(scan: &Scan, batch: &Batch<'_, 't>) -> Var<'t> {
    let (body, n) = (&*scan.body, batch.examples);
    let ports = body.ports;
    let own = differing(body, batch.x);
    let operand = |i: usize| match batch.x[i] {
        Each::Own(x) if ports.is_read(i) => x.move_axis(0, 1),
        x if own[i] => x.of_all(n),
        Each::Own(x) | Each::Same(x) => x,
    };
    let mut operands: Vec<Var<'t>> = (0..ports.arguments()).map(operand).collect();
    let of_one_step = |(i, meta): (usize, &Meta)| match own[i] {
        true => Meta::new(with_examples(n, &meta.shape), meta.dtype),
        false => meta.clone(),
    };
    let tape = operands[0].tape();
    let recording =
        Recording::begin(tape, &body.arguments().enumerate().map(of_one_step).collect::<Vec<Meta>>());
    let values = replay_for_each(body, tape, n, &recording.arguments(), &own);
    let result = |(i, &id): (usize, &NodeId)| match values[id as usize] {
        Each::Same(x) if i < ports.carried && own[i] => Each::Same(x).of_all(n),
        Each::Own(x) | Each::Same(x) => x,
    };
    let results: Vec<Var<'t>> = body.results.iter().enumerate().map(result).collect();
    let Ports { carried, captured, stacked, .. } = ports;
    // The new body keeps what the old one does, so that the pieces are those of the loop, in order.
    let kept = body.products.iter().map(|&id| match values[id as usize] {
        Each::Own(x) | Each::Same(x) => x,
    });
    let given = Given { carried, captured, stacked, hoists: true };
    let (new, outside) = recording.end_keeping(&results, given, &[], Some(&kept.collect::<Vec<_>>()));
    operands.extend(outside);
    let all = Scan::of(new, scan.steps, scan.part, scan.reverse, scan.history);
    let pieces = all.pieces();
    let row = record(all, &operands);
    let parts = scan.pieces().into_iter().zip(pieces).map(|(old, new)| {
        debug_assert_eq!(old.held, new.held, "what a loop of examples keeps is what the loop keeps");
        let id = match old.held {
            Held::Result(i) => body.results[i],
            Held::History(i) => i as NodeId,
            Held::Product(i) => body.products[i],
        };
        let is_own = match old.held {
            Held::Result(i) if i < carried => own[i],
            _ => matches!(values[id as usize], Each::Own(_)),
        };
        let part = taken(row, &new);
        let each_step = !matches!(old.held, Held::Result(i) if !ports.is_stacked(i));
        match is_own {
            true if each_step => {
                part.reshape([scan.steps, n, old.elements() / scan.steps.max(1)]).move_axis(0, 1)
            }
            true => part,
            false => Each::Same(part).of_all(n),
        }
        .reshape([n, old.elements()])
    });
    Var::concat(&parts.collect::<Vec<_>>(), 1)
}

/// Which arguments differ between examples: those whose operands do, and what becomes of such a carry in a later step.
fn differing(body: &Body, operands: &[Each<'_>]) -> Vec<bool> {
    let mut own: Vec<bool> = operands.iter().map(|x| matches!(x, Each::Own(_))).collect();
    loop {
        let mut all = own.clone();
        for line in &body.lines[own.len()..] {
            all.push(line.inputs.iter().any(|&i| all[i as usize]));
        }
        let carried = 0..body.ports.carried;
        let more: Vec<usize> = carried.filter(|&i| !own[i] && all[body.results[i] as usize]).collect();
        if more.is_empty() {
            return own;
        }
        more.into_iter().for_each(|i| own[i] = true);
    }
}
