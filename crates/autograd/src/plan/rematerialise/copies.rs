//! Copies: what a unit computes again becomes nodes of its own, listed before the first one that reads them; what nobody
//! reads then is left out, and a unit without nodes as well.

use super::super::graph::Graph;
use super::super::hash::{Map, Set};
use super::super::units::{Fusion, NO_UNIT, Role, Unit, Units};
use crate::code::Extent;
use crate::ir::NodeId;

/// The list and its units, where each unit computes itself what it does not find in memory: `in_memory` tells that of each
/// root, and `spared` are those that are computed again somewhere.
pub(super) fn copied<'a>(units: Units<'a>, in_memory: &[bool], spared: &Set<NodeId>) -> Units<'a> {
    let Units { graph, mut fusion, .. } = units;
    let first = graph.numbers();
    let mut copies = Copies { fusion: &mut fusion, in_memory, known: Map::default(), first, copied: vec![] };
    let mut graph = graph.rewrite(|out, id| {
        let unit = copies.fusion.unit_of[id as usize];
        if unit != NO_UNIT {
            for i in 0..out.node(id).inputs.len() {
                let x = out.node(id).inputs[i];
                let instead = copies.instead(out, unit, x);
                out.read_instead(id, i, instead);
            }
        }
        out.keep(id)
    });
    let may_go = |id: NodeId| id >= first || spared.contains(&fusion.views.root(id));
    leave_out(&mut graph, may_go);
    regroup(&graph, &mut fusion);
    Units { graph, fusion, ..units }
}

struct Copies<'a> {
    fusion: &'a mut Fusion,
    in_memory: &'a [bool],
    known: Map<(u32, NodeId), NodeId>,
    /// What each copy, of this number and later, is a copy of.
    first: NodeId,
    copied: Vec<NodeId>,
}

impl Copies<'_> {
    /// What a unit reads instead of a node: the node itself, or a copy.
    fn instead(&mut self, out: &mut Graph, unit: u32, x: NodeId) -> NodeId {
        // An operand of a node that is copied itself may be one of another unit's.
        let x = x.checked_sub(self.first).map_or(x, |copy| self.copied[copy as usize]);
        let root = self.fusion.views.root(x);
        if self.in_memory[root as usize] || self.fusion.unit_of[root as usize] == unit {
            return x;
        }
        if let Some(&copy) = self.known.get(&(unit, x)) {
            return copy;
        }
        let inputs = out.node(x).inputs.clone();
        let inputs = inputs.iter().map(|&input| self.instead(out, unit, input)).collect();
        let copy = out.copy(x, inputs);
        self.fusion.unit_of.push(if x == root { unit } else { NO_UNIT });
        self.fusion.role.push(Role::Spread(Extent::Tile));
        self.fusion.views.add_new(out, copy);
        self.copied.push(x);
        self.known.insert((unit, x), copy);
        copy
    }
}

/// Leaves out nodes that may go, where nobody reads them.
fn leave_out(graph: &mut Graph, may_go: impl Fn(NodeId) -> bool) {
    let mut needed = graph.per_node(false);
    graph.outputs.iter().for_each(|&id| needed[id as usize] = true);
    for (id, node) in graph.iter().rev() {
        needed[id as usize] |= !may_go(id);
        if needed[id as usize] {
            node.inputs.iter().for_each(|&input| needed[input as usize] = true);
        }
    }
    graph.retain(|id| needed[id as usize]);
}

/// Puts the listed nodes into the units that they have been given, and leaves out units without any.
fn regroup(graph: &Graph, fusion: &mut Fusion) {
    for unit in &mut fusion.units {
        if let Unit::Fused(group) = unit {
            group.members.clear();
        }
    }
    for (id, _) in graph.iter() {
        if let Some(Unit::Fused(group)) = fusion.units.get_mut(fusion.unit_of[id as usize] as usize) {
            group.members.push(id);
        }
    }
    let mut number = 0;
    let mut renumbered = Vec::with_capacity(fusion.units.len());
    fusion.units.retain(|unit| {
        let stays = !unit.nodes().is_empty();
        renumbered.push(number);
        number += u32::from(stays);
        stays
    });
    for unit in fusion.unit_of.iter_mut().filter(|unit| **unit != NO_UNIT) {
        *unit = renumbered[*unit as usize];
    }
    fusion.note_last_uses(graph);
}
