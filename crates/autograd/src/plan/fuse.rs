//! Fusion: which nodes are computed together, and in which order.
//!
//! It is one walk over the list. A unit is a set of nodes that becomes one kernel. Units run in the order in which they were
//! begun. A node may join a unit only if that unit is not before any unit that the node reads from. So no cycle can arise. A
//! node joins as early as it can. What a gradient needs from the forward pass is then computed there, while its operands are in
//! the cache: a loss and its gradient in one kernel. Only values that other units read are stored.

use super::graph::{Graph, Node};
use super::hash::Map;
use super::units::{Fusion, Group, NO_UNIT, Role, Unit, is_elementwise, reduced};
use super::views::is_contiguous;
use crate::code::Extent;
use crate::dtype::DType;
use crate::ir::{NodeId, Op, Structure};
use crate::shape::Shape;
use crate::target::Target;
use crate::tree::LANES;

/// Which elements of its operand a reduction combines: all, contiguous rows, or others.
enum Reduction {
    Whole,
    Rows(usize),
    Across,
}

/// Divides a list into units. If fusion is not enabled, each op is one.
pub(crate) fn fuse(graph: &Graph, enabled: bool, target: &'static Target) -> Fusion {
    let mut walk = Walk {
        fusion: Fusion::new(graph, target),
        latest: Map::default(),
        not_before: graph.per_node(NO_UNIT),
        enabled,
    };
    for (id, node) in graph.iter() {
        walk.visit(graph, id, node);
    }
    let mut fusion = walk.fusion;
    fusion.note_last_uses(graph);
    fusion
}

/// The units so far.
struct Walk {
    fusion: Fusion,
    /// Per view, the last unit that whoever reads it waits for.
    not_before: Vec<u32>,
    /// The last group of each size and type.
    latest: Map<(usize, DType), u32>,
    enabled: bool,
}

impl Walk {
    fn visit(&mut self, graph: &Graph, id: NodeId, node: &Node) {
        let at = id as usize;
        let is_view = self.fusion.views.add(graph, id);
        if is_view {
            let waits = matches!(node.op, Op::After(_));
            self.not_before[at] = self.known_after(if waits { &node.inputs } else { &node.inputs[..1] });
        } else if node.op.rule().is_some() {
            (self.fusion.unit_of[at], self.fusion.role[at]) = self.assign(graph, id, node);
        }
    }

    /// The unit that computes the node.
    fn assign(&mut self, graph: &Graph, id: NodeId, node: &Node) -> (u32, Role) {
        let tile = Role::Spread(Extent::Tile);
        if matches!(node.op.structure(), Structure::Contract) {
            return (self.begin(Unit::Product(id)), tile);
        }
        // A reshape that is not a view copies its operand in row-major order.
        if is_elementwise(graph, node) || matches!(node.op, Op::Reshape(_)) && node.meta.dtype.is_float() {
            let dtype = compute_dtype(graph, node);
            return self.join(graph, id, node, dtype).unwrap_or_else(|| {
                (self.begin_group(id, dtype, node.meta.shape.elements(), 0, false), tile)
            });
        }
        let reduction = reduced(&node.op).and_then(|axes| self.reduce(graph, id, node, axes));
        reduction.unwrap_or_else(|| (self.begin(Unit::Op(id)), tile))
    }

    fn begin(&mut self, unit: Unit) -> u32 {
        self.fusion.units.push(unit);
        self.fusion.units.len() as u32 - 1
    }

    fn begin_group(
        &mut self,
        id: NodeId,
        dtype: DType,
        elements: usize,
        row: usize,
        has_totals: bool,
    ) -> u32 {
        let unit = self.begin(Unit::Fused(Group { dtype, elements, row, has_totals, members: vec![id] }));
        self.latest.insert((elements, dtype), unit);
        unit
    }

    fn group(&mut self, unit: u32) -> Option<&mut Group> {
        match self.fusion.units.get_mut(unit as usize) {
            Some(Unit::Fused(group)) => Some(group),
            _ => None,
        }
    }

    /// The last unit that a node reads from.
    fn last_source(&self, node: &Node) -> Option<u32> {
        Some(self.known_after(&node.inputs)).filter(|&unit| unit != NO_UNIT)
    }

    /// The last unit that these nodes are known after; `NO_UNIT` if none computes them.
    fn known_after(&self, nodes: &[NodeId]) -> u32 {
        let computed = nodes.iter().map(|&x| self.fusion.unit_of[self.fusion.views.root(x) as usize]);
        let waited = nodes.iter().map(|&x| self.not_before[x as usize]);
        computed.chain(waited).filter(|&unit| unit != NO_UNIT).max().unwrap_or(NO_UNIT)
    }

    /// Makes an elementwise node a member of an existing group, if one fits.
    fn join(&mut self, graph: &Graph, id: NodeId, node: &Node, dtype: DType) -> Option<(u32, Role)> {
        if !self.enabled {
            return None;
        }
        let elements = node.meta.shape.elements();
        let source = self.last_source(node);
        if let Some(unit) = source
            && let Some(extent) = self.extent_in(graph, unit, node, dtype, elements)
        {
            self.group(unit)?.members.push(id);
            return Some((unit, Role::Spread(extent)));
        }
        let unit = self.later_group(source, elements, dtype)?;
        self.group(unit)?.members.push(id);
        Some((unit, Role::Spread(Extent::Tile)))
    }

    /// A group of this size that runs after every unit that the node reads from.
    fn later_group(&mut self, source: Option<u32>, elements: usize, dtype: DType) -> Option<u32> {
        let &unit = self.latest.get(&(elements, dtype))?;
        let (later, most) = (source.is_none_or(|s| unit > s), self.fusion.target.most_members);
        (self.enabled && later && self.group(unit)?.members.len() < most).then_some(unit)
    }

    /// The extent of an elementwise node in a group that it reads from; none if it does not fit.
    fn extent_in(
        &mut self,
        graph: &Graph,
        unit: u32,
        node: &Node,
        dtype: DType,
        elements: usize,
    ) -> Option<Extent> {
        let most = self.fusion.target.most_members;
        let group = self.group(unit)?;
        let row = group.row;
        let all = group.elements;
        if group.dtype != dtype || group.members.len() >= most {
            return None;
        }
        let extent = match elements {
            n if n == all => Extent::Tile,
            n if row > 0 && n * row == all => Extent::Rows,
            _ => return None,
        };
        let fits = node.inputs.iter().all(|&x| {
            let root = self.fusion.views.root(x);
            self.fusion.unit_of[root as usize] != unit || self.fusion.inner(graph, x, extent, row).is_some()
        });
        fits.then_some(extent)
    }

    /// Makes a reduction a member of the group that computes its operand, or of a new group.
    fn reduce(&mut self, graph: &Graph, id: NodeId, node: &Node, axes: &[u8]) -> Option<(u32, Role)> {
        if !self.enabled {
            return None;
        }
        let x = node.inputs[0];
        let shape = graph.shape(x);
        let (elements, dtype) = (shape.elements(), node.meta.dtype);
        let reduction = match reduction(shape, axes) {
            // Only sums can be added up over several tiles.
            Reduction::Whole
                if !matches!(node.op, Op::Sum(_)) || elements <= self.fusion.target.short_sum =>
            {
                Reduction::Rows(elements)
            }
            other => other,
        };
        let row = match reduction {
            Reduction::Across => return None,
            Reduction::Whole => 0,
            Reduction::Rows(row) if row <= self.fusion.target.longest_row => row,
            Reduction::Rows(_) => return None,
        };
        if elements == 0 {
            return None;
        }
        let role = if row == 0 { Role::Total } else { Role::Spread(Extent::Rows) };
        let source = self.last_source(node);
        let inside = source.filter(|&unit| {
            self.fusion.unit_of[self.fusion.views.root(x) as usize] == unit
                && self.fusion.inner(graph, x, Extent::Tile, 0).is_some()
        });
        if inside.is_none() && matches!(node.op, Op::Sum(_)) && self.is_scattered(graph, x, row) {
            return None;
        }
        let candidate = match inside {
            Some(unit) => Some(unit),
            None => self.later_group(source, elements, dtype),
        };
        let most = self.fusion.target.most_members;
        if let Some(unit) = candidate
            && let Some(group) = self.group(unit)
            && group.dtype == dtype
            && group.elements == elements
            && group.members.len() < most
            && group.accepts(row)
        {
            group.members.push(id);
            return Some((unit, role));
        }
        Some((self.begin_group(id, dtype, elements, row, row == 0), role))
    }

    /// Whether many rows of few elements do not lie in order, as small windows do not. The kernel of sums reads such rows side by
    /// side, a fused one copies each of them.
    fn is_scattered(&self, graph: &Graph, x: NodeId, row: usize) -> bool {
        let (shape, short) = (graph.shape(x), 1..=LANES);
        short.contains(&row)
            && row < shape.elements()
            && !is_contiguous(shape, &self.fusion.views.of(graph, x).strides)
    }
}

impl Group {
    /// Whether a reduction over rows of this length fits into the group; 0 means a sum over everything. If so, the group is
    /// set up for it.
    fn accepts(&mut self, row: usize) -> bool {
        match row {
            0 if self.row == 0 => {
                self.has_totals = true;
                true
            }
            0 => false,
            row if self.row == row || (self.row == 0 && !self.has_totals) => {
                self.row = row;
                true
            }
            _ => false,
        }
    }
}

/// Which elements a reduction over these axes combines. Axes of length 1 do not count.
fn reduction(shape: &Shape, axes: &[u8]) -> Reduction {
    let real = |i: &usize| shape[*i] != 1;
    let summed = |i: usize| axes.contains(&(i as u8));
    let mut kept_seen = false;
    let mut row = 1;
    for i in (0..shape.len()).rev().filter(real) {
        if summed(i) {
            if kept_seen {
                return Reduction::Across;
            }
            row *= shape[i];
        } else {
            kept_seen = true;
        }
    }
    match (kept_seen, row) {
        (false, _) => Reduction::Whole,
        (true, 1) => Reduction::Across,
        (true, row) => Reduction::Rows(row),
    }
}

/// The type that a node is computed in.
fn compute_dtype(graph: &Graph, node: &Node) -> DType {
    if node.meta.dtype.is_float() { node.meta.dtype } else { graph.node(node.inputs[0]).meta.dtype }
}
