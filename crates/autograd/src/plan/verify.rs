//! The verifier: what every list and every plan must be. In debug builds it runs after each pass.

use super::graph::Graph;
use super::places::is_contiguous;
use super::units::{Fusion, NO_UNIT, Role, Unit, reduced};
use super::{FIRST_SLOT, GRADIENTS, PARAMETERS, Plan, Work};
use crate::code::{Act, Code, Extent, How, Operand};
use crate::ir::{NodeId, for_operands};
use crate::params::Params;

/// Operands stand before their node, and each node's meta is what its rule says.
pub(crate) fn graph(graph: &Graph) {
    if !cfg!(debug_assertions) {
        return;
    }
    let mut listed = graph.per_node(false);
    for (id, node) in graph.iter() {
        assert!(node.inputs.iter().all(|&x| listed[x as usize]), "v{id} reads what does not stand before it");
        assert!(!std::mem::replace(&mut listed[id as usize], true), "v{id} stands twice in the list");
        if let Some(rule) = node.op.rule() {
            let meta = for_operands(&node.inputs, |x| &graph.node(x).meta, |x| rule.infer(x));
            let meta = meta.unwrap_or_else(|e| panic!("v{id} {}: {e:?}", node.op.name()));
            assert_eq!(meta, node.meta, "v{id} {}", node.op.name());
            let rank = node.inputs.first().map_or(0, |&x| graph.shape(x).len());
            assert!(
                node.op.axes().iter().all(|&a| usize::from(a) < rank),
                "v{id} {:?} of {rank} axes",
                node.op
            );
        }
    }
    assert!(graph.outputs.iter().all(|&id| listed[id as usize]));
}

/// Each listed op is in one unit, which reads only what earlier ones store, and of its own what fits.
pub(crate) fn units(graph: &Graph, fusion: &Fusion) {
    if !cfg!(debug_assertions) {
        return;
    }
    let mut listed = graph.per_node(NO_UNIT);
    for (number, unit) in fusion.units.iter().enumerate() {
        assert!(!unit.nodes().is_empty(), "unit {number} has no nodes");
        unit.nodes().iter().for_each(|&id| listed[id as usize] = number as u32);
    }
    for (id, node) in graph.iter() {
        let unit = fusion.unit_of[id as usize];
        assert_eq!(unit, listed[id as usize], "v{id} {}", node.op.name());
        for &x in node.inputs.iter().filter(|_| unit != NO_UNIT) {
            let root = fusion.places.root(x);
            let from = fusion.unit_of[root as usize];
            let reads = match from == unit {
                true => fits(graph, fusion, id, x),
                false => from == NO_UNIT || (from < unit && fusion.is_stored(root)),
            };
            assert!(reads, "v{id} {} of unit {unit} reads v{root} of unit {from}", node.op.name());
        }
    }
}

/// Whether a member of a group sees the operand that another one computes as it is, or repeated along rows.
fn fits(graph: &Graph, fusion: &Fusion, id: NodeId, x: NodeId) -> bool {
    let Unit::Fused(group) = &fusion.units[fusion.unit_of[id as usize] as usize] else { return false };
    let extent = match (&graph.node(id).op, fusion.role[id as usize]) {
        (op, _) if reduced(op).is_some() => Extent::Tile,
        (_, Role::Total) => Extent::Tile,
        (_, Role::Spread(extent)) => extent,
    };
    fusion.inner(graph, x, extent, group.row).is_some()
}

/// Every operand lies within its memory, also in release builds: the kernels rely on it.
pub(crate) fn plan(plan: &Plan, params: &Params) {
    let within = |x: &Operand| {
        let home = x.home as usize;
        let elements = match x.home {
            PARAMETERS | GRADIENTS => params.elements(),
            _ => match plan.slots.get(home - FIRST_SLOT as usize) {
                Some(slot) => slot.elements(),
                None => plan.buffers[home - FIRST_SLOT as usize - plan.slots.len()].elements,
            },
        };
        let (low, high) = reach(x);
        assert!(low >= 0 && high <= elements as isize, "{x:?} reaches {low}..{high} of {elements}");
    };
    for kernel in &plan.kernels {
        match &kernel.work {
            Work::Product { a, b, c } => [a, b, c].into_iter().for_each(within),
            Work::Op { x, y, .. } => x.iter().chain([y]).for_each(within),
            Work::Tile(code) => {
                let reads = code.reads.iter().map(|r| &r.from);
                reads.chain(code.writes.iter().map(|w| &w.to)).chain(&code.totals).for_each(within);
                check(code);
            }
        }
    }
    plan.outputs.iter().for_each(within);
    let mut end = 0;
    for kernel in &plan.kernels[plan.kernels.len() - plan.streams..] {
        let Work::Product { a, b, c } = &kernel.work else { panic!("only products are streamed") };
        // They run while the parameters change, and no gradient may be there.
        assert!(a.home >= FIRST_SLOT && b.home >= FIRST_SLOT && c.home == GRADIENTS, "{a:?}, {b:?} to {c:?}");
        assert!(c.shape.len() == 2 && is_contiguous(&c.shape, &c.strides) && c.offset >= end, "{c:?}");
        end = c.offset + c.shape.elements();
    }
}

/// The first element of an operand and the one after its last.
fn reach(x: &Operand) -> (isize, isize) {
    let start = x.offset as isize;
    if x.shape.contains(&0) {
        return (start, start);
    }
    let ends = x.shape.iter().zip(&x.strides).map(|(&d, &s)| (d as isize - 1) * s);
    let (down, up) = ends.fold((0, 0), |(down, up), end| (down + end.min(0), up + end.max(0)));
    (start + down, start + up + 1)
}

fn overlap(a: &Operand, b: &Operand) -> bool {
    let ((a_low, a_high), (b_low, b_high)) = (reach(a), reach(b));
    a_low < b_high && b_low < a_high
}

/// A kernel's operands have the sizes that it walks, slots exist, and no step writes what it reads.
fn check(code: &Code) {
    let rows = code.elements.checked_div(code.row).unwrap_or(0);
    let count = |extent| if extent == Extent::Tile { code.elements } else { rows };
    assert!(
        code.row == 0 || (code.elements.is_multiple_of(code.row) && code.tile.is_multiple_of(code.row)),
        "{code:?}"
    );
    assert!(code.tile > 0 && code.task >= code.tile && code.task.is_multiple_of(code.tile), "{code:?}");
    for read in &code.reads {
        let elements: usize = read.from.shape.iter().product();
        assert!(read.how == How::Splat || elements == count(read.extent), "{read:?}");
    }
    for write in &code.writes {
        assert_eq!(write.to.shape.elements(), count(write.extent), "{write:?}");
        for read in code.reads.iter().filter(|read| read.from.home == write.to.home) {
            let in_step = read.how == How::Direct
                && read.extent == Extent::Tile
                && write.extent == Extent::Tile
                && (read.from.offset, read.from.dtype) == (write.to.offset, write.to.dtype);
            let apart = !overlap(&read.from, &write.to);
            assert!(apart || (in_step && !write.direct), "{write:?} over {read:?}");
        }
    }
    for step in &code.steps {
        let (reads, total) = (step.act.reads(), matches!(step.act, Act::Total(_)));
        assert!(reads.iter().all(|&x| (x as usize) < code.slots && (total || x != step.y)), "{step:?}");
        assert!(
            if total { (step.y as usize) < code.totals.len() } else { (step.y as usize) < code.slots },
            "{step:?}"
        );
        let more = step.act.more();
        assert!(
            more.iter().enumerate().all(|(i, y)| {
                (*y as usize) < code.slots && *y != step.y && !reads.contains(y) && !more[..i].contains(y)
            }),
            "{step:?}"
        );
        assert!(code.row > 0 || step.extent == Extent::Tile, "{step:?} in a kernel without rows");
    }
}
