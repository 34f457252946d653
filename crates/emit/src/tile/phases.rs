//! A tile program as a list of phases. Within a phase each element goes its own way, or each row; between two of them all elements
//! meet, in the sum of a row or of the tile.

use autograd::planned::{Act, Code, Extent, How, Slot};
use std::collections::BTreeSet;

/// The values, the phases, and which phase stores which result.
pub(super) fn divided(code: &Code) -> (Vec<Value>, Vec<Phase>, Vec<Store>) {
    let mut phases = Phases { code, values: vec![], current: vec![None; code.slots], phases: vec![] };
    for &(slot, c) in &code.fills {
        phases.value(From::Fill(c), Extent::Tile, slot, 0);
    }
    for (i, read) in code.reads.iter().enumerate() {
        phases.value(From::Read(i), read.extent, read.slot, 0);
    }
    phases.read_first();
    for step in &code.steps {
        phases.step(step.y, step.extent, step.act);
    }
    let stores = phases.storing();
    (phases.values, phases.phases, stores)
}

/// A value: what is in a slot from a step on.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) from: From,
    pub(super) extent: Extent,
    pub(super) slot: Slot,
    /// The phase that computes it.
    pub(super) phase: usize,
    /// Whether a later phase reads it.
    pub(super) kept: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    Fill(f64),
    Read(usize),
    Step,
    /// A number of each row, repeated along it.
    Row(usize),
}

#[derive(Debug)]
pub(super) enum Phase {
    /// A loop over the elements of the tile, or over its rows.
    Loop(Extent, Vec<Statement>),
    /// Row y of the result is a sum, or the largest element, of row y of an array.
    Reduce { y: usize, x: usize, largest: bool },
    /// The sum of a tile, for the total of this number.
    Total { number: usize, x: usize },
}

/// A step whose slots have become values.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) act: Act,
    pub(super) operands: Vec<usize>,
    pub(super) results: Vec<usize>,
}

/// A result that a phase writes to memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Store {
    pub(super) phase: usize,
    pub(super) write: usize,
    pub(super) value: usize,
}

/// A kernel while it is divided into phases.
struct Phases<'a> {
    code: &'a Code,
    values: Vec<Value>,
    current: Vec<Option<usize>>,
    phases: Vec<Phase>,
}

impl Phases<'_> {
    fn value(&mut self, from: From, extent: Extent, slot: Slot, phase: usize) -> usize {
        self.values.push(Value { from, extent, slot, phase, kept: false });
        self.current[slot as usize] = Some(self.values.len() - 1);
        self.values.len() - 1
    }

    fn operand(&self, slot: Slot) -> usize {
        self.current[slot as usize].expect("a verified step reads what was written")
    }

    /// The phase that a step of this extent joins.
    fn open(&mut self, extent: Extent) -> usize {
        match self.phases.last() {
            Some(Phase::Loop(open, _)) if *open == extent => {}
            _ => self.phases.push(Phase::Loop(extent, vec![])),
        }
        self.phases.len() - 1
    }

    fn push(&mut self, statement: Statement) {
        match self.phases.last_mut() {
            Some(Phase::Loop(_, statements)) => statements.push(statement),
            _ => unreachable!("`open` comes before"),
        }
    }

    /// Marks a value that this phase reads.
    fn uses(&mut self, value: usize, phase: usize) {
        match self.values[value].from {
            From::Row(row) => self.uses(row, phase),
            From::Step if self.values[value].phase != phase => self.values[value].kept = true,
            _ => {}
        }
    }

    /// A value in an array: what is none is copied to one.
    fn array(&mut self, value: usize) -> usize {
        if matches!(self.values[value].from, From::Step) {
            return value;
        }
        let (extent, slot) = (self.values[value].extent, self.values[value].slot);
        let phase = self.open(extent);
        self.uses(value, phase);
        self.values.push(Value { from: From::Step, extent, slot, phase, kept: true });
        let copy = self.values.len() - 1;
        self.push(Statement { act: Act::Copy(slot), operands: vec![value], results: vec![copy] });
        copy
    }

    /// What is read in place of what is written later is read first.
    fn read_first(&mut self) {
        let written: BTreeSet<u32> = self.code.writes.iter().map(|w| w.to.memory).collect();
        for extent in [Extent::Rows, Extent::Tile] {
            for (i, read) in self.code.reads.iter().enumerate() {
                if read.extent == extent && read.how != How::Splat && written.contains(&read.from.memory) {
                    let value = self.current[read.slot as usize].expect("every operand has a value");
                    let phase = self.open(extent);
                    let copy = self.value(From::Step, extent, read.slot, phase);
                    debug_assert!(matches!(self.values[value].from, From::Read(read) if read == i));
                    self.push(Statement {
                        act: Act::Copy(read.slot),
                        operands: vec![value],
                        results: vec![copy],
                    });
                }
            }
        }
    }

    fn step(&mut self, y: Slot, extent: Extent, act: Act) {
        match act {
            Act::Spread(x) => {
                let row = self.operand(x);
                let from = match self.values[row].from {
                    From::Fill(c) => From::Fill(c),
                    From::Read(i) if self.code.reads[i].how == How::Splat => From::Read(i),
                    _ => From::Row(row),
                };
                let phase = self.phases.len();
                self.value(from, Extent::Tile, y, phase);
            }
            Act::RowSum(x) | Act::RowMax(x) => {
                let x = self.operand(x);
                let x = self.array(x);
                self.values[x].kept = true;
                let phase = self.phases.len();
                let y = self.value(From::Step, Extent::Rows, y, phase);
                self.values[y].kept = true;
                self.phases.push(Phase::Reduce { y, x, largest: matches!(act, Act::RowMax(_)) });
            }
            Act::Total(x) => {
                let x = self.operand(x);
                let x = self.array(x);
                self.values[x].kept = true;
                self.phases.push(Phase::Total { number: y as usize, x });
            }
            _ => {
                let operands: Vec<usize> = act.reads().iter().map(|&x| self.operand(x)).collect();
                let phase = self.open(extent);
                operands.iter().for_each(|&x| self.uses(x, phase));
                let mut results = vec![self.value(From::Step, extent, y, phase)];
                results.extend(act.more().iter().map(|&slot| self.value(From::Step, extent, slot, phase)));
                self.push(Statement { act, operands, results });
            }
        }
    }

    /// Opens a phase for each result that no phase has computed last, and gives the phase that stores it.
    fn storing(&mut self) -> Vec<Store> {
        let mut stores = vec![];
        for (i, write) in self.code.writes.iter().enumerate() {
            let value = self.operand(write.slot);
            let is_there = matches!(self.values[value].from, From::Step)
                && matches!(self.phases.get(self.values[value].phase), Some(Phase::Loop(..)));
            let phase = if is_there { self.values[value].phase } else { self.open(write.extent) };
            self.uses(value, phase);
            stores.push(Store { phase, write: i, value });
        }
        stores
    }
}
