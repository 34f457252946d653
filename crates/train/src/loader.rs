//! Which rows of a data set each batch has.

use autograd::{Key, Mistake};
use files::Position;
use std::fmt;

/// Which rows of a data set make the batches of each epoch.
///
/// It is a function and remembers nothing: batch b of epoch e has the same rows whenever it is asked for. So a [`Position`],
/// two numbers, is all that a checkpoint holds of it.
///
/// ```
/// use autograd::Key;
/// use train::{Loader, Position};
/// let loader = Loader::new(10, 4).shuffle(Key::new(7));
/// assert_eq!(loader.batches(), 3);
/// let first: Vec<usize> = (0..3).flat_map(|batch| loader.rows(Position { epoch: 0, batch })).collect();
/// let again: Vec<usize> = (0..3).flat_map(|batch| loader.rows(Position { epoch: 0, batch })).collect();
/// assert_eq!(first, again);
/// assert_ne!(first, loader.order(1)); // another epoch, another order
/// let mut sorted = first;
/// sorted.sort();
/// assert_eq!(sorted, (0..10).collect::<Vec<_>>());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Loader {
    rows: usize,
    batch: usize,
    key: Key,
    shuffled: bool,
    drop_last: bool,
}

/// The part of its data that a run must find again: a position means nothing without it.
impl fmt::Display for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Loader { rows, batch, key, shuffled, drop_last } = self;
        let [first, second] = key.words();
        write!(f, "{rows} rows in batches of {batch}, {}", if *shuffled { "shuffled" } else { "in order" })?;
        write!(f, " by key {first} {second}{}", if *drop_last { ", whole ones alone" } else { "" })
    }
}

impl Loader {
    /// Batches of so many rows, in their order; the last one may have fewer.
    ///
    /// # Panics
    /// If there are no rows, or a batch has none.
    #[track_caller]
    pub fn new(rows: usize, batch: usize) -> Loader {
        if rows == 0 || batch == 0 {
            Mistake::new(format!("Loader::new: batches of {batch} from {rows} rows"))
                .rule("there is at least one row, and one in a batch")
                .raise();
        }
        Loader { rows, batch, key: Key::new(0), shuffled: false, drop_last: false }
    }

    /// Each epoch has an order of its own, by a key.
    pub fn shuffle(self, key: Key) -> Loader {
        Loader { key, shuffled: true, ..self }
    }

    /// The key of the batches, without shuffling: for what else is random in them.
    pub fn key(self, key: Key) -> Loader {
        Loader { key, ..self }
    }

    /// Leaves out the last batch where it would have fewer rows: all batches have one shape then.
    ///
    /// ```
    /// assert_eq!(train::Loader::new(10, 4).drop_last().batches(), 2);
    /// ```
    ///
    /// # Panics
    /// If no batch is left.
    #[track_caller]
    pub fn drop_last(self) -> Loader {
        if self.batch > self.rows {
            Mistake::new(format!("drop_last: batches of {} from {} rows", self.batch, self.rows))
                .rule("at least one batch is whole")
                .raise();
        }
        Loader { drop_last: true, ..self }
    }

    /// How many batches an epoch has.
    pub fn batches(&self) -> u64 {
        let batches = if self.drop_last { self.rows / self.batch } else { self.rows.div_ceil(self.batch) };
        batches as u64
    }

    /// How many batches there are before a position.
    ///
    /// ```
    /// use train::{Loader, Position};
    /// assert_eq!(Loader::new(10, 4).steps_before(Position { epoch: 2, batch: 1 }), 7);
    /// ```
    pub fn steps_before(&self, position: Position) -> u64 {
        position.epoch * self.batches() + position.batch
    }

    /// The position after so many batches.
    ///
    /// ```
    /// use train::{Loader, Position};
    /// assert_eq!(Loader::new(10, 4).position(7), Position { epoch: 2, batch: 1 });
    /// ```
    pub fn position(&self, steps: u64) -> Position {
        Position { epoch: steps / self.batches(), batch: steps % self.batches() }
    }

    /// All rows in the order of an epoch: a shuffle by Fisher and Yates (Knuth, *The Art of Computer Programming*, volume 2,
    /// algorithm 3.4.2P), whose step i draws from the key of number i.
    pub fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows).collect();
        if self.shuffled {
            let [orders, _] = self.key.split();
            let key = orders.fold_in(epoch);
            for i in (1..self.rows).rev() {
                // 64 random bits times i + 1, the upper half: uniform but for i/2⁶⁴.
                let word = key.fold_in(i as u64).words()[0] as u64;
                order.swap(i, ((u128::from(word) * (i as u128 + 1)) >> 64) as usize);
            }
        }
        order
    }

    /// The rows of one batch. Whoever asks for many takes them from [`order`](Loader::order), which this computes.
    ///
    /// # Panics
    /// If the epoch has no such batch.
    #[track_caller]
    pub fn rows(&self, position: Position) -> Vec<usize> {
        self.cut(&self.order(position.epoch), position.batch).to_vec()
    }

    /// The rows of a batch in the order of its epoch.
    #[track_caller]
    pub(crate) fn cut<'a>(&self, order: &'a [usize], batch: u64) -> &'a [usize] {
        assert!(batch < self.batches(), "rows: batch {batch} of {} of an epoch", self.batches());
        let start = batch as usize * self.batch;
        &order[start..self.rows.min(start + self.batch)]
    }

    /// How many rows a batch of an epoch has.
    pub(crate) fn rows_of(&self, batch: u64) -> usize {
        self.batch.min(self.rows - batch as usize * self.batch)
    }

    /// The key of a batch: for noise, crops, whatever is random in it.
    pub fn key_of(&self, position: Position) -> Key {
        let [_, batches] = self.key.split();
        batches.fold_in(position.epoch).fold_in(position.batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stored position means the same rows for ever.
    #[test]
    fn orders_are_for_ever() {
        let loader = Loader::new(8, 3).shuffle(Key::new(1));
        assert_eq!(loader.order(0), [3, 6, 7, 1, 5, 0, 4, 2]);
        assert_eq!(loader.order(1 << 40), [6, 3, 0, 1, 4, 5, 7, 2]);
    }

    /// Every row comes to every place equally often, within five standard deviations.
    #[test]
    fn orders_are_uniform() {
        let (rows, epochs) = (5, 4000);
        let loader = Loader::new(rows, 1).shuffle(Key::new(3));
        let mut counts = vec![0u64; rows * rows];
        for epoch in 0..epochs {
            loader.order(epoch).iter().enumerate().for_each(|(place, row)| counts[place * rows + row] += 1);
        }
        let p = 1.0 / rows as f64;
        let (mean, deviation) = (epochs as f64 * p, (epochs as f64 * p * (1.0 - p)).sqrt());
        assert!(counts.iter().all(|&n| (n as f64 - mean).abs() < 5.0 * deviation), "{counts:?}");
    }

    #[test]
    fn an_epoch_has_every_row_once_and_the_last_batch_may_be_small() {
        let loader = Loader::new(11, 4).shuffle(Key::new(2));
        let batches: Vec<Vec<usize>> =
            (0..3).map(|batch| loader.rows(Position { epoch: 9, batch })).collect();
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 3]);
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..11).collect::<Vec<_>>());
        assert_eq!(Loader::new(3, 2).order(5), [0, 1, 2]);
    }

    #[test]
    fn keys_of_batches_differ() {
        let loader = Loader::new(8, 2).key(Key::new(1));
        let positions = (0..20).map(|steps| loader.position(steps));
        let keys: std::collections::HashSet<Key> = positions.map(|p| loader.key_of(p)).collect();
        assert_eq!(keys.len(), 20);
    }

    #[test]
    #[should_panic(expected = "drop_last: batches of 4 from 3 rows")]
    fn no_whole_batch_is_a_mistake() {
        let _ = Loader::new(3, 4).drop_last();
    }
}
