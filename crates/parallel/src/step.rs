//! A step of several shards.

use crate::engine::Engine;
#[cfg(feature = "train")]
use crate::header::{Call, Fault, Header};
use crate::inputs::{Cut, Role};
use crate::{Error, Part, Shards, print};
use autograd::{DType, Inputs, Optimizer, OptimizerState, Params, Program, ProgramError, State};
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// A training step that is cut into S shards, on N ranks. **The parameters that it gives are the same, to the last bit, for any N from
/// 1 to S.**
///
/// Shard s computes its gradient gₛ by the program, from its rows. The gradient of the step is their mean
///
/// > g = (1/S)·Σₛ gₛ,
///
/// added by one binary tree over the shards 0 … S − 1, in which a node of n shards has ⌈n/2⌉ of them on its left. A rank has
/// the shards ⌊rS/N⌋ … ⌊(r + 1)S/N⌋ − 1 and adds the subtrees that it holds whole. The slab of n numbers is cut into N slices; the
/// owner of each gets the ranks' sums of it, finishes the tree, and divides. An all-gather gives everybody the whole, and each rank lets
/// its optimiser make the same step. With N and S powers of two a rank sends 2(N − 1)/N slabs, as a ring all-reduce does; otherwise
/// it may hold several subtrees, and sends up to about twice that.
///
/// The means of what the program writes to [buffers](autograd::Buffer) of the parameters' type are taken in the same way: the running statistics
/// of batch normalisation become r + f·((1/S)·Σₛ r′ₛ − r). Buffers of another type have to be written alike by all shards. Batch
/// normalisation normalises by the numbers of its shard.
///
/// Clipping, schedules and averages of weights see the whole gradient and the same parameters on each rank, and so give the same bits.
///
/// ```
/// use autograd::{Params, ndarray::{Array, s}};
/// use optim::Adam;
/// use parallel::{Error, Threads, World};
/// /// Fits y = 2x with batches of 16 rows on so many ranks; gives the bits of the weight.
/// fn fit(ranks: usize) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
///     let x = Array::linspace(-1.0, 1.0, 16).into_shape_with_order([16, 1])?;
///     let y = x.mapv(|x| 2.0 * x);
///     let weights = Threads::run(ranks, |world| {
///         let mut params = Params::f64();
///         let w = params.scope("net").param("w", [1, 1], 0.5);
///         let shards = world.shards(8);
///         let step = shards.trace(&params, |t| {
///             let (x, y) = (t.input("x", [2, 1]), t.input("y", [2, 1])); // of one shard
///             t.outputs((x.matmul(w) - y).square().mean()).with_gradients()
///         })?;
///         let (mut adam, rows) = (Adam::new(0.1).expect("a rate"), shards.part().rows(16));
///         for _ in 0..10 {
///             step.step(&mut params, &mut adam, (x.slice(s![rows.clone(), ..]), y.slice(s![rows.clone(), ..])))?;
///         }
///         Ok::<u64, Error>(params.get::<f64>(w)[0].to_bits())
///     });
///     let bits = weights[0].clone()?;
///     assert!(weights.iter().all(|w| *w == Ok(bits)));
///     Ok(bits)
/// }
/// assert_eq!(fit(1)?, fit(3)?);
/// assert!((f64::from_bits(fit(2)?) - 1.5).abs() < 0.2);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
///
/// # Faults
/// Before numbers are exchanged, all ranks gather a header: what they call, the number of the step, hashes of the program, of the
/// optimiser's hyper-parameters and of parameters that have changed between steps, and whether something is wrong. So a rank that
/// has left, another program, other parameters at the start and a gradient that is not finite are the same [`Error`] on all ranks, and
/// no parameter has changed on any.
pub struct ShardedStep<'w> {
    pub(crate) shards: Shards<'w>,
    program: Program,
    roles: Vec<Role>,
    pub(crate) print: u64,
    pub(crate) engine: RefCell<Typed>,
}

/// The memory of a step, in the type of the parameters.
pub(crate) enum Typed {
    F32(Engine<f32>),
    F64(Engine<f64>),
}

/// Calls a function with the memory, whatever its type.
macro_rules! with {
    ($typed:expr, $engine:ident => $body:expr) => {
        match &mut *$typed.borrow_mut() {
            $crate::step::Typed::F32($engine) => $body,
            $crate::step::Typed::F64($engine) => $body,
        }
    };
}
#[cfg(feature = "cuda")]
pub(crate) use with;

impl fmt::Debug for ShardedStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardedStep").field("shards", &self.shards).finish_non_exhaustive()
    }
}

impl<'w> ShardedStep<'w> {
    pub(crate) fn new(
        shards: Shards<'w>,
        program: Program,
        roles: Vec<Role>,
        state: State,
        params: &Params,
    ) -> ShardedStep<'w> {
        let print = print::of_program(&program, params, &shards);
        let engine = RefCell::new(match params.dtype() {
            DType::F32 => Typed::F32(Engine::new(&shards, &program, state, params)),
            _ => Typed::F64(Engine::new(&shards, &program, state, params)),
        });
        ShardedStep { shards, program, roles, print, engine }
    }

    /// Makes a step: computes this rank's shards, adds the gradients of all, and lets the optimiser change the parameters; gives
    /// the mean loss, as it was before. The inputs are [this rank's rows](Shards::part).
    ///
    /// # Errors
    /// The same on all ranks: if one is gone, differs, or cannot make its part; if the optimiser refuses. No parameter has changed then.
    /// Where [owners update](Shards::owners_update) and one of them is refused, others have updated what their optimisers remember: each
    /// further step gives the same error again, and a checkpoint is to be gone on from.
    pub fn step(
        &self,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<f64, Error> {
        self.step_outputs(params, optimizer, inputs).map(|means| means[0])
    }

    /// As [`step`](ShardedStep::step), and gives the means of all outputs over the shards.
    ///
    /// # Errors
    /// As [`step`](ShardedStep::step).
    pub fn step_outputs(
        &self,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<Vec<f64>, Error> {
        let (shards, program, cut) = (&self.shards, &self.program, self.cut(params, &inputs));
        with!(self.engine, engine => engine.step(shards, program, self.print, params, optimizer, |engine, params| {
            engine.own(shards, program, params, cut)
        }))
    }

    /// The inputs of this rank's shards.
    pub(crate) fn cut<'a>(&self, params: &Params, inputs: &'a impl Inputs) -> Result<Cut<'a>, ProgramError> {
        self.program.check(params)?;
        Cut::new(&self.program, self.shards.part().shards(), &self.roles, inputs)
    }

    /// What the optimiser remembers, of the whole model: for a checkpoint. All ranks call it, where [owners
    /// update](Shards::owners_update) each with its slice; it is the state that one rank alone would have.
    ///
    /// ```
    /// use autograd::{OptimizerState, Params};
    /// use optim::Adam;
    /// use parallel::{Alone, Error, Shards, Threads, World};
    /// /// Makes some steps, after those that a state is of; gives the weight and the state.
    /// fn steps(world: &impl World, count: u64, from: Option<&(f64, OptimizerState)>) -> Result<(f64, OptimizerState), Error> {
    ///     let mut params = Params::f64();
    ///     let w = params.scope("net").param("w", [], 0.0);
    ///     let shards = world.shards(4).owners_update();
    ///     let step = shards.trace(&params, |t| t.outputs((t.input("x", [1]) - w).square().sum()).with_gradients())?;
    ///     let mut adam = Adam::new(0.1).expect("a rate");
    ///     if let Some((weight, state)) = from {
    ///         params.set(w, *weight);
    ///         step.set_optimizer_state(&params, &mut adam, state)?;
    ///     }
    ///     for _ in 0..count {
    ///         step.step(&mut params, &mut adam, (&[1.0, 2.0, 3.0, 4.0][shards.part().rows(4)],))?;
    ///     }
    ///     Ok((params.get::<f64>(w)[0], step.optimizer_state(&params, &adam)?))
    /// }
    /// let whole = steps(&Alone, 6, None)?;
    /// let begun = Threads::run(3, |world| steps(world, 4, None)); //                  four steps on three ranks
    /// let begun = begun[0].as_ref().unwrap();
    /// let ended = Threads::run(2, |world| steps(world, 2, Some(begun))); //           two more on two
    /// assert_eq!(ended, [Ok(whole.clone()), Ok(whole)]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`step`](ShardedStep::step), and if the state cannot be put together.
    pub fn optimizer_state(
        &self,
        params: &Params,
        optimizer: &(impl Optimizer + ?Sized),
    ) -> Result<OptimizerState, Error> {
        if !self.shards.owners {
            return Ok(optimizer.state(params));
        }
        with!(self.engine, engine => engine.state(&self.shards, self.print, params, optimizer))
    }

    /// Takes over what an optimiser remembered of the whole model, on any number of ranks. All ranks call it.
    ///
    /// # Errors
    /// If it is of another optimiser or model. Then nothing is changed on this rank.
    pub fn set_optimizer_state(
        &self,
        params: &Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        state: &OptimizerState,
    ) -> Result<(), Error> {
        if !self.shards.owners {
            return Ok(optimizer.set_state(params, state)?);
        }
        with!(self.engine, engine => engine.set_state(&self.shards, self.print, params, optimizer, state))
    }

    /// Refuses another number of shards than that which a checkpoint tells: it decides the bits.
    ///
    /// ```
    /// use autograd::Params;
    /// use parallel::{Alone, Error, World};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [], 0.0);
    /// let step = Alone.shards(8).trace(&params, |t| t.outputs(t.param(w).square()).with_gradients())?;
    /// assert_eq!(step.check_shards(12), Err(Error::Shards { found: 12, expected: 8 }));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// If it is another one.
    pub fn check_shards(&self, found: usize) -> Result<(), Error> {
        match self.shards.count {
            expected if expected == found => Ok(()),
            expected => Err(Error::Shards { found, expected }),
        }
    }

    /// How the step is cut.
    pub fn shards(&self) -> &Shards<'w> {
        &self.shards
    }

    /// Which part of a batch this rank has.
    pub fn part(&self) -> Part {
        self.shards.part()
    }

    /// The slice of the slab that this rank finishes, and updates where [owners update](Shards::owners_update).
    pub fn slice(&self) -> Range<usize> {
        with!(self.engine, engine => engine.slice(&self.shards))
    }

    /// How many numbers the ranks add: the gradients, the outputs, and what is written to buffers.
    pub fn numbers(&self) -> usize {
        with!(self.engine, engine => engine.numbers())
    }

    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        with!(self.engine, engine => engine.steps)
    }

    /// What one shard computes.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The bytes of rank 0, or what it refuses, on all ranks.
    #[cfg(feature = "train")]
    pub(crate) fn share_bytes(&self, given: Result<&[u8], String>) -> Result<Vec<u8>, Error> {
        let (world, steps) = (self.shards.world, self.steps());
        let (mut bytes, fault) = match given {
            Ok(bytes) => (bytes.to_vec(), None),
            Err(reason) => (vec![], Some(Fault::Refused(reason))),
        };
        Header::of(Call::Share, steps, self.print).agree(world, fault)?;
        let in_step = |error| Error::in_step(error, steps);
        let mut length = (bytes.len() as u64).to_le_bytes();
        world.broadcast(0, &mut length).map_err(in_step)?;
        bytes.resize(u64::from_le_bytes(length) as usize, 0);
        world.broadcast(0, &mut bytes).map_err(in_step)?;
        Ok(bytes)
    }

    /// Whether one of the ranks says so.
    #[cfg(feature = "train")]
    pub(crate) fn any_says(&self, given: bool) -> Result<bool, Error> {
        let (world, size) = (self.shards.world, self.shards.world.size());
        let mut all = vec![0; size];
        let gathered = world.gather(&[u8::from(given)], &mut all, &vec![1; size]);
        gathered.map_err(|error| Error::in_step(error, self.steps()))?;
        Ok(all.contains(&1))
    }
}
