//! Expands softmax, log-softmax, Swish and the approximate GELU into simpler ops, which fuse with each other and with the ops
//! before and after. With m = max x, softmax is eˣ⁻ᵐ / Σ eˣ⁻ᵐ, and log-softmax is x − m − ln Σ eˣ⁻ᵐ.

use super::graph::Graph;
use crate::ir::{Binary, LogSoftmax, Max, NodeId, Op, Softmax, Unary};
use crate::shape::Axes;

/// Replaces these ops by elementwise ops and reductions.
pub(crate) fn expand(graph: Graph) -> Graph {
    if !graph.iter().any(|(_, node)| expands(&node.op)) {
        return graph;
    }
    graph.rewrite(|out, id| match out.node(id).op {
        _ if out.shape(id).contains(&0) => out.keep(id),
        Op::Softmax(Softmax { axis }) => {
            let e = exponentials(out, id, axis).1;
            let total = out.sum(e, [axis].into());
            let total = along(out, total, id, axis);
            out.binary(Binary::Div, e, total)
        }
        Op::LogSoftmax(LogSoftmax { axis }) => {
            let (shifted, e) = exponentials(out, id, axis);
            let total = out.sum(e, [axis].into());
            let log = out.unary(Unary::Ln, total);
            let log = along(out, log, id, axis);
            out.binary(Binary::Sub, shifted, log)
        }
        // The derivatives of Swish and GELU contain the same sigmoids.
        Op::Unary(Unary::Swish) => {
            let x = out.operand(id);
            let s = out.unary(Unary::Sigmoid, x);
            out.binary(Binary::StrongMul, s, x)
        }
        Op::Unary(Unary::GeluTanh) => {
            let x = out.operand(id);
            let (linear, cubic) = (out.number(LINEAR, x), out.number(CUBIC, x));
            let square = out.binary(Binary::Mul, x, x);
            let bent = out.binary(Binary::Mul, cubic, square);
            let u2 = out.binary(Binary::Add, linear, bent);
            let u2 = out.binary(Binary::Mul, x, u2);
            let s = out.unary(Unary::Sigmoid, u2);
            out.binary(Binary::StrongMul, s, x)
        }
        _ => out.keep(id),
    })
}

fn expands(op: &Op) -> bool {
    matches!(op, Op::Softmax(_) | Op::LogSoftmax(_) | Op::Unary(Unary::Swish | Unary::GeluTanh))
}

/// The constants of the approximate GELU: √(8/π), and 0.044715 times that. The table of functions has the same.
const LINEAR: f64 = 1.5957691216057308;
const CUBIC: f64 = 0.07135481627260025;

/// x − max x and its exponential.
fn exponentials(out: &mut Graph, id: NodeId, axis: u8) -> (NodeId, NodeId) {
    let (x, origin) = (out.operand(id), out.node(id).origin);
    let axes: Axes = [axis].into();
    let max = out.add(Max { axes }, [x].into(), origin);
    let max = along(out, max, id, axis);
    let shifted = out.binary(Binary::Sub, x, max);
    (shifted, out.unary(Unary::Exp, shifted))
}

/// One number per row, repeated along it.
fn along(out: &mut Graph, rows: NodeId, whole: NodeId, axis: u8) -> NodeId {
    let kept = out.reshape(rows, out.shape(whole).with_ones(&[axis]));
    out.broadcast(kept, out.shape(whole).clone())
}
