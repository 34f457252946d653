//! Checks of lists, units, allocations and slots while a plan is made, in debug builds. At this stage nodes and values are
//! still known, so a message can name them.

use crate::code::{Act, Extent, Slot};
use crate::ir::{NodeId, for_operands};
use crate::plan::draft::{Draft, Value};
use crate::plan::graph::Graph;
use crate::plan::hash::Map;
use crate::plan::memory::Allocation;
use crate::plan::units::{Fusion, NO_UNIT, Role, Unit, reduced};

/// Checks that operands come before their node, that each node's shape and dtype follow from its rule, and that the list knows
/// the node's kind.
pub(crate) fn graph(graph: &Graph) {
    if !cfg!(debug_assertions) {
        return;
    }
    let mut listed = graph.per_node(false);
    for (id, node) in graph.iter() {
        assert!(node.inputs.iter().all(|&x| listed[x as usize]), "v{id} reads what does not stand before it");
        assert!(!std::mem::replace(&mut listed[id as usize], true), "v{id} is in the list twice");
        assert!(graph.may_have(&[node.op.kind()]), "the list knows nothing of v{id} {}", node.op.name());
        if let Some(rule) = node.op.rule() {
            let meta = for_operands(&node.inputs, |x| &graph.node(x).meta, |x| rule.infer(x));
            let meta = meta.unwrap_or_else(|e| panic!("v{id} {}: {e:?}", node.op.name()));
            assert_eq!(meta, node.meta, "v{id} {}", node.op.name());
            let rank = node.inputs.first().map_or(0, |&x| graph.shape(x).len());
            let within = node.op.axes().iter().all(|&a| usize::from(a) < rank);
            assert!(within, "v{id} {:?} of {rank} axes", node.op);
        }
    }
    assert!(graph.outputs.iter().all(|&id| listed[id as usize]));
}

/// Checks that each op is in one unit, and that a unit reads only values that earlier units store, or its own in a way that
/// fits.
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
            let root = fusion.views.root(x);
            let from = fusion.unit_of[root as usize];
            let reads = match from == unit {
                true => fits(graph, fusion, id, x),
                false => from == NO_UNIT || (from < unit && fusion.is_stored(root)),
            };
            assert!(reads, "v{id} {} of unit {unit} reads v{root} of unit {from}", node.op.name());
        }
    }
}

/// Whether a member of a group reads another member's result as it is, or repeated along rows.
fn fits(graph: &Graph, fusion: &Fusion, id: NodeId, x: NodeId) -> bool {
    let Unit::Fused(group) = &fusion.units[fusion.unit_of[id as usize] as usize] else { return false };
    let extent = match (&graph.node(id).op, fusion.role[id as usize]) {
        (op, _) if reduced(op).is_some() => Extent::Tile,
        (_, Role::Total) => Extent::Tile,
        (_, Role::Spread(extent)) => extent,
    };
    fusion.inner(graph, x, extent, group.row).is_some()
}

/// Checks that a value is still in its memory whenever it is read: no other value was stored over it.
pub(crate) fn allocation(graph: &Graph, fusion: &Fusion, allocation: &Allocation) {
    if !cfg!(debug_assertions) {
        return;
    }
    // The location of a value that kernels write. Empty values have none.
    let location = |id: NodeId| {
        let location = allocation.location_of(id).filter(|&(memory, _)| allocation.is_written(memory));
        location.filter(|_| !graph.shape(id).contains(&0))
    };
    // The value at each location now.
    let mut holds: Map<(u32, usize), NodeId> = Map::default();
    let check = |holds: &Map<(u32, usize), NodeId>, x: NodeId, reader: &str| {
        let root = fusion.views.root(x);
        if let Some(location) = location(root) {
            let found = holds.get(&location);
            assert_eq!(found, Some(&root), "{reader} reads v{root} at {location:?}, which holds {found:?}");
        }
    };
    for (number, unit) in fusion.units.iter().enumerate() {
        for &id in unit.nodes() {
            let from_memory = |x: &&NodeId| fusion.unit_of[fusion.views.root(**x) as usize] != number as u32;
            graph.node(id).inputs.iter().filter(from_memory).for_each(|&x| check(&holds, x, "a unit"));
        }
        holds.extend(unit.nodes().iter().filter_map(|&id| Some((location(id)?, id))));
    }
    graph.outputs.iter().for_each(|&x| check(&holds, x, "the user"));
}

/// Checks that a value is still in its slot whenever it is read.
pub(crate) fn slots(draft: &Draft, slot_of: &[Slot]) {
    if !cfg!(debug_assertions) {
        return;
    }
    let mut holds: Map<Slot, Value> = Map::default();
    let hold = |holds: &mut Map<Slot, Value>, x: Value| holds.insert(slot_of[x as usize], x);
    let check = |holds: &Map<Slot, Value>, x: Value| {
        let (slot, found) = (slot_of[x as usize], holds.get(&slot_of[x as usize]));
        assert_eq!(found, Some(&x), "value {x} is read from slot {slot}, which holds {found:?}");
    };
    for x in draft.fills.iter().map(|fill| fill.0).chain(draft.reads.iter().map(|read| read.slot)) {
        assert_eq!(hold(&mut holds, x), None, "value {x} has the slot of another operand");
    }
    for step in &draft.steps {
        step.act.reads().iter().for_each(|&x| check(&holds, x));
        let own = (!matches!(step.act, Act::Total(_))).then_some(step.y);
        own.into_iter().chain(step.act.more()).for_each(|y| _ = hold(&mut holds, y));
    }
    draft.writes.iter().for_each(|write| check(&holds, write.slot));
}

#[cfg(debug_assertions)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::ir::Binary;
    use crate::plan::fuse::fuse;
    use crate::plan::memory::allocate;
    use crate::tape::Tape;
    use crate::target::Target;
    use crate::{Params, Var};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn told(check: impl FnOnce()) -> String {
        let panic = catch_unwind(AssertUnwindSafe(check)).expect_err("nothing is told");
        *panic.downcast().expect("a text")
    }

    /// A chain of four products, the last of which reads the first again.
    fn chain(params: &Params) -> (Graph, [NodeId; 4]) {
        let tape = Tape::traced(params);
        let x = tape.input("x", [8, 8]);
        let a = x.matmul(x);
        let b = a.matmul(x);
        let c = b.matmul(x);
        let ids = [a, b, c, c.matmul(a)].map(|x: Var<'_>| x.id());
        (Graph::of(tape, vec![ids[3]]), ids)
    }

    #[test]
    fn a_list_in_the_wrong_order_is_told() {
        let params = Params::f64();
        let (mut list, [a, b, ..]) = chain(&params);
        graph(&list);
        list.read_instead(a, 0, b);
        assert_eq!(told(|| graph(&list)), format!("v{a} reads what does not stand before it"));
    }

    #[test]
    fn a_unit_that_reads_a_later_one_is_told() {
        let params = Params::f64();
        let (graph, [a, b, ..]) = chain(&params);
        let mut fusion = fuse(&graph, true, &Target::CPU);
        units(&graph, &fusion);
        let [first, second] = [a, b].map(|id| fusion.unit_of[id as usize]);
        fusion.units.swap(first as usize, second as usize);
        (fusion.unit_of[a as usize], fusion.unit_of[b as usize]) = (second, first);
        let text = told(|| units(&graph, &fusion));
        assert_eq!(text, format!("v{b} matmul of unit {first} reads v{a} of unit {second}"));
    }

    #[test]
    fn a_buffer_that_is_given_away_too_early_is_told() {
        let params = Params::f64();
        let (mut graph, [a, b, c, _]) = chain(&params);
        let mut fusion = fuse(&graph, true, &Target::CPU);
        let allocated = allocate(&mut graph, &fusion, &params, &[], true);
        allocation(&graph, &fusion, &allocated);
        // As if only the second product read the first one.
        fusion.last_use[a as usize] = fusion.unit_of[b as usize];
        let allocated = allocate(&mut graph, &fusion, &params, &[], true);
        let at = allocated.location_of(a).expect("a buffer");
        let text = told(|| allocation(&graph, &fusion, &allocated));
        assert!(text.contains(&format!("a unit reads v{a} at {at:?}, which holds Some({c})")), "{text}");
    }

    #[test]
    fn a_slot_that_is_given_away_too_early_is_told() {
        let mut draft = Draft::new(DType::F64);
        let number = draft.value();
        draft.fills.push((number, 2.0));
        let first = draft.step(Act::Copy(number), Extent::Tile);
        let second = draft.step(Act::Binary(Binary::Mul, first, number), Extent::Tile);
        draft.step(Act::Binary(Binary::Add, first, second), Extent::Tile);
        slots(&draft, &[0, 1, 2, 3]);
        // The first is not read any more.
        slots(&draft, &[0, 1, 2, 1]);
        let text = told(|| slots(&draft, &[0, 1, 1, 2]));
        assert!(text.contains("value 1 is read from slot 1, which holds Some(2)"), "{text}");
        let text = told(|| slots(&draft, &[0, 0, 1, 2]));
        assert!(text.contains("value 0 is read from slot 0, which holds Some(1)"), "{text}");
    }
}
