//! A step as one kernel: phases with barriers between them. The tasks of a phase do not depend on each other, and each is a call.

mod text;

use crate::Error;
use crate::cost::of_phases;
use crate::dag::{Kind, edges};
use crate::error::refused;
use crate::machine::{Address, Limits, Memory, Whole};
use crate::task::{Step, Task};
use std::collections::BTreeSet;

/// The most threads of a block: each may have 128 registers.
const THREADS: usize = 512;
/// The most addresses that a kernel is called with: 4 KiB of them, and what else it is told.
const ARGUMENTS: usize = 480;
/// The most calls: a compiler takes seconds for so many.
const CALLS: usize = 256;
/// What a kernel may share beside its tiles, in bytes.
const FEW: usize = 512;

/// A step as one kernel.
#[derive(Debug)]
pub(crate) struct Together {
    pub(crate) text: String,
    pub(crate) whole: Whole,
    pub(crate) phases: usize,
    /// How long a step takes, in nanoseconds.
    pub(crate) time: f64,
}

impl Together {
    /// One kernel of one block, or of several, which meet at a gate.
    pub(crate) fn new(step: &Step<'_>, limits: Limits, gate: Option<&Memory>) -> Result<Together, Error> {
        let tasks = &step.tasks;
        let too = |what: &str, n: usize, most: usize| match n > most {
            true => Err(refused("one kernel", format!("{n} {what} are more than {most}"))),
            false => Ok(()),
        };
        too("calls", tasks.len(), CALLS)?;
        let accesses: Vec<_> = tasks.iter().map(|task| &task.accesses[..]).collect();
        let phases = phases(&edges(&accesses));
        let threads = threads(tasks, &phases);
        let blocks = if gate.is_some() { blocks(tasks, &phases, limits) } else { 1 };
        let pool = tasks.iter().map(|task| task.size.pool).max().unwrap_or(0);
        let few = FEW * tasks.iter().map(|task| task.name()).collect::<BTreeSet<_>>().len();
        too("bytes that a block shares", pool + few, limits.shared)?;
        let near = match gate {
            Some(_) => vec![],
            None => near(step, limits.shared - pool - few),
        };
        let shared = pool + near.iter().map(|memory| memory.bytes()).sum::<usize>();
        let printed = text::print(step, &phases, [blocks, threads], pool, &near, gate);
        too("addresses", printed.arguments.len(), ARGUMENTS)?;
        let time = of_phases(tasks, &phases, blocks);
        let whole = Whole { arguments: printed.arguments, blocks, threads, shared };
        Ok(Together { text: printed.text, whole, phases: phases.len(), time })
    }
}

/// The phases, each as late as it can be: sums over the examples, of which each layer has some, then share one.
fn phases(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    // How many phases have to follow.
    let mut after = vec![0usize; edges.len()];
    for (i, before) in edges.iter().enumerate().rev() {
        for &j in before {
            after[j] = after[j].max(after[i] + 1);
        }
    }
    let count = after.iter().max().map_or(0, |most| most + 1);
    let mut phases = vec![vec![]; count];
    (0..edges.len()).for_each(|i| phases[count - 1 - after[i]].push(i));
    phases
}

/// The threads that the widest phase has work for.
fn threads(tasks: &[&Task], phases: &[Vec<usize>]) -> usize {
    let wanted = |i: &usize| {
        let size = tasks[*i].size;
        size.elements.div_ceil(size.tiles.max(1)).next_multiple_of(32)
    };
    let widest = phases.iter().map(|phase| phase.iter().map(wanted).sum::<usize>()).max().unwrap_or(0);
    widest.next_power_of_two().clamp(64, THREADS)
}

/// The number of blocks that is fastest, a power of two.
fn blocks(tasks: &[&Task], phases: &[Vec<usize>], limits: Limits) -> usize {
    let powers = (1..).map(|power| 1 << power).take_while(|&blocks| blocks <= limits.processors.max(2));
    let time = |blocks: &usize| of_phases(tasks, phases, *blocks);
    powers.min_by(|a, b| time(a).total_cmp(&time(b))).unwrap_or(2)
}

/// The memories that stay with the block from step to step: of those that a step writes, the smallest, as many as there is room for.
fn near<'a>(step: &Step<'a>, mut room: usize) -> Vec<&'a Memory> {
    let written = |memory: &&&Memory| {
        let bytes = memory.at()..memory.at() + memory.bytes() as Address;
        let accesses = step.tasks.iter().flat_map(|task| &task.accesses);
        accesses.filter(|access| access.kind != Kind::Read).any(|access| bytes.contains(&access.bytes.start))
    };
    let mut all: Vec<&Memory> = step.memories.iter().filter(written).copied().collect();
    all.sort_by_key(|memory| memory.bytes());
    all.into_iter()
        .take_while(|memory| {
            let fits = memory.bytes() <= room;
            room = room.saturating_sub(memory.bytes());
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_comes_after_those_that_it_waits_for_and_as_late_as_it_can() {
        // 0 → 1 → 3 → 4, 2 → 4.
        let edges = [vec![], vec![0], vec![], vec![1], vec![2, 3]];
        assert_eq!(phases(&edges), [vec![0], vec![1], vec![2, 3], vec![4]]);
        assert!(phases(&[]).is_empty());
    }
}
