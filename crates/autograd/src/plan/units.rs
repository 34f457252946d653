//! Units: which nodes are computed together, in which order, and who reads what they compute.
//!
//! `fuse` divides a list into units; passes over units move, copy and leave out what they hold.

use super::graph::{Graph, Node};
use super::places::Places;
use crate::code::Extent;
use crate::dtype::DType;
use crate::ir::{Max, NodeId, Op, Structure, Sum};
use crate::shape::Axis;
use crate::target::Target;
use std::ops::Range;

/// What becomes one kernel.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    Fused(Group),
    /// A product of matrices.
    Product(NodeId),
    /// Any other op, by its own kernel.
    Op(NodeId),
}

impl Unit {
    /// The nodes that it computes.
    pub(crate) fn nodes(&self) -> &[NodeId] {
        match self {
            Unit::Fused(group) => &group.members,
            Unit::Product(id) | Unit::Op(id) => std::slice::from_ref(id),
        }
    }
}

/// Nodes that are computed tile by tile.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) dtype: DType,
    pub(crate) elements: usize,
    /// Length of the rows that a member sums over or takes the largest of; 0 while none does.
    pub(crate) row: usize,
    /// Whether a member is a sum over everything.
    pub(super) has_totals: bool,
    pub(crate) members: Vec<NodeId>,
}

/// How many numbers a member of a group gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Spread(Extent),
    /// One number for the whole kernel, there when it has ended.
    Total,
}

/// No unit: a leaf, or a view of another node.
pub(crate) const NO_UNIT: u32 = u32::MAX;

/// What unit each node is in.
#[derive(Debug)]
pub(crate) struct Fusion {
    pub(crate) units: Vec<Unit>,
    /// Per node.
    pub(crate) unit_of: Vec<u32>,
    pub(crate) role: Vec<Role>,
    pub(crate) places: Places,
    /// The last unit that reads it, its own if no other does; `NO_UNIT` for leaves, and where the user reads it.
    pub(crate) last_use: Vec<u32>,
    /// What is planned for.
    pub(super) target: &'static Target,
}

impl Fusion {
    /// No units yet.
    pub(super) fn new(graph: &Graph, target: &'static Target) -> Fusion {
        Fusion {
            units: vec![],
            unit_of: graph.per_node(NO_UNIT),
            role: graph.per_node(Role::Spread(Extent::Tile)),
            places: Places::new(graph),
            last_use: vec![],
            target,
        }
    }

    /// Whether another unit, or the user, reads what a unit computes.
    pub(crate) fn is_stored(&self, id: NodeId) -> bool {
        self.last_use[id as usize] != self.unit_of[id as usize]
    }

    /// How a group sees an operand that a member of its own computes: with one number per place or per row of the
    /// root. `None` if it would have to be rearranged.
    pub(crate) fn inner(&self, graph: &Graph, x: NodeId, extent: Extent, row: usize) -> Option<Extent> {
        match (self.role[self.places.root(x) as usize], extent) {
            (Role::Spread(have), want) if have == want => self.places.is_whole(graph, x).then_some(have),
            (Role::Spread(Extent::Rows), Extent::Tile) => {
                self.places.repeats_along_rows(graph, x, row).then_some(Extent::Rows)
            }
            _ => None,
        }
    }

    /// Lets units that no other one reads from come last.
    pub(super) fn put_last(&mut self, graph: &Graph, last: &[u32]) {
        let mut number = vec![0; self.units.len()];
        let mut is_last = vec![false; self.units.len()];
        last.iter().for_each(|&unit| is_last[unit as usize] = true);
        let mut order: Vec<u32> = (0..self.units.len() as u32).filter(|&u| !is_last[u as usize]).collect();
        order.extend(last);
        for (new, &old) in order.iter().enumerate() {
            number[old as usize] = new as u32;
        }
        let mut units: Vec<Option<Unit>> = self.units.drain(..).map(Some).collect();
        self.units.extend(
            order.iter().map(|&old| units[old as usize].take().expect("each stands once in the order")),
        );
        for unit in self.unit_of.iter_mut().filter(|unit| **unit != NO_UNIT) {
            *unit = number[*unit as usize];
        }
        self.note_last_uses(graph);
    }

    /// Finds the last unit that reads each node.
    pub(super) fn note_last_uses(&mut self, graph: &Graph) {
        let mut last = self.unit_of.clone();
        for (id, node) in graph.iter() {
            let unit = self.unit_of[id as usize];
            if unit != NO_UNIT {
                for &x in &node.inputs {
                    let root = self.places.root(x) as usize;
                    last[root] = last[root].max(unit);
                }
            }
        }
        for &id in &graph.outputs {
            last[self.places.root(id) as usize] = NO_UNIT;
        }
        self.last_use = last;
    }
}

/// A list divided into units: what passes over units change.
pub(super) struct Units<'a> {
    pub(super) graph: Graph,
    pub(super) fusion: Fusion,
    /// Where the gradients lie in the slab; they are the last outputs.
    pub(super) gradients: &'a [Range<usize>],
    /// So many last units are gradients that an update may take as they are made.
    pub(super) streams: usize,
    pub(super) again: Again,
}

/// What is computed again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Again {
    /// The numbers of the nodes that are copies of others.
    pub(crate) copies: Range<NodeId>,
    /// How many values need no memory any more, and their bytes.
    pub(crate) values: usize,
    pub(crate) bytes: usize,
}

/// Whether a node is one step, or a few, of a fused kernel that walks its elements: floating-point numbers of one type, and
/// truth values.
pub(super) fn is_elementwise(graph: &Graph, node: &Node) -> bool {
    let dtypes = node.inputs.iter().map(|&x| graph.node(x).meta.dtype).chain([node.meta.dtype]);
    let mut floats = dtypes.clone().filter(|dtype| dtype.is_float());
    let first = floats.next();
    has_steps(&node.op)
        && first.is_some_and(|first| floats.all(|dtype| dtype == first))
        && dtypes.into_iter().all(|dtype| dtype.is_float() || dtype == DType::Bool)
}

/// The maps that lowering writes as steps; another op runs by its own kernel.
fn has_steps(op: &Op) -> bool {
    let known = matches!(
        op,
        Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Select(_) | Op::Cast(_) | Op::Copy(_)
    );
    known && op.structure() == Structure::Map
}

/// The axes of a reduction that lowering writes as a step.
pub(super) fn reduced(op: &Op) -> Option<&[Axis]> {
    match op {
        Op::Sum(Sum { axes }) | Op::Max(Max { axes }) => Some(axes),
        _ => None,
    }
}
