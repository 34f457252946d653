//! Memory: where each stored node lies. Values that are not alive at the same time share a buffer.

use super::graph::{Graph, Slot};
use super::hash::Map;
use super::in_place;
use super::places::is_contiguous;
use super::units::{Fusion, NO_UNIT, Unit};
use crate::code::Operand;
use crate::dtype::{DType, Data};
use crate::ir::{NodeId, Op};
use crate::params::Params;
use crate::shape::{Shape, Strides};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Range;

/// The memories that every plan has: the parameters, their gradients; then come the inputs, then the buffers.
pub(crate) const PARAMETERS: u32 = 0;
pub(crate) const GRADIENTS: u32 = 1;
pub(crate) const FIRST_SLOT: u32 = 2;

/// A buffer of a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) dtype: DType,
    pub(crate) elements: usize,
}

/// Where the roots lie.
#[derive(Debug, Default)]
pub(crate) struct Homes {
    /// Memory and offset, per node that has one.
    place: Vec<Option<(u32, usize)>>,
    pub(crate) buffers: Vec<Buffer>,
    /// Gradients that are computed elsewhere and copied to their place.
    pub(crate) copies: Vec<(NodeId, Range<usize>)>,
    first_buffer: u32,
    /// Bytes of all values that were given a buffer.
    unshared: usize,
}

impl Buffer {
    pub(crate) fn bytes(&self) -> usize {
        self.elements * self.dtype.size()
    }
}

/// Buffers that hold nothing any more, by type and size.
#[derive(Default)]
struct Free(BTreeMap<(DType, usize), Vec<u32>>);

impl Free {
    fn give(&mut self, buffer: Buffer, number: u32) {
        self.0.entry((buffer.dtype, buffer.elements)).or_default().push(number);
    }

    /// The one whose size is nearest.
    fn take(&mut self, need: Buffer) -> Option<u32> {
        let wanted = (need.dtype, need.elements);
        let of_type = |key: &(DType, usize)| key.0 == need.dtype;
        let above = self.0.range(wanted..).next().map(|(&key, _)| key).filter(of_type);
        let below = self.0.range(..wanted).next_back().map(|(&key, _)| key).filter(of_type);
        let nearest = above.into_iter().chain(below).min_by_key(|key| key.1.abs_diff(need.elements))?;
        let numbers = self.0.get_mut(&nearest)?;
        let number = numbers.pop();
        if numbers.is_empty() {
            self.0.remove(&nearest);
        }
        number
    }
}

/// Places every root. `gradients` are the last outputs of the graph, with their ranges in the slab.
pub(crate) fn place(
    graph: &mut Graph,
    fusion: &Fusion,
    params: &Params,
    gradients: &[Range<usize>],
    pooled: bool,
) -> Homes {
    let mut homes = Homes { place: graph.per_node(None), ..Homes::default() };
    homes.place_leaves(graph, fusion, params);
    homes.place_gradients(graph, fusion, gradients);
    let first_buffer = FIRST_SLOT + graph.slots.len() as u32;
    homes.first_buffer = first_buffer;
    let ends = Ends::of(graph, fusion);
    let mut free = Free::default();
    let (mut begun, mut ended): (Vec<NodeId>, Vec<NodeId>) = (vec![], vec![]);
    for (number, unit) in fusion.units.iter().enumerate() {
        let is_fused = matches!(unit, Unit::Fused(_));
        let place = |id: NodeId| homes.place[id as usize];
        let begins = |id: NodeId| (!is_fused || fusion.is_stored(id)) && place(id).is_none();
        begun.clear();
        begun.extend(unit.nodes().iter().filter(|&&id| begins(id)));
        let in_buffer = |id: NodeId| place(id).is_some_and(|(home, _)| home >= first_buffer);
        ended.clear();
        ended.extend(ends.at(number).filter(|&id| pooled && in_buffer(id)));
        for (id, over) in in_place::overwritten(graph, fusion, number, &begun, &ended) {
            homes.place[id as usize] = homes.place[over as usize];
            ended.retain(|&x| x != over);
        }
        for &id in &begun {
            if homes.place[id as usize].is_none() {
                let meta = &graph.node(id).meta;
                let need = Buffer { dtype: meta.dtype, elements: meta.shape.elements() };
                let buffer = homes.take(need, &mut free);
                homes.place[id as usize] = Some((first_buffer + buffer, 0));
            }
        }
        for &id in &ended {
            let (home, _) = homes.place[id as usize].expect("it was filled");
            let buffer = home - first_buffer;
            free.give(homes.buffers[buffer as usize], buffer);
        }
    }
    homes
}

/// The stored nodes that nobody reads after a unit, in chains: the first one of each unit, and the one after each node.
struct Ends {
    first: Vec<NodeId>,
    next: Vec<NodeId>,
}

impl Ends {
    const NONE: NodeId = NodeId::MAX;

    fn of(graph: &Graph, fusion: &Fusion) -> Ends {
        let mut ends = Ends { first: vec![Ends::NONE; fusion.units.len()], next: graph.per_node(Ends::NONE) };
        for (id, _) in graph.iter().rev() {
            let (place, last) = (id as usize, fusion.last_use[id as usize]);
            if fusion.is_stored(id) && last != NO_UNIT {
                ends.next[place] = std::mem::replace(&mut ends.first[last as usize], id);
            }
        }
        ends
    }

    fn at(&self, unit: usize) -> impl Iterator<Item = NodeId> {
        let some = |id: NodeId| (id != Ends::NONE).then_some(id);
        std::iter::successors(some(self.first[unit]), move |&id| some(self.next[id as usize]))
    }
}

impl Homes {
    fn place_leaves(&mut self, graph: &mut Graph, fusion: &Fusion, params: &Params) {
        for (id, node) in graph.iter() {
            self.place[id as usize] = match node.op {
                Op::Input(slot) => Some((FIRST_SLOT + slot, 0)),
                Op::Parameter(p) => Some((PARAMETERS, params.range(p).start)),
                _ => None,
            };
        }
        // A number that a kernel, or the user, wants to see in memory.
        let mut numbers: Map<(DType, u64), u32> = Map::default();
        let mut slots = std::mem::take(&mut graph.slots);
        let units = fusion.units.iter().filter(|unit| !matches!(unit, Unit::Fused(_)));
        let read = units.flat_map(Unit::nodes).flat_map(|&id| &graph.node(id).inputs);
        for &id in read.chain(&graph.outputs) {
            let root = fusion.places.root(id);
            if let Some(x) = graph.full(root) {
                let dtype = graph.node(root).meta.dtype;
                let slot = *numbers.entry((dtype, x.to_bits())).or_insert_with(|| {
                    slots.push(Slot::Held(Data::splat(dtype, x, 1)));
                    slots.len() as u32 - 1
                });
                self.place[root as usize] = Some((FIRST_SLOT + slot, 0));
            }
        }
        graph.slots = slots;
    }

    /// A gradient that is a kernel's result as it stands is written to the slab at once.
    fn place_gradients(&mut self, graph: &Graph, fusion: &Fusion, gradients: &[Range<usize>]) {
        let first = graph.outputs.len() - gradients.len();
        for (&id, range) in graph.outputs[first..].iter().zip(gradients) {
            let root = fusion.places.root(id) as usize;
            let by_a_kernel = fusion.unit_of[root] != NO_UNIT;
            let whole = fusion.places.is_whole(graph, id);
            if by_a_kernel && whole && self.place[root].is_none() {
                self.place[root] = Some((GRADIENTS, range.start));
            } else {
                self.copies.push((id, range.clone()));
            }
        }
    }

    /// A buffer for so many elements: the free one that fits best, or a new one.
    fn take(&mut self, need: Buffer, free: &mut Free) -> u32 {
        self.unshared += need.bytes();
        match free.take(need) {
            Some(b) => {
                let buffer = &mut self.buffers[b as usize];
                buffer.elements = buffer.elements.max(need.elements);
                b
            }
            None => {
                self.buffers.push(need);
                self.buffers.len() as u32 - 1
            }
        }
    }

    /// A new buffer for a copy of a node.
    pub(crate) fn copy_of(&mut self, graph: &Graph, x: NodeId) -> Operand {
        let whole = self.contiguous(graph, x);
        let buffer = Buffer { dtype: whole.dtype, elements: whole.shape.elements() };
        self.unshared += buffer.bytes();
        self.buffers.push(buffer);
        Operand { home: self.first_buffer + self.buffers.len() as u32 - 1, ..whole }
    }

    /// Memory and offset of a root that has them.
    pub(crate) fn place_of(&self, root: NodeId) -> Option<(u32, usize)> {
        self.place[root as usize]
    }

    /// Whether kernels write to a memory: a buffer, or the gradients.
    pub(crate) fn is_written(&self, home: u32) -> bool {
        home == GRADIENTS || home >= self.first_buffer
    }

    /// Bytes of the buffers if each value had one of its own.
    pub(crate) fn unshared(&self) -> usize {
        self.unshared
    }

    /// Whether an operand is the whole of a buffer's contents, as they lie.
    pub(crate) fn is_buffer(&self, x: &Operand) -> bool {
        x.home >= self.first_buffer && x.offset == 0 && is_contiguous(&x.shape, &x.strides)
    }

    /// A root as a whole.
    pub(crate) fn root(&self, graph: &Graph, id: NodeId) -> Operand {
        let meta = &graph.node(id).meta;
        let (home, offset) = self.place[id as usize].expect("a stored root has a place");
        Operand { home, offset, dtype: meta.dtype, shape: meta.shape.clone(), strides: meta.shape.strides() }
    }

    /// A node's elements one after the other, from the start of some memory on.
    pub(crate) fn contiguous(&self, graph: &Graph, x: NodeId) -> Operand {
        let meta = &graph.node(x).meta;
        Operand {
            home: 0,
            offset: 0,
            dtype: meta.dtype,
            shape: meta.shape.clone(),
            strides: meta.shape.strides(),
        }
    }

    /// A node as a view, with all its axes.
    pub(crate) fn view(&self, graph: &Graph, fusion: &Fusion, x: NodeId) -> Operand {
        let (root, place, meta) = (fusion.places.root(x), fusion.places.of(graph, x), &graph.node(x).meta);
        let (home, offset) = self.place[root as usize].expect("what is read from memory has a place");
        Operand {
            home,
            offset: offset + place.offset,
            dtype: meta.dtype,
            shape: meta.shape.clone(),
            strides: place.strides,
        }
    }

    /// A node as a view by the fewest axes.
    pub(crate) fn operand(&self, graph: &Graph, fusion: &Fusion, x: NodeId) -> Operand {
        let view = self.view(graph, fusion, x);
        let (shape, strides) = merged(&view.shape, &view.strides);
        Operand { shape, strides, ..view }
    }
}

/// The fewest axes that give the same walk.
pub(crate) fn merged(shape: &[usize], strides: &[isize]) -> (Shape, Strides) {
    let (mut lengths, mut steps) = (SmallVec::<[usize; 4]>::new(), Strides::new());
    for (&d, &s) in shape.iter().zip(strides).filter(|(d, _)| **d != 1) {
        match (lengths.last_mut(), steps.last_mut()) {
            (Some(length), Some(step)) if *step == s * d as isize => {
                *length *= d;
                *step = s;
            }
            _ => {
                lengths.push(d);
                steps.push(s);
            }
        }
    }
    (Shape::from(&lengths[..]), steps)
}
