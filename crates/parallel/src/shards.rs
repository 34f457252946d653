//! A training that is cut into shards.

use crate::inputs::Role;
use crate::sums::Order;
use crate::tree::part;
use crate::{Error, ShardedStep, World};
use autograd::{Mistake, Outputs, Params, Program, Tape};
use std::fmt;
use std::ops::Range;

/// How a step is cut: into so many shards, which are part of what is trained, whatever the number of ranks.
///
/// Each shard is a part of the batch with a gradient of its own, and the gradient of the step is their mean. Made by
/// [`World::shards`]; [`ShardedStep`] has an example.
#[derive(Clone)]
pub struct Shards<'w> {
    pub(crate) world: &'w dyn World,
    pub(crate) count: usize,
    pub(crate) order: Order,
    pub(crate) owners: bool,
    threads: usize,
    keys: Vec<String>,
    shared: Vec<String>,
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
    #[must_use]
    pub fn shared(mut self, name: &str) -> Shards<'w> {
        self.shared.push(name.to_owned());
        self
    }

    /// Lets each rank update the slice of the parameters that it finishes, and gather the others' results: a rank's optimiser
    /// remembers 1/N of what it would, and the bits are the same. This is stage 1 of ZeRO (Rajbhandari et al., *ZeRO: Memory
    /// optimizations toward training trillion parameter models*, 2020).
    ///
    /// The optimiser updates each number by itself: one by a formula, such as [`Adam`](../optim/type.Adam.html), also in a
    /// [`Pipeline`](../optim/struct.Pipeline.html). Clipping by a norm gathers the gradient as well, and so sends 3(N − 1)/N slabs
    /// instead of 2(N − 1)/N. What it remembers is read by [`ShardedStep::optimizer_state`].
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

    /// Traces what one shard computes, and plans it: as [`Program::trace`], with the shapes of one shard. The outputs are
    /// single numbers, first the loss; a step gives their means.
    ///
    /// # Errors
    /// If there are more ranks than shards, and as [`Program::trace`].
    ///
    /// # Panics
    /// As [`Program::trace`]; without [gradients](Outputs::with_gradients); if an output is no single number of a floating-point
    /// type; if [`key`](Shards::key) or [`shared`](Shards::shared) name no input, or one that is no key.
    #[track_caller]
    pub fn trace(
        &self,
        params: &Params,
        f: impl for<'t> FnOnce(&'t Tape<'t>) -> Outputs,
    ) -> Result<ShardedStep<'w>, Error> {
        let (ranks, shards) = (self.world.size(), self.count);
        if ranks > shards {
            return Err(Error::TooManyRanks { ranks, shards });
        }
        let program = Program::trace(params, f)?;
        self.check(&program);
        let role = |(name, shape, _): (&str, &autograd::Shape, autograd::DType)| match () {
            () if self.keys.iter().any(|key| key == name) => Role::Key,
            () if shape.is_empty() || self.shared.iter().any(|shared| shared == name) => Role::Shared,
            () => Role::Rows,
        };
        let roles = program.inputs().map(role).collect();
        let state = program.state().with_threads(self.threads);
        Ok(ShardedStep::new(self.clone(), program, roles, state, params))
    }

    /// Refuses a program that is no step.
    #[track_caller]
    fn check(&self, program: &Program) {
        for (i, (_, shape, dtype)) in program.outputs().enumerate() {
            if shape.elements() != 1 || !dtype.is_float() {
                Mistake::new(format!("trace: output {i} of a sharded step is {shape} {dtype}"))
                    .rule("each output is one F32 or F64 number, of which the step gives the mean over the shards")
                    .hint("reduce it by `.mean()`; what a whole batch gives is computed by a program of its own")
                    .raise();
            }
        }
        if !program.gives_gradients() {
            Mistake::new("trace: the program gives no gradients")
                .rule("a step needs them")
                .hint("end the trace with `t.outputs(loss).with_gradients()`")
                .raise();
        }
        for name in self.keys.iter().chain(&self.shared) {
            let found = program.inputs().find(|(known, ..)| known == name);
            let is_key =
                found.is_some_and(|(_, shape, dtype)| shape[..] == [2] && dtype == autograd::DType::I64);
            if found.is_none() || (self.keys.contains(name) && !is_key) {
                let all: Vec<String> = program.inputs().map(|(name, ..)| format!("`{name}`")).collect();
                Mistake::new(format!("trace: no input `{name}` of this kind"))
                    .line("inputs", all.join(", "))
                    .rule("`key` and `shared` name inputs; a key is made by `t.input_key(…)`")
                    .raise();
            }
        }
    }
}

/// Which part of a batch a rank has: the rows of its shards.
///
/// ```
/// use parallel::{Threads, World};
/// let rows = Threads::run(3, |world| world.shards(8).part().rows(16));
/// assert_eq!(rows, [0..4, 4..10, 10..16]); // two shards, three and three
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    shards: Range<usize>,
    count: usize,
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
