//! Units: which nodes are computed together, in which order, and what reads their results.
//!
//! `fuse` divides a list into units. Passes over units move, copy and remove nodes in them.

use super::graph::{Graph, Node};
use super::views::Views;
use crate::code::Extent;
use crate::dtype::DType;
use crate::ir::{Max, NodeId, Op, Structure, Sum};
use crate::lists::IntoList;
use crate::shape::Axis;
use crate::target::Target;
use std::ops::Range;

/// Nodes that become one kernel.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    Fused(Group),
    /// A product of matrices.
    Product(NodeId),
    /// Any other op, which has a kernel of its own.
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

/// Nodes that are computed together, tile by tile.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) dtype: DType,
    pub(crate) elements: usize,
    /// The length of the rows that members reduce; 0 if none does.
    pub(crate) row: usize,
    /// Whether a member is a sum over everything.
    pub(super) has_totals: bool,
    pub(crate) members: Vec<NodeId>,
}

/// How many numbers a member of a group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Spread(Extent),
    /// One number for the whole kernel, known when the kernel has ended.
    Total,
}

/// The unit of leaves and views, which is none.
pub(crate) const NO_UNIT: u32 = u32::MAX;

/// The units, and the unit of each node.
#[derive(Debug)]
pub(crate) struct Fusion {
    pub(crate) units: Vec<Unit>,
    /// Per node.
    pub(crate) unit_of: Vec<u32>,
    pub(crate) role: Vec<Role>,
    pub(crate) views: Views,
    /// For each node, the last unit that reads it; its own unit if no other does; `NO_UNIT` for leaves, and if the user reads
    /// it.
    pub(crate) last_use: Vec<u32>,
    /// The machine that the plan is for.
    pub(super) target: &'static Target,
}

impl Fusion {
    /// No units yet.
    pub(super) fn new(graph: &Graph, target: &'static Target) -> Fusion {
        Fusion {
            units: vec![],
            unit_of: graph.per_node(NO_UNIT),
            role: graph.per_node(Role::Spread(Extent::Tile)),
            views: Views::new(graph),
            last_use: vec![],
            target,
        }
    }

    /// Whether another unit, or the user, reads the node.
    pub(crate) fn is_stored(&self, id: NodeId) -> bool {
        self.last_use[id as usize] != self.unit_of[id as usize]
    }

    /// How a group may read an operand that one of its members computes: with one number per element or per row. None if the
    /// elements would have to be rearranged.
    pub(crate) fn inner(&self, graph: &Graph, x: NodeId, extent: Extent, row: usize) -> Option<Extent> {
        match (self.role[self.views.root(x) as usize], extent) {
            (Role::Spread(have), want) if have == want => self.views.is_whole(graph, x).then_some(have),
            (Role::Spread(Extent::Rows), Extent::Tile) => {
                self.views.repeats_along_rows(graph, x, row).then_some(Extent::Rows)
            }
            _ => None,
        }
    }

    /// Moves units to the end. No other unit may read from them.
    pub(super) fn put_last(&mut self, graph: &Graph, last: &[u32]) {
        let mut number = vec![0; self.units.len()];
        let mut is_last = vec![false; self.units.len()];
        last.iter().for_each(|&unit| is_last[unit as usize] = true);
        let mut order: Vec<u32> = (0..self.units.len() as u32).filter(|&u| !is_last[u as usize]).listed();
        order.extend(last);
        for (new, &old) in order.iter().enumerate() {
            number[old as usize] = new as u32;
        }
        let mut units: Vec<Option<Unit>> = self.units.drain(..).map(Some).listed();
        self.units.extend(
            order.iter().map(|&old| units[old as usize].take().expect("the order has each unit once")),
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
                    let root = self.views.root(x) as usize;
                    last[root] = last[root].max(unit);
                }
            }
        }
        for &id in &graph.outputs {
            last[self.views.root(id) as usize] = NO_UNIT;
        }
        self.last_use = last;
    }
}

/// A list divided into units, which passes over units change.
pub(super) struct Units<'a> {
    pub(super) graph: Graph,
    pub(super) fusion: Fusion,
    /// The ranges of the gradients in the slab. They are the last outputs.
    pub(super) gradients: &'a [Range<usize>],
    /// How many of the last units are streamed: gradients that an update may take tile by tile.
    pub(super) streams: usize,
    pub(super) rematerialised: Rematerialised,
}

/// What is rematerialised.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rematerialised {
    /// The numbers of the nodes that are copies of others.
    pub(crate) copies: Range<NodeId>,
    /// The number of values that need no memory because of that, and their bytes.
    pub(crate) values: usize,
    pub(crate) bytes: usize,
}

/// Whether a node can be one or a few steps of a fused kernel: it is elementwise, on floating-point numbers of one type and
/// truth values.
pub(super) fn is_elementwise(graph: &Graph, node: &Node) -> bool {
    let dtypes = node.inputs.iter().map(|&x| graph.node(x).meta.dtype).chain([node.meta.dtype]);
    let mut floats = dtypes.clone().filter(|dtype| dtype.is_float());
    let first = floats.next();
    has_steps(&node.op)
        && first.is_some_and(|first| floats.all(|dtype| dtype == first))
        && dtypes.into_iter().all(|dtype| dtype.is_float() || dtype == DType::Bool)
}

/// The maps that lowering can write as steps. Other ops have kernels of their own.
fn has_steps(op: &Op) -> bool {
    let known = matches!(
        op,
        Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Select(_) | Op::Cast(_) | Op::Copy(_)
    );
    known && op.structure() == Structure::Map
}

/// The axes of a reduction, if lowering can write it as a step.
pub(super) fn reduced(op: &Op) -> Option<&[Axis]> {
    match op {
        Op::Sum(Sum { axes }) | Op::Max(Max { axes }) => Some(axes),
        _ => None,
    }
}
