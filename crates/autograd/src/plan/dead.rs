//! Dead code: what no output needs is left out.

use super::graph::Graph;
use crate::ir::NodeId;

/// Keeps the ancestors of the outputs.
pub(crate) fn dead(graph: Graph) -> Graph {
    let mut needed = vec![false; graph.nodes.len()];
    for &id in &graph.outputs {
        needed[id as usize] = true;
    }
    for id in (0..graph.nodes.len()).rev() {
        if needed[id] {
            for &input in &graph.nodes[id].inputs {
                needed[input as usize] = true;
            }
        }
    }
    // What is not needed has no successor: the number that stands for it is never read.
    graph.rewrite(|out, id, node| if needed[id as usize] { out.push(node) } else { NodeId::MAX })
}
