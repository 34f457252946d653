//! A tile program as a list of phases. Within a phase each element goes its own way, or each row; between two of them all elements
//! meet, in the sum of a row or of the tile.

use autograd::planned::{Act, Code, Extent, How, Slot};
use std::collections::BTreeSet;

/// The values, the phases, and which phase stores which result.
pub(super) fn divided(code: &Code) -> (Vec<Value>, Vec<Phase>, Vec<Store>) {
    let mut phases =
        Phases { code, values: vec![], current: vec![None; code.slots], phases: vec![], first: 0 };
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
    phases.arrays(&stores);
    (phases.values, phases.phases, stores)
}

/// A value: what is in a slot from a step on.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) from: From,
    pub(super) extent: Extent,
    /// The phase that computes it.
    pub(super) phase: usize,
    /// The last later phase that reads it, if one does: then it is kept.
    pub(super) until: Option<usize>,
    /// Where a value of the tile is kept.
    pub(super) kept_in: KeptIn,
}

/// Where a value waits for a later phase.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeptIn {
    /// The array of this number.
    Array(usize),
    /// The result of this number, which it is.
    Result(usize),
}

impl Value {
    /// Whether a later phase reads it.
    pub(super) fn is_kept(&self) -> bool {
        self.until.is_some()
    }
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
    /// The first phase that may store: before it, what is changed in place is read.
    first: usize,
}

impl Phases<'_> {
    fn value(&mut self, from: From, extent: Extent, slot: Slot, phase: usize) -> usize {
        self.values.push(Value { from, extent, phase, until: None, kept_in: KeptIn::Array(0) });
        self.current[slot as usize] = Some(self.values.len() - 1);
        self.values.len() - 1
    }

    fn operand(&self, slot: Slot) -> usize {
        self.current[slot as usize].expect("a verified step reads what was written")
    }

    /// The first phase of this extent in which all these values are known: a step joins it, so that few values outlive a phase.
    fn open(&mut self, extent: Extent, operands: &[usize]) -> usize {
        let from = operands.iter().map(|&x| self.known_from(x)).max().unwrap_or(0).max(self.first);
        let is_it = |phase: &Phase| matches!(phase, Phase::Loop(open, _) if *open == extent);
        let joined = self.phases.iter().skip(from).position(is_it);
        joined.map_or_else(
            || {
                self.phases.push(Phase::Loop(extent, vec![]));
                self.phases.len() - 1
            },
            |joined| from + joined,
        )
    }

    /// The first phase that can read a value.
    fn known_from(&self, value: usize) -> usize {
        let Value { from, phase, .. } = self.values[value];
        match from {
            From::Fill(_) | From::Read(_) => 0,
            From::Row(row) => match self.values[row].from {
                // It is an array of the rows: read after the loop over the rows.
                From::Step => self.values[row].phase + 1,
                _ => self.known_from(row),
            },
            From::Step => phase + usize::from(!matches!(self.phases[phase], Phase::Loop(..))),
        }
    }

    fn push(&mut self, phase: usize, statement: Statement) {
        match &mut self.phases[phase] {
            Phase::Loop(_, statements) => statements.push(statement),
            _ => unreachable!("`open` gives a loop"),
        }
    }

    /// Marks a value that this phase reads.
    fn uses(&mut self, value: usize, phase: usize) {
        let it = &mut self.values[value];
        match it.from {
            From::Row(row) => self.uses(row, phase),
            From::Step if it.phase != phase => it.until = it.until.max(Some(phase)),
            _ => {}
        }
    }

    /// A value that is kept: what is none is copied.
    fn array(&mut self, value: usize) -> usize {
        if matches!(self.values[value].from, From::Step) {
            return value;
        }
        let extent = self.values[value].extent;
        let phase = self.open(extent, &[value]);
        self.uses(value, phase);
        self.values.push(Value { from: From::Step, extent, phase, until: None, kept_in: KeptIn::Array(0) });
        let copy = self.values.len() - 1;
        self.push(phase, Statement { act: Act::Copy(0), operands: vec![value], results: vec![copy] });
        copy
    }

    /// What is read in place of what is written later is read first.
    fn read_first(&mut self) {
        let written: BTreeSet<u32> = self.code.writes.iter().map(|w| w.to.memory).collect();
        for extent in [Extent::Rows, Extent::Tile] {
            for (i, read) in self.code.reads.iter().enumerate() {
                if read.extent == extent && read.how != How::Splat && written.contains(&read.from.memory) {
                    let value = self.current[read.slot as usize].expect("every operand has a value");
                    let phase = self.open(extent, &[]);
                    let copy = self.value(From::Step, extent, read.slot, phase);
                    debug_assert!(matches!(self.values[value].from, From::Read(read) if read == i));
                    let (operands, results) = (vec![value], vec![copy]);
                    self.push(phase, Statement { act: Act::Copy(read.slot), operands, results });
                }
            }
        }
        self.first = self.phases.len().saturating_sub(1);
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
                let phase = self.phases.len();
                self.uses(x, phase);
                let y = self.value(From::Step, Extent::Rows, y, phase);
                self.values[y].until = Some(phase);
                self.phases.push(Phase::Reduce { y, x, largest: matches!(act, Act::RowMax(_)) });
            }
            Act::Total(x) => {
                let x = self.operand(x);
                let x = self.array(x);
                self.uses(x, self.phases.len());
                self.phases.push(Phase::Total { number: y as usize, x });
            }
            _ => {
                let operands: Vec<usize> = act.reads().iter().map(|&x| self.operand(x)).collect();
                let phase = self.open(extent, &operands);
                operands.iter().for_each(|&x| self.uses(x, phase));
                let mut results = vec![self.value(From::Step, extent, y, phase)];
                results.extend(act.more().iter().map(|&slot| self.value(From::Step, extent, slot, phase)));
                self.push(phase, Statement { act, operands, results });
            }
        }
    }

    /// Finds the phase that stores each result: the one that computes it, if it may store.
    fn storing(&mut self) -> Vec<Store> {
        let mut stores = vec![];
        for (i, write) in self.code.writes.iter().enumerate() {
            let value = self.operand(write.slot);
            let Value { from, phase, .. } = self.values[value];
            let is_there = matches!(from, From::Step) && matches!(self.phases[phase], Phase::Loop(..));
            let phase = match is_there && phase >= self.first {
                true => phase,
                false => self.open(write.extent, &[value]),
            };
            self.uses(value, phase);
            stores.push(Store { phase, write: i, value });
        }
        stores
    }

    /// Finds a place for each value of the tile that is kept: the result that it is, if there is one; else an array, which others
    /// take after its last use.
    fn arrays(&mut self, stores: &[Store]) {
        let mut busy_until: Vec<usize> = vec![];
        let mut kept: Vec<usize> = (0..self.values.len()).filter(|&i| self.is_array(i)).collect();
        kept.sort_by_key(|&i| self.values[i].phase);
        for i in kept {
            let Value { phase, until, .. } = self.values[i];
            let own = |store: &&Store| {
                let to = &self.code.writes[store.write];
                store.value == i
                    && store.phase == phase
                    && to.extent == Extent::Tile
                    && to.to.dtype == self.code.dtype
            };
            self.values[i].kept_in = if let Some(store) = stores.iter().find(own) {
                KeptIn::Result(store.write)
            } else {
                let free = busy_until.iter().position(|&last| last < phase);
                let array = free.unwrap_or(busy_until.len());
                busy_until.resize(busy_until.len().max(array + 1), 0);
                busy_until[array] = until.expect("it is kept");
                KeptIn::Array(array)
            };
        }
    }

    fn is_array(&self, value: usize) -> bool {
        self.values[value].extent == Extent::Tile && self.values[value].is_kept()
    }
}
