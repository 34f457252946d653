//! Orientation: the activations of a narrow layer, [batch, few], are kept transposed, as [few, batch]. Every loop over them
//! then runs along the batch.
//!
//! This is possible because A·B = (Bᵀ·Aᵀ)ᵀ, and because elementwise ops and sums can be computed on the transpose. Operands of
//! products are strided views, so transposing them costs nothing.

use super::super::graph::{Graph, Node};
use crate::ir::{Matmul, NodeId, Op, OpKind, Structure, Sum};
use crate::shape::Axes;
use crate::target::{Narrow, Target};

/// Transposes narrow products, and what is computed from them, where no node needs their rows contiguous.
pub(crate) fn orient(graph: Graph, target: &Target) -> Graph {
    if !graph.may_have(&[OpKind::Matmul]) {
        return graph;
    }
    let fixed = needs_rows(&graph);
    let mut turned = Turned(graph.per_node(NodeId::MAX));
    graph.rewrite(|out, id| {
        let Node { op, inputs, origin, .. } = out.node(id);
        let result = match op.structure() {
            Structure::Contract if !fixed[id as usize] && is_narrow(out.node(id), &target.narrow) => {
                let (a, b, origin) = (inputs[0], inputs[1], *origin);
                let inputs = [turned.flipped(out, b), turned.flipped(out, a)].into();
                out.add(Matmul, inputs, origin)
            }
            Structure::Map if !fixed[id as usize] && inputs.iter().any(|&x| turned.get(x).is_some()) => {
                let (op, inputs, origin) = (op.clone(), inputs.clone(), *origin);
                let inputs = inputs.iter().map(|&x| turned.flipped(out, x)).collect();
                out.add(op, inputs, origin)
            }
            Structure::Reduce(axes) if matches!(op, Op::Sum(_)) => {
                let Some(x) = turned.get(inputs[0]) else { return out.keep(id) };
                let (axes, origin): (Axes, _) = (axes.iter().rev().map(|a| 1 - a).collect(), *origin);
                return out.add(Sum { axes }, [x].into(), origin);
            }
            _ => return out.keep(id),
        };
        let back = transpose(out, result);
        turned.set(back, result);
        back
    })
}

/// For each node whose transpose is computed instead, the number of the transpose.
struct Turned(Vec<NodeId>);

impl Turned {
    fn get(&self, x: NodeId) -> Option<NodeId> {
        self.0.get(x as usize).copied().filter(|&t| t != NodeId::MAX)
    }

    fn set(&mut self, x: NodeId, transpose: NodeId) {
        let i = x as usize;
        self.0.resize(self.0.len().max(i + 1), NodeId::MAX);
        self.0[i] = transpose;
    }

    /// The transpose of a node: the computed one, or a view.
    fn flipped(&self, out: &mut Graph, x: NodeId) -> NodeId {
        self.get(x).unwrap_or_else(|| transpose(out, x))
    }
}

fn transpose(out: &mut Graph, x: NodeId) -> NodeId {
    out.permute(x, [1, 0].into())
}

fn is_narrow(node: &Node, &Narrow { width, aspect, .. }: &Narrow) -> bool {
    matches!(node.meta.shape[..], [m, n] if n < width && m >= aspect * n && m >= width)
}

/// For each node, whether its rows are needed contiguous: it is an output, or its reader is neither elementwise, nor a
/// product, nor a sum over the batch.
fn needs_rows(graph: &Graph) -> Vec<bool> {
    let mut fixed = graph.per_node(false);
    for &id in &graph.outputs {
        fixed[id as usize] = true;
    }
    for (id, node) in graph.iter().rev() {
        let fixed_here = fixed[id as usize];
        let needs = match (node.op.structure(), &node.op) {
            (Structure::Map, _) => fixed_here || node.meta.shape.len() != 2,
            (Structure::Contract, _) => node.meta.shape.len() != 2,
            (Structure::View, Op::Permute(_)) => fixed_here,
            (Structure::Reduce(axes), Op::Sum(_)) => !(axes == [0] || axes == [0, 1]),
            _ => true,
        };
        if needs {
            for &input in &node.inputs {
                fixed[input as usize] = true;
            }
        }
    }
    fixed
}
