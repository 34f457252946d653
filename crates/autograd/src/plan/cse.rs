//! Common subexpressions: the same op on the same operands is computed once.

use super::graph::{Graph, Node};
use super::hash::Mix;
use crate::ir::{Broadcast, NodeId, Op, Reshape};
use std::hash::{Hash, Hasher};
use std::mem::{discriminant, replace};

/// Lets equal nodes share the first one's place.
pub(crate) fn cse(graph: Graph) -> Graph {
    // Nodes are chained by the lowest bits of their hash: the last one of each chain, and for each node the one before
    // it, with its own hash, which tells most nodes apart.
    let mut last = vec![NodeId::MAX; (2 * graph.len()).next_power_of_two()];
    let mask = last.len() - 1;
    let mut before = graph.per_node((NodeId::MAX, 0));
    graph.rewrite(|out, id| {
        let node = out.node(id);
        let hash = hash(node);
        let last = &mut last[hash as usize & mask];
        let mut candidate = *last;
        while candidate != NodeId::MAX {
            let (next, its_hash) = before[candidate as usize];
            if its_hash == hash && same(out.node(candidate), node) {
                return candidate;
            }
            candidate = next;
        }
        before[id as usize] = (replace(last, id), hash);
        out.keep(id)
    })
}

fn same(a: &Node, b: &Node) -> bool {
    let ops = match (&a.op, &b.op) {
        (Op::Full(x), Op::Full(y)) => x.to_bits() == y.to_bits(),
        (x, y) => x == y,
    };
    ops && a.inputs == b.inputs && a.meta == b.meta
}

/// Of op and operands; with those, a shape follows from the op.
fn hash(node: &Node) -> u32 {
    let mut state = Mix::default();
    discriminant(&node.op).hash(&mut state);
    match &node.op {
        Op::Full(x) => (x.to_bits(), &node.meta.shape).hash(&mut state),
        Op::Input(i) => i.hash(&mut state),
        Op::Parameter(p) => p.hash(&mut state),
        Op::Unary(f) => discriminant(f).hash(&mut state),
        Op::Binary(f) => discriminant(f).hash(&mut state),
        Op::Compare(f) => discriminant(f).hash(&mut state),
        Op::Broadcast(Broadcast { to }) | Op::Reshape(Reshape { to }) => to.hash(&mut state),
        Op::Slice(s) => (s.axis, s.start).hash(&mut state),
        Op::Pad(p) => (p.axis, p.before).hash(&mut state),
        _ => {}
    }
    node.inputs.iter().for_each(|input| input.hash(&mut state));
    state.finish() as u32
}
