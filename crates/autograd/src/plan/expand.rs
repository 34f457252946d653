//! Softmax and its logarithm, Swish and the approximate GELU as what they are made of, so that their passes fuse with each other and with
//! what stands before and behind. Softmax: y = eˣ⁻ᵐ / Σ eˣ⁻ᵐ and y = x − m − ln Σ eˣ⁻ᵐ with m = max x.

use super::graph::{Graph, Node};
use crate::ir::{Binary, LogSoftmax, Max, NodeId, Op, Softmax, Unary};
use crate::shape::Axes;

/// Replaces softmax and log-softmax by elementwise ops and reductions.
pub(crate) fn expand(graph: Graph) -> Graph {
    if !graph.nodes.iter().any(|node| expands(&node.op)) {
        return graph;
    }
    graph.rewrite(|out, _, node| match node.op {
        _ if node.meta.shape.contains(&0) => out.push(node),
        Op::Softmax(Softmax { axis }) => {
            let e = exponentials(out, &node, axis).1;
            let total = out.sum(e, [axis].into());
            let total = along(out, total, &node, axis);
            out.binary(Binary::Div, e, total)
        }
        Op::LogSoftmax(LogSoftmax { axis }) => {
            let (shifted, e) = exponentials(out, &node, axis);
            let total = out.sum(e, [axis].into());
            let log = out.unary(Unary::Ln, total);
            let log = along(out, log, &node, axis);
            out.binary(Binary::Sub, shifted, log)
        }
        // Their slopes hold the same sigmoids.
        Op::Unary(Unary::Swish) => {
            let x = node.inputs[0];
            let s = out.unary(Unary::Sigmoid, x);
            out.binary(Binary::Mul, x, s)
        }
        Op::Unary(Unary::GeluTanh) => {
            let x = node.inputs[0];
            let (linear, cubic) = (out.number(LINEAR, x), out.number(CUBIC, x));
            let square = out.binary(Binary::Mul, x, x);
            let bent = out.binary(Binary::Mul, cubic, square);
            let u2 = out.binary(Binary::Add, linear, bent);
            let u2 = out.binary(Binary::Mul, x, u2);
            let s = out.unary(Unary::Sigmoid, u2);
            out.binary(Binary::Mul, x, s)
        }
        _ => out.push(node),
    })
}

fn expands(op: &Op) -> bool {
    matches!(op, Op::Softmax(_) | Op::LogSoftmax(_) | Op::Unary(Unary::Swish | Unary::GeluTanh))
}

/// √(8/π), and 0.044715 times it: of the approximate GELU, as its row in the table has them.
const LINEAR: f64 = 1.5957691216057308;
const CUBIC: f64 = 0.07135481627260025;

/// x − max x and its exponential.
fn exponentials(out: &mut Graph, node: &Node, axis: u8) -> (NodeId, NodeId) {
    let x = node.inputs[0];
    let axes: Axes = [axis].into();
    let max = out.add(Max { axes }, [x].into(), node.origin);
    let max = along(out, max, node, axis);
    let shifted = out.binary(Binary::Sub, x, max);
    (shifted, out.unary(Unary::Exp, shifted))
}

/// One number per row, repeated along it.
fn along(out: &mut Graph, rows: NodeId, node: &Node, axis: u8) -> NodeId {
    let kept = out.reshape(rows, node.meta.shape.with_ones(&[axis]));
    out.broadcast(kept, node.meta.shape.clone())
}
