//! Memory allocation: each stored value gets a location. Values that are not alive at the same time share a buffer.

use super::graph::{Graph, PlanInput};
use super::hash::Map;
use super::in_place;
use super::units::{Fusion, NO_UNIT, Unit};
use super::views::is_contiguous;
use crate::code::MemoryView;
use crate::dtype::{DType, Data};
use crate::ir::{NodeId, Op};
use crate::lists::OrderedMap;
use crate::params::Params;
use crate::shape::{Shape, Strides};
use smallvec::SmallVec;
use std::ops::Range;

/// The numbers of memories. Every plan has parameters and gradients; then come inputs, then buffers.
pub(crate) const PARAMETERS: u32 = 0;
pub(crate) const GRADIENTS: u32 = 1;
pub(crate) const FIRST_INPUT: u32 = 2;

/// A buffer of a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) dtype: DType,
    pub(crate) elements: usize,
}

/// The memory of each root.
#[derive(Debug, Default)]
pub(crate) struct Allocation {
    /// For each node that has one: the number of its memory, and its offset there.
    location: Vec<Option<(u32, usize)>>,
    pub(crate) buffers: Vec<Buffer>,
    /// Gradients that are computed elsewhere and then copied to their range of the slab.
    pub(crate) copies: Vec<(NodeId, Range<usize>)>,
    first_buffer: u32,
    /// The bytes of all values that got a buffer.
    unshared: usize,
}

impl Buffer {
    pub(crate) fn bytes(&self) -> usize {
        self.elements * self.dtype.size()
    }
}

/// Free buffers, by type and size.
#[derive(Default)]
struct Free(OrderedMap<(DType, usize), Vec<u32>>);

impl Free {
    fn give(&mut self, buffer: Buffer, number: u32) {
        self.0.or_insert_with((buffer.dtype, buffer.elements), Vec::new).push(number);
    }

    /// Takes the buffer whose size is nearest.
    fn take(&mut self, need: Buffer) -> Option<u32> {
        let wanted = (need.dtype, need.elements);
        let place = self.0.place(&wanted).unwrap_or_else(|place| place);
        let distance = |place: usize| {
            let (key, _) = self.0[..].get(place)?;
            (key.0 == need.dtype).then(|| (key.1.abs_diff(need.elements), *key))
        };
        let (_, nearest) = match (distance(place), place.checked_sub(1).and_then(distance)) {
            (Some(above), Some(below)) if below.0 < above.0 => below,
            (above, below) => above.or(below)?,
        };
        let numbers = self.0.or_insert_with(nearest, Vec::new);
        let number = numbers.pop();
        if numbers.is_empty() {
            self.0.remove(&nearest);
        }
        number
    }
}

/// Allocates memory for every root. `gradients` are the ranges of the gradients in the slab; they are the last outputs.
pub(crate) fn allocate(
    graph: &mut Graph,
    fusion: &Fusion,
    params: &Params,
    gradients: &[Range<usize>],
    pooled: bool,
) -> Allocation {
    let mut allocation = Allocation { location: graph.per_node(None), ..Allocation::default() };
    allocation.allocate_leaves(graph, fusion, params);
    allocation.allocate_gradients(graph, fusion, gradients);
    let first_buffer = FIRST_INPUT + graph.inputs.len() as u32;
    allocation.first_buffer = first_buffer;
    let ends = Ends::of(graph, fusion);
    let mut free = Free::default();
    let (mut begun, mut ended): (Vec<NodeId>, Vec<NodeId>) = (vec![], vec![]);
    for (number, unit) in fusion.units.iter().enumerate() {
        let is_fused = matches!(unit, Unit::Fused(_));
        let location = |id: NodeId| allocation.location[id as usize];
        let begins = |id: NodeId| (!is_fused || fusion.is_stored(id)) && location(id).is_none();
        begun.clear();
        begun.extend(unit.nodes().iter().filter(|&&id| begins(id)));
        let in_buffer = |id: NodeId| location(id).is_some_and(|(memory, _)| memory >= first_buffer);
        ended.clear();
        ended.extend(ends.at(number).filter(|&id| pooled && in_buffer(id)));
        let overwritten = in_place::overwritten(graph, fusion, number, &begun, &ended);
        for &(id, over) in &overwritten {
            allocation.location[id as usize] = allocation.location[over as usize];
        }
        // They are in the order of what ends.
        let mut over = overwritten.iter().map(|&(_, over)| over).peekable();
        ended.retain(|x| over.next_if_eq(x).is_none());
        for &id in &begun {
            if allocation.location[id as usize].is_none() {
                let meta = &graph.node(id).meta;
                let need = Buffer { dtype: meta.dtype, elements: meta.shape.elements() };
                let buffer = allocation.take(need, &mut free);
                allocation.location[id as usize] = Some((first_buffer + buffer, 0));
            }
        }
        for &id in &ended {
            let (memory, _) = allocation.location[id as usize].expect("it was filled");
            let buffer = memory - first_buffer;
            free.give(allocation.buffers[buffer as usize], buffer);
        }
    }
    allocation
}

/// For each unit, the stored nodes that nothing reads after it. They are linked lists: the first node of each unit, and the
/// node after each node.
struct Ends {
    first: Vec<NodeId>,
    next: Vec<NodeId>,
}

impl Ends {
    const NONE: NodeId = NodeId::MAX;

    fn of(graph: &Graph, fusion: &Fusion) -> Ends {
        let mut ends = Ends { first: vec![Ends::NONE; fusion.units.len()], next: graph.per_node(Ends::NONE) };
        for (id, _) in graph.iter().rev() {
            let (i, last) = (id as usize, fusion.last_use[id as usize]);
            if fusion.is_stored(id) && last != NO_UNIT {
                ends.next[i] = std::mem::replace(&mut ends.first[last as usize], id);
            }
        }
        ends
    }

    fn at(&self, unit: usize) -> impl Iterator<Item = NodeId> {
        let some = |id: NodeId| (id != Ends::NONE).then_some(id);
        std::iter::successors(some(self.first[unit]), move |&id| some(self.next[id as usize]))
    }
}

impl Allocation {
    fn allocate_leaves(&mut self, graph: &mut Graph, fusion: &Fusion, params: &Params) {
        for (id, node) in graph.iter() {
            self.location[id as usize] = match node.op {
                Op::Input(input) => Some((FIRST_INPUT + input, 0)),
                Op::Parameter(p) => Some((PARAMETERS, params.range(p).start)),
                _ => None,
            };
        }
        // Some kernels, and the user, read single numbers from memory.
        let mut numbers: Map<(DType, u64), u32> = Map::default();
        let mut inputs = std::mem::take(&mut graph.inputs);
        let units = fusion.units.iter().filter(|unit| !matches!(unit, Unit::Fused(_)));
        let read = units.flat_map(Unit::nodes).flat_map(|&id| &graph.node(id).inputs);
        for &id in read.chain(&graph.outputs) {
            let root = fusion.views.root(id);
            if let Some(x) = graph.full(root) {
                let dtype = graph.node(root).meta.dtype;
                let input = *numbers.entry((dtype, x.to_bits())).or_insert_with(|| {
                    inputs.push(PlanInput::Constant(Data::splat(dtype, x, 1)));
                    inputs.len() as u32 - 1
                });
                self.location[root as usize] = Some((FIRST_INPUT + input, 0));
            }
        }
        graph.inputs = inputs;
    }

    /// If a gradient is the whole result of a kernel, that kernel writes it to the slab. Other gradients are copied there.
    fn allocate_gradients(&mut self, graph: &Graph, fusion: &Fusion, gradients: &[Range<usize>]) {
        let first = graph.outputs.len() - gradients.len();
        for (&id, range) in graph.outputs[first..].iter().zip(gradients) {
            let root = fusion.views.root(id) as usize;
            let by_a_kernel = fusion.unit_of[root] != NO_UNIT;
            let whole = fusion.views.is_whole(graph, id);
            if by_a_kernel && whole && self.location[root].is_none() {
                self.location[root] = Some((GRADIENTS, range.start));
            } else {
                self.copies.push((id, range.clone()));
            }
        }
    }

    /// A buffer for a value: the free one that fits best, or a new one.
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
    pub(crate) fn copy_of(&mut self, graph: &Graph, x: NodeId) -> MemoryView {
        let whole = self.contiguous(graph, x);
        let buffer = Buffer { dtype: whole.dtype, elements: whole.shape.elements() };
        self.unshared += buffer.bytes();
        self.buffers.push(buffer);
        MemoryView { memory: self.first_buffer + self.buffers.len() as u32 - 1, ..whole }
    }

    /// The memory and the offset of a root, if it has them.
    pub(crate) fn location_of(&self, root: NodeId) -> Option<(u32, usize)> {
        self.location[root as usize]
    }

    /// Whether kernels write a memory: whether it is a buffer or the gradients.
    pub(crate) fn is_written(&self, memory: u32) -> bool {
        memory == GRADIENTS || memory >= self.first_buffer
    }

    /// The bytes of all buffers if each value had one of its own.
    pub(crate) fn unshared(&self) -> usize {
        self.unshared
    }

    /// Whether a view is contiguous and starts at the beginning of a buffer.
    pub(crate) fn is_buffer(&self, x: &MemoryView) -> bool {
        x.memory >= self.first_buffer && x.offset == 0 && is_contiguous(&x.shape, &x.strides)
    }

    /// A view of a whole root.
    pub(crate) fn root(&self, graph: &Graph, id: NodeId) -> MemoryView {
        let meta = &graph.node(id).meta;
        let (memory, offset) = self.location[id as usize].expect("a stored root has a location");
        MemoryView {
            memory,
            offset,
            dtype: meta.dtype,
            shape: meta.shape.clone(),
            strides: meta.shape.strides(),
        }
    }

    /// A contiguous view of a node's shape and dtype, at the start of memory 0.
    pub(crate) fn contiguous(&self, graph: &Graph, x: NodeId) -> MemoryView {
        let meta = &graph.node(x).meta;
        MemoryView {
            memory: 0,
            offset: 0,
            dtype: meta.dtype,
            shape: meta.shape.clone(),
            strides: meta.shape.strides(),
        }
    }

    /// A view of a node, with all its axes.
    pub(crate) fn view(&self, graph: &Graph, fusion: &Fusion, x: NodeId) -> MemoryView {
        let (root, location, meta) = (fusion.views.root(x), fusion.views.of(graph, x), &graph.node(x).meta);
        let (memory, offset) = self.location[root as usize].expect("what is read from memory has a location");
        MemoryView {
            memory,
            offset: offset + location.offset,
            dtype: meta.dtype,
            shape: meta.shape.clone(),
            strides: location.strides,
        }
    }

    /// A view of a node, with as few axes as possible.
    pub(crate) fn operand(&self, graph: &Graph, fusion: &Fusion, x: NodeId) -> MemoryView {
        let view = self.view(graph, fusion, x);
        let (shape, strides) = merged(&view.shape, &view.strides);
        MemoryView { shape, strides, ..view }
    }
}

/// The fewest axes that give the same elements in the same order.
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
