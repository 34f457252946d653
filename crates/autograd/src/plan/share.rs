//! What a sigmoid or a hyperbolic tangent has in common with its slope: σ(x) and σ(−x), and tanh x, whose slope is
//! 4·σ(2x)·σ(−2x), all come from e⁻|x| (or e⁻|2x|) and 1/(1 + e⁻|x|), at the price of one exponential and one division.

use super::fuse::Group;
use super::graph::Graph;
use super::hash::Map;
use crate::ir::{Binary, NodeId, Op, Unary};

/// How many functions of a group share their parts, by argument without its sign: a node and a factor.
#[derive(Default)]
pub(super) struct Shares(Map<(NodeId, u64), u32>);

impl Shares {
    pub(super) fn of(graph: &Graph, group: &Group) -> Shares {
        let mut shares = Shares::default();
        for &id in &group.members {
            let node = graph.node(id);
            if let Op::Unary(f @ (Unary::Sigmoid | Unary::Tanh)) = node.op {
                *shares.0.entry(Shares::key(graph, f, node.inputs[0]).0).or_default() += 1;
            }
        }
        shares
    }

    /// Whether more than one function of the group needs these parts.
    pub(super) fn is_shared(&self, graph: &Graph, f: Unary, x: NodeId) -> bool {
        self.0.get(&Shares::key(graph, f, x).0).is_some_and(|&n| n > 1)
    }

    /// The argument of the exponential: ±c·u for a node u, and whether the sign is minus.
    pub(super) fn key(graph: &Graph, f: Unary, x: NodeId) -> ((NodeId, u64), bool) {
        let (mut u, mut factor) = (x, if f == Unary::Tanh { 2.0f64 } else { 1.0 });
        loop {
            let node = graph.node(u);
            (u, factor) = match (&node.op, &node.inputs[..]) {
                (Op::Unary(Unary::Neg), &[a]) => (a, -factor),
                (Op::Binary(Binary::Mul), &[a, b]) => match (graph.full(a), graph.full(b)) {
                    // Only doubling is exact, so that equal keys mean equal bits.
                    (_, Some(c)) if c.abs() == 2.0 => (a, factor * c),
                    (Some(c), _) if c.abs() == 2.0 => (b, factor * c),
                    _ => break,
                },
                _ => break,
            };
        }
        ((u, factor.abs().to_bits()), factor < 0.0)
    }
}
