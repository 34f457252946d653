//! The gradients with respect to all nodes at once, for drawings, for the steps of a sweep and for the search for NaN.

use super::sweep::{Event, sweep};
use crate::ir::{NodeId, Op};
use crate::lists::IntoList;
use crate::reachable::Reachable;
use crate::var::Var;
use smallvec::SmallVec;
use std::collections::HashMap;

/// The visit of one node by a sweep.
pub(crate) struct Visit {
    pub(crate) node: NodeId,
    /// The adjoint of the node, which is complete.
    pub(crate) cotangent: NodeId,
    /// What its operands received. A leaf has none.
    pub(crate) passed: SmallVec<[Passed; 2]>,
}

/// What an operand received from one visit.
pub(crate) struct Passed {
    /// Which operand of the node, counted from 0.
    pub(crate) operand: usize,
    /// What it received.
    pub(crate) term: NodeId,
    /// The sum of all that it has received by then.
    pub(crate) so_far: NodeId,
}

/// The gradient of `output` with respect to every node that is reachable from a variable or from a parameter that is not
/// frozen, as pairs of a node and its adjoint. `f` reads them; then the adjoints are removed from the tape.
#[track_caller]
pub(crate) fn with_adjoints<'t, R>(output: Var<'t>, f: impl FnOnce(&[(NodeId, NodeId)]) -> R) -> R {
    with_visits(output, "with_gradients", |visits| {
        let adjoints: Vec<_> = visits.iter().rev().map(|visit| (visit.node, visit.cotangent)).listed();
        f(&adjoints)
    })
}

/// The same sweep, visit by visit, in its order: from the output back. `asked` is the method that messages name.
#[track_caller]
pub(crate) fn with_visits<'t, R>(output: Var<'t>, asked: &str, f: impl FnOnce(&[Visit]) -> R) -> R {
    let tape = output.tape();
    let start = tape.len();
    let visits = visits_of(output, asked);
    let result = f(&visits);
    tape.list_mut().truncate(start);
    result
}

#[track_caller]
fn visits_of(output: Var<'_>, asked: &str) -> Vec<Visit> {
    output.check_scalar(asked);
    let tape = output.tape();
    let leaves: Vec<NodeId> = {
        let list = tape.list();
        let is_leaf = |id: &NodeId| match list.node(*id).op {
            Op::Variable => true,
            Op::Parameter(p) => tape.params().is_some_and(|params| !params.is_frozen(p)),
            _ => false,
        };
        (0..=output.id()).filter(is_leaf).listed()
    };
    let mut reachable = Reachable::new(&tape.list(), &leaves, output.id());
    let mut visits: Vec<Visit> = Vec::with_capacity(reachable.order.len());
    // The trap would stop this sweep at a NaN, which the caller may be looking for.
    let trap = std::mem::take(&mut tape.list_mut().trap);
    sweep(output, output.seed(), &mut reachable, true, &mut |event| match event {
        Event::Began { node, cotangent } => {
            visits.push(Visit { node, cotangent, passed: SmallVec::new() });
        }
        Event::Passed { operand, term, so_far } => {
            if let Some(visit) = visits.last_mut() {
                visit.passed.push(Passed { operand, term, so_far });
            }
        }
        Event::Held(_) | Event::Dropped(_) | Event::Complete { .. } | Event::Visited => {}
    });
    tape.list_mut().trap = trap;
    visits
}

/// The gradient of `output` with respect to every node between it and `wrt`, recorded on the tape.
#[track_caller]
pub(crate) fn adjoints_of<'t>(output: Var<'t>, wrt: &[Var<'t>]) -> HashMap<NodeId, NodeId> {
    let inputs: Vec<NodeId> = wrt.iter().map(|x| x.id()).listed();
    let mut reachable = Reachable::new(&output.tape().list(), &inputs, output.id());
    sweep(output, output.seed(), &mut reachable, true, &mut |_| {});
    reachable.order.iter().filter_map(|&id| Some((id, reachable.get(id)?))).collect()
}
