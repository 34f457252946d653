//! Sinks permutations into the node that they permute, if nothing else reads that node: into the parts of a concatenation, and
//! into the operands of a batch of products, (A·B)ᵀ = Bᵀ·Aᵀ. The result then has the layout in which it is read, and no copy is
//! needed. The pass is general: it depends neither on sizes nor on other passes.

use super::graph::{Graph, Node};
use crate::ir::{Concat, Inputs, Matmul, NodeId, Op, OpKind, Permute};
use crate::shape::Axes;

/// Moves permutations towards the operands.
pub(crate) fn sink(graph: Graph) -> Graph {
    if !graph.may_have(&[OpKind::Permute])
        || !graph.iter().any(|(_, node)| could_move(&graph, node).is_some())
    {
        return graph;
    }
    let readers = readers(&graph);
    graph.rewrite(|out, id| {
        let Some((axes, x)) = could_move(out, out.node(id)) else { return out.keep(id) };
        let axes = axes.clone();
        match out.node(x).op {
            _ if readers.get(x as usize) != Some(&1) => out.keep(id),
            Op::Concat(Concat { axis }) => concatenation(out, x, axis, &axes),
            _ => product(out, x, &axes),
        }
    })
}

/// The axes of a permutation that could move, and what it permutes.
fn could_move<'a>(graph: &Graph, node: &'a Node) -> Option<(&'a Axes, NodeId)> {
    let Node { op: Op::Permute(Permute { axes }), inputs, .. } = node else { return None };
    match graph.node(inputs[0]).op {
        Op::Concat(_) => Some((axes, inputs[0])),
        Op::Matmul(_) if is_transpose_in_batch(axes) => Some((axes, inputs[0])),
        _ => None,
    }
}

/// How many nodes read each node. Outputs count twice more, because the user reads them.
fn readers(graph: &Graph) -> Vec<u32> {
    let mut readers = graph.per_node(0);
    for (_, node) in graph.iter() {
        node.inputs.iter().for_each(|&x| readers[x as usize] += 1);
    }
    graph.outputs.iter().for_each(|&x| readers[x as usize] += 2);
    readers
}

fn concatenation(out: &mut Graph, x: NodeId, axis: u8, axes: &Axes) -> NodeId {
    let Node { inputs, origin, .. } = out.node(x);
    let (parts, origin) = (inputs.clone(), *origin);
    let parts: Inputs = parts.iter().map(|&part| out.permute(part, axes.clone())).collect();
    let axis = axes.iter().position(|&a| a == axis).expect("a permutation has every axis") as u8;
    out.add(Concat { axis }, parts, origin)
}

/// Whether a permutation swaps the last two of at least three axes. Products without a batch are left to `orient`.
fn is_transpose_in_batch(axes: &[u8]) -> bool {
    let Some((lead, &[row, column])) = axes.split_last_chunk() else { return false };
    let rank = axes.len() as u8;
    !lead.is_empty() && lead.is_sorted() && [row, column] == [rank - 1, rank - 2]
}

fn product(out: &mut Graph, x: NodeId, axes: &Axes) -> NodeId {
    let Node { inputs, origin, .. } = out.node(x);
    let (a, b, origin) = (inputs[0], inputs[1], *origin);
    let [a, b] = [a, b].map(|x| out.permute(x, axes.clone()));
    out.add(Matmul, [b, a].into(), origin)
}
