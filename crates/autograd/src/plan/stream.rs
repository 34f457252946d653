//! Streams: gradients that go straight into an update. They are products that are computed last, after all else of a step.
//!
//! The gradient of a weight is a product, aᵀ·δ, and often only the optimiser reads it. If it is computed at the end of a step,
//! each tile of it can update its part of the weight while it is in the cache. The whole gradient is neither stored nor read
//! again (as in LOMO: Lv et al., "Full Parameter Fine-tuning for Large Language Models with
//! Limited Resources", 2023; here only if every gradient is known to be finite).
//!
//! This part is fenced, because it helps training steps only. **For which programs it pays:** those whose weights have
//! [`stream_from`](crate::target::Target::stream_from) numbers and more and are read by products of batches that are smaller
//! than the weight; run by `Program::step`. **What it costs:** the operands of these products live until the end of the step,
//! and a bound on every element is computed before it. **How to switch it off:** `Passes::all().without("stream")`; no bit
//! changes. **Who depends on it:** the plan's count of such kernels, and the executor's loop over them (`exec/stream.rs`);
//! with a count of 0 neither does anything.

use super::graph::Graph;
use super::units::{Fusion, NO_UNIT, Unit, Units};
use crate::ir::{NodeId, Op};
use crate::lists::{IntoList, sort_by};
use crate::tree::DEPTH;

/// Moves these products to the end of the units, and notes their number.
pub(super) fn stream(mut units: Units<'_>) -> Units<'_> {
    let Units { graph, fusion, gradients, .. } = &mut units;
    let outputs = &graph.outputs[graph.outputs.len() - gradients.len()..];
    let found = outputs.iter().zip(*gradients);
    let mut last: Vec<(usize, u32)> =
        found.filter_map(|(&id, range)| Some((range.start, streamed(graph, fusion, id)?))).listed();
    if last.is_empty() {
        return units;
    }
    let mut reads = vec![0; fusion.units.len()];
    // A view reads nothing; its readers do.
    let computed = graph.iter().filter(|(id, _)| fusion.unit_of[*id as usize] != NO_UNIT);
    let inputs = computed.flat_map(|(_, node)| node.inputs.iter());
    for &x in inputs.chain(&graph.outputs) {
        let unit = fusion.unit_of[fusion.views.root(x) as usize];
        if unit != NO_UNIT {
            reads[unit as usize] += 1;
        }
    }
    // Each is an output once, as a gradient, and no other unit reads it.
    last.retain(|&(_, unit)| reads[unit as usize] == 1);
    // In the order of the slab, because a step searches them by their offsets there.
    sort_by(&mut last, Ord::cmp);
    let last: Vec<u32> = last.into_iter().map(|(_, unit)| unit).listed();
    fusion.put_last(graph, &last);
    Units { streams: last.len(), ..units }
}

/// The unit of a gradient, if it is a product that pays to be computed last.
fn streamed(graph: &Graph, fusion: &Fusion, id: NodeId) -> Option<u32> {
    let root = fusion.views.root(id);
    let unit = fusion.unit_of[root as usize];
    let is_product = unit != NO_UNIT && matches!(fusion.units[unit as usize], Unit::Product(_));
    if !is_product || !fusion.views.is_whole(graph, id) {
        return None;
    }
    let [a, b] = [0, 1].map(|i| graph.node(root).inputs[i]);
    let (&[m, k], &[_, n]) = (&graph.shape(a)[..], &graph.shape(b)[..]) else { return None };
    // It may not read parameters: they change while it is computed.
    let is_parameter = |x| matches!(graph.node(fusion.views.root(x)).op, Op::Parameter(_));
    // Its operands live longer, so they have to be smaller than the gradient, which is not stored.
    let pays = m * n >= fusion.target.stream_from && k > 0 && k * (m + n) <= m * n;
    (pays && k <= DEPTH && !is_parameter(a) && !is_parameter(b)).then_some(unit)
}
