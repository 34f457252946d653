//! The backward sweep: each reachable node passes its adjoint on to its operands.

use super::parts::Wholes;
use crate::ir::{NodeId, Op, for_operands};
use crate::op::{At, Wanted, only};
use crate::reachable::Reachable;
use crate::var::Var;

/// What a sweep reports about the nodes that it appends.
pub(super) enum Event {
    /// The visit of a node begins. Its adjoint, the cotangent that it passes on, is complete.
    Began { node: NodeId, cotangent: NodeId },
    /// The node that is visited gave an operand a term, which its adjoint so far now holds.
    Passed { operand: usize, term: NodeId, so_far: NodeId },
    /// The node became an adjoint.
    Held(NodeId),
    /// The node is no adjoint any more: it was added to another one, or the node that it belongs to has been visited.
    Dropped(NodeId),
    /// The adjoint of a leaf is complete.
    Complete { leaf: NodeId, adjoint: NodeId },
    /// The rules of one node have run.
    Visited,
}

/// Visits the reachable nodes from the last to the first. Each passes its adjoint on to its operands by its rule. If nothing
/// `stays` on the tape, elementwise functions do so in one loop.
#[track_caller]
pub(super) fn sweep<'t>(
    output: Var<'t>,
    seed: Var<'t>,
    reachable: &mut Reachable,
    stays: bool,
    tell: &mut dyn FnMut(Event),
) {
    sweep_from(&[(output, seed)], reachable, stays, tell);
}

/// The same from several outputs, each with its adjoint. An output that is given twice receives the sum.
#[track_caller]
pub(super) fn sweep_from<'t>(
    seeds: &[(Var<'t>, Var<'t>)],
    reachable: &mut Reachable,
    stays: bool,
    tell: &mut dyn FnMut(Event),
) {
    let tape = seeds[0].0.tape();
    let _lasting = tape.sweeping(stays);
    // A rule may return a node that was recorded before the sweep, such as an operand. Such a node is not marked as an adjoint.
    let start = tape.len() as NodeId;
    let note = |term: Var<'t>, of: NodeId| {
        if term.id() >= start {
            tape.list_mut().note_adjoint(term.id(), of);
        }
    };
    for &(output, seed) in seeds {
        if reachable.contains(output.id()) {
            let seed = reachable.get(output.id()).map_or(seed, |sum| Var::new(tape, sum) + seed);
            reachable.set(output.id(), seed.id());
            tell(Event::Held(seed.id()));
        }
    }
    let mut wholes = Wholes::default();
    for index in (0..reachable.order.len()).rev() {
        let id = reachable.order[index];
        let Some(adjoint) = reachable.get(id) else {
            continue;
        };
        tell(Event::Began { node: id, cotangent: adjoint });
        let (op, inputs) = {
            let list = tape.list();
            let node = list.node(id);
            (node.op.clone(), node.inputs.clone())
        };
        let Some(rule) = op.rule() else {
            tell(Event::Complete { leaf: id, adjoint });
            continue;
        };
        let (y, g) = (Var::new(tape, id), Var::new(tape, adjoint));
        let inherited = tape.inheriting(id);
        if let Op::Slice(part) = &op
            && wholes.add(tape, (inputs[0], reachable.get(inputs[0])), part, adjoint)
        {
            drop(inherited);
            tell(Event::Dropped(adjoint));
            tell(Event::Visited);
            continue;
        }
        let in_one_loop = match op {
            Op::Unary(f) if !stays => g.pulled_back(f, Var::new(tape, inputs[0]), y).map(only),
            _ => None,
        };
        let by_rule = || {
            for_operands(
                &inputs,
                |x| reachable.contains(x),
                |wanted| {
                    for_operands(
                        &inputs,
                        |x| Var::new(tape, x),
                        |x| rule.vjp(&At { x, y }, g, Wanted(wanted)),
                    )
                },
            )
        };
        let terms = in_one_loop.unwrap_or_else(by_rule);
        #[cfg(test)]
        let terms = crate::tests::mutations::cotangents(&op, terms);
        for (i, &input) in inputs.iter().enumerate() {
            let Some(mut term) = terms.get(i).copied().flatten().filter(|_| reachable.contains(input)) else {
                continue;
            };
            note(term, input);
            let given = term.id();
            if let Some(sum) = reachable.get(input) {
                term = Var::new(tape, sum) + term;
                note(term, input);
                tell(Event::Dropped(sum));
            } else if !stays && term.id() != adjoint && matches!(op, Op::Slice(_)) {
                wholes.note(tape, input, term.id());
            }
            reachable.set(input, term.id());
            tell(Event::Passed { operand: i, term: given, so_far: term.id() });
            tell(Event::Held(term.id()));
        }
        drop(inherited);
        tape.raise_trapped();
        tell(Event::Dropped(adjoint));
        tell(Event::Visited);
    }
}
