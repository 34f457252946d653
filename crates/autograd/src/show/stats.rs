//! Counts and sizes of a tape.

use super::words::Words;
use crate::lists::{OrderedMap, sort_by};
use crate::tape::Tape;
use crate::text::{scaled, table};
use std::fmt;

/// Counts and sizes of a tape, to be read or printed: made by [`Tape::stats`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeStats {
    /// Nodes on the tape.
    pub nodes: usize,
    /// How many of them sweeps have recorded: adjoints, tangents, and intermediate values of both.
    pub swept: usize,
    /// How many nodes there are of each op. The most frequent op comes first; equally frequent ops are sorted by name.
    pub ops: Vec<(&'static str, usize)>,
    /// Bytes of the list of nodes, including unused capacity.
    pub node_bytes: usize,
    /// Bytes of the buffers that hold values. Single numbers are stored in their nodes, and parameters in their slab.
    pub value_bytes: usize,
    /// Bytes of the buffers that wait for reuse.
    pub spare_bytes: usize,
    /// The largest `value_bytes` since the memory of the tape was made. [`Tape::reset`] and [`Storage`](crate::Storage) keep
    /// it, so that it shows the need of a whole training loop.
    pub peak_bytes: usize,
}

impl Tape<'_> {
    /// Counts nodes, ops and bytes.
    ///
    /// ```
    /// use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// let y = (x * x).exp().sum();
    /// y.grad([x]);
    /// let stats = tape.stats();
    /// assert_eq!((stats.nodes, stats.ops[0]), (tape.len(), ("mul", 3)));
    /// println!("{stats}");
    /// ```
    pub fn stats(&self) -> TapeStats {
        let words = Words::of(self);
        let list = &words.list;
        let mut counts: OrderedMap<&'static str, usize> = OrderedMap::default();
        for node in list.nodes.iter() {
            *counts.or_insert_with(node.op.name(), || 0) += 1;
        }
        let mut ops = counts.into_entries();
        sort_by(&mut ops, |(_, a), (_, b)| b.cmp(a));
        let (value_bytes, spare_bytes) = list.pool.bytes();
        TapeStats {
            nodes: list.nodes.len(),
            swept: (0..list.nodes.len()).filter(|&i| words.is_swept(i as u32)).count(),
            ops,
            node_bytes: list.node_bytes(),
            value_bytes,
            spare_bytes,
            peak_bytes: list.pool.peak(),
        }
    }
}

impl fmt::Display for TapeStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |n: usize| match self.nodes {
            0 => "–".to_owned(),
            all => format!("{:.0} %", 100.0 * n as f64 / all as f64),
        };
        let count = |name: &str, n: usize| vec![name.to_owned(), n.to_string(), share(n)];
        let mut rows = vec![count("all", self.nodes), count("by sweeps", self.swept)];
        rows.extend(self.ops.iter().map(|&(name, n)| count(name, n)));
        f.write_str(&table(&["nodes", "count", "share"], &rows, &[0]))?;
        let bytes = |name: &str, n: usize| vec![name.to_owned(), scaled(n as f64, "B")];
        let rows = [
            bytes("nodes", self.node_bytes),
            bytes("values", self.value_bytes),
            bytes("values at their peak", self.peak_bytes),
            bytes("buffers kept for reuse", self.spare_bytes),
        ];
        let text = table(&["memory", "bytes"], &rows, &[0]);
        write!(f, "\n{}", text.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_tables() {
        let stats = TapeStats {
            nodes: 12,
            swept: 7,
            ops: vec![("mul", 6), ("add", 4), ("sigmoid", 2)],
            node_bytes: 3456,
            value_bytes: 128,
            spare_bytes: 0,
            peak_bytes: 2_000_000,
        };
        let golden = "
  nodes      count  share
  all           12  100 %
  by sweeps      7   58 %
  mul            6   50 %
  add            4   33 %
  sigmoid        2   17 %

  memory                    bytes
  nodes                   3.46 kB
  values                    128 B
  values at their peak    2.00 MB
  buffers kept for reuse      0 B";
        assert_eq!(format!("\n{stats}"), golden, "\n{stats}\n");
        assert!(Tape::new().stats().to_string().contains("all            0      –"));
    }
}
