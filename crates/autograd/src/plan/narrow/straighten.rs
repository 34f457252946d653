//! Narrow operands that are read across, such as the transpose of a batch of few features, are copied once to lie in one
//! piece: a product then reads them along the batch.

use super::super::graph::{Graph, Node};
use crate::ir::{Copy, NodeId, Op, Permute, Structure};
use crate::target::{Narrow, Target};

/// Copies what products read across.
pub(crate) fn straighten(graph: Graph, target: &Target) -> Graph {
    let mut across = graph.per_node(false);
    for (_, node) in graph.iter().filter(|(_, node)| matches!(node.op.structure(), Structure::Contract)) {
        for &x in &node.inputs {
            across[x as usize] |= is_read_across(&graph, x, &target.narrow);
        }
    }
    if !across.contains(&true) {
        return graph;
    }
    graph.rewrite(|out, id| {
        out.keep(id);
        if across[id as usize] { copied(out, id) } else { id }
    })
}

/// Whether it is a transpose, few rows of many columns, of a matrix that lies there as it is.
fn is_read_across(graph: &Graph, x: NodeId, &Narrow { width, aspect, .. }: &Narrow) -> bool {
    let Node { op: Op::Permute(Permute { axes }), inputs, meta, .. } = graph.node(x) else { return false };
    let narrow = matches!(meta.shape[..], [few, many] if few > 1 && few < width && many >= aspect * width);
    narrow && axes[..] == [1, 0] && matches!(graph.node(inputs[0]).op, Op::Input(_))
}

fn copied(out: &mut Graph, x: NodeId) -> NodeId {
    let origin = out.node(x).origin;
    out.add(Copy, [x].into(), origin)
}
