//! Common subexpressions: the same op on the same operands is computed once.

use super::graph::{Graph, Node};
use crate::ir::{NodeId, Op};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem::discriminant;

/// Lets equal nodes share the first one's place.
pub(crate) fn cse(graph: Graph) -> Graph {
    // The nodes of one hash, chained: the last one, and for each node the one before it.
    let mut last: HashMap<u64, NodeId, BuildHasherDefault<Identity>> = HashMap::default();
    last.reserve(graph.nodes.len());
    let mut before: Vec<NodeId> = Vec::with_capacity(graph.nodes.len());
    graph.rewrite(|out, _, node| {
        let hash = hash(&node);
        let head = last.get(&hash).copied().unwrap_or(NodeId::MAX);
        let mut candidate = head;
        while candidate != NodeId::MAX {
            if same(out.node(candidate), &node) {
                return candidate;
            }
            candidate = before[candidate as usize];
        }
        let id = out.push(node);
        before.push(head);
        last.insert(hash, id);
        id
    })
}

fn same(a: &Node, b: &Node) -> bool {
    let ops = match (&a.op, &b.op) {
        (Op::Full(x), Op::Full(y)) => x.to_bits() == y.to_bits(),
        (x, y) => x == y,
    };
    ops && a.inputs == b.inputs && a.meta == b.meta
}

fn hash(node: &Node) -> u64 {
    let mut state = Mix(0);
    discriminant(&node.op).hash(&mut state);
    match &node.op {
        Op::Full(x) => x.to_bits().hash(&mut state),
        Op::Input(i) => i.hash(&mut state),
        Op::Parameter(p) => p.hash(&mut state),
        Op::Unary(f) => discriminant(f).hash(&mut state),
        Op::Binary(f) => discriminant(f).hash(&mut state),
        Op::Compare(f) => discriminant(f).hash(&mut state),
        _ => {}
    }
    node.inputs.hash(&mut state);
    node.meta.shape.hash(&mut state);
    state.0
}

/// Multiplies and rotates: nodes are few words, and no adversary chooses them.
struct Mix(u64);
impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u64(&mut self, x: u64) {
        self.0 = (self.0.rotate_left(5) ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    fn write_usize(&mut self, x: usize) {
        self.write_u64(x as u64);
    }
    fn write_u32(&mut self, x: u32) {
        self.write_u64(u64::from(x));
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// The keys are hashes already.
#[derive(Default)]
struct Identity(u64);
impl Hasher for Identity {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64")
    }
    fn write_u64(&mut self, x: u64) {
        self.0 = x;
    }
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
