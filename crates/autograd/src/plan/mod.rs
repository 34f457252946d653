//! Planning: a traced list becomes kernels in order, and buffers for the values that pass between them.
//!
//! Passes are pure functions. Each has its own switch, and in debug builds the verifier runs after each. Planning reads tapes
//! and never calls a kernel.

mod again;
mod algebra;
mod assemble;
mod cost;
mod cse;
mod data;
mod dead;
mod draft;
mod expand;
mod fold;
mod fuse;
mod graph;
mod hash;
mod history;
mod in_place;
mod inline;
mod lower;
mod memory;
mod narrow;
mod pair;
mod passes;
mod recompute;
mod recorded;
mod rematerialise;
mod sink;
mod slopes;
mod slots;
mod stream;
mod turned;
mod units;
mod verify;
mod views;

pub(crate) use again::Recomputed;
pub use data::{Contents, Kernel, Memory, Plan, Work};
pub use graph::Graph;
pub(crate) use graph::{Node, PlanInput, number};
pub(crate) use memory::{Buffer, FIRST_INPUT, GRADIENTS, PARAMETERS};
pub use passes::Passes;
pub use recorded::{RecordedInput, RecordedNode};
pub(crate) use units::Rematerialised;
pub(crate) use verify::Seal;
pub use verify::Verified;

use crate::code::MemoryView;
use crate::ir::{self, NodeId};
use crate::lists::IntoList;
use crate::params::Params;
use crate::target::Target;
use draft::{Draft, Value};
use lower::Lower;
use passes::Stage;
use std::ops::Range;
use units::{Unit, Units};

/// Plans the list of a traced tape. The last outputs are gradients; `gradients` are their ranges in the slab. Where buffers are
/// to take at most so many bytes, values are computed again for it, and the plan is the smallest that was found.
pub(crate) fn plan(
    graph: Graph,
    params: &Params,
    gradients: &[Range<usize>],
    passes: Passes,
    budget: Option<usize>,
) -> Verified<Plan> {
    let target = &Target::CPU;
    verify::graph(&graph);
    let mut counts = vec![("recorded", graph.len())];
    let graph = rewritten(graph, passes, target, &mut counts);
    match budget {
        None => placed(graph, params, gradients, passes, counts),
        Some(bytes) => {
            let place = |graph: Graph| {
                verify::graph(&graph);
                let mut counts = counts.clone();
                counts.push(("recompute", graph.len()));
                placed(graph, params, gradients, passes, counts)
            };
            recompute::within(bytes, &graph, place, |plan| plan.buffer_bytes())
        }
    }
}

/// Kernels and memories for a list that the passes have rewritten.
fn placed(
    graph: Graph,
    params: &Params,
    gradients: &[Range<usize>],
    passes: Passes,
    mut counts: Counts,
) -> Verified<Plan> {
    let (target, recomputed) = (&Target::CPU, Recomputed::of(&graph));
    let Units { mut graph, fusion, rematerialised, streams, .. } =
        units(graph, gradients, passes, target, &mut counts);
    let mut allocation = memory::allocate(&mut graph, &fusion, params, gradients, passes.has("pool"));
    verify::allocation(&graph, &fusion, &allocation);
    let lower = Lower { graph: &graph, fusion: &fusion, allocation: &allocation, rewrites: steps(passes) };
    let mut values = graph.per_node(Value::MAX);
    let units = 0..fusion.units.len() as u32;
    let mut kernels: Vec<Kernel> = units.map(|unit| kernel(&lower, unit, &mut values)).listed();
    let streamed = kernels.split_off(kernels.len() - streams);
    for (id, range) in &allocation.copies {
        let to = MemoryView { memory: GRADIENTS, offset: range.start, ..allocation.contiguous(&graph, *id) };
        kernels.push(copy(*id, allocation.view(&graph, &fusion, *id), to));
    }
    // Outputs have to be contiguous, at the beginning of a buffer.
    let mut outputs = vec![];
    for &id in &graph.outputs[..graph.outputs.len() - gradients.len()] {
        let mut output = allocation.view(&graph, &fusion, id);
        if !allocation.is_buffer(&output) {
            let to = allocation.copy_of(&graph, id);
            kernels.push(copy(id, output, to.clone()));
            output = to;
        }
        outputs.push(output);
    }
    kernels.extend(streamed);
    let inputs = std::mem::take(&mut graph.inputs);
    let (unshared, buffers) = (allocation.unshared(), allocation.buffers);
    let also = passes.rows().filter(|pass| matches!(pass.stage, Stage::Steps(_) | Stage::Choice));
    let also = also.map(|pass| pass.name).listed();
    verify::plan(Plan {
        kernels,
        streams,
        inputs,
        buffers,
        outputs,
        parameters: Buffer { dtype: params.dtype(), elements: params.elements() },
        gradients: gradients.to_vec(),
        graph,
        passes: counts,
        also,
        unshared,
        rematerialised,
        recomputed,
    })
}

/// Plans the body of a loop by the passes that keep every bit. Its inputs are the arguments, in order; its outputs the results and, with
/// a history, the products.
pub fn body(scan: &ir::Scan) -> Verified<Plan> {
    of_body(Graph::of_body(&scan.body, scan.history))
}

/// The same, with [turned matrices](turned): also the arguments whose transposes are the last inputs, in order.
pub(crate) fn turned_body(scan: &ir::Scan) -> (Verified<Plan>, Vec<usize>) {
    let (graph, turned) = turned::turned(Graph::of_body(&scan.body, scan.history), scan.body.ports);
    (of_body(graph), turned)
}

fn of_body(graph: Graph) -> Verified<Plan> {
    plan(graph, &Params::f64(), &[], Passes::exact(), None)
}

/// The names of passes, each with the number of nodes after it.
type Counts = Vec<(&'static str, usize)>;

/// Runs the passes from list to list.
fn rewritten(mut graph: Graph, passes: Passes, target: &Target, counts: &mut Counts) -> Graph {
    for pass in passes.rows() {
        graph = match pass.stage {
            Stage::List(rewrite) => rewrite(graph),
            Stage::ListFor(rewrite) => rewrite(graph, target),
            _ => continue,
        };
        verify::graph(&graph);
        counts.push((pass.name, graph.len()));
    }
    graph
}

/// Divides the list into units, and runs the passes over units.
fn units<'a>(
    graph: Graph,
    gradients: &'a [Range<usize>],
    passes: Passes,
    target: &'static Target,
    counts: &mut Counts,
) -> Units<'a> {
    let fusion = fuse::fuse(&graph, passes.has("fuse"), target);
    let mut units = Units { graph, fusion, gradients, streams: 0, rematerialised: Rematerialised::default() };
    verify::units(&units.graph, &units.fusion);
    for pass in passes.rows() {
        if let Stage::Units(change) = pass.stage {
            units = change(units);
            verify::graph(&units.graph);
            verify::units(&units.graph, &units.fusion);
            counts.push((pass.name, units.graph.len()));
        }
    }
    units
}

/// The passes over the steps of a fused kernel.
fn steps(passes: Passes) -> Vec<fn(&mut Draft)> {
    let rewrites = passes.rows().filter_map(|pass| match pass.stage {
        Stage::Steps(rewrite) => Some(rewrite),
        _ => None,
    });
    rewrites.listed()
}

fn kernel(lower: &Lower<'_>, unit: u32, values: &mut [Value]) -> Kernel {
    let Lower { graph, fusion, allocation, .. } = *lower;
    let work = match &fusion.units[unit as usize] {
        Unit::Fused(group) => Work::Tile(lower.group(unit, group, values)),
        Unit::Product(id) => {
            let x = &graph.node(*id).inputs;
            let [a, b] = [allocation.view(graph, fusion, x[0]), allocation.view(graph, fusion, x[1])];
            Work::Product { a, b, c: allocation.root(graph, *id) }
        }
        Unit::Op(id) => {
            let node = graph.node(*id);
            let x = node.inputs.iter().map(|&x| allocation.view(graph, fusion, x)).listed();
            Work::Op { op: node.op.clone(), x, y: allocation.root(graph, *id) }
        }
    };
    Kernel { work, nodes: fusion.units[unit as usize].nodes().to_vec() }
}

/// A kernel that copies a node to contiguous memory.
fn copy(id: NodeId, from: MemoryView, to: MemoryView) -> Kernel {
    Kernel { work: Work::Op { op: ir::Copy.into(), x: vec![from], y: to }, nodes: vec![id] }
}
