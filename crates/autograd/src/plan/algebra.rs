//! Algebra: identities that hold for every floating-point number. There are two exceptions: the sign of a zero may change
//! (x + 0), and a sum of equal terms may round differently (the sum of a broadcast becomes a product).

use super::graph::Graph;
use crate::ir::{Binary, Broadcast, NodeId, Op, Permute, Reshape, Sum, Unary};
use crate::lists::IntoList;
use crate::shape::Axes;

/// Simplifies each node by its operands.
pub(crate) fn algebra(graph: Graph) -> Graph {
    graph.rewrite(|out, id| simplify(out, id).unwrap_or_else(|| out.keep(id)))
}

/// A simpler node that replaces this one, if there is one.
fn simplify(out: &mut Graph, id: NodeId) -> Option<NodeId> {
    let node = out.node(id);
    match (&node.op, &node.inputs[..]) {
        (Op::Detach(_), &[x]) => Some(x),
        (Op::After(_), &[x, after]) if x == after => Some(x),
        (Op::Cast(c), &[x]) => (c.to == out.node(x).meta.dtype).then_some(x),
        (&Op::Unary(f), &[x]) => unary(out, f, x),
        (&Op::Binary(f), &[a, b]) => binary(out, f, a, b),
        (Op::Select(_), &[_, a, b]) => (a == b).then_some(a),
        (Op::Reshape(Reshape { to }), &[x]) => {
            let first = match &out.node(x).op {
                Op::Reshape(_) => out.operand(x),
                _ => x,
            };
            let to = (first != x || out.shape(x) == to).then(|| to.clone())?;
            Some(out.reshape(first, to))
        }
        (Op::Broadcast(Broadcast { to }), &[x]) => {
            let first = match &out.node(x).op {
                Op::Broadcast(_) => out.operand(x),
                _ => x,
            };
            let to = (first != x || out.shape(x) == to).then(|| to.clone())?;
            Some(out.broadcast(first, to))
        }
        (Op::Permute(Permute { axes }), &[x]) => {
            let axes = axes.clone();
            permute(out, axes, x)
        }
        (Op::Sum(Sum { axes }), &[x]) => {
            let axes = axes.clone();
            sum(out, &axes, x)
        }
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
        (Binary::StrongMul, Some(1.0), _) => Some(b),
        (Binary::StrongMul, Some(-1.0), _) => Some(out.unary(Unary::Neg, b)),
        (Binary::StrongMul, Some(0.0), _) => Some(a),
        // Neither factor can make the difference.
        (Binary::StrongMul, Some(_), _) => Some(out.binary(Binary::Mul, a, b)),
        (Binary::StrongMul, _, Some(c)) if c.is_finite() => Some(out.binary(Binary::Mul, a, b)),
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
            _ => None,
        },
        (Binary::Sub, ..) => negated(out, b).map(|b| out.binary(Binary::Add, a, b)),
        _ => None,
    }
}

/// Whether a number is a power of two, far from the ends of the range of either type.
fn has_exact_reciprocal(c: f64) -> bool {
    c.to_bits() & ((1 << 52) - 1) == 0 && (2f64.powi(-60)..2f64.powi(60)).contains(&c.abs())
}

fn permute(out: &mut Graph, mut axes: Axes, x: NodeId) -> Option<NodeId> {
    let mut first = x;
    if let Op::Permute(inner) = &out.node(x).op {
        axes.iter_mut().for_each(|a| *a = inner.axes[*a as usize]);
        first = out.operand(x);
    }
    let shape = out.shape(first);
    let moved = axes.iter().filter(|&&a| shape[a as usize] != 1);
    if moved.is_sorted() {
        let to: Vec<usize> = axes.iter().map(|&a| shape[a as usize]).listed();
        return Some(out.reshape(first, (&to[..]).into()));
    }
    (first != x).then(|| out.permute(first, axes))
}

fn sum(out: &mut Graph, axes: &[u8], x: NodeId) -> Option<NodeId> {
    let shape = out.shape(x).clone();
    let result = shape.without(axes);
    if axes.iter().all(|&a| shape[a as usize] == 1) {
        return Some(out.reshape(x, result));
    }
    // A sum over merged axes is one over the axes themselves: the same terms in the same order.
    if let Op::Reshape(_) = out.node(x).op {
        let source = out.operand(x);
        let (x, axes) = match merged_axes(out.shape(source), &shape, axes) {
            Some(merged) => (source, merged),
            // As few axes as can be, so that equal sums look the same.
            None => {
                let (to, joined) = joined_axes(&shape, axes)?;
                (out.reshape(source, (&to[..]).into()), joined)
            }
        };
        let sum = out.sum(x, axes);
        return Some(out.reshape(sum, result));
    }
    // If a broadcast has repeated every summed axis, the sum has n equal terms.
    let Op::Broadcast(_) = out.node(x).op else { return None };
    let source = out.operand(x);
    let from = out.shape(source);
    let lead = shape.len() - from.len();
    let repeated = |a: usize| a < lead || from[a - lead] == 1;
    if !axes.iter().all(|&a| repeated(a as usize)) || shape.contains(&0) {
        return None;
    }
    let terms: usize = axes.iter().map(|&a| shape[a as usize]).product();
    let rest: Axes = (0..lead as u8).filter(|a| !axes.contains(a)).collect();
    if !rest.is_empty() {
        return None;
    }
    let kept: Vec<usize> =
        (0..from.len()).filter(|i| !axes.contains(&((lead + i) as u8))).map(|i| from[i]).listed();
    let once = out.reshape(source, (&kept[..]).into());
    let once = out.broadcast(once, result);
    let n = out.number(terms as f64, once);
    Some(out.binary(Binary::Mul, once, n))
}

/// A shape in which neighbours among the summed axes are one, and its summed axes; none if there are no neighbours.
fn joined_axes(shape: &[usize], axes: &[u8]) -> Option<(Vec<usize>, Axes)> {
    let is_summed = |axis: usize| axes.contains(&(axis as u8));
    let (mut to, mut joined) = (vec![], Axes::new());
    for (axis, &length) in shape.iter().enumerate() {
        match to.last_mut() {
            Some(last) if is_summed(axis) && is_summed(axis - 1) => *last *= length,
            _ => {
                if is_summed(axis) {
                    joined.push(to.len() as u8);
                }
                to.push(length);
            }
        }
    }
    (to.len() < shape.len()).then_some((to, joined))
}

/// The axes of `from` that a reshape merges into `axes` of `to`; none if it does not merge whole axes.
fn merged_axes(from: &[usize], to: &[usize], axes: &[u8]) -> Option<Axes> {
    let (mut merged, mut next) = (Axes::new(), 0);
    for (axis, &length) in to.iter().enumerate() {
        let (first, mut product) = (next, 1);
        while product < length || (next < from.len() && from[next] == 1) {
            product *= from.get(next)?;
            next += 1;
        }
        if product != length {
            return None;
        }
        if axes.contains(&(axis as u8)) {
            (first..next).for_each(|axis| merged.push(axis as u8));
        }
    }
    (next == from.len() && !merged.is_empty()).then_some(merged)
}
