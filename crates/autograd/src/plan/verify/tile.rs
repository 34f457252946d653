//! Checks of tile programs: everything that their interpreter relies on.

use super::operands::{Memories, Span};
use super::rules::{Checked, Rule, ensure};
use crate::code::{Act, Code, Extent, How, Read, Slot, Step, Write};
use crate::dtype::DType;
use crate::lists::sort_by;
use crate::plan::views::is_contiguous;
use crate::tree::BLOCK;

/// What is known of the program that is checked. The memory is reused for the next program.
#[derive(Default)]
pub(super) struct Tiles {
    slots: Vec<Known>,
    reads: Vec<Span>,
    /// The spans of writes, then of totals.
    results: Vec<Span>,
    /// The spans of results that are not empty, sorted.
    sorted: Vec<(Span, usize)>,
    totals: Vec<bool>,
}

/// What is known of a slot.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Whether it belongs to one constant, operand or result.
    owned: bool,
    holds: Holds,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Holds {
    #[default]
    Nothing,
    /// The same number everywhere, so it may be read per element or per row.
    Number,
    Value(Extent),
}

impl Tiles {
    /// The spans of the operands of the program that was checked last.
    pub(super) fn reads(&self) -> &[Span] {
        &self.reads
    }

    /// The spans of its results.
    pub(super) fn results(&self) -> &[Span] {
        &self.results
    }

    pub(super) fn check(&mut self, memories: &Memories, code: &Code) -> Checked {
        cut(code)?;
        self.slots.clear();
        self.slots.resize(code.slots, Known::default());
        self.reads.clear();
        self.results.clear();
        for &(slot, _) in &code.fills {
            self.own(slot, Holds::Number)?;
        }
        for read in &code.reads {
            self.read(memories, code, read)?;
        }
        for write in &code.writes {
            self.write(memories, code, write)?;
        }
        for total in &code.totals {
            let span = memories.result(total)?;
            let is_one = total.shape.elements() == 1 && total.dtype == code.dtype;
            ensure(is_one, Rule::Total, || format!("{total:?}"))?;
            self.results.push(span);
        }
        self.apart(code)?;
        self.steps(code)
    }

    /// Gives a slot to one value.
    fn own(&mut self, slot: Slot, holds: Holds) -> Checked {
        let known = self.slots.get_mut(slot as usize);
        let Some(known) = known else { return Err((Rule::SlotRange, format!("slot {slot}"))) };
        let was_owned = std::mem::replace(known, Known { owned: true, holds }).owned;
        ensure(!was_owned, Rule::SlotOwner, || format!("slot {slot}"))
    }

    fn read(&mut self, memories: &Memories, code: &Code, read: &Read) -> Checked {
        let Read { from, slot, extent, how } = read;
        let count = count(code, *extent)?;
        self.reads.push(memories.operand(from)?);
        let is_type = from.dtype == code.dtype || (*how != How::Direct && from.dtype == DType::Bool);
        let is_how = match how {
            How::Direct => is_contiguous(&from.shape, &from.strides),
            How::Splat => {
                from.strides.iter().all(|&s| s == 0) && (code.elements == 0 || !from.shape.contains(&0))
            }
            How::Gather => true,
        };
        ensure(is_type && is_how, Rule::How, || format!("{read:?} by {}", code.dtype))?;
        let fits = *how == How::Splat || from.shape.elements() == count;
        ensure(fits, Rule::Length, || format!("{read:?} for {count} elements"))?;
        self.own(*slot, Holds::Value(*extent))
    }

    /// Checks a write. Whether its slot has a value in the end is checked after the steps.
    fn write(&mut self, memories: &Memories, code: &Code, write: &Write) -> Checked {
        let Write { to, slot, extent, direct } = write;
        let count = count(code, *extent)?;
        self.results.push(memories.result(to)?);
        let is_type = to.dtype == code.dtype || (to.dtype == DType::Bool && !direct);
        let may_be_direct = !direct || *extent == Extent::Tile;
        ensure(is_type && may_be_direct, Rule::Write, || format!("{write:?} by {}", code.dtype))?;
        ensure(to.shape.elements() == count, Rule::Length, || format!("{write:?} for {count} elements"))?;
        self.own(*slot, Holds::Nothing)
    }

    /// Checks that results overlap neither each other nor operands, except a tile that is written back where it was read.
    fn apart(&mut self, code: &Code) -> Checked {
        self.sorted.clear();
        let results = self.results.iter().enumerate().filter(|(_, span)| !span.is_empty());
        self.sorted.extend(results.map(|(i, &span)| (span, i)));
        sort_by(&mut self.sorted, Ord::cmp);
        for pair in self.sorted.windows(2) {
            let [(a, _), (b, _)] = [pair[0], pair[1]];
            ensure(!a.overlaps(&b), Rule::ResultsApart, || format!("{a:?} and {b:?}"))?;
        }
        for (read, span) in code.reads.iter().zip(&self.reads).filter(|(_, span)| !span.is_empty()) {
            let first = self.sorted.partition_point(|(y, _)| (y.memory, y.high) <= (span.memory, span.low));
            for &(y, i) in self.sorted[first..].iter().take_while(|(y, _)| y.overlaps(span)) {
                let write = code.writes.get(i);
                let in_step = write.is_some_and(|write| is_in_step(read, write));
                ensure(in_step, Rule::Disjoint, || format!("{y:?} over {read:?}"))?;
            }
        }
        Ok(())
    }

    fn steps(&mut self, code: &Code) -> Checked {
        self.totals.clear();
        self.totals.resize(code.totals.len(), false);
        for step in &code.steps {
            let (taken, gives) = extents(step);
            let is_by_rows = gives == Extent::Rows || taken == Extent::Rows;
            ensure(!is_by_rows || code.row > 0, Rule::Rows, || format!("{step:?}"))?;
            let (reads, more) = (step.act.reads(), step.act.more());
            self.operands(step, &reads, taken)?;
            match step.act {
                Act::Total(_) => self.total(step)?,
                _ => self.result(step, &reads, step.y, gives)?,
            }
            for (i, &y) in more.iter().enumerate() {
                let is_second = y == step.y || more[..i].contains(&y);
                ensure(!is_second, Rule::StepApart, || format!("{step:?}"))?;
                self.result(step, &reads, y, gives)?;
            }
        }
        let has_value = |write: &&Write| self.slots[write.slot as usize].holds == Holds::Value(write.extent);
        let without = code.writes.iter().find(|write| !has_value(write));
        ensure(without.is_none(), Rule::Defined, || format!("{without:?}"))?;
        let never = self.totals.iter().position(|added| !added);
        ensure(never.is_none(), Rule::Total, || format!("no step for total {never:?}"))
    }

    fn operands(&self, step: &Step, reads: &[Slot], extent: Extent) -> Checked {
        for &x in reads {
            let known = self.slots.get(x as usize);
            let Some(known) = known else { return Err((Rule::SlotRange, format!("{step:?}"))) };
            let is_there = known.holds == Holds::Number || known.holds == Holds::Value(extent);
            ensure(is_there, Rule::Defined, || format!("{step:?}"))?;
        }
        Ok(())
    }

    /// Notes a slot that a step writes. It must not be one that the step reads, nor one of a constant or an operand.
    fn result(&mut self, step: &Step, reads: &[Slot], y: Slot, extent: Extent) -> Checked {
        ensure(!reads.contains(&y), Rule::StepApart, || format!("{step:?}"))?;
        let known = self.slots.get_mut(y as usize);
        let Some(known) = known else { return Err((Rule::SlotRange, format!("{step:?}"))) };
        ensure(!known.owned || known.holds == Holds::Nothing, Rule::SlotOwner, || format!("{step:?}"))?;
        known.holds = Holds::Value(extent);
        Ok(())
    }

    fn total(&mut self, step: &Step) -> Checked {
        let total = self.totals.get_mut(step.y as usize);
        let Some(added) = total else { return Err((Rule::SlotRange, format!("{step:?}"))) };
        let is_second = std::mem::replace(added, true);
        ensure(!is_second, Rule::Total, || format!("{step:?} once more"))
    }
}

/// Checks that tiles consist of whole rows, tasks of whole tiles, and, if there are totals, blocks of whole tiles.
fn cut(code: &Code) -> Checked {
    let Code { elements, row, tile, task, .. } = *code;
    let rows = row == 0 || (elements.is_multiple_of(row) && tile.is_multiple_of(row));
    let tasks = tile > 0 && task >= tile && task.is_multiple_of(tile);
    let fits = code.dtype.is_float() && code.slots <= Slot::MAX as usize;
    let found = || {
        format!("{} elements of {} in rows of {row}, tiles of {tile}, tasks of {task}", elements, code.dtype)
    };
    ensure(rows && tasks && fits, Rule::Cut, found)?;
    let blocks = row == 0 && BLOCK.is_multiple_of(tile) && (task >= elements || task.is_multiple_of(BLOCK));
    ensure(code.totals.is_empty() || blocks, Rule::Total, found)
}

/// How many numbers a value of an extent has.
fn count(code: &Code, extent: Extent) -> Checked<usize> {
    match extent {
        Extent::Tile => Ok(code.elements),
        Extent::Rows => code.elements.checked_div(code.row).ok_or_else(|| (Rule::Rows, "no rows".to_owned())),
    }
}

/// Whether a result overwrites an operand tile by tile, after the steps have read it.
fn is_in_step(read: &Read, write: &Write) -> bool {
    let by_tiles = read.extent == Extent::Tile && write.extent == Extent::Tile;
    let same = (read.from.offset, read.from.dtype) == (write.to.offset, write.to.dtype);
    read.how == How::Direct && by_tiles && same && !write.direct
}

/// The extents that a step reads and writes.
fn extents(step: &Step) -> (Extent, Extent) {
    match step.act {
        Act::RowSum(_) | Act::RowMax(_) => (Extent::Tile, Extent::Rows),
        Act::Spread(_) => (Extent::Rows, Extent::Tile),
        Act::Total(_) => (Extent::Tile, Extent::Tile),
        _ => (step.extent, step.extent),
    }
}
