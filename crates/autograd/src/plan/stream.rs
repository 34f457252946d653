//! Gradients that can go straight into an update: products that are computed last, when all else of a step is known.
//!
//! The gradient of a weight is a product, aᵀ·δ, and often nobody reads it but the optimiser. If it is computed at the end of
//! a step, each tile of it can change its part of the weight while it is in the cache, and the gradient as a whole is
//! neither stored nor read again (as in LOMO: Lv et al., "Full Parameter Fine-tuning for Large Language Models with
//! Limited Resources", 2023; here only once it is known that every gradient is finite).
//!
//! Fenced, because it is about training steps only. **For which programs it pays:** those whose weights have
//! [`stream_from`](crate::target::Target::stream_from) numbers and more and are read by products of batches that are smaller
//! than the weight; run by `Program::step`. **What it costs:** the operands of these products live until the end of the step,
//! and a bound on every element is computed before it. **How to switch it off:** `Passes::all().without("stream")`; no bit
//! changes. **Who depends on it:** the plan's count of such kernels, and the executor's loop over them (`exec/stream.rs`);
//! with a count of 0 neither does anything.

use super::graph::Graph;
use super::units::{Fusion, NO_UNIT, Unit, Units};
use crate::ir::{NodeId, Op};
use crate::tree::DEPTH;

/// Moves these products to the end of the units, and notes how many there are.
pub(super) fn stream(mut units: Units<'_>) -> Units<'_> {
    let Units { graph, fusion, gradients, .. } = &mut units;
    let outputs = &graph.outputs[graph.outputs.len() - gradients.len()..];
    let found = outputs.iter().zip(*gradients);
    let mut last: Vec<(usize, u32)> =
        found.filter_map(|(&id, range)| Some((range.start, streamed(graph, fusion, id)?))).collect();
    if last.is_empty() {
        return units;
    }
    let mut reads = vec![0; fusion.units.len()];
    // A view reads nothing, who reads the view does.
    let computed = graph.iter().filter(|(id, _)| fusion.unit_of[*id as usize] != NO_UNIT);
    let inputs = computed.flat_map(|(_, node)| node.inputs.iter());
    for &x in inputs.chain(&graph.outputs) {
        let unit = fusion.unit_of[fusion.places.root(x) as usize];
        if unit != NO_UNIT {
            reads[unit as usize] += 1;
        }
    }
    // Asked for once, as a gradient, and read by nobody.
    last.retain(|&(_, unit)| reads[unit as usize] == 1);
    // In the order of the slab: a step looks for them by their places.
    last.sort_unstable();
    let last: Vec<u32> = last.into_iter().map(|(_, unit)| unit).collect();
    fusion.put_last(graph, &last);
    Units { streams: last.len(), ..units }
}

/// The product that a gradient is, if it is one that pays to be computed last.
fn streamed(graph: &Graph, fusion: &Fusion, id: NodeId) -> Option<u32> {
    let root = fusion.places.root(id);
    let unit = fusion.unit_of[root as usize];
    let is_product = unit != NO_UNIT && matches!(fusion.units[unit as usize], Unit::Product(_));
    if !is_product || !fusion.places.is_whole(graph, id) {
        return None;
    }
    let [a, b] = [0, 1].map(|i| graph.node(root).inputs[i]);
    let (&[m, k], &[_, n]) = (&graph.shape(a)[..], &graph.shape(b)[..]) else { return None };
    // The parameters change while it is computed.
    let is_parameter = |x| matches!(graph.node(fusion.places.root(x)).op, Op::Parameter(_));
    // Its operands are held longer: they are to be smaller than what is not stored.
    let pays = m * n >= fusion.target.stream_from && k > 0 && k * (m + n) <= m * n;
    (pays && k <= DEPTH && !is_parameter(a) && !is_parameter(b)).then_some(unit)
}
