//! Slot allocation: each value of a kernel gets a slot. After the value's last use, another value may take it.

use super::draft::{Draft, Value};
use crate::code::{Act, Code, Extent, How, Read, Slot, Step};
use crate::dtype::DType;
use crate::lists::{IntoList, sort_by};
use crate::target::Target;
use crate::tree::{BLOCK, LANES};
use smallvec::SmallVec;

/// The code of a draft, for so many elements and rows of length `row` (0: no rows).
pub(super) fn assign(draft: Draft, elements: usize, row: usize, target: &Target) -> Code {
    let (slot_of, slots) = allocate(&draft);
    super::verify::slots(&draft, &slot_of);
    let wide = wide(&draft, &slot_of, slots);
    let read_memories: Vec<u32> = draft.reads.iter().map(|read| read.from.memory).listed();
    let to = |value: Slot| slot_of[value as usize];
    let steps = draft.steps.into_iter().map(|s| Step {
        y: if matches!(s.act, Act::Total(_)) { s.y } else { to(s.y) },
        extent: s.extent,
        act: s.act.map(to),
    });
    let steps: Vec<Step> = steps.listed();
    let size = if draft.dtype == DType::F32 { 4 } else { 8 };
    let (tile, task) = sizes(wide, size, elements, row, target);
    let weight = |read: &Read| if read.how == How::Gather { target.threads.gather } else { 1 };
    let passes = steps.len() + draft.writes.len() + draft.reads.iter().map(weight).sum::<usize>();
    // A small kernel is one task, so it runs on the caller's thread.
    let alone = passes * elements < target.threads.tiles_from;
    let task = if alone { elements.next_multiple_of(tile).max(tile) } else { task };
    Code {
        dtype: draft.dtype,
        elements,
        row,
        tile,
        task,
        slots,
        fills: draft.fills.iter().map(|&(value, x)| (to(value), x)).listed(),
        reads: draft
            .reads
            .into_iter()
            .map(|mut r| {
                r.slot = to(r.slot);
                r
            })
            .listed(),
        steps,
        writes: draft
            .writes
            .into_iter()
            .map(|mut w| {
                w.slot = to(w.slot);
                w.direct = w.extent == Extent::Tile
                    && w.to.dtype == draft.dtype
                    && !read_memories.contains(&w.to.memory);
                w
            })
            .listed(),
        totals: draft.totals,
    }
}

/// How many slots hold a number per element at some time. The others take little of the cache: numbers per row, and constants
/// that only these are computed with.
fn wide(draft: &Draft, slot_of: &[Slot], slots: usize) -> usize {
    let mut is_wide = vec![false; slots];
    let mut note = |value: Slot| is_wide[slot_of[value as usize] as usize] = true;
    draft.reads.iter().filter(|read| read.extent == Extent::Tile).for_each(|read| note(read.slot));
    for step in draft.steps.iter().filter(|step| step.extent == Extent::Tile) {
        match step.act {
            Act::Total(x) => note(x),
            Act::Spread(_) => note(step.y),
            act => act.reads().into_iter().chain(act.more()).chain([step.y]).for_each(&mut note),
        }
    }
    is_wide.into_iter().filter(|&is| is).count()
}

/// The elements of a tile and of a task, where so many slots hold numbers per element.
fn sizes(slots: usize, size: usize, elements: usize, row: usize, target: &Target) -> (usize, usize) {
    let task = target.threads.task;
    let room = target.tile_bytes / (slots.max(1) * size);
    let flat = prev_power_of_two(room).clamp(target.shortest_tile, BLOCK);
    if row == 0 {
        let tile = flat.min(elements.next_power_of_two()).max(LANES);
        return (tile, task);
    }
    // Tiles consist of whole rows. If possible, they are a multiple of the lanes.
    let unit = LANES / gcd(row, LANES);
    let rows = (flat / row).max(1);
    let rounded = rows.next_multiple_of(unit);
    let rows = if rounded * row <= 2 * flat { rounded } else { rows };
    let tile = (rows * row).min(elements.max(row));
    (tile, tile * (task / tile).max(1))
}

fn prev_power_of_two(n: usize) -> usize {
    if n == 0 { 1 } else { 1 << n.ilog2() }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// What a step reads, and what is repeated there.
fn held(step: &Step, repeats: &[Option<Value>]) -> SmallVec<[Slot; 3]> {
    let mut held = step.act.reads();
    for x in step.act.reads() {
        held.extend(repeats[x as usize]);
    }
    held
}

/// The slot of each value, and the number of slots. Reads, constants and stored values keep their slots for the whole kernel.
fn allocate(draft: &Draft) -> (Vec<Slot>, usize) {
    let n = draft.by_step.len();
    let mut last_use = vec![0usize; n];
    // Whoever reads a number of each row that is repeated may read the number itself, so that one stays too.
    let mut repeats: Vec<Option<Value>> = vec![None; n];
    for (i, step) in draft.steps.iter().enumerate() {
        if let Act::Spread(x) = step.act {
            repeats[step.y as usize] = Some(x);
        }
        for x in held(step, &repeats) {
            last_use[x as usize] = i;
        }
    }
    let mut kept = vec![false; n];
    let fixed = draft.fills.iter().map(|f| f.0).chain(draft.reads.iter().map(|r| r.slot));
    let mut slot_of = vec![Slot::MAX; n];
    let mut slots = 0;
    let mut fresh = || {
        slots += 1;
        Slot::try_from(slots - 1).expect("fewer slots than values")
    };
    for value in fixed {
        kept[value as usize] = true;
        slot_of[value as usize] = fresh();
    }
    for write in &draft.writes {
        kept[write.slot as usize] = true;
    }
    let mut free: Vec<Slot> = vec![];
    for (i, step) in draft.steps.iter().enumerate() {
        if !matches!(step.act, Act::Total(_)) {
            for y in std::iter::once(step.y).chain(step.act.more()) {
                let y = y as usize;
                slot_of[y] = if kept[y] { fresh() } else { free.pop().unwrap_or_else(&mut fresh) };
            }
        }
        let mut reads = held(step, &repeats);
        sort_by(&mut reads, Slot::cmp);
        reads.dedup();
        for x in reads {
            if last_use[x as usize] == i && !kept[x as usize] {
                free.push(slot_of[x as usize]);
            }
        }
    }
    (slot_of, slots)
}
