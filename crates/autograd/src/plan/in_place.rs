//! In-place results: a fused kernel writes a result over an operand that nothing reads any more. The kernel has to read that
//! operand element by element, in the same order as it writes. One memory less passes through the caches.

use super::graph::Graph;
use super::hash::Set;
use super::units::{Fusion, Group, Role, Unit};
use crate::code::Extent;
use crate::ir::NodeId;
use crate::lists::IntoList;

/// Pairs of a result that a unit computes and an operand whose last use is in that unit: the result may take the operand's
/// memory. No node is in two pairs.
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
    let rearranged = rearranged(graph, fusion, group);
    let is_free = |&id: &NodeId| fits(id) && !rearranged.contains(&id);
    let results = begun.iter().copied().filter(is_result);
    results.zip(ending.iter().copied().filter(is_free)).listed()
}

/// The roots that a group also reads in another way than as a whole, in row-major order.
fn rearranged(graph: &Graph, fusion: &Fusion, group: &Group) -> Set<NodeId> {
    let operands = group.members.iter().flat_map(|&id| &graph.node(id).inputs);
    operands.filter(|&&x| !fusion.views.is_whole(graph, x)).map(|&x| fusion.views.root(x)).collect()
}
