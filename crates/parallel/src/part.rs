//! Which rows of a batch a rank has.

use autograd::Mistake;
use std::ops::Range;

/// Which part of a batch a rank has: the rows of its shards.
///
/// ```
/// use parallel::{Threads, World};
/// let rows = Threads::run(3, |world| world.shards(8).part().rows(16));
/// assert_eq!(rows, [0..4, 4..10, 10..16]); // two shards, three and three
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub(crate) shards: Range<usize>,
    pub(crate) count: usize,
}

impl Part {
    /// The rows of a batch that has so many. All shards have equally many.
    ///
    /// # Panics
    /// If the number of rows is no multiple of that of the shards.
    #[track_caller]
    pub fn rows(&self, rows: usize) -> Range<usize> {
        if !rows.is_multiple_of(self.count) {
            Mistake::new(format!("rows: a batch of {rows} rows for {} shards", self.count))
                .rule("all shards have equally many rows")
                .hint("choose a multiple, and leave out a smaller last batch: `loader.drop_last()`")
                .raise();
        }
        let each = rows / self.count;
        self.shards.start * each..self.shards.end * each
    }

    /// The numbers of the shards.
    pub fn shards(&self) -> Range<usize> {
        self.shards.clone()
    }
}
