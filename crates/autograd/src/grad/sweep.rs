//! The sweep: each node between hands its adjoint on to its operands.

use crate::between::Between;
use crate::ir::{NodeId, Op, for_operands};
use crate::op::{At, Wanted, only};
use crate::var::Var;

/// What a sweep tells about the nodes that it appends.
pub(super) enum Event {
    /// The node became an adjoint.
    Held(NodeId),
    /// The node ceased to be one: it was added to another, or its node has been visited.
    Dropped(NodeId),
    /// The adjoint of a leaf is complete.
    Complete { leaf: NodeId, adjoint: NodeId },
    /// One node's rules have run.
    Visited,
}

/// Visits the nodes between from the last to the first; each hands its adjoint on to its operands by its rule. Where
/// nothing of it `stays` on the tape, some do so in one pass.
#[track_caller]
pub(super) fn sweep<'t>(
    output: Var<'t>,
    seed: Var<'t>,
    between: &mut Between,
    stays: bool,
    mut tell: impl FnMut(Event),
) {
    let tape = output.tape();
    if !between.contains(output.id()) {
        return;
    }
    // A rule may give what was there before, such as an operand; that is no adjoint by its nature.
    let start = tape.len() as NodeId;
    let note = |term: Var<'t>, of: NodeId| {
        if term.id() >= start {
            tape.list_mut().note_adjoint(term.id(), of);
        }
    };
    between.set(output.id(), seed.id());
    tell(Event::Held(seed.id()));
    for place in (0..between.order.len()).rev() {
        let id = between.order[place];
        let Some(adjoint) = between.get(id) else {
            continue;
        };
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
        let at_once = match op {
            Op::Unary(f) if !stays => g.pulled_back(f, Var::new(tape, inputs[0]), y).map(only),
            _ => None,
        };
        let by_rule = || {
            for_operands(
                &inputs,
                |x| between.contains(x),
                |wanted| {
                    for_operands(
                        &inputs,
                        |x| Var::new(tape, x),
                        |x| rule.vjp(&At { x, y }, g, Wanted(wanted)),
                    )
                },
            )
        };
        let terms = at_once.unwrap_or_else(by_rule);
        for (&input, term) in inputs.iter().zip(terms) {
            let Some(mut term) = term.filter(|_| between.contains(input)) else {
                continue;
            };
            note(term, input);
            if let Some(sum) = between.get(input) {
                term = Var::new(tape, sum) + term;
                note(term, input);
                tell(Event::Dropped(sum));
            }
            between.set(input, term.id());
            tell(Event::Held(term.id()));
        }
        drop(inherited);
        tape.raise_trapped();
        tell(Event::Dropped(adjoint));
        tell(Event::Visited);
    }
}
