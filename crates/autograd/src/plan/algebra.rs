//! Algebra that cannot change results: identities that hold for every floating-point number, but for the sign of a zero
//! (x + 0) and the rounding of a sum of equal terms (Σ of a broadcast is a product).

use super::assemble::assemble;
use super::graph::{Graph, Node};
use crate::ir::{Binary, Broadcast, NodeId, Op, Permute, Reshape, Sum, Unary};
use crate::shape::Axes;

/// Simplifies each node by its operands.
pub(crate) fn algebra(graph: Graph) -> Graph {
    graph.rewrite(|out, _, node| simplify(out, &node).unwrap_or_else(|| out.push(node)))
}

/// The node that stands for this one, if there is a simpler one.
fn simplify(out: &mut Graph, node: &Node) -> Option<NodeId> {
    match &node.op {
        Op::Detach => Some(node.inputs[0]),
        Op::Cast(c) if c.to == out.node(node.inputs[0]).meta.dtype => Some(node.inputs[0]),
        Op::Unary(f) => unary(out, *f, node.inputs[0]),
        Op::Binary(f) => binary(out, *f, node.inputs[0], node.inputs[1]),
        Op::Select if node.inputs[1] == node.inputs[2] => Some(node.inputs[1]),
        Op::Reshape(Reshape { to }) => {
            let x = match &out.node(node.inputs[0]).op {
                Op::Reshape(_) => out.node(node.inputs[0]).inputs[0],
                _ => node.inputs[0],
            };
            let changed = x != node.inputs[0] || *out.shape(x) == *to;
            changed.then(|| out.reshape(x, to.clone()))
        }
        Op::Broadcast(Broadcast { to }) => {
            let x = match &out.node(node.inputs[0]).op {
                Op::Broadcast(_) => out.node(node.inputs[0]).inputs[0],
                _ => node.inputs[0],
            };
            let changed = x != node.inputs[0] || *out.shape(x) == *to;
            changed.then(|| out.broadcast(x, to.clone()))
        }
        Op::Permute(op) => permute(out, op, node.inputs[0]),
        Op::Sum(op) => sum(out, op, node.inputs[0]),
        _ => None,
    }
}

fn unary(out: &mut Graph, f: Unary, x: NodeId) -> Option<NodeId> {
    let inner = out.node(x);
    match (f, &inner.op) {
        (Unary::Neg, Op::Unary(Unary::Neg)) => Some(inner.inputs[0]),
        (Unary::Neg, Op::Binary(Binary::Mul)) => {
            let (a, b) = (inner.inputs[0], inner.inputs[1]);
            let (x, c) = match (out.full(a), out.full(b)) {
                (_, Some(c)) => (a, c),
                (Some(c), _) => (b, c),
                _ => return None,
            };
            let c = out.number(-c, x);
            Some(out.binary(Binary::Mul, x, c))
        }
        _ => None,
    }
}

fn binary(out: &mut Graph, f: Binary, a: NodeId, b: NodeId) -> Option<NodeId> {
    let negated = |out: &Graph, x: NodeId| match out.node(x).op {
        Op::Unary(Unary::Neg) => Some(out.node(x).inputs[0]),
        _ => None,
    };
    match (f, out.full(a), out.full(b)) {
        (Binary::Mul, _, Some(1.0)) | (Binary::Div, _, Some(1.0)) => Some(a),
        (Binary::Add | Binary::Sub, _, Some(0.0)) => Some(a),
        (Binary::Mul, Some(1.0), _) | (Binary::Add, Some(0.0), _) => Some(b),
        (Binary::Mul, _, Some(-1.0)) => Some(out.unary(Unary::Neg, a)),
        (Binary::Mul, Some(-1.0), _) => Some(out.unary(Unary::Neg, b)),
        (Binary::Div, _, Some(c)) if has_exact_reciprocal(c) => {
            let c = out.number(c.recip(), a);
            Some(out.binary(Binary::Mul, a, c))
        }
        (Binary::Mul, _, Some(c)) => {
            let x = negated(out, a)?;
            let c = out.number(-c, x);
            Some(out.binary(Binary::Mul, x, c))
        }
        (Binary::Mul, Some(c), _) => {
            let x = negated(out, b)?;
            let c = out.number(-c, x);
            Some(out.binary(Binary::Mul, x, c))
        }
        (Binary::Add, ..) => match (negated(out, a), negated(out, b)) {
            (_, Some(b)) => Some(out.binary(Binary::Sub, a, b)),
            (Some(a), _) => Some(out.binary(Binary::Sub, b, a)),
            _ => assemble(out, a, b),
        },
        (Binary::Sub, ..) => negated(out, b).map(|b| out.binary(Binary::Add, a, b)),
        _ => None,
    }
}

/// Powers of two, far from the ends of the range of either type.
fn has_exact_reciprocal(c: f64) -> bool {
    c.to_bits() & ((1 << 52) - 1) == 0 && (2f64.powi(-60)..2f64.powi(60)).contains(&c.abs())
}

fn permute(out: &mut Graph, op: &Permute, x: NodeId) -> Option<NodeId> {
    let (x, axes) = match &out.node(x).op {
        Op::Permute(first) => {
            let axes: Axes = op.axes.iter().map(|&a| first.axes[a as usize]).collect();
            (out.node(x).inputs[0], axes)
        }
        _ => (x, op.axes.clone()),
    };
    let shape = out.shape(x);
    let moved = axes.iter().filter(|&&a| shape[a as usize] != 1);
    if moved.is_sorted() {
        let to: Vec<usize> = axes.iter().map(|&a| shape[a as usize]).collect();
        return Some(out.reshape(x, (&to[..]).into()));
    }
    (axes != op.axes).then(|| out.permute(x, axes))
}

fn sum(out: &mut Graph, op: &Sum, x: NodeId) -> Option<NodeId> {
    let shape = out.shape(x).clone();
    let result = shape.without(&op.axes);
    if op.axes.iter().all(|&a| shape[a as usize] == 1) {
        return Some(out.reshape(x, result));
    }
    // Every summed axis is one that a broadcast has repeated: n equal terms.
    let Op::Broadcast(_) = out.node(x).op else { return None };
    let source = out.node(x).inputs[0];
    let from = out.shape(source);
    let lead = shape.len() - from.len();
    let repeated = |a: usize| a < lead || from[a - lead] == 1;
    if !op.axes.iter().all(|&a| repeated(a as usize)) || shape.contains(&0) {
        return None;
    }
    let terms: usize = op.axes.iter().map(|&a| shape[a as usize]).product();
    let rest: Axes = (0..lead as u8).filter(|a| !op.axes.contains(a)).collect();
    if !rest.is_empty() {
        return None;
    }
    let kept: Vec<usize> =
        (0..from.len()).filter(|i| !op.axes.contains(&((lead + i) as u8))).map(|i| from[i]).collect();
    let once = out.reshape(source, (&kept[..]).into());
    let once = out.broadcast(once, result);
    let n = out.number(terms as f64, once);
    Some(out.binary(Binary::Mul, once, n))
}
