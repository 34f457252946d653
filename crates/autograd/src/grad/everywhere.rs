//! The gradients with respect to all nodes at once, for drawings and for the search for NaN.

use super::sweep::sweep;
use crate::ir::{NodeId, Op};
use crate::reachable::Reachable;
use crate::var::Var;
use std::collections::HashMap;

/// The gradient of `output` with respect to every node that is reachable from a variable or from a parameter that is not
/// frozen, as pairs of a node and its adjoint. `f` reads them; then the adjoints are removed from the tape.
#[track_caller]
pub(crate) fn with_adjoints<'t, R>(output: Var<'t>, f: impl FnOnce(&[(NodeId, NodeId)]) -> R) -> R {
    output.check_scalar("with_gradients");
    let tape = output.tape();
    let leaves: Vec<NodeId> = {
        let list = tape.list();
        let is_leaf = |id: &NodeId| match list.node(*id).op {
            Op::Variable => true,
            Op::Parameter(p) => tape.params().is_some_and(|params| !params.is_frozen(p)),
            _ => false,
        };
        (0..=output.id()).filter(is_leaf).collect()
    };
    let start = tape.len();
    let mut reachable = Reachable::new(&tape.list(), &leaves, output.id());
    // The trap would stop this sweep at a NaN, which the caller may be looking for.
    let trap = std::mem::take(&mut tape.list_mut().trap);
    sweep(output, output.seed(), &mut reachable, true, |_| {});
    tape.list_mut().trap = trap;
    let adjoints: Vec<_> = reachable.order.iter().filter_map(|&id| Some((id, reachable.get(id)?))).collect();
    let result = f(&adjoints);
    tape.list_mut().truncate(start);
    result
}

/// The gradient of `output` with respect to every node between it and `wrt`, recorded on the tape.
#[track_caller]
pub(crate) fn adjoints_of<'t>(output: Var<'t>, wrt: &[Var<'t>]) -> HashMap<NodeId, NodeId> {
    let inputs: Vec<NodeId> = wrt.iter().map(|x| x.id()).collect();
    let mut reachable = Reachable::new(&output.tape().list(), &inputs, output.id());
    sweep(output, output.seed(), &mut reachable, true, |_| {});
    reachable.order.iter().filter_map(|&id| Some((id, reachable.get(id)?))).collect()
}
