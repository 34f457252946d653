//! Common subexpressions: the same op on the same operands is computed once; a + b is b + a, and a·b is b·a.

use super::graph::{Graph, Node};
use super::hash::Mix;
use crate::ir::{NodeId, Op};
use std::hash::{Hash, Hasher};
use std::mem::replace;

/// Replaces each node by the first one that equals it.
pub(crate) fn cse(graph: Graph) -> Graph {
    if graph.is_distinct() {
        return graph;
    }
    // A hash table with chains: nodes whose hashes have the same lowest bits form a chain. `last` is the last node of each
    // chain. `before` has the node before each node in its chain, and the node's hash.
    let mut last = vec![NodeId::MAX; (2 * graph.len()).next_power_of_two()];
    let mask = last.len() - 1;
    let mut before = graph.per_node((NodeId::MAX, 0));
    let mut graph = graph.rewrite(|out, id| {
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
    });
    graph.note_distinct();
    graph
}

fn same(a: &Node, b: &Node) -> bool {
    let crossed = || commutes(a) && (a.inputs[0], a.inputs[1]) == (b.inputs[1], b.inputs[0]);
    a.op == b.op && (a.inputs == b.inputs || crossed()) && a.meta == b.meta
}

fn commutes(node: &Node) -> bool {
    matches!(node.op, Op::Binary(f) if f.commutes())
}

/// The hash of op and operands. They determine the shape, except for `Full`.
fn hash(node: &Node) -> u32 {
    let mut state = Mix::default();
    node.op.hash(&mut state);
    if let Op::Full(_) = node.op {
        node.meta.shape.hash(&mut state);
    }
    match &node.inputs[..] {
        [a, b] if commutes(node) => (a.min(b), a.max(b)).hash(&mut state),
        inputs => inputs.iter().for_each(|input| input.hash(&mut state)),
    }
    state.finish() as u32
}
