//! The nodes that a sweep visits: those on a path from a given input to the output.

use crate::ir::{NodeId, Op};
use crate::tape::{List, Node};

/// The nodes on a path from some inputs to an output. Each has an entry for its adjoint or tangent.
pub(crate) struct Reachable {
    first: NodeId,
    /// One entry per node from `first` to the output: one of the marks below, or the node that holds its derivative.
    entries: Vec<NodeId>,
    /// The reachable nodes, in ascending order.
    pub(crate) order: Vec<NodeId>,
}

/// The output does not depend on the node, as far as is known.
const UNSEEN: NodeId = NodeId::MAX;
/// The output depends on the node.
const NEEDED: NodeId = NodeId::MAX - 1;
/// The node is reachable and has no derivative yet.
const EMPTY: NodeId = NodeId::MAX - 2;

impl Reachable {
    /// Passes over the nodes from the first input to `output` twice. The backward pass marks what the output depends on; the
    /// forward pass keeps what depends on an input.
    pub(crate) fn new(list: &List, inputs: &[NodeId], output: NodeId) -> Reachable {
        Reachable::of(list, inputs, &[output])
    }

    /// The same for several outputs, at least one.
    pub(crate) fn of(list: &List, inputs: &[NodeId], outputs: &[NodeId]) -> Reachable {
        let last = outputs.iter().copied().max().expect("an output");
        let first = inputs.iter().chain(outputs).copied().min().expect("an output");
        let entries = vec![UNSEEN; (last - first) as usize + 1];
        let mut reachable = Reachable { first, entries, order: Vec::new() };
        outputs.iter().for_each(|&output| reachable.set(output, NEEDED));
        let mut needed = 0;
        for id in (first..=last).rev() {
            if reachable.entry(id) != Some(NEEDED) {
                continue;
            }
            needed += 1;
            for &input in differentiable_inputs(list.node(id)) {
                if input >= first && list.node(input).meta.dtype.is_float() {
                    reachable.set(input, NEEDED);
                }
            }
        }
        for &input in inputs {
            if reachable.entry(input) == Some(NEEDED) {
                reachable.set(input, EMPTY);
            }
        }
        reachable.order.reserve_exact(needed);
        for id in first..=last {
            let depends_on_input = |input: &NodeId| reachable.contains(*input);
            if reachable.entry(id) == Some(NEEDED)
                && differentiable_inputs(list.node(id)).iter().any(depends_on_input)
            {
                reachable.set(id, EMPTY);
            }
            if reachable.contains(id) {
                reachable.order.push(id);
            }
        }
        reachable
    }

    /// Whether the node is reachable.
    pub(crate) fn contains(&self, id: NodeId) -> bool {
        self.entry(id).is_some_and(|s| s <= EMPTY)
    }

    /// The node that holds the derivative of `id`, if there is one yet.
    pub(crate) fn get(&self, id: NodeId) -> Option<NodeId> {
        self.entry(id).filter(|&s| s < EMPTY)
    }

    /// Sets the derivative of a node.
    pub(crate) fn set(&mut self, id: NodeId, derivative: NodeId) {
        self.entries[(id - self.first) as usize] = derivative;
    }

    fn entry(&self, id: NodeId) -> Option<NodeId> {
        let index = id.checked_sub(self.first)?;
        self.entries.get(index as usize).copied()
    }
}

/// Operands through which a derivative can flow.
fn differentiable_inputs(node: &Node) -> &[NodeId] {
    match node.op {
        Op::Detach(_) => &[],
        Op::After(_) => &node.inputs[..1],
        _ => &node.inputs,
    }
}

/// The given nodes and all nodes that they were computed from, in ascending order. `inputs` gives the operands of a node.
pub(crate) fn ancestors<'a>(outputs: &[NodeId], inputs: impl Fn(NodeId) -> &'a [NodeId]) -> Vec<NodeId> {
    let count = outputs.iter().max().map_or(0, |&last| last as usize + 1);
    let mut needed = vec![false; count];
    outputs.iter().for_each(|&id| needed[id as usize] = true);
    for id in (0..count).rev() {
        if needed[id] {
            inputs(id as NodeId).iter().for_each(|&input| needed[input as usize] = true);
        }
    }
    needed.iter().enumerate().filter(|&(_, &n)| n).map(|(id, _)| id as NodeId).collect()
}
