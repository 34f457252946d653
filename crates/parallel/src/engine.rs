//! The memory of a step, and how it is made.

use crate::header::{Call, Fault, Header};
use crate::inputs::Cut;
use crate::slice::Slice;
use crate::sums::{Held, Sums, Term, add};
use crate::{Error, Shards, World, print};
use autograd::loops::{Slices, Workers, bound};
use autograd::{
    Buffer, Gradients, Optimizer, OptimizerState, Params, Program, ProgramError, State, StepError,
};
use bytemuck::{cast_slice, cast_slice_mut};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

/// What a rank adds to a step, and a hash of what was written that has no mean.
pub(crate) type Own<'a, T> = Result<(Held<'a, T>, u64), Fault>;

/// The memory of a step whose parameters are of type `T`.
///
/// **What is added is the slab of the gradients, the outputs, and what was written to buffers of type `T`, one after the other.**
#[derive(Debug)]
pub(crate) struct Engine<T> {
    pub(crate) steps: u64,
    state: State,
    pub(crate) sums: Sums<T>,
    /// How many numbers the slab has, and how many outputs there are.
    elements: usize,
    outputs: usize,
    /// The buffers of which the mean is taken, and where.
    pub(crate) buffers: Vec<(Buffer, Range<usize>)>,
    /// The gradients of a step, in the form that an optimiser takes.
    pub(crate) total: Option<Gradients>,
    /// The version of the parameters after the last step.
    version: Option<u64>,
    slice: Option<Slice>,
    /// Why no step can be made any more.
    broken: Option<Error>,
}

impl<T: Term> Engine<T> {
    pub(crate) fn new(shards: &Shards<'_>, program: &Program, state: State, params: &Params) -> Engine<T> {
        let (elements, outputs) = (params.elements(), program.outputs().count());
        let (mut buffers, mut length) = (vec![], elements + outputs);
        for (buffer, _) in program.written().filter(|(buffer, _)| params.buffer_dtype(*buffer) == T::DTYPE) {
            let next = length + params.buffer_shape(buffer).elements();
            buffers.push((buffer, length..next));
            length = next;
        }
        let sums = Sums::new(length, shards.count, shards.order, shards.world);
        let (total, version, slice, broken) = (None, None, None, None);
        Engine { steps: 0, state, sums, elements, outputs, buffers, total, version, slice, broken }
    }

    pub(crate) fn slice(&self, shards: &Shards<'_>) -> Range<usize> {
        self.slices(shards.world).swap_remove(shards.world.rank())
    }

    pub(crate) fn numbers(&self) -> usize {
        self.sums.mean.len()
    }

    /// Makes a step of what `own` gives for this rank; gives the means of the outputs.
    pub(crate) fn step<'a>(
        &mut self,
        shards: &Shards<'_>,
        program: &Program,
        print: u64,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        own: impl FnOnce(&mut Engine<T>, &Params) -> Own<'a, T>,
    ) -> Result<Vec<f64>, Error> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let world = shards.world;
        let mut own = own(self, params).and_then(|(own, written)| {
            if let Held::Here(own) = &own {
                self.check_finite(params, program, own)?;
            }
            Ok((own, written))
        });
        if shards.owners && optimizer.slices() == Slices::Refused {
            own = Err(Fault::Refused(
                "this optimiser, or a stage before it, needs whole tensors: it cannot update a slice"
                    .to_owned(),
            ));
        }
        let (own, written, fault) = match own {
            Ok((own, written)) => (own, written, None),
            Err(fault) => (Held::Here(vec![]), 0, Some(fault)),
        };
        let header = self.header(Call::Step, print, params, optimizer);
        Header { state: written, ..header }.agree(world, fault)?;
        let steps = self.steps;
        let in_step = |error| Error::in_step(error, steps);
        self.sums.finish(world, own).map_err(in_step)?;
        if shards.owners {
            self.owners(shards, header, params, optimizer)?;
        } else {
            if !self.sums.is_whole(world) {
                self.sums.gather(world).map_err(in_step)?;
            }
            self.fill_total();
            let total = self.total.as_ref().expect("it was filled");
            optimizer
                .step(params, total)
                .map_err(|error| Error::Optimizer { step: steps, error: Box::new(error) })?;
        }
        self.version = Some(params.version());
        self.steps += 1;
        Ok(self.sums.mean[self.elements..][..self.outputs].iter().map(|x| x.to_f64()).collect())
    }

    /// Runs this rank's shards and adds what they give.
    pub(crate) fn own(
        &mut self,
        shards: &Shards<'_>,
        program: &Program,
        params: &Params,
        inputs: Result<Cut<'_>, ProgramError>,
    ) -> Own<'static, T> {
        let inputs = inputs.map_err(|error| Fault::Refused(error.to_string()))?;
        let Engine { state, sums, elements, outputs, buffers, total, .. } = self;
        let mut written = None;
        let first = shards.part().shards().start;
        let own = sums.own(|shard, sum, anew| {
            let run = inputs.with(shard, |list| program.run(state, params, list));
            let run = run.map_err(|error| Fault::Refused(error.to_string()))?;
            let grads = run.grads();
            let mut give = |range: Range<usize>, values: &[T]| match anew {
                true => sum[range].copy_from_slice(values),
                false => add(&mut sum[range], values),
            };
            give(0..*elements, grads.slab_of());
            for i in 0..*outputs {
                give(*elements + i..*elements + i + 1, &[T::from_f64(run.item(i))]);
            }
            let mut hash = DefaultHasher::new();
            let total = total.get_or_insert_with(|| grads.clone());
            for (buffer, values) in grads.writes() {
                match buffers.iter().find(|(known, _)| *known == buffer) {
                    Some((_, range)) => give(range.clone(), T::slice(values)),
                    None => {
                        print::of_data(values, &mut hash);
                        if shard == first {
                            total.write(buffer, values);
                        }
                    }
                }
            }
            alike::<T>(&mut written, hash.finish(), shard, first)
        })?;
        Ok((Held::Here(own.into_iter().map(Cow::Owned).collect()), written.unwrap_or(0)))
    }

    /// Refuses sums that are not finite.
    fn check_finite(&self, params: &Params, program: &Program, own: &[Cow<'_, [T]>]) -> Result<(), Fault> {
        let bad = own.iter().find(|sum| !bound(sum, &Workers::default()).is_finite());
        match bad.and_then(|sum| sum.iter().enumerate().find(|(_, x)| !x.is_finite())) {
            Some((element, value)) => Err(self.named(params, program, element, value.to_f64())),
            None => Ok(()),
        }
    }

    /// The fault of a number that is not finite.
    #[cold]
    fn named(&self, params: &Params, program: &Program, element: usize, value: f64) -> Fault {
        let (what, start) = if element < self.elements {
            let p = params.iter().find(|&p| params.range(p).contains(&element)).expect("it is a parameter's");
            (params.name(p).to_owned(), params.range(p).start)
        } else if let Some((buffer, range)) = self.buffers.iter().find(|(_, range)| range.contains(&element))
        {
            (params.buffer_name(*buffer).to_owned(), range.start)
        } else {
            let number = element - self.elements;
            let name = program.outputs().nth(number).and_then(|(name, ..)| name);
            (name.map_or_else(|| format!("output {number}"), str::to_owned), element)
        };
        Fault::NonFinite { what, element: element - start, value }
    }

    fn header(
        &self,
        call: Call,
        program: u64,
        params: &Params,
        optimizer: &(impl Optimizer + ?Sized),
    ) -> Header {
        let known = self.version == Some(params.version());
        let parameters = if known { 0 } else { print::of_params(params) };
        let optimizer = print::of_optimizer(optimizer);
        Header { call, step: self.steps, program, optimizer, parameters, state: 0 }
    }

    /// Writes the means to the gradients that an optimiser takes: all of them, if they have been gathered.
    fn fill_total(&mut self) {
        let total = self.total.as_mut().expect("a shard was run");
        total.slab_of_mut::<T>().copy_from_slice(&self.sums.mean[..self.elements]);
        total.set_loss(self.sums.mean[self.elements].to_f64());
        self.fill_buffers();
    }

    fn fill_buffers(&mut self) {
        let total = self.total.as_mut().expect("a shard was run");
        for (buffer, range) in &self.buffers {
            total.write(*buffer, T::share(&self.sums.mean[range.clone()]));
        }
    }

    /// Each rank updates its slice; then all gather what came out.
    fn owners(
        &mut self,
        shards: &Shards<'_>,
        header: Header,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
    ) -> Result<(), Error> {
        let (world, step) = (shards.world, self.steps);
        let in_step = |error| Error::in_step(error, step);
        let here = self.slice(shards);
        let gradient = self.sums.mean[here.clone()].to_vec();
        if optimizer.slices() == Slices::Whole {
            if !self.sums.is_whole(world) {
                self.sums.gather(world).map_err(in_step)?;
            }
            self.fill_total();
        }
        let total = self.total.as_ref().expect("a shard was run");
        if !total.none_is_meant() && total.trained(params).next().is_none() {
            return Err(Error::Optimizer { step, error: Box::new(StepError::NothingTrained) });
        }
        let slice = self.slice.get_or_insert_with(|| Slice::new(params, here.clone()));
        let updated = slice.update(params, total, &gradient, optimizer);
        let fault = updated.err().map(|error| Fault::Refused(error.to_string()));
        let gathered =
            Header { call: Call::Update, parameters: 0, ..header }.agree(world, fault).and_then(|()| {
                self.sums.mean[here].copy_from_slice(slice.model.slab_of());
                self.sums.gather(world).map_err(in_step)
            });
        if let Err(error) = gathered {
            self.broken = Some(error.clone()); // this optimiser has made the step, and others may have not
            return Err(error);
        }
        self.fill_buffers();
        params.slab_mut::<T>().copy_from_slice(&self.sums.mean[..self.elements]);
        params.write_back(self.total.as_ref().expect("a shard was run"));
        Ok(())
    }

    /// What the optimisers of all slices remember, put together.
    pub(crate) fn state(
        &mut self,
        shards: &Shards<'_>,
        print: u64,
        params: &Params,
        optimizer: &(impl Optimizer + ?Sized),
    ) -> Result<OptimizerState, Error> {
        let world = shards.world;
        let here = self.slice(shards);
        let slice = self.slice.get_or_insert_with(|| Slice::new(params, here));
        let state = optimizer.state(&slice.model);
        let slices = self.slices(world);
        let lengths =
            slices.iter().map(|here| Slice::length(params, &state, here)).collect::<Result<Vec<_>, _>>();
        let mine = lengths.and_then(|lengths| Ok((lengths, Slice::numbers::<T>(&state)?)));
        let (mine, fault) = match mine {
            Ok(mine) => (mine, None),
            Err(error) => (Default::default(), Some(Fault::Refused(error.to_string()))),
        };
        self.header(Call::State, print, params, optimizer).agree(world, fault)?;
        let (lengths, mine) = mine;
        let from: Vec<usize> = lengths.iter().map(|length| length * size_of::<T>()).collect();
        let mut all = vec![T::default(); lengths.iter().sum()];
        let gathered = world.gather(cast_slice(&mine), cast_slice_mut(&mut all), &from);
        gathered.map_err(|error| Error::in_step(error, self.steps))?;
        Ok(Slice::joined(params, state, &slices, &all)?)
    }

    pub(crate) fn set_state(
        &mut self,
        shards: &Shards<'_>,
        print: u64,
        params: &Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        state: &OptimizerState,
    ) -> Result<(), Error> {
        let here = self.slice(shards);
        let slice = Slice::new(params, here);
        let set = slice.cut(params, state).and_then(|state| optimizer.set_state(&slice.model, &state));
        let fault = set.err().map(|error| Fault::Refused(error.to_string()));
        if fault.is_none() {
            self.slice = Some(slice);
        }
        self.header(Call::Restore, print, params, optimizer).agree(shards.world, fault)
    }

    /// The slice of the slab that each rank has.
    fn slices(&self, world: &dyn World) -> Vec<Range<usize>> {
        let ranks = (0..world.size()).map(|rank| self.sums.slice(rank, world.size()));
        ranks.map(|here| here.start.min(self.elements)..here.end.min(self.elements)).collect()
    }
}

/// Refuses a shard that wrote something else than the first one to a buffer of which no mean is taken.
pub(crate) fn alike<T: Term>(
    written: &mut Option<u64>,
    hash: u64,
    shard: usize,
    first: usize,
) -> Result<(), Fault> {
    match *written.get_or_insert(hash) == hash {
        true => Ok(()),
        false => Err(Fault::Refused(format!(
            "shard {shard} writes other values than shard {first} to a buffer that has no mean: its type is not {}",
            T::DTYPE
        ))),
    }
}
