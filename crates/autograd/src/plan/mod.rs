//! Planning: a traced list becomes kernels in an order, with a place in memory for whatever crosses between them.
//!
//! Passes are pure functions from list to list, each with a switch of its own and followed by the verifier in debug
//! builds. Planning reads tapes and never calls a kernel.

mod algebra;
mod assemble;
mod copies;
mod cost;
mod cse;
mod dead;
mod expand;
mod fold;
mod fuse;
mod graph;
mod hash;
mod in_place;
mod lower;
mod memory;
mod orient;
mod pair;
mod places;
mod recompute;
mod share;
mod sink;
mod slope;
mod slots;
mod straighten;
mod stream;
mod target;
mod thin;
mod verify;

pub(crate) use graph::{Graph, Node, Slot, number};
pub(crate) use memory::{Buffer, FIRST_SLOT, GRADIENTS, PARAMETERS};
pub(crate) use recompute::Again;

use crate::code::{Act, Code, Extent, How, Operand, Read, Write};
use crate::ir::{self, NodeId, Op};
use crate::params::Params;
use fuse::{Fusion, Unit};
use memory::Homes;
use std::ops::Range;
use target::Target;

/// Which passes a plan goes through. All of them, unless switched off one by one to look for the one at fault.
///
/// ```
/// use autograd::{Params, Passes, Program};
/// let params = Params::f64();
/// let plain = Program::trace_with(Passes::none(), &params, |t| {
///     let x = t.input("x", [3]);
///     t.outputs((x * 2.0).sin().sum())
/// })?;
/// let fused = Program::trace(&params, |t| {
///     let x = t.input("x", [3]);
///     t.outputs((x * 2.0).sin().sum())
/// })?;
/// assert!(fused.kernels() < plain.kernels());
/// # Ok::<(), autograd::ProgramError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passes {
    /// Leaves out what no output needs.
    pub dead: bool,
    /// Writes softmax, log-softmax, Swish and the approximate GELU as what they are made of, so that it fuses.
    pub expand: bool,
    /// Computes ops on numbers while planning.
    pub fold: bool,
    /// Computes equal expressions once.
    pub cse: bool,
    /// Simplifies: x·1, x + 0, −(−x), transposes of transposes, sums of broadcasts.
    pub algebra: bool,
    /// Keeps activations of narrow layers, and narrow batches of data, transposed; lays results out as they are read.
    pub orient: bool,
    /// Writes small products with vectors as elementwise operations and sums, so that they fuse.
    pub thin: bool,
    /// Joins elementwise chains, with the sums at their ends, to kernels.
    pub fuse: bool,
    /// Computes cheap values again in each kernel that reads them, instead of keeping them in memory.
    pub recompute: bool,
    /// Computes sigmoids and hyperbolic tangents together with their slopes.
    pub share: bool,
    /// Does two operations in one pass over a tile.
    pub pair: bool,
    /// Computes large gradients last, so that [`Program::step`](crate::Program::step) updates by them while they are made.
    pub stream: bool,
    /// Lets values that are not alive at the same time share a buffer.
    pub pool: bool,
}

impl Passes {
    /// Every pass.
    pub fn all() -> Passes {
        Passes {
            dead: true,
            expand: true,
            fold: true,
            cse: true,
            algebra: true,
            orient: true,
            thin: true,
            fuse: true,
            recompute: true,
            share: true,
            pair: true,
            stream: true,
            pool: true,
        }
    }

    /// No pass: one kernel per op, each result in a buffer of its own.
    pub fn none() -> Passes {
        Passes {
            dead: false,
            expand: false,
            fold: false,
            cse: false,
            algebra: false,
            orient: false,
            thin: false,
            fuse: false,
            recompute: false,
            share: false,
            pair: false,
            stream: false,
            pool: false,
        }
    }
}

/// What a program runs: kernels in order.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) kernels: Vec<Kernel>,
    /// So many last kernels are products that are gradients, which an update may take tile by tile.
    pub(crate) streams: usize,
    pub(crate) slots: Vec<Slot>,
    pub(crate) buffers: Vec<Buffer>,
    /// The outputs that are not gradients.
    pub(crate) outputs: Vec<Operand>,
    /// What the kernels compute, for reports.
    pub(crate) graph: Graph,
    /// The passes that ran, each with the number of nodes that it left; first what was recorded.
    pub(crate) passes: Vec<(&'static str, usize)>,
    /// Bytes of the buffers if each value had one of its own.
    pub(crate) unshared: usize,
    /// What kernels compute again.
    pub(crate) again: Again,
}

#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) work: Work,
    /// The nodes that it computes.
    pub(crate) nodes: Vec<NodeId>,
}

#[derive(Debug)]
pub(crate) enum Work {
    Tile(Code),
    Product { a: Operand, b: Operand, c: Operand },
    Op { op: Op, x: Vec<Operand>, y: Operand },
}

/// Plans the list of a traced tape. The last outputs are gradients, with their ranges in the slab.
pub(crate) fn plan(mut graph: Graph, params: &Params, gradients: &[Range<usize>], passes: &Passes) -> Plan {
    let target = &Target::CPU;
    verify::graph(&graph);
    let mut counts = vec![("recorded", graph.len())];
    let mut run = |on: bool, name: &'static str, pass: fn(Graph) -> Graph, graph: Graph| {
        if !on {
            return graph;
        }
        let graph = pass(graph);
        verify::graph(&graph);
        counts.push((name, graph.len()));
        graph
    };
    graph = run(passes.dead, "dead", dead::dead, graph);
    graph = run(passes.expand, "expand", expand::expand, graph);
    graph = run(passes.fold, "fold", fold::fold, graph);
    graph = run(passes.algebra, "algebra", algebra::algebra, graph);
    graph = run(passes.cse, "cse", cse::cse, graph);
    graph = run(passes.orient, "orient", |graph| orient::orient(graph, &Target::CPU), graph);
    graph = run(passes.thin, "thin", |graph| thin::thin(graph, &Target::CPU), graph);
    graph = run(passes.orient, "sink", sink::sink, graph);
    let rewritten = passes.orient || passes.thin;
    graph = run(rewritten && passes.algebra, "algebra", algebra::algebra, graph);
    graph = run(rewritten && passes.cse, "cse", cse::cse, graph);
    graph = run(passes.orient, "straighten", |graph| straighten::straighten(graph, &Target::CPU), graph);
    graph = run(passes.dead, "dead", dead::dead, graph);
    let Units { mut graph, fusion, again, streams } = units(graph, gradients, passes, target);
    if passes.recompute {
        counts.push(("recompute", graph.len()));
    }
    let mut homes = memory::place(&mut graph, &fusion, params, gradients, passes.pool);
    let mut values = graph.per_node(lower::Value::MAX);
    let units = 0..fusion.units.len() as u32;
    let mut kernels: Vec<Kernel> =
        units.map(|unit| kernel(&graph, &fusion, unit, &homes, passes, &mut values)).collect();
    let streamed = kernels.split_off(kernels.len() - streams);
    for (id, range) in &homes.copies {
        let to = Operand { home: GRADIENTS, offset: range.start, ..homes.contiguous(&graph, *id) };
        let work = Work::Tile(copy(homes.operand(&graph, &fusion, *id), to, target));
        kernels.push(Kernel { work, nodes: vec![*id] });
    }
    // What the user reads lies in one piece in a buffer.
    let mut outputs = vec![];
    for &id in &graph.outputs[..graph.outputs.len() - gradients.len()] {
        let mut place = homes.view(&graph, &fusion, id);
        if !homes.is_buffer(&place) {
            let to = homes.copy_of(&graph, id);
            let work = match to.dtype.is_float() {
                true => Work::Tile(copy(homes.operand(&graph, &fusion, id), to.clone(), target)),
                // `Detach` is the identity for every dtype.
                false => Work::Op { op: ir::Detach.into(), x: vec![place], y: to.clone() },
            };
            kernels.push(Kernel { work, nodes: vec![id] });
            place = to;
        }
        outputs.push(place);
    }
    kernels.extend(streamed);
    let slots = std::mem::take(&mut graph.slots);
    let (unshared, buffers) = (homes.unshared(), homes.buffers);
    let plan = Plan { kernels, streams, slots, buffers, outputs, graph, passes: counts, unshared, again };
    verify::plan(&plan, params);
    plan
}

/// The list divided into units, in their order.
struct Units {
    graph: Graph,
    fusion: Fusion,
    /// What they compute again.
    again: Again,
    /// So many last ones are gradients that an update may take as they are made.
    streams: usize,
}

fn units(mut graph: Graph, gradients: &[Range<usize>], passes: &Passes, target: &'static Target) -> Units {
    let mut fusion = fuse::fuse(&graph, passes.fuse, target);
    let streams = if passes.stream { stream::put_last(&graph, &mut fusion, gradients) } else { 0 };
    verify::units(&graph, &fusion);
    let mut again = Again::default();
    if passes.recompute {
        (graph, fusion, again) = recompute::recompute(graph, fusion);
        verify::graph(&graph);
        verify::units(&graph, &fusion);
    }
    Units { graph, fusion, again, streams }
}

fn kernel(
    graph: &Graph,
    fusion: &Fusion,
    unit: u32,
    homes: &Homes,
    passes: &Passes,
    values: &mut [lower::Value],
) -> Kernel {
    let work = match &fusion.units[unit as usize] {
        Unit::Fused(group) => Work::Tile(lower::lower(graph, fusion, unit, group, homes, passes, values)),
        Unit::Product(id) => {
            let x = &graph.node(*id).inputs;
            let [a, b] = [homes.view(graph, fusion, x[0]), homes.view(graph, fusion, x[1])];
            Work::Product { a, b, c: homes.root(graph, *id) }
        }
        Unit::Op(id) => {
            let node = graph.node(*id);
            let x = node.inputs.iter().map(|&x| homes.view(graph, fusion, x)).collect();
            Work::Op { op: node.op.clone(), x, y: homes.root(graph, *id) }
        }
    };
    Kernel { work, nodes: fusion.units[unit as usize].nodes().to_vec() }
}

/// A kernel that copies a view to contiguous memory.
fn copy(from: Operand, to: Operand, target: &Target) -> Code {
    let mut draft = lower::Draft::new(to.dtype);
    let elements = to.shape.elements();
    let slot = draft.value();
    let how = if from.strides.iter().all(|&s| s == 0) { How::Splat } else { How::Gather };
    draft.reads.push(Read { from, slot, extent: Extent::Tile, how });
    let y = draft.step(Act::Copy(slot), Extent::Tile);
    draft.writes.push(Write::new(to, y, Extent::Tile));
    slots::assign(draft, elements, 0, target)
}
