//! Views: which nodes are views of other nodes, and where their elements are in those.

use super::graph::Graph;
use crate::ir::NodeId;
use crate::shape::{Shape, Strides};

/// Where a node's elements are in its root: an offset and strides.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) offset: usize,
    pub(crate) strides: Strides,
}

/// The root and the location of every node.
#[derive(Debug)]
pub(crate) struct Views {
    /// For each node, the node that it is a view of: its root. Most nodes are roots themselves.
    root: Vec<NodeId>,
    /// For each view, its number in `locations`.
    number: Vec<u32>,
    locations: Vec<Location>,
}

impl Views {
    pub(super) fn new(graph: &Graph) -> Views {
        Views { root: graph.per_node(NodeId::MAX), number: graph.per_node(u32::MAX), locations: vec![] }
    }

    /// Adds the node with the next number.
    pub(super) fn add_new(&mut self, graph: &Graph, id: NodeId) {
        self.root.push(NodeId::MAX);
        self.number.push(u32::MAX);
        self.add(graph, id);
    }

    /// Adds a node whose operands have been added, and tells whether it is a view.
    pub(super) fn add(&mut self, graph: &Graph, id: NodeId) -> bool {
        let Some(location) = self.view(graph, id) else {
            self.root[id as usize] = id;
            return false;
        };
        self.root[id as usize] = self.root(graph.operand(id));
        self.number[id as usize] = self.locations.len() as u32;
        self.locations.push(location);
        true
    }

    /// The node's location in its operand's root, if it is a view.
    fn view(&self, graph: &Graph, id: NodeId) -> Option<Location> {
        let node = graph.node(id);
        let &x = node.inputs.first()?;
        let from = self.of(graph, x);
        let layout = node.op.rule()?.view(&graph.node(x).meta, &from.strides)?;
        let offset = from.offset.checked_add_signed(layout.skip).expect("a view begins within its root");
        Some(Location { offset, strides: layout.strides })
    }

    /// The node that it is a view of, or itself.
    pub(crate) fn root(&self, x: NodeId) -> NodeId {
        self.root[x as usize]
    }

    /// The node's location in its root.
    pub(crate) fn of(&self, graph: &Graph, x: NodeId) -> Location {
        if self.root(x) != x {
            return self.locations[self.number[x as usize] as usize].clone();
        }
        let shape = graph.shape(x);
        let strides = match graph.full(x) {
            Some(_) => Strides::repeat(0, shape.len()),
            None => shape.strides(),
        };
        Location { offset: 0, strides }
    }

    /// Whether a node has all elements of its root, in the same order.
    pub(crate) fn is_whole(&self, graph: &Graph, x: NodeId) -> bool {
        let root = self.root(x);
        x == root || {
            let (location, shape) = (self.of(graph, x), graph.shape(x));
            location.offset == 0
                && shape.elements() == graph.shape(root).elements()
                && is_contiguous(shape, &location.strides)
        }
    }

    /// Whether a node repeats each number of its root along a row of length `row`.
    pub(super) fn repeats_along_rows(&self, graph: &Graph, x: NodeId, row: usize) -> bool {
        let location = self.of(graph, x);
        location.offset == 0 && repeats_along_rows(graph.shape(x), &location.strides, row)
    }
}

/// Whether strides are those of a contiguous array.
pub(crate) fn is_contiguous(shape: &[usize], strides: &[isize]) -> bool {
    let mut next = 1;
    shape.contains(&0)
        || shape.iter().zip(strides).rev().all(|(&d, &s)| {
            let fits = d == 1 || s == next;
            next *= d as isize;
            fits
        })
}

/// Whether a view repeats each number of a contiguous column along a row of length `row`.
fn repeats_along_rows(shape: &Shape, strides: &[isize], row: usize) -> bool {
    let mut split = shape.len();
    let mut length = 1;
    while split > 0 && length < row {
        split -= 1;
        if shape[split] != 1 && strides[split] != 0 {
            return false;
        }
        length *= shape[split];
    }
    length == row && is_contiguous(&shape[..split], &strides[..split])
}
