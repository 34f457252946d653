//! Assembling parts: a sum of parts, each padded with zeros so that they do not overlap, is their concatenation. The adjoint of
//! several slices is such a sum. (x + 0 is x, except for the sign of a zero.) And a slice that lies in one part is a slice of
//! that part: the adjoint of a loop takes the pieces of its result's cotangent, of which most are zero.

use super::graph::{Graph, Node};
use crate::ir::{Binary, Concat, Inputs, Meta, NodeId, Op, OpKind, Pad, Slice};
use crate::lists::sort_by;
use std::ops::Range;

/// The start of a part along the axis, its length, and its node.
type Part = (usize, usize, NodeId);

/// Writes sums of padded parts as concatenations, and slices of them as slices of a part.
pub(crate) fn assemble(graph: Graph) -> Graph {
    if !graph.may_have(&[OpKind::Pad, OpKind::Concat]) {
        return graph;
    }
    graph.rewrite(|out, id| {
        let node = out.node(id);
        let simpler = match (&node.op, &node.inputs[..]) {
            (Op::Binary(Binary::Add), &[a, b]) => together(out, a, b),
            (&Op::Slice(Slice { axis, start, length }), &[x]) if self::axis(out, x) == Some(axis) => {
                within_part(out, id, x, start..start + length)
            }
            _ => None,
        };
        simpler.unwrap_or_else(|| out.keep(id))
    })
}

/// The slice `id` of parts `x` as one of the part that it lies in, or as zeros.
fn within_part(out: &mut Graph, id: NodeId, x: NodeId, range: Range<usize>) -> Option<NodeId> {
    let touches = |&(start, length, _): &Part| start < range.end && range.start < start + length;
    let mut touched = parts(out, x).into_iter().filter(touches);
    let Some((start, length, part)) = touched.next() else { return Some(out.number(0.0, id)) };
    if range.start < start || start + length < range.end {
        return None;
    }
    if range.len() == length {
        return Some(part);
    }
    let (axis, origin) = (axis(out, x)?, out.node(id).origin);
    let slice = Slice { axis, start: range.start - start, length: range.len() };
    Some(out.add(slice, [part].into(), origin))
}

/// a + b as a concatenation, if the parts of a and b do not overlap.
fn together(out: &mut Graph, a: NodeId, b: NodeId) -> Option<NodeId> {
    let axis = axis(out, a).filter(|&axis| Some(axis) == self::axis(out, b))?;
    let mut parts = parts(out, a);
    parts.extend(self::parts(out, b));
    sort_by(&mut parts, Part::cmp);
    if parts.windows(2).any(|w| w[0].0 + w[0].1 > w[1].0) {
        return None;
    }
    let origin = out.node(a).origin;
    let whole = out.shape(a)[axis as usize];
    let mut inputs = Inputs::new();
    let mut end = 0;
    for (start, length, part) in parts {
        fill(out, &mut inputs, a, axis, start - end);
        inputs.push(part);
        end = start + length;
    }
    fill(out, &mut inputs, a, axis, whole - end);
    Some(out.add(Concat { axis }, inputs, origin))
}

/// Appends zeros between parts.
fn fill(out: &mut Graph, inputs: &mut Inputs, like: NodeId, axis: u8, length: usize) {
    if length > 0 {
        let Node { meta, origin, .. } = out.node(like);
        let shape = meta.shape.with_length(axis as usize, length);
        let (meta, origin) = (Meta::new(shape, meta.dtype), *origin);
        inputs.push(out.full_of(0.0, meta, origin));
    }
}

fn axis(graph: &Graph, x: NodeId) -> Option<u8> {
    match graph.node(x).op {
        Op::Pad(Pad { axis, .. }) | Op::Concat(Concat { axis }) => Some(axis),
        _ => None,
    }
}

/// The parts of a pad or a concatenation, without those that are zeros.
fn parts(graph: &Graph, x: NodeId) -> Vec<Part> {
    let node = graph.node(x);
    match node.op {
        Op::Pad(Pad { axis, before, .. }) => {
            let part = node.inputs[0];
            vec![(before, graph.shape(part)[axis as usize], part)]
        }
        Op::Concat(Concat { axis }) => {
            let mut end = 0;
            let mut found = vec![];
            for &part in &node.inputs {
                let length = graph.shape(part)[axis as usize];
                if graph.full(part).is_none_or(|zero| zero != 0.0) {
                    found.push((end, length, part));
                }
                end += length;
            }
            found
        }
        _ => unreachable!("only these two have parts"),
    }
}
