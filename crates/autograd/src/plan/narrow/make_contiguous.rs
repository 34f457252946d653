//! Makes narrow operands contiguous. If an operand of a product is a transposed input, such as a batch with few features, it is
//! copied once in each run. The product then reads it along the batch.

use super::super::graph::{Graph, Node};
use crate::ir::{Copy, NodeId, Op, OpKind, Permute, Structure};
use crate::target::{Narrow, Target};

/// Copies narrow transposed inputs that products read.
pub(crate) fn make_contiguous(graph: Graph, target: &Target) -> Graph {
    if !graph.may_have(&[OpKind::Permute]) {
        return graph;
    }
    let mut transposed = graph.per_node(false);
    for (_, node) in graph.iter().filter(|(_, node)| matches!(node.op.structure(), Structure::Contract)) {
        for &x in &node.inputs {
            transposed[x as usize] |= is_narrow_transpose(&graph, x, &target.narrow);
        }
    }
    if !transposed.contains(&true) {
        return graph;
    }
    graph.rewrite(|out, id| {
        out.keep(id);
        if transposed[id as usize] { copied(out, id) } else { id }
    })
}

/// Whether a node is the transpose of an input, with few rows and many columns.
fn is_narrow_transpose(graph: &Graph, x: NodeId, &Narrow { width, aspect, .. }: &Narrow) -> bool {
    let Node { op: Op::Permute(Permute { axes }), inputs, meta, .. } = graph.node(x) else { return false };
    let narrow = matches!(meta.shape[..], [few, many] if few > 1 && few < width && many >= aspect * width);
    narrow && axes[..] == [1, 0] && matches!(graph.node(inputs[0]).op, Op::Input(_))
}

fn copied(out: &mut Graph, x: NodeId) -> NodeId {
    let origin = out.node(x).origin;
    out.add(Copy, [x].into(), origin)
}
