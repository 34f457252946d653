//! Lowering: a group of nodes becomes the steps of a fused kernel.
//!
//! First a list of values, each given by a read, a number or a step; then peepholes; then slots, reused after a value's
//! last use.

use super::fuse::{Fusion, Group, NO_UNIT, Role};
use super::graph::Graph;
use super::hash::Map;
use super::memory::Homes;
use super::share::Shares;
use super::{Passes, slots};
use crate::code::{Act, Code, Extent, How, Operand, Read, Slot, Step, Write};
use crate::dtype::DType;
use crate::ir::{Binary, NodeId, Op, Unary};

/// Number of a value within a kernel.
pub(super) type Value = Slot;

/// A kernel on its way: values instead of slots.
pub(super) struct Draft {
    pub(super) dtype: DType,
    /// Per value whether a step gives it; else a read or a number does.
    pub(super) by_step: Vec<bool>,
    pub(super) fills: Vec<(Value, f64)>,
    pub(super) reads: Vec<Read>,
    pub(super) steps: Vec<Step>,
    pub(super) writes: Vec<Write>,
    pub(super) totals: Vec<Operand>,
}

/// The code of a group. `values` has room for a value per node of the graph; each is a member of one group at most.
pub(super) fn lower(
    graph: &Graph,
    fusion: &Fusion,
    unit: u32,
    group: &Group,
    homes: &Homes,
    passes: &Passes,
    values: &mut [Value],
) -> Code {
    let shares = if passes.share { Shares::of(graph, group) } else { Shares::default() };
    let mut lowering = Lowering {
        graph,
        fusion,
        unit,
        row: group.row,
        homes,
        shares,
        values,
        spread: Map::default(),
        numbers: Map::default(),
        parts: Map::default(),
        draft: Draft::new(group.dtype),
    };
    for &id in &group.members {
        lowering.member(id);
    }
    let mut draft = lowering.draft;
    draft.drop_unused();
    if passes.share {
        super::slope::slopes(&mut draft);
    }
    if passes.pair {
        super::pair::pair(&mut draft);
    }
    slots::assign(draft, group.elements, group.row, fusion.target)
}

impl Draft {
    pub(super) fn new(dtype: DType) -> Draft {
        Draft {
            dtype,
            by_step: vec![],
            fills: vec![],
            reads: vec![],
            steps: vec![],
            writes: vec![],
            totals: vec![],
        }
    }

    pub(super) fn value(&mut self) -> Value {
        self.by_step.push(false);
        Value::try_from(self.by_step.len() - 1).expect("a group has few members")
    }

    /// A value that a step gives.
    pub(super) fn result(&mut self) -> Value {
        let y = self.value();
        self.by_step[y as usize] = true;
        y
    }

    pub(super) fn step(&mut self, act: Act, extent: Extent) -> Value {
        let y = self.result();
        self.steps.push(Step { y, extent, act });
        y
    }
}

impl Draft {
    /// How many steps read each value; one that is stored counts as read more than once.
    pub(super) fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0; self.by_step.len()];
        for x in self.steps.iter().flat_map(|step| step.act.reads()) {
            uses[x as usize] += 1;
        }
        for write in &self.writes {
            uses[write.slot as usize] += 2;
        }
        uses
    }

    /// Leaves out steps, and numbers that nobody reads then.
    pub(super) fn leave_out(&mut self, gone: &[bool]) {
        let mut gone = gone.iter();
        self.steps.retain(|_| !gone.next().expect("one for each step"));
        let uses = self.uses();
        self.fills.retain(|fill| uses[fill.0 as usize] > 0);
    }

    /// Leaves out steps whose results nobody reads.
    fn drop_unused(&mut self) {
        let mut used = vec![false; self.by_step.len()];
        for write in &self.writes {
            used[write.slot as usize] = true;
        }
        let mut needed = vec![false; self.steps.len()];
        for (i, step) in self.steps.iter().enumerate().rev() {
            let results = std::iter::once(step.y).chain(step.act.more());
            needed[i] = matches!(step.act, Act::Total(_)) || results.into_iter().any(|y| used[y as usize]);
            if needed[i] {
                step.act.reads().iter().for_each(|&x| used[x as usize] = true);
            }
        }
        let gone: Vec<bool> = needed.into_iter().map(|needed| !needed).collect();
        self.leave_out(&gone);
    }
}

/// Identifies a number within a kernel.
type Bits = u64;

/// What one exponential and one division give: σ(x) and σ(−x), and tanh(x/2) if that was asked for first.
#[derive(Clone, Copy)]
struct Parts {
    plus: Value,
    minus: Value,
    tanh: Option<Value>,
    /// Whether x has the sign that the key leaves out.
    negative: bool,
}

struct Lowering<'a> {
    graph: &'a Graph,
    fusion: &'a Fusion,
    unit: u32,
    row: usize,
    homes: &'a Homes,
    shares: Shares,
    values: &'a mut [Value],
    spread: Map<Value, Value>,
    numbers: Map<Bits, Value>,
    parts: Map<(NodeId, Bits), Parts>,
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
        let reads = if is_reduction(&node.op) { Extent::Tile } else { extent };
        let x = |this: &mut Self, i: usize| this.operand(node.inputs[i], reads);
        let value = match &node.op {
            Op::Unary(f @ (Unary::Sigmoid | Unary::Tanh))
                if self.shares.is_shared(self.graph, *f, node.inputs[0]) =>
            {
                let a = x(self, 0);
                self.shared(*f, node.inputs[0], a, extent)
            }
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
            Op::Reshape(_) => x(self, 0),
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

    /// σ(x) or tanh(x), computed together with its like.
    fn shared(&mut self, f: Unary, input: NodeId, x: Value, extent: Extent) -> Value {
        let (key, negative) = Shares::key(self.graph, f, input);
        let parts = match self.parts.get(&key) {
            Some(&parts) => parts,
            None => {
                let parts = self.parts_of(f, x, negative, extent);
                self.parts.insert(key, parts);
                parts
            }
        };
        match (f, parts.negative == negative) {
            (Unary::Sigmoid, true) => parts.plus,
            (Unary::Sigmoid, false) => parts.minus,
            (_, true) if parts.tanh.is_some() => parts.tanh.expect("just asked"),
            _ => self.draft.step(Act::Unary(f, x), extent),
        }
    }

    fn parts_of(&mut self, f: Unary, x: Value, negative: bool, extent: Extent) -> Parts {
        if f == Unary::Tanh {
            let (plus, minus) = (self.draft.result(), self.draft.result());
            let tanh = self.draft.step(Act::Tanhs { x, plus, minus }, extent);
            return Parts { plus, minus, tanh: Some(tanh), negative };
        }
        let minus = self.draft.result();
        let plus = self.draft.step(Act::Sigmoids { x, minus }, extent);
        Parts { plus, minus, tanh: None, negative }
    }
}

fn is_reduction(op: &Op) -> bool {
    matches!(op, Op::Sum(_) | Op::Max(_))
}
