//! In place: a fused kernel writes a result over an operand that nothing reads any more, where it reads that operand as
//! it walks, place by place. One memory less passes through the caches.

use super::graph::Graph;
use super::units::{Fusion, Group, Role, Unit};
use crate::code::Extent;
use crate::ir::NodeId;

/// For the results that begin in a unit, the operands ending there whose memory they may take: pairs, each of its own.
pub(super) fn overwritten(
    graph: &Graph,
    fusion: &Fusion,
    unit: usize,
    begun: &[NodeId],
    ending: &[NodeId],
) -> Vec<(NodeId, NodeId)> {
    let Unit::Fused(group) = &fusion.units[unit] else { return vec![] };
    if group.elements * group.dtype.size() < fusion.target.in_place_from || group.row == 1 {
        return vec![];
    }
    let fits = |id: NodeId| {
        let meta = &graph.node(id).meta;
        meta.dtype == group.dtype && meta.shape.elements() == group.elements
    };
    let is_result = |&id: &NodeId| fits(id) && fusion.role[id as usize] == Role::Spread(Extent::Tile);
    let is_free = |&id: &NodeId| fits(id) && walks(graph, fusion, group, id);
    let results = begun.iter().copied().filter(is_result);
    results.zip(ending.iter().copied().filter(is_free)).collect()
}

/// Whether a group reads all of a root in the order in which it walks, and nothing of it otherwise.
fn walks(graph: &Graph, fusion: &Fusion, group: &Group, root: NodeId) -> bool {
    let operands = group.members.iter().flat_map(|&id| &graph.node(id).inputs);
    let mut of_root = operands.filter(|&&x| fusion.places.root(x) == root);
    of_root.all(|&x| fusion.places.is_whole(graph, x))
}
