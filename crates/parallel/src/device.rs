//! A step whose shards run on the rank's GPU.

use crate::engine::{Engine, alike};
use crate::header::{Call, Fault, Header};
use crate::inputs::Cut;
use crate::step::with;
use crate::sums::{Fill, Held, Term};
use crate::tree::{Act, Order};
use crate::{Error, ShardedStep, Shards, WorldError, print};
use autograd::planned::DataRef;
use autograd::{Data, Inputs, Mistake, Optimizer, Params, Program, ProgramError};
use cuda::machine::{Place, Shards as Device, Staged, Together};
use cuda::{ByFormula, Moved};
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::ops::Deref;
use std::rc::Rc;

/// A [`ShardedStep`] whose shards run on the GPU of their rank: made by [`ShardedStep::on`]. All else is that of the step.
///
/// The GPU adds up what the shards of its rank give, by the nodes of the same tree. The sums come to the host, into memory that is not
/// paged, and go the way of all sums from there. So **with [`exact`](cuda::Cuda::exact) the parameters have the bits of a training on
/// processors, for any number of ranks**; otherwise their bits are those of the library's products, and do not depend on the number of
/// ranks as long as the GPUs and the library are alike.
pub struct OnDevice<'s, 'w> {
    step: &'s ShardedStep<'w>,
    device: Rc<Device<'s>>,
    /// The sums, as the host has them.
    staged: RefCell<Vec<Box<dyn Staged>>>,
    /// The GPUs of all ranks, where they add up among themselves.
    group: Option<Box<dyn Together>>,
}

impl fmt::Debug for OnDevice<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDevice").field("step", &self.step).finish_non_exhaustive()
    }
}

impl<'w> Deref for OnDevice<'_, 'w> {
    type Target = ShardedStep<'w>;
    fn deref(&self) -> &ShardedStep<'w> {
        self.step
    }
}

impl<'w> ShardedStep<'w> {
    /// Brings the program to the GPU of this rank, where its shards run from now on. All ranks call it.
    ///
    /// It takes what a rank found when it looked for its GPU, so that all ranks are told if one has none: the GPU of
    /// [`Cuda::nth`](cuda::Cuda::nth), by the [number of the rank on its machine](crate::World::local_rank), or one that ranks
    /// share, by [`Cuda::shared`](cuda::Cuda::shared).
    ///
    /// ```
    /// use autograd::Params;
    /// use cuda::Cuda;
    /// use parallel::{Error, Threads, World};
    /// let results = Threads::run(2, |world| {
    ///     let mut params = Params::f32();
    ///     let w = params.scope("net").param("w", [], 0.0);
    ///     let shards = world.shards(4);
    ///     let step = shards.trace(&params, |t| t.outputs((t.input("x", [1]) - w).square().sum()).with_gradients())?;
    ///     let step = step.on(Cuda::nth(world.local_rank()).map(Cuda::exact), &params)?; // without this line: on processors
    ///     let mut adam = step.optimizer(optim::Adam::new(0.1).expect("a rate")); //        without this call: updated there
    ///     step.step(&mut params, &mut adam, (&[1.0f32, 2.0, 3.0, 4.0][shards.part().rows(4)],))
    /// });
    /// // On a machine without GPUs both ranks are told so.
    /// assert!(results[0] == results[1] && matches!(results[0], Ok(7.5) | Err(Error::Refused { rank: 0 | 1, .. })));
    /// ```
    ///
    /// # Errors
    /// The same on all ranks: if one has no GPU, or the program does not run there.
    pub fn on(
        &self,
        device: Result<impl Place, cuda::Error>,
        params: &Params,
    ) -> Result<OnDevice<'_, 'w>, Error> {
        let made = device.and_then(|device| {
            let (buffers, depth) = with!(self.engine, engine => (engine.averaged(), engine.depth()));
            let device = Device::new(&device.place()?, self.program(), params, &buffers, depth)?;
            let staged = (0..depth).map(|_| device.stage()).collect::<Result<Vec<_>, _>>()?;
            Ok(OnDevice { step: self, device: Rc::new(device), staged: RefCell::new(staged), group: None })
        });
        self.all(made)
    }

    /// What all ranks have, or the fault of one of them.
    fn all<R>(&self, made: Result<R, cuda::Error>) -> Result<R, Error> {
        let fault = made.as_ref().err().map(refused);
        Header::of(Call::Device, self.steps(), self.print).agree(self.shards.world, fault)?;
        Ok(made.expect("all ranks agree that there is no fault"))
    }
}

fn refused(error: &cuda::Error) -> Fault {
    Fault::Refused(error.to_string())
}

impl<'s> OnDevice<'s, '_> {
    /// As [`ShardedStep::step`], with shards that run on the GPU.
    ///
    /// # Errors
    /// As [`ShardedStep::step`], and if a GPU fails: the same on all ranks.
    pub fn step(
        &self,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<f64, Error> {
        self.step_outputs(params, optimizer, inputs).map(|means| means[0])
    }

    /// As [`ShardedStep::step_outputs`], with shards that run on the GPU.
    ///
    /// # Errors
    /// As [`step`](OnDevice::step).
    pub fn step_outputs(
        &self,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<Vec<f64>, Error> {
        let (shards, program, print) = (&self.step.shards, self.step.program(), self.step.print);
        let cut = self.step.cut(params, &inputs);
        let mut staged = self.staged.borrow_mut();
        let (device, group) = (&*self.device, self.group.as_deref());
        with!(self.step.engine, engine => engine.step(shards, program, print, params, optimizer, |engine, params| {
            let (height, written) = engine.run_on(device, shards, program, params, cut)?;
            let held = match group {
                Some(group) => Held::There(added_by(device, group, &mut staged)),
                None => {
                    let sums = device.sums(&mut staged[..height]).map_err(|error| refused(&error))?;
                    Held::Here(sums.into_iter().map(Cow::Borrowed).collect())
                }
            };
            Ok((held, written))
        }))
    }

    /// Lets the GPUs of all ranks add up among themselves, by NCCL, in place of the host: each rank has a GPU of its own, and all call
    /// this. **NCCL adds in an order that depends on the number of ranks and on how they are connected**: another number gives other
    /// bits, and NVIDIA does not promise the same from run to run. All ranks of a run have the same.
    ///
    /// What is not finite is found once it has been added up, and is no fault of one rank then, but what the optimiser refuses on all.
    /// A rank that dies within a sum is waited for without a limit.
    ///
    /// # Errors
    /// The same on all ranks: if one has no NCCL, or cannot join the others.
    ///
    /// # Panics
    /// If the step is not [`fast`](Shards::fast): the order of its sums is part of what is trained then.
    #[track_caller]
    pub fn by_nccl(mut self) -> Result<Self, Error> {
        let Shards { world, order, .. } = self.step.shards;
        if order != Order::Fast {
            Mistake::new("by_nccl: the sums of this step have an order")
                .rule("NCCL adds in an order of its own")
                .hint("cut the step by `world.shards(8).fast()`, or leave `by_nccl()` out")
                .raise();
        }
        let machine = self.device.machine();
        let first = if world.rank() == 0 { machine.identity() } else { machine.joins().map(|()| [0; 128]) };
        let mut id = self.step.all(first)?;
        world.broadcast(0, &mut id).map_err(|error| Error::in_step(error, self.steps()))?;
        self.group = Some(self.step.all(machine.join(&id, world.rank(), world.size()))?);
        Ok(self)
    }

    /// Moves an optimiser by a formula to the GPU: what it remembers lies there, and it updates there, to the same bits. It may stand
    /// at the end of a `Pipeline`, whose stages are the processor's. With [owners that
    /// update](Shards::owners_update) optimisers stay on the processor, where each remembers its slice.
    pub fn optimizer<O: ByFormula>(&self, optimizer: O) -> Moved<'s, O> {
        Moved::new(optimizer, Rc::clone(&self.device))
    }
}

/// Adds the sums of all ranks up on their GPUs, and takes what comes out.
fn added_by<'a, T: Term>(
    device: &'a Device<'_>,
    group: &'a dyn Together,
    staged: &'a mut [Box<dyn Staged>],
) -> Fill<'a, T> {
    Box::new(move |to| {
        let added = device.add_all(group).and_then(|()| device.sums::<T>(staged));
        let system =
            |error: cuda::Error| WorldError::System { call: "a sum over GPUs", reason: error.to_string() };
        to.copy_from_slice(added.map_err(system)?[0]);
        Ok(())
    })
}

impl<T: Term> Engine<T> {
    /// The buffers of which the mean is taken.
    fn averaged(&self) -> Vec<autograd::Buffer> {
        self.buffers.iter().map(|(buffer, _)| *buffer).collect()
    }

    /// How many sums there are at once while this rank adds up its own.
    fn depth(&self) -> usize {
        let (mut depth, mut most) = (0, 0);
        for act in self.sums.acts() {
            match act {
                Act::Put(_) => depth += 1,
                Act::Plus(_) => {}
                Act::Add => depth -= 1,
            }
            most = most.max(depth);
        }
        most
    }

    /// Runs this rank's shards on its device and adds there what they give; gives the number of sums, and the hash of what was written.
    fn run_on(
        &mut self,
        device: &Device<'_>,
        shards: &Shards<'_>,
        program: &Program,
        params: &Params,
        inputs: Result<Cut<'_>, ProgramError>,
    ) -> Result<(usize, u64), Fault> {
        let inputs = inputs.map_err(|error| Fault::Refused(error.to_string()))?;
        device.begin(params).map_err(|error| refused(&error))?;
        self.total.get_or_insert_with(|| program.zero_gradients().expect("a step has gradients"));
        let first = shards.part().shards().start;
        let (mut height, mut written) = (0, None);
        for act in self.sums.acts().collect::<Vec<_>>() {
            match act {
                Act::Put(shard) | Act::Plus(shard) => {
                    inputs.with(shard, |list| device.run(list)).map_err(|error| refused(&error))?;
                    let hash = self.take_written(device, program, params, shard == first)?;
                    alike::<T>(&mut written, hash, shard, first)?;
                    let is_put = matches!(act, Act::Put(_));
                    height += usize::from(is_put);
                    device.give(height - 1, is_put)
                }
                Act::Add => {
                    height -= 1;
                    device.join(height - 1)
                }
            }
            .map_err(|error| refused(&error))?;
        }
        device.check().map_err(|error| refused(&error))?;
        Ok((height, written.unwrap_or(0)))
    }

    /// A hash of what the last run wrote to buffers that have no mean; what the first shard of a rank writes is kept.
    fn take_written(
        &mut self,
        device: &Device<'_>,
        program: &Program,
        params: &Params,
        keep: bool,
    ) -> Result<u64, Fault> {
        let mut hash = DefaultHasher::new();
        for (buffer, output) in
            program.written().filter(|(buffer, _)| params.buffer_dtype(*buffer) != T::DTYPE)
        {
            let data = device.result(output).map_err(|error| refused(&error))?;
            let values = match &data {
                Data::F32(x) => DataRef::F32(x),
                Data::F64(x) => DataRef::F64(x),
                Data::I64(x) => DataRef::I64(x),
                Data::Bool(x) => DataRef::Bool(x),
            };
            print::of_data(values, &mut hash);
            if keep {
                self.total.as_mut().expect("it was made").write(buffer, values);
            }
        }
        Ok(hash.finish())
    }
}
