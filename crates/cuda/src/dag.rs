//! Which task has to wait for which: from what each reads and writes.

use crate::machine::Address;
use std::ops::Range;

/// What a task does with a piece of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// From the first byte to that after the last.
    pub(crate) bytes: Range<Address>,
    pub(crate) kind: Kind,
}

/// How memory is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
    /// Sets a flag, or does not: tasks that do so need not wait for each other.
    Mark,
}

impl Access {
    pub(crate) fn new(kind: Kind, at: Address, bytes: usize) -> Access {
        Access { bytes: at..at + bytes as u64, kind }
    }

    /// Whether the order of the two matters.
    pub(crate) fn conflicts(&self, other: &Access) -> bool {
        let apart = self.bytes.end <= other.bytes.start || other.bytes.end <= self.bytes.start;
        !apart && (self.kind != other.kind || self.kind == Kind::Write)
    }

    fn covers(&self, other: &Access) -> bool {
        self.kind == Kind::Write && self.bytes.start <= other.bytes.start && other.bytes.end <= self.bytes.end
    }
}

/// For each task, those before it that it waits for, in rising order. Every conflict of two tasks is a path, and no edge could
/// be left out.
pub(crate) fn edges(tasks: &[&[Access]]) -> Vec<Vec<usize>> {
    let mut live: Vec<(&Access, usize)> = vec![];
    let mut edges: Vec<Vec<usize>> = vec![];
    let mut before: Vec<Bits> = vec![];
    for (i, accesses) in tasks.iter().enumerate() {
        let in_conflict = |(other, _): &&(&Access, usize)| accesses.iter().any(|a| a.conflicts(other));
        let mut waits: Vec<usize> = live.iter().filter(in_conflict).map(|(_, task)| *task).collect();
        waits.sort_unstable();
        waits.dedup();
        // The latest first: what comes before one that is kept is implied.
        let mut all = Bits::new(tasks.len());
        let mut kept = vec![];
        for &j in waits.iter().rev() {
            if !all.has(j) {
                kept.push(j);
                all.join(&before[j]);
                all.set(j);
            }
        }
        kept.reverse();
        edges.push(kept);
        before.push(all);
        // Whoever meets what was overwritten meets the task that wrote over it.
        live.retain(|(other, _)| !accesses.iter().any(|a| a.covers(other)));
        live.extend(accesses.iter().map(|a| (a, i)));
    }
    edges
}

/// A set of tasks.
#[derive(Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(n: usize) -> Bits {
        Bits(vec![0; n.div_ceil(64)])
    }

    fn has(&self, i: usize) -> bool {
        self.0[i / 64] >> (i % 64) & 1 == 1
    }

    fn set(&mut self, i: usize) {
        self.0[i / 64] |= 1 << (i % 64);
    }

    fn join(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random.
    fn draw(state: &mut u64, below: u64) -> u64 {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*state >> 33) % below
    }

    fn tasks(seed: u64) -> Vec<Vec<Access>> {
        let mut state = seed;
        let count = 2 + draw(&mut state, 30);
        (0..count)
            .map(|_| {
                let accesses = 1 + draw(&mut state, 4);
                (0..accesses)
                    .map(|_| {
                        let kind =
                            [Kind::Read, Kind::Read, Kind::Write, Kind::Mark][draw(&mut state, 4) as usize];
                        Access::new(kind, draw(&mut state, 40), 1 + draw(&mut state, 12) as usize)
                    })
                    .collect()
            })
            .collect()
    }

    fn conflict(a: &[Access], b: &[Access]) -> bool {
        a.iter().any(|a| b.iter().any(|b| a.conflicts(b)))
    }

    /// Whether there is a path, without one edge if that is left out.
    fn is_before(edges: &[Vec<usize>], from: usize, to: usize, without: Option<(usize, usize)>) -> bool {
        edges[to]
            .iter()
            .any(|&j| Some((j, to)) != without && (j == from || is_before(edges, from, j, without)))
    }

    #[test]
    fn every_conflict_is_a_path_and_every_edge_a_conflict_that_no_other_path_implies() {
        for seed in 0..300 {
            let tasks = tasks(seed);
            let slices: Vec<&[Access]> = tasks.iter().map(|t| &t[..]).collect();
            let edges = edges(&slices);
            for to in 0..tasks.len() {
                for from in 0..to {
                    if conflict(&tasks[from], &tasks[to]) {
                        assert!(is_before(&edges, from, to, None), "{seed}: {from} {to}");
                    }
                }
                for &from in &edges[to] {
                    assert!(conflict(&tasks[from], &tasks[to]), "{seed}: {from} → {to} is no conflict");
                    assert!(
                        !is_before(&edges, from, to, Some((from, to))),
                        "{seed}: {from} → {to} is implied"
                    );
                }
            }
        }
    }

    #[test]
    fn flags_are_set_in_any_order_and_read_after_all() {
        let flag = |kind| vec![Access::new(kind, 0, 4)];
        let all = [flag(Kind::Mark), flag(Kind::Mark), flag(Kind::Read), flag(Kind::Mark)];
        let slices: Vec<&[Access]> = all.iter().map(|t| &t[..]).collect();
        assert_eq!(edges(&slices), [vec![], vec![], vec![0, 1], vec![2]]);
    }
}
