//! Dead code elimination: nodes that no output needs are removed.

use super::graph::Graph;

/// Keeps the ancestors of the outputs.
pub(crate) fn dead(mut graph: Graph) -> Graph {
    let mut needed = graph.per_node(false);
    for &id in &graph.outputs {
        needed[id as usize] = true;
    }
    for (id, node) in graph.iter().rev() {
        if needed[id as usize] {
            node.inputs.iter().for_each(|&input| needed[input as usize] = true);
        }
    }
    graph.retain(|id| needed[id as usize]);
    graph
}
