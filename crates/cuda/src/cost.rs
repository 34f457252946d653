//! How long steps should take: the figures by which a form is chosen.
//!
//! The times were measured on an H200: a node of a graph that waits for another one takes 0.74 µs, a barrier of all blocks 1.3 to
//! 1.8 µs. What a block does is counted in cycles, of a processor of 128 lanes whose results are ready after four.

use crate::task::{Size, Task};

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

fn operations(size: Size) -> f64 {
    size.elements as f64 * size.each as f64
}

/// The nanoseconds of tasks that run side by side on so many processors. Those of tiles come one after the other.
fn work(sizes: &[Size], processors: usize) -> f64 {
    let longest = |sizes: &[Size]| {
        let one = sizes.iter().map(|size| size.each).max().unwrap_or(0) as f64 * WAIT;
        let all = sizes.iter().map(|size| operations(*size)).sum::<f64>() / (LANES * processors as f64);
        one.max(all)
    };
    let (tiled, plain): (Vec<Size>, Vec<Size>) = sizes.iter().partition(|size| size.tiles > 0);
    let in_tiles = |size: &Size| longest(&[*size]).max(operations(*size) / (LANES * size.tiles as f64));
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
