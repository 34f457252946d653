//! What is computed again: nodes that would be common expressions if they did not wait.

use super::cse::cse;
use super::graph::Graph;
use crate::ir::{NodeId, Op, OpKind, Structure};
use crate::lists::IntoList;

/// What is computed again, by a budget or by checkpoints: its cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Recomputed {
    /// How many values.
    pub(crate) values: usize,
    pub(crate) bytes: usize,
    pub(crate) flops: usize,
}

impl Recomputed {
    /// What a list computes twice because it waits the second time.
    pub(super) fn of(graph: &Graph) -> Recomputed {
        if !graph.may_have(&[OpKind::After]) {
            return Recomputed::default();
        }
        let at_once = |out: &mut Graph, id| match out.node(id).op {
            Op::After(_) => out.operand(id),
            _ => out.keep(id),
        };
        let (all, once) = (cse(graph.clone()), cse(graph.clone().rewrite(at_once)));
        let (all, once) = (Recomputed::total(&all), Recomputed::total(&once));
        Recomputed {
            values: all.values - once.values,
            bytes: all.bytes - once.bytes,
            flops: all.flops - once.flops,
        }
    }

    fn total(graph: &Graph) -> Recomputed {
        let mut total = Recomputed::default();
        for (_, node) in graph.iter().filter(|(id, _)| is_computed(graph, *id)) {
            let x = node.inputs.iter().map(|&x| &graph.shape(x)[..]).listed();
            total.values += 1;
            total.bytes += node.meta.shape.elements() * node.meta.dtype.size();
            total.flops += node.op.flops(&x, &node.meta.shape);
        }
        total
    }
}

/// Whether a node is computed: no leaf and no view.
pub(super) fn is_computed(graph: &Graph, id: NodeId) -> bool {
    !matches!(graph.node(id).op.structure(), Structure::View | Structure::Leaf)
}
