//! Lowering: a group of nodes becomes the steps of a fused kernel.
//!
//! First it writes a draft: a list of values, each made by a read, a constant or a step. Then the passes over steps run. Then
//! values get slots; a slot is reused after a value's last use.

use super::draft::{Draft, Value};
use super::graph::Graph;
use super::hash::{Map, Set};
use super::memory::Allocation;
use super::slots;
use super::units::{Fusion, Group, NO_UNIT, Role, reduced};
use crate::code::{Act, Code, Extent, How, MemoryView, Read, Step, Write};
use crate::ir::{Binary, NodeId, Op, Unary};

/// What lowering needs: the list, its units, the memory of values, and the passes over steps.
pub(super) struct Lower<'a> {
    pub(super) graph: &'a Graph,
    pub(super) fusion: &'a Fusion,
    pub(super) allocation: &'a Allocation,
    pub(super) rewrites: Vec<fn(&mut Draft)>,
}

impl Lower<'_> {
    /// The code of a group. `values` has an entry for each node of the graph, so that all groups can share it.
    pub(super) fn group(&self, unit: u32, group: &Group, values: &mut [Value]) -> Code {
        let &Lower { graph, fusion, allocation, .. } = self;
        let mut lowering = Lowering {
            graph,
            fusion,
            unit,
            row: group.row,
            allocation,
            values,
            stored: Set::default(),
            spread: Map::default(),
            numbers: Map::default(),
            draft: Draft::new(group.dtype),
        };
        for &id in &group.members {
            lowering.member(id);
        }
        let mut draft = lowering.draft;
        draft.drop_unused();
        self.rewrites.iter().for_each(|rewrite| rewrite(&mut draft));
        slots::assign(draft, group.elements, group.row, fusion.target)
    }
}

/// The bits of a constant, which identify it in a kernel.
type Bits = u64;

struct Lowering<'a> {
    graph: &'a Graph,
    fusion: &'a Fusion,
    unit: u32,
    row: usize,
    allocation: &'a Allocation,
    values: &'a mut [Value],
    /// The values that are stored.
    stored: Set<Value>,
    spread: Map<Value, Value>,
    numbers: Map<Bits, Value>,
    draft: Draft,
}

impl Lowering<'_> {
    fn member(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let extent = match self.fusion.role[id as usize] {
            Role::Spread(extent) => extent,
            Role::Total => return self.total(id),
        };
        // A reduction of rows reads one number per element.
        let reads = if reduced(&node.op).is_some() { Extent::Tile } else { extent };
        let x = |this: &mut Self, i: usize| this.operand(node.inputs[i], reads);
        let value = match &node.op {
            Op::Unary(Unary::Square) => {
                let a = x(self, 0);
                self.draft.step(Act::Binary(Binary::Mul, a, a), extent)
            }
            Op::Unary(f) => {
                let a = x(self, 0);
                self.draft.step(Act::Unary(*f, a), extent)
            }
            Op::Binary(f) => {
                let (a, b) = (x(self, 0), x(self, 1));
                self.draft.step(Act::Binary(*f, a, b), extent)
            }
            Op::Compare(f) => {
                let (a, b) = (x(self, 0), x(self, 1));
                self.draft.step(Act::Compare(*f, a, b), extent)
            }
            Op::Select(_) => {
                let (m, a, b) = (x(self, 0), x(self, 1), x(self, 2));
                self.draft.step(Act::Select(m, a, b), extent)
            }
            // Stored values are contiguous.
            Op::Copy(_) | Op::Reshape(_) => x(self, 0),
            // In a kernel truth values are 1 and 0.
            Op::Cast(c) if c.to.is_float() => x(self, 0),
            Op::Cast(_) => {
                let a = x(self, 0);
                self.draft.step(Act::Truth(a), extent)
            }
            Op::Sum(_) => {
                let a = x(self, 0);
                self.draft.step(Act::RowSum(a), Extent::Rows)
            }
            Op::Max(_) => {
                let a = x(self, 0);
                self.draft.step(Act::RowMax(a), Extent::Rows)
            }
            other => unreachable!("{} is no member of a fused kernel", other.name()),
        };
        self.keep(id, value, extent);
    }

    /// Notes a member's value, and stores it if another kernel or the user reads it.
    fn keep(&mut self, id: NodeId, mut value: Value, extent: Extent) {
        if self.fusion.is_stored(id) {
            // A value that no step makes, or that is stored twice, needs a tile of its own.
            if !self.draft.by_step[value as usize] || self.stored.contains(&value) {
                value = self.draft.step(Act::Copy(value), extent);
            }
            self.stored.insert(value);
            let to = self.allocation.root(self.graph, id);
            self.draft.writes.push(Write::new(to, value, extent));
        }
        self.values[id as usize] = value;
    }

    /// A sum over everything. If nothing reads it, it is left out.
    fn total(&mut self, id: NodeId) {
        if !self.fusion.is_stored(id) {
            return;
        }
        let a = self.operand(self.graph.node(id).inputs[0], Extent::Tile);
        let y = self.draft.totals.len() as Value;
        self.draft.totals.push(self.allocation.root(self.graph, id));
        self.draft.steps.push(Step { y, extent: Extent::Tile, act: Act::Total(a) });
    }

    /// The value of an operand, with one number per element or per row.
    fn operand(&mut self, x: NodeId, extent: Extent) -> Value {
        let root = self.fusion.views.root(x);
        if let Some(c) = self.graph.full(root) {
            let bits = c.to_bits();
            return *self.numbers.entry(bits).or_insert_with(|| {
                let value = self.draft.value();
                self.draft.fills.push((value, c));
                value
            });
        }
        let unit = self.fusion.unit_of[root as usize];
        if unit != NO_UNIT && unit == self.unit {
            let value = self.values[root as usize];
            let have = self.fusion.inner(self.graph, x, extent, self.row).expect("a member fits its group");
            return if have == extent { value } else { self.spread(value) };
        }
        self.read(self.allocation.operand(self.graph, self.fusion, x), extent)
    }

    fn spread(&mut self, value: Value) -> Value {
        if let Some(&spread) = self.spread.get(&value) {
            return spread;
        }
        let spread = self.draft.step(Act::Spread(value), Extent::Tile);
        self.spread.insert(value, spread);
        spread
    }

    fn read(&mut self, from: MemoryView, extent: Extent) -> Value {
        let known = self.draft.reads.iter().rev().take(64).find(|r| r.extent == extent && r.from == from);
        if let Some(read) = known {
            return read.slot;
        }
        let how = match (&from.strides[..], from.dtype) {
            ([], _) => How::Splat,
            (strides, _) if strides.iter().all(|&s| s == 0) => How::Splat,
            ([1], dtype) if dtype == self.draft.dtype => How::Direct,
            _ => How::Gather,
        };
        let slot = self.draft.value();
        self.draft.reads.push(Read { from, slot, extent, how });
        slot
    }
}
