//! What ranks say to each other, and how they share a step.

use crate::WorldError;
use crate::part::Part;
use crate::tree::{Order, part};
use bytemuck::{cast_slice, cast_slice_mut};
use std::fmt;
use std::num::NonZero;

/// The ranks of a training, as one of them sees them: its number, how many there are, and a few collectives.
///
/// A collective is called by every rank, in the same order. It carries bytes, so that whoever implements this trait knows
/// nothing of numbers. [`Alone`](crate::Alone) is one rank, [`Threads`](crate::Threads) are ranks of one process.
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

    /// The number of this rank among those of its machine, from 0: that of its GPU.
    fn local_rank(&self) -> usize {
        self.rank()
    }

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

/// How a step is cut: into so many shards, which are part of what is trained, whatever the number of ranks.
///
/// Each shard is a part of the batch with a gradient of its own, and the gradient of the step is their mean. Made by
/// [`World::shards`]; [`ShardedStep`](crate::ShardedStep) has an example.
#[derive(Clone)]
pub struct Shards<'w> {
    pub(crate) world: &'w dyn World,
    pub(crate) count: usize,
    pub(crate) order: Order,
    pub(crate) owners: bool,
    pub(crate) threads: usize,
    /// The names of inputs that are keys, and that are no rows.
    pub(crate) keys: Vec<String>,
    pub(crate) shared: Vec<String>,
}

impl fmt::Debug for Shards<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Shards");
        shown.field("rank", &self.world.rank()).field("size", &self.world.size()).field("count", &self.count);
        shown.field("order", &self.order).field("owners", &self.owners).finish_non_exhaustive()
    }
}

impl<'w> Shards<'w> {
    #[track_caller]
    pub(crate) fn new(world: &'w dyn World, count: usize) -> Shards<'w> {
        assert!(count > 0, "shards: 0\n  rule: there is at least one");
        let threads = world.threads();
        Shards { world, count, order: Order::Tree, owners: false, threads, keys: vec![], shared: vec![] }
    }

    /// Says that an input of this name is a [`Key`](autograd::Key), into which each shard folds its number: dropout then draws by
    /// shard, not by rank.
    ///
    /// ```
    /// use autograd::{Key, Params};
    /// use parallel::{Alone, World};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [], 1.0);
    /// let step = Alone.shards(4).key("key").trace(&params, |t| {
    ///     t.outputs(t.input_key("key").uniform([]) * w).with_gradients()
    /// })?;
    /// let mut sgd = optim::Sgd::new(0.0)?;
    /// let tape = autograd::Tape::new();
    /// let drawn = |shard| tape.constant(Key::new(7).fold_in(shard)).uniform([]).item();
    /// let mean = ((drawn(0) + drawn(1)) + (drawn(2) + drawn(3))) / 4.0;
    /// assert_eq!(step.step(&mut params, &mut sgd, (Key::new(7),))?, mean);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn key(mut self, name: &str) -> Shards<'w> {
        self.keys.push(name.to_owned());
        self
    }

    /// Says that all shards read the whole of an input of this name. Others have rows, of which each shard has its own; an input of a
    /// single number is shared anyway.
    ///
    /// ```
    /// use autograd::Params;
    /// use parallel::{Alone, World};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], 1.0);
    /// let step = Alone.shards(2).shared("scale").trace(&params, |t| {
    ///     t.outputs((t.input("x", [1, 2]) * t.input("scale", [2]) * w).sum()).with_gradients()
    /// })?;
    /// let (x, scale) = ([[1.0, 2.0], [3.0, 4.0]], [10.0, 1.0]);
    /// assert_eq!(step.step(&mut params, &mut optim::Sgd::new(0.5)?, (x, scale))?, (12.0 + 34.0) / 2.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shared(mut self, name: &str) -> Shards<'w> {
        self.shared.push(name.to_owned());
        self
    }

    /// Lets each rank update the slice of the parameters that it finishes, and gather the others' results: a rank's optimiser
    /// remembers 1/N of what it would, and the bits are the same. This is stage 1 of ZeRO (Rajbhandari et al., *ZeRO: Memory
    /// optimizations toward training trillion parameter models*, 2020).
    ///
    /// The optimiser updates each number by itself: one by a formula, such as `Adam`, also in a `Pipeline`. Clipping by a norm gathers the gradient as well, and so sends 3(N − 1)/N slabs
    /// instead of 2(N − 1)/N. A training has one [`ShardedStep`](crate::ShardedStep) then. What it remembers is read by [`ShardedStep::optimizer_state`](crate::ShardedStep::optimizer_state).
    #[must_use]
    pub fn owners_update(mut self) -> Shards<'w> {
        self.owners = true;
        self
    }

    /// Adds up each rank's shards one after the other, and then by [`World::sum`], in whatever order is fast there. **Another number
    /// of ranks gives other bits**; ranks of one run have the same.
    ///
    /// The sum begins when the backward pass has ended; it does not overlap with it.
    #[must_use]
    pub fn fast(mut self) -> Shards<'w> {
        self.order = Order::Fast;
        self
    }

    /// With so many threads for each rank, instead of [those of the world](World::threads). No bit depends on it.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Shards<'w> {
        self.threads = threads;
        self
    }

    /// Which part of a batch this rank has.
    pub fn part(&self) -> Part {
        Part { shards: part(self.count, self.world.rank(), self.world.size()), count: self.count }
    }
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
    fn local_rank(&self) -> usize {
        (**self).local_rank()
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
