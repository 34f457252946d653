//! The gradients of all nodes at once, for whoever wants to look at them.

use super::sweep::sweep;
use crate::between::Between;
use crate::ir::{NodeId, Op};
use crate::var::Var;

/// The gradient of `output` with respect to every node on the way to it from a variable, or from a parameter that is not
/// frozen: pairs of a node and its adjoint. `f` reads them; nothing stays on the tape.
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
    let mut between = Between::new(&tape.list(), &leaves, output.id());
    // Who looks for what is not finite wants to see it: no trap stops this sweep.
    let trap = std::mem::take(&mut tape.list_mut().trap);
    sweep(output, output.seed(), &mut between, true, |_| {});
    tape.list_mut().trap = trap;
    let adjoints: Vec<_> = between.order.iter().filter_map(|&id| Some((id, between.get(id)?))).collect();
    let result = f(&adjoints);
    tape.list_mut().truncate(start);
    result
}
