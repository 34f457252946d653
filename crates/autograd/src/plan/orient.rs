//! Orientation: activations of a narrow layer, [batch, few], are kept transposed, [few, batch], so that every loop over
//! them runs along the batch.
//!
//! A·B = (Bᵀ·Aᵀ)ᵀ, and elementwise ops and sums may be done on the transpose as well; operands of products are strided
//! views, so that a transpose there costs nothing.

use super::graph::{Graph, Node};
use crate::ir::{NodeId, Op, Sum};
use crate::shape::Axes;

/// Below this width a product is turned.
const NARROW: usize = 16;

/// At least this many rows per column make it pay.
const ASPECT: usize = 4;

/// Turns narrow products, and what is computed from them, where nothing asks for rows.
pub(crate) fn orient(graph: Graph) -> Graph {
    let fixed = needs_rows(&graph);
    // The transpose of a node, where that is what is computed.
    let mut turned: Vec<NodeId> = Vec::new();
    graph.rewrite(|out, id, node| {
        turned.resize(out.nodes.len(), NodeId::MAX);
        let flipped = |out: &mut Graph, turned: &[NodeId], x: NodeId| match turned.get(x as usize) {
            Some(&t) if t != NodeId::MAX => t,
            _ => transpose(out, x),
        };
        let is_turned = |x: &NodeId| turned.get(*x as usize).is_some_and(|&t| t != NodeId::MAX);
        let result = match &node.op {
            Op::Matmul if !fixed[id as usize] && is_narrow(&node) => {
                let b = flipped(out, &turned, node.inputs[1]);
                let a = flipped(out, &turned, node.inputs[0]);
                out.add(Op::Matmul, [b, a].into(), node.origin)
            }
            Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Select | Op::Cast(_)
                if !fixed[id as usize] && node.inputs.iter().any(is_turned) =>
            {
                let inputs = node.inputs.iter().map(|&x| flipped(out, &turned, x)).collect();
                out.add(node.op.clone(), inputs, node.origin)
            }
            Op::Sum(Sum { axes }) if is_turned(&node.inputs[0]) => {
                let x = turned[node.inputs[0] as usize];
                let axes: Axes = axes.iter().rev().map(|a| 1 - a).collect();
                return out.add(Sum { axes }, [x].into(), node.origin);
            }
            _ => return out.push(node),
        };
        let back = transpose(out, result);
        turned.resize(out.nodes.len(), NodeId::MAX);
        turned[back as usize] = result;
        back
    })
}

fn transpose(out: &mut Graph, x: NodeId) -> NodeId {
    out.permute(x, [1, 0].into())
}

fn is_narrow(node: &Node) -> bool {
    matches!(node.meta.shape[..], [m, n] if n < NARROW && m >= ASPECT * n && m >= NARROW)
}

/// Per node whether its rows are asked for: by an output, or by an op that is neither elementwise, nor a product, nor a
/// sum over the batch.
fn needs_rows(graph: &Graph) -> Vec<bool> {
    let mut fixed = vec![false; graph.nodes.len()];
    for &id in &graph.outputs {
        fixed[id as usize] = true;
    }
    for id in (0..graph.nodes.len()).rev() {
        let node = &graph.nodes[id];
        let asks = match &node.op {
            Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Select | Op::Cast(_) => {
                fixed[id] || node.meta.shape.len() != 2
            }
            Op::Matmul => node.meta.shape.len() != 2,
            Op::Permute(_) => fixed[id],
            Op::Sum(Sum { axes }) => !(axes[..] == [0] || axes[..] == [0, 1]),
            _ => true,
        };
        if asks {
            for &input in &node.inputs {
                fixed[input as usize] = true;
            }
        }
    }
    fixed
}
