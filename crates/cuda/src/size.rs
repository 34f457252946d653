//! How much a task does, and how long steps take by that: the figures by which a form is chosen.
//!
//! The times were measured on an H200: a node of a graph that waits for another one takes 0.74 µs, a barrier of all blocks 1.3 to
//! 1.8 µs. What a block does is counted in cycles, of a processor of 128 lanes whose results are ready after four.

use crate::tasks::{SHARED, Task};
use autograd::planned::{Kernel, Work};
use emit::Launch;

/// A node that waits for another one, in nanoseconds.
const NODE: f64 = 740.0;
/// A barrier of all blocks.
const MEETING: f64 = 1500.0;
/// A phase in a block: its barrier, and what it reads first.
const PHASE: f64 = 60.0;
/// Cycles in a nanosecond.
const CLOCK: f64 = 1.5;
/// Operations in a cycle.
const LANES: f64 = 128.0;
/// Cycles until an operation can follow one that it needs.
const WAIT: f64 = 4.0;
/// Operations of an elementwise function, one after the other.
const FUNCTION: usize = 12;

/// A sum of a block, a lane of it by each thread.
const SUM: usize = 64;

/// How much a task does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) elements: usize,
    /// The operations of an element, one after the other.
    pub(crate) each: usize,
    /// How many tiles there are, each for one block; 0 if all threads share the elements.
    pub(crate) tiles: usize,
    /// The bytes that the threads of a block share for a tile.
    pub(crate) pool: usize,
}

impl Size {
    pub(crate) fn of(kernel: &Kernel, launch: &Launch) -> Size {
        let (elements, flops) = (kernel.elements().max(1), kernel.flops());
        let each = match &kernel.work {
            Work::Product { .. } => flops / (2 * elements),
            Work::Tile(_) if launch.tiles[0] > 0 => SUM + FUNCTION * flops / elements,
            Work::Tile(_) => FUNCTION * flops / elements,
            Work::Op { .. } => 2 * flops / elements,
        };
        let pool = if launch.scratch > SHARED { 0 } else { launch.scratch };
        Size { elements, each: each + 8, tiles: launch.tiles[0], pool }
    }

    /// A few operations of each element.
    pub(crate) fn plain(elements: usize, each: usize) -> Size {
        Size { elements, each, tiles: 0, pool: 0 }
    }

    fn operations(self) -> f64 {
        self.elements as f64 * self.each as f64
    }
}

/// The nanoseconds of tasks that run side by side on so many processors. Those of tiles come one after the other.
fn work(sizes: &[Size], processors: usize) -> f64 {
    let longest = |sizes: &[Size]| {
        let one = sizes.iter().map(|size| size.each).max().unwrap_or(0) as f64 * WAIT;
        let all = sizes.iter().map(|size| size.operations()).sum::<f64>() / (LANES * processors as f64);
        one.max(all)
    };
    let (tiled, plain): (Vec<Size>, Vec<Size>) = sizes.iter().partition(|size| size.tiles > 0);
    let in_tiles = |size: &Size| longest(&[*size]).max(size.operations() / (LANES * size.tiles as f64));
    (longest(&plain) + tiled.iter().map(in_tiles).sum::<f64>()) / CLOCK
}

/// The nanoseconds of a step as a graph: its longest path.
pub(crate) fn of_graph(tasks: &[&Task], edges: &[Vec<usize>], processors: usize) -> f64 {
    let mut done: Vec<f64> = vec![];
    for (task, after) in tasks.iter().zip(edges) {
        let start = after.iter().map(|&i| done[i]).fold(0.0, f64::max);
        done.push(start + NODE + work(&[task.size], processors));
    }
    done.into_iter().fold(0.0, f64::max)
}

/// The nanoseconds of a step as one kernel of so many blocks.
pub(crate) fn of_phases(tasks: &[&Task], phases: &[Vec<usize>], blocks: usize) -> f64 {
    let each = if blocks == 1 { PHASE } else { MEETING };
    let of = |phase: &Vec<usize>| {
        let sizes: Vec<Size> = phase.iter().map(|&i| tasks[i].size).collect();
        each + work(&sizes, blocks)
    };
    phases.iter().map(of).sum()
}
