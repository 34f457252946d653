//! Writes small products with vectors, such as those of a network on one sample, as elementwise operations and sums. These fuse
//! with the ops around them. For A of \[m, k\] and B of \[k, n\]:
//!
//! * k = 1, an outer product: C = A·B where both are repeated;
//! * n = 1, a matrix times a vector: cᵢ = Σⱼ aᵢⱼ·bⱼ, a sum over rows;
//! * m = 1 and k small, a sum of few rows: C = a₁·B₁ + … + aₖ·Bₖ.

use super::super::graph::{Graph, Node};
use crate::ir::{Binary, NodeId, Op, OpKind, Slice};
use crate::lists::IntoList;
use crate::target::{Narrow, Target};

/// Replaces the products of vectors.
pub(crate) fn spell_out(graph: Graph, target: &Target) -> Graph {
    let limits = &target.narrow;
    if !graph.may_have(&[OpKind::Matmul])
        || !graph.iter().any(|(_, node)| sizes(&graph, node, limits).is_some())
    {
        return graph;
    }
    graph.rewrite(|out, id| product(out, id, limits).unwrap_or_else(|| out.keep(id)))
}

/// m, k and n of a small product.
fn sizes(graph: &Graph, node: &Node, limits: &Narrow) -> Option<(usize, usize, usize)> {
    let (Op::Matmul(_), &[a, b]) = (&node.op, &node.inputs[..]) else { return None };
    let (&[m, k], &[_, n]) = (&graph.shape(a)[..], &graph.shape(b)[..]) else { return None };
    let multiplications = m.saturating_mul(k).saturating_mul(n);
    (1..=limits.small_product).contains(&multiplications).then_some((m, k, n))
}

fn product(out: &mut Graph, id: NodeId, limits: &Narrow) -> Option<NodeId> {
    let node = out.node(id);
    let (m, k, n) = sizes(out, node, limits)?;
    let (a, b) = (node.inputs[0], node.inputs[1]);
    match (m, k, n) {
        (_, 1, _) => Some(repeated(out, a, b, [m, n])),
        (_, _, 1) => {
            let row = out.reshape(b, [1, k].into());
            let terms = repeated(out, a, row, [m, k]);
            let sums = out.sum(terms, [1].into());
            Some(out.reshape(sums, [m, 1].into()))
        }
        (1, ..) if k <= limits.few_rows => {
            let terms = (0..k).map(|j| {
                let (factor, row) = (part(out, a, 1, j), part(out, b, 0, j));
                repeated(out, factor, row, [1, n])
            });
            let terms: Vec<NodeId> = terms.listed();
            terms.into_iter().reduce(|sum, term| out.binary(Binary::Add, sum, term))
        }
        _ => None,
    }
}

/// a·b elementwise, after both are broadcast to a shape.
fn repeated(out: &mut Graph, a: NodeId, b: NodeId, to: [usize; 2]) -> NodeId {
    let (a, b) = (out.broadcast(a, to.into()), out.broadcast(b, to.into()));
    out.binary(Binary::Mul, a, b)
}

/// One column or row.
fn part(out: &mut Graph, x: NodeId, axis: u8, start: usize) -> NodeId {
    let origin = out.node(x).origin;
    out.add(Slice { axis, start, length: 1 }, [x].into(), origin)
}
