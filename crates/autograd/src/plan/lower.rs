//! Lowering: a group of nodes becomes the steps of a fused kernel.
//!
//! First a list of values, each given by a read, a number or a step (`draft`); then the passes over steps; then slots,
//! reused after a value's last use.

use super::draft::{Draft, Value};
use super::graph::Graph;
use super::hash::Map;
use super::memory::Homes;
use super::slots;
use super::units::{Fusion, Group, NO_UNIT, Role, reduced};
use crate::code::{Act, Code, Extent, How, Operand, Read, Step, Write};
use crate::ir::{Binary, NodeId, Op, Unary};

/// What lowering reads: a list in units whose values have their places, and the passes over steps.
pub(super) struct Lower<'a> {
    pub(super) graph: &'a Graph,
    pub(super) fusion: &'a Fusion,
    pub(super) homes: &'a Homes,
    pub(super) rewrites: Vec<fn(&mut Draft)>,
}

impl Lower<'_> {
    /// The code of a group. `values` has room for a value per node of the graph; each is a member of one group at most.
    pub(super) fn group(&self, unit: u32, group: &Group, values: &mut [Value]) -> Code {
        let &Lower { graph, fusion, homes, .. } = self;
        let mut lowering = Lowering {
            graph,
            fusion,
            unit,
            row: group.row,
            homes,
            values,
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

/// Identifies a number within a kernel.
type Bits = u64;

struct Lowering<'a> {
    graph: &'a Graph,
    fusion: &'a Fusion,
    unit: u32,
    row: usize,
    homes: &'a Homes,
    values: &'a mut [Value],
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
        // What a row's reduction reads has one number per place.
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
            // What is stored lies in one piece.
            Op::Copy(_) | Op::Reshape(_) => x(self, 0),
            // Truth values are 1 and 0 within a kernel.
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

    /// Notes a member's value, and stores it if somebody else reads it.
    fn keep(&mut self, id: NodeId, mut value: Value, extent: Extent) {
        if self.fusion.is_stored(id) {
            // A value that is read as it is, or stored twice, needs a tile of its own.
            if !self.draft.by_step[value as usize] || self.draft.writes.iter().any(|w| w.slot == value) {
                value = self.draft.step(Act::Copy(value), extent);
            }
            let to = self.homes.root(self.graph, id);
            self.draft.writes.push(Write::new(to, value, extent));
        }
        self.values[id as usize] = value;
    }

    /// A sum of everything; one that nobody reads is left out.
    fn total(&mut self, id: NodeId) {
        if !self.fusion.is_stored(id) {
            return;
        }
        let a = self.operand(self.graph.node(id).inputs[0], Extent::Tile);
        let y = self.draft.totals.len() as Value;
        self.draft.totals.push(self.homes.root(self.graph, id));
        self.draft.steps.push(Step { y, extent: Extent::Tile, act: Act::Total(a) });
    }

    /// The value of an operand, with one number per place or per row.
    fn operand(&mut self, x: NodeId, extent: Extent) -> Value {
        let root = self.fusion.places.root(x);
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
        self.read(self.homes.operand(self.graph, self.fusion, x), extent)
    }

    fn spread(&mut self, value: Value) -> Value {
        if let Some(&spread) = self.spread.get(&value) {
            return spread;
        }
        let spread = self.draft.step(Act::Spread(value), Extent::Tile);
        self.spread.insert(value, spread);
        spread
    }

    fn read(&mut self, from: Operand, extent: Extent) -> Value {
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
