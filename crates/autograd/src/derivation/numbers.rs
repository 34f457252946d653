//! The numbers of a page: those of the tape, and those of a sweep over it.

use super::model::Model;
use crate::grad::adjoints_of;
use crate::ir::{NodeId, for_operands};
use crate::lists::{IntoList, OrderedMap, OrderedSet};
use crate::op::{At, Wanted};
use crate::var::Var;
use std::collections::HashMap;

/// Nodes on the tape that hold derivatives, until they are removed again.
#[derive(Debug)]
pub(super) struct Numbers {
    /// ∂output/∂x, by the sweep.
    pub(super) adjoints: HashMap<NodeId, NodeId>,
    /// ∂y/∂x for milestones y that are one number.
    pub(super) locals: OrderedMap<(NodeId, NodeId), NodeId>,
    /// For how many digits the lines of the page, put together, give what the sweep gives; `None` for every bit.
    pub(super) digits: Option<u32>,
}

/// What has to be recorded: for each milestone on a path, the nodes between it and its operands.
pub(super) struct Segments {
    all: Vec<(NodeId, Vec<NodeId>)>,
    named: OrderedSet<NodeId>,
    on_path: OrderedSet<NodeId>,
}

impl Segments {
    pub(super) fn of(model: &Model<'_>) -> Segments {
        let on_path = |id: &NodeId| model.is_on_path(*id);
        let milestones = model.milestones.inner.iter().rev().copied().filter(on_path);
        let all: Vec<_> = milestones.map(|m| (m, model.segment(m))).listed();
        let nodes = all.iter().flat_map(|(_, nodes)| nodes).copied();
        let operands = nodes.flat_map(|id| model.node(id).inputs.iter().copied().chain([id]));
        let on_path = operands.filter(on_path).collect();
        let named = model.milestones.inner.iter().chain(&model.milestones.leaves).copied().collect();
        Segments { all, named, on_path }
    }
}

/// Records the sweep of `output` by `asked`, and each stretch between milestones once more.
pub(super) fn record<'t>(output: Var<'t>, asked: &[Var<'t>], segments: &Segments) -> Numbers {
    let adjoints = adjoints_of(output, asked);
    let tape = output.tape();
    let var = |id: NodeId| Var::new(tape, id);
    let (mut locals, mut totals) = (OrderedMap::default(), OrderedMap::<NodeId, Var<'t>>::default());
    for (milestone, nodes) in &segments.all {
        let y = var(*milestone);
        let Some(&adjoint) = adjoints.get(milestone) else { continue };
        for (x, term) in segments.handed_on(y, nodes, var(adjoint)) {
            let total = totals.get(&x).map_or(term, |&sum| sum + term);
            totals.insert(x, total);
        }
        if y.shape().elements() == 1 {
            for (x, term) in segments.handed_on(y, nodes, y.full_like(1.0)) {
                let sum = locals.get(&(*milestone, x)).map_or(term, |&id| var(id) + term);
                locals.insert((*milestone, x), sum.id());
            }
        }
    }
    let digits = totals.iter().filter_map(|(x, total)| agreement(var(*adjoints.get(x)?), *total)).min();
    Numbers { adjoints, locals, digits }
}

impl Segments {
    /// The cotangents that a stretch hands to the named operands, in the order of the sweep.
    fn handed_on<'t>(&self, y: Var<'t>, nodes: &[NodeId], g: Var<'t>) -> Vec<(NodeId, Var<'t>)> {
        let tape = y.tape();
        let mut open = OrderedMap::default();
        open.insert(y.id(), g);
        let mut found = vec![];
        for &id in nodes.iter().rev() {
            let Some(g) = open.remove(&id) else { continue };
            let (op, inputs) = {
                let list = tape.list();
                (list.node(id).op.clone(), list.node(id).inputs.clone())
            };
            let Some(rule) = op.rule() else { continue };
            let wanted: Vec<bool> = inputs.iter().map(|input| self.on_path.contains(input)).listed();
            if !wanted.contains(&true) {
                continue;
            }
            let at = |x: &[Var<'t>]| rule.vjp(&At { x, y: Var::new(tape, id) }, g, Wanted(&wanted));
            let terms = for_operands(&inputs, |x| Var::new(tape, x), at);
            for ((&input, term), wanted) in inputs.iter().zip(terms).zip(wanted) {
                let Some(term) = term.filter(|_| wanted) else { continue };
                match self.named.contains(&input) {
                    true => found.push((input, term)),
                    false => match open.remove(&input) {
                        Some(sum) => open.insert(input, sum + term),
                        None => open.insert(input, term),
                    },
                }
            }
        }
        found
    }
}

/// The digits in which two tensors agree; `None` if every bit does.
fn agreement(a: Var<'_>, b: Var<'_>) -> Option<u32> {
    let read = |x: Var<'_>| -> Vec<f64> {
        let list = x.tape().list();
        list.strided(x.id(), x.tape().params()).numbers().listed()
    };
    let (a, b) = (read(a), read(b));
    let same = |(x, y): (&f64, &f64)| x == y || (x.is_nan() && y.is_nan());
    if a.iter().zip(&b).all(same) {
        return None;
    }
    let size = a.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let error = a.iter().zip(&b).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs()));
    Some((-(error / size).log10()).clamp(0.0, 17.0) as u32)
}
