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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::{Binary, Meta, Unary};
    use crate::origin::{Context, Origin};
    use std::panic::Location;

    #[test]
    fn a_list_is_searched_again_once_it_was_changed() {
        let mut graph = Graph::default();
        let origin = Origin::new(Context::default(), Location::caller());
        let x = graph.full_of(2.0, Meta::new([3].into(), DType::F64), origin);
        let [a, b] = [0; 2].map(|_| graph.unary(Unary::Sin, x));
        let sum = graph.binary(Binary::Add, a, b);
        graph.outputs.push(sum);
        let mut graph = cse(graph);
        assert_eq!((graph.len(), graph.is_distinct()), (3, true));
        let again = graph.unary(Unary::Sin, x);
        graph.outputs.push(again);
        assert_eq!((graph.len(), graph.is_distinct()), (4, false));
        let graph = cse(graph);
        assert_eq!((graph.len(), graph.outputs[1]), (3, a));
    }

    #[test]
    fn a_replaced_operand_and_a_filled_node_are_changes() {
        let mut graph = Graph::default();
        let origin = Origin::new(Context::default(), Location::caller());
        let [x, y] = [1.0, 2.0].map(|c| graph.full_of(c, Meta::new([3].into(), DType::F64), origin));
        let [a, b] = [x, y].map(|x| graph.unary(Unary::Sin, x));
        graph.outputs = vec![a, b];
        let mut graph = cse(graph);
        assert_eq!(graph.len(), 4);
        graph.read_instead(b, 0, x);
        let mut graph = cse(graph);
        assert_eq!((graph.len(), &graph.outputs[..]), (3, &[a, a][..]));
        graph.fill(y, 1.0);
        assert_eq!(cse(graph).len(), 2);
    }
}
