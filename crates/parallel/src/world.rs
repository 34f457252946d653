//! What ranks say to each other.

use crate::tree::part;
use crate::{Shards, WorldError};
use bytemuck::{cast_slice, cast_slice_mut};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};

/// The ranks of a training, as one of them sees them: its number, how many there are, and a few collectives.
///
/// A collective is called by every rank, in the same order. It carries bytes, so that whoever implements this trait knows
/// nothing of numbers. [`Alone`] is one rank, [`Threads`](crate::Threads) are ranks of one process.
///
/// ```
/// use parallel::{Threads, World};
/// let sums = Threads::run(3, |world| {
///     let mut all = [0; 3];
///     world.gather(&[10 * world.rank() as u8], &mut all, &[1, 1, 1])?;
///     Ok::<u8, parallel::WorldError>(all.iter().sum())
/// });
/// assert_eq!(sums, [Ok(30), Ok(30), Ok(30)]);
/// ```
pub trait World {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are, at least 1.
    fn size(&self) -> usize;

    /// Gives each rank its part of `send`, and takes this rank's part of what each of them sends: parts one after the other,
    /// in the order of the ranks, of `to[rank]` and `from[rank]` bytes. A part may be empty.
    ///
    /// # Errors
    /// If a rank is gone, does something else, or the system refuses.
    ///
    /// # Panics
    /// If the lengths do not add up to those of the slices.
    fn exchange(
        &self,
        send: &[u8],
        to: &[usize],
        receive: &mut [u8],
        from: &[usize],
    ) -> Result<(), WorldError>;

    /// Takes what each rank sends, one after the other, in the order of the ranks: `from[rank]` bytes, this rank's `send`
    /// among them. A part may be empty.
    ///
    /// # Errors
    /// As [`exchange`](World::exchange).
    ///
    /// # Panics
    /// As [`exchange`](World::exchange).
    fn gather(&self, send: &[u8], receive: &mut [u8], from: &[usize]) -> Result<(), WorldError>;

    /// Makes the bytes those of the rank `root`.
    ///
    /// # Errors
    /// As [`exchange`](World::exchange).
    ///
    /// # Panics
    /// If there is no such rank.
    fn broadcast(&self, root: usize, bytes: &mut [u8]) -> Result<(), WorldError> {
        assert!(root < self.size(), "broadcast: rank {root} of {}", self.size());
        let mut from = vec![0; self.size()];
        from[root] = bytes.len();
        let mine = if self.rank() == root { bytes.to_vec() } else { vec![] };
        self.gather(&mine, bytes, &from)
    }

    /// Adds the numbers of all ranks, in whatever order is fast: other bits for another number of ranks, and the same on
    /// all ranks.
    ///
    /// # Errors
    /// As [`exchange`](World::exchange).
    fn sum(&self, numbers: Numbers<'_>) -> Result<(), WorldError> {
        match numbers {
            Numbers::F32(x) => sum_slices(self, x),
            Numbers::F64(x) => sum_slices(self, x),
        }
    }

    /// A training that is cut into so many shards: [`ShardedStep`](crate::ShardedStep) has an example.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    fn shards(&self, count: usize) -> Shards<'_>
    where
        Self: Sized,
    {
        Shards::new(self, count)
    }

    /// How many threads a rank is to use: its share of the machine's, where all ranks are on one machine.
    fn threads(&self) -> usize {
        let all = std::thread::available_parallelism().map_or(1, NonZero::get);
        (all / self.size()).max(1)
    }
}

/// Each rank adds a slice, in the order of the ranks; then all gather the slices.
fn sum_slices<T: bytemuck::Pod + std::ops::AddAssign>(
    world: &(impl World + ?Sized),
    x: &mut [T],
) -> Result<(), WorldError> {
    let (rank, size) = (world.rank(), world.size());
    if size == 1 {
        return Ok(());
    }
    let lengths: Vec<usize> = (0..size).map(|rank| part(x.len(), rank, size).len()).collect();
    let bytes: Vec<usize> = lengths.iter().map(|n| n * size_of::<T>()).collect();
    let mut parts = vec![T::zeroed(); lengths[rank] * size];
    world.exchange(cast_slice(x), &bytes, cast_slice_mut(&mut parts), &vec![bytes[rank]; size])?;
    let (sum, rest) = parts.split_at_mut(lengths[rank]);
    rest.chunks(lengths[rank].max(1))
        .for_each(|part| sum.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x));
    world.gather(cast_slice(sum), cast_slice_mut(x), &bytes)
}

/// Numbers that ranks add.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Numbers<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
}

impl<W: World + ?Sized> World for &W {
    fn rank(&self) -> usize {
        (**self).rank()
    }
    fn size(&self) -> usize {
        (**self).size()
    }
    fn exchange(
        &self,
        send: &[u8],
        to: &[usize],
        receive: &mut [u8],
        from: &[usize],
    ) -> Result<(), WorldError> {
        (**self).exchange(send, to, receive, from)
    }
    fn gather(&self, send: &[u8], receive: &mut [u8], from: &[usize]) -> Result<(), WorldError> {
        (**self).gather(send, receive, from)
    }
    fn broadcast(&self, root: usize, bytes: &mut [u8]) -> Result<(), WorldError> {
        (**self).broadcast(root, bytes)
    }
    fn sum(&self, numbers: Numbers<'_>) -> Result<(), WorldError> {
        (**self).sum(numbers)
    }
    fn threads(&self) -> usize {
        (**self).threads()
    }
}

/// One rank, which speaks with nobody.
///
/// ```
/// use parallel::{Alone, World};
/// assert_eq!((Alone.rank(), Alone.size()), (0, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alone;

impl World for Alone {
    fn rank(&self) -> usize {
        0
    }
    fn size(&self) -> usize {
        1
    }
    fn exchange(
        &self,
        send: &[u8],
        to: &[usize],
        receive: &mut [u8],
        from: &[usize],
    ) -> Result<(), WorldError> {
        check_lengths("exchange", self.size(), (send.len(), to), (receive.len(), from));
        receive.copy_from_slice(send);
        Ok(())
    }
    fn gather(&self, send: &[u8], receive: &mut [u8], from: &[usize]) -> Result<(), WorldError> {
        check_lengths("gather", self.size(), (send.len(), &[send.len()]), (receive.len(), from));
        receive.copy_from_slice(send);
        Ok(())
    }
}

/// Refuses lengths that do not add up, or are not one for each rank.
#[track_caller]
pub(crate) fn check_lengths(call: &str, size: usize, sent: (usize, &[usize]), received: (usize, &[usize])) {
    for (what, (bytes, parts)) in [("send", sent), ("receive", received)] {
        assert!(
            parts.len() == size && parts.iter().sum::<usize>() == bytes,
            "{call}: {bytes} bytes to {what} in parts of {parts:?}\n  rule: a part for each of {size} ranks, and all bytes are in one"
        );
    }
}

/// A world that counts what this rank sends: each byte once for each other rank that it goes to.
///
/// A gather counts its part N − 1 times, which is also what a ring passes on.
///
/// ```
/// use parallel::{Counted, Threads, World};
/// let sent = Threads::run(3, |world| {
///     let counted = Counted::new(world);
///     counted.gather(&[7; 4], &mut [0; 12], &[4, 4, 4]).unwrap();
///     counted.sent()
/// });
/// assert_eq!(sent, [8, 8, 8]);
/// ```
#[derive(Debug)]
pub struct Counted<W> {
    world: W,
    sent: AtomicU64,
}

impl<W: World> Counted<W> {
    /// Nothing has been sent yet.
    pub fn new(world: W) -> Counted<W> {
        Counted { world, sent: AtomicU64::new(0) }
    }

    /// How many bytes this rank has sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn count(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// `sum` is that of the trait, by a gather, whatever the world's own is: its bytes cannot be seen.
impl<W: World> World for Counted<W> {
    fn rank(&self) -> usize {
        self.world.rank()
    }
    fn size(&self) -> usize {
        self.world.size()
    }
    fn exchange(
        &self,
        send: &[u8],
        to: &[usize],
        receive: &mut [u8],
        from: &[usize],
    ) -> Result<(), WorldError> {
        self.count(send.len() - to[self.rank()]);
        self.world.exchange(send, to, receive, from)
    }
    fn gather(&self, send: &[u8], receive: &mut [u8], from: &[usize]) -> Result<(), WorldError> {
        self.count(send.len() * (self.size() - 1));
        self.world.gather(send, receive, from)
    }
    fn threads(&self) -> usize {
        self.world.threads()
    }
}
