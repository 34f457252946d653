//! Which nodes a sweep has to visit: those that lead from the asked inputs to the output, and no others.

use crate::ir::{NodeId, Op};
use crate::tape::{List, Node};

/// The nodes between some inputs and an output, with a slot for each one's adjoint or tangent.
pub(crate) struct Between {
    first: NodeId,
    /// Per node from `first` to the output: one of the marks below, or the node that holds its derivative.
    slots: Vec<NodeId>,
    /// The nodes between, ascending.
    pub(crate) order: Vec<NodeId>,
}

const UNSEEN: NodeId = NodeId::MAX;
const REACHED: NodeId = NodeId::MAX - 1;
const EMPTY: NodeId = NodeId::MAX - 2;

impl Between {
    /// Looks at each node from the first input to `output` twice: backwards for what leads to the output, forwards for what
    /// comes from an input.
    pub(crate) fn new(list: &List, inputs: &[NodeId], output: NodeId) -> Between {
        let first = inputs.iter().copied().min().unwrap_or(output).min(output);
        let slots = vec![UNSEEN; (output - first) as usize + 1];
        let mut between = Between { first, slots, order: Vec::new() };
        between.set(output, REACHED);
        let mut reached = 0;
        for id in (first..=output).rev() {
            if between.slot(id) != Some(REACHED) {
                continue;
            }
            reached += 1;
            for &input in differentiable_inputs(list.node(id)) {
                if input >= first && list.node(input).meta.dtype.is_float() {
                    between.set(input, REACHED);
                }
            }
        }
        for &input in inputs {
            if between.slot(input) == Some(REACHED) {
                between.set(input, EMPTY);
            }
        }
        between.order.reserve_exact(reached);
        for id in first..=output {
            let comes_from_input = |input: &NodeId| between.contains(*input);
            if between.slot(id) == Some(REACHED)
                && differentiable_inputs(list.node(id)).iter().any(comes_from_input)
            {
                between.set(id, EMPTY);
            }
            if between.contains(id) {
                between.order.push(id);
            }
        }
        between
    }

    /// Whether the node lies between.
    pub(crate) fn contains(&self, id: NodeId) -> bool {
        self.slot(id).is_some_and(|s| s <= EMPTY)
    }

    /// The node that holds the derivative of `id`, where there is one yet.
    pub(crate) fn get(&self, id: NodeId) -> Option<NodeId> {
        self.slot(id).filter(|&s| s < EMPTY)
    }

    /// Sets the derivative of a node.
    pub(crate) fn set(&mut self, id: NodeId, slot: NodeId) {
        self.slots[(id - self.first) as usize] = slot;
    }

    fn slot(&self, id: NodeId) -> Option<NodeId> {
        let place = id.checked_sub(self.first)?;
        self.slots.get(place as usize).copied()
    }
}

/// Operands through which a derivative can flow.
fn differentiable_inputs(node: &Node) -> &[NodeId] {
    if matches!(node.op, Op::Detach(_)) { &[] } else { &node.inputs }
}

/// Some nodes and what they were computed from, ascending, given the operands of each.
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
