//! Writes the bodies of functions and checkpoints in the place of their calls, so that their ops fuse with those around them.
//! The rules that the calls had have been applied when the list was recorded.

use super::graph::Graph;
use crate::ir::{Body, Inputs, NodeId, Op, OpKind};
use crate::origin::Origin;

/// Replaces each call by the ops of its body.
pub(crate) fn inline(graph: Graph) -> Graph {
    if !graph.may_have(&[OpKind::Call]) {
        return graph;
    }
    graph.rewrite(|out, id| match &out.node(id).op {
        Op::Call(call) => {
            let (body, node) = (call.body.clone(), out.node(id));
            let (arguments, origin) = (node.inputs.to_vec(), node.origin);
            written(out, &body, arguments, origin)
        }
        _ => out.keep(id),
    })
}

/// Lists the ops of a body on these arguments, and gives its result.
fn written(out: &mut Graph, body: &Body, arguments: Vec<NodeId>, origin: Origin) -> NodeId {
    let mut values = arguments;
    for line in &body.lines[values.len()..] {
        let origin = origin.at(line.site);
        let inputs = Inputs::from_fn(line.inputs.len(), |i| values[line.inputs[i] as usize]);
        values.push(match &line.op {
            Op::Full(x) => out.full_of(*x, line.meta.clone(), origin),
            Op::Call(call) => written(out, &call.body, inputs.to_vec(), origin),
            op => out.add(op.clone(), inputs, origin),
        });
    }
    values[body.results[0] as usize]
}
