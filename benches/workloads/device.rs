//! The step of a workload on a device, beside that on the CPU.

use super::setup::{Batch, Model, Setup};
use cuda::machine::On;
use cuda::{Cpu, Device, Error, Runner, Train};
use std::time::{Duration, Instant};
use wengert::autograd::AnyTensor;
use wengert::optim::{AdamW, ByFormula, Pipeline};
use wengert::prelude::*;

/// A workload that a device can be asked about.
pub(crate) trait Workload {
    /// How many of the numbers (the loss and all gradients; after steps, all parameters) differ in a bit from the CPU's, and how
    /// many there are.
    fn differing(&self, device: &On) -> Result<[usize; 2], Error>;

    /// The time of a step, of so many that are not waited for.
    fn step(&self, device: &On, count: u32) -> Result<Duration, Error>;

    /// The time of a step of many on a data set, of one batch; none if it is no training on devices.
    fn steps(&self, device: &On, count: u32) -> Result<Option<Duration>, Error>;
}

/// An optimiser that a device may be able to step by.
pub(super) trait Steps: Optimizer {
    /// So many steps on a batch, and how long all but the first took together; nothing if it steps on the CPU alone.
    fn steps(
        &mut self,
        device: &impl Device,
        program: &Program,
        params: &mut Params,
        batch: &[&dyn AnyTensor],
        count: u32,
    ) -> Option<Result<Duration, Error>>;

    /// So many steps on a data set that lives on the device, and how long they took together after others as many.
    fn steps_on_data(
        &mut self,
        device: &On,
        program: &Program,
        params: &mut Params,
        batch: &[&dyn AnyTensor],
        count: u32,
    ) -> Option<Result<Duration, Error>>;
}

fn steps<O: ByFormula>(
    optimizer: &mut O,
    device: &impl Device,
    program: &Program,
    params: &mut Params,
    batch: &[&dyn AnyTensor],
    count: u32,
) -> Result<Duration, Error> {
    let mut training = device.train(program, params, optimizer)?;
    training.step(batch)?;
    training.loss()?;
    let start = Instant::now();
    for _ in 1..count {
        training.step(batch)?;
    }
    training.loss()?;
    let time = start.elapsed();
    training.finish()?;
    Ok(time)
}

fn steps_on_data<O: ByFormula>(
    optimizer: &mut O,
    device: &On,
    program: &Program,
    params: &mut Params,
    batch: &[&dyn AnyTensor],
    count: u32,
) -> Result<Duration, Error> {
    let mut training = device.train(program, params, optimizer)?;
    training.data(batch)?;
    training.steps(count as usize)?;
    training.loss()?;
    let start = Instant::now();
    training.steps(count as usize)?;
    training.loss()?;
    let time = start.elapsed();
    training.finish()?;
    Ok(time)
}

macro_rules! on_devices {
    ($($Optimizer:ty),*) => {$(
        impl Steps for $Optimizer {
            fn steps(
                &mut self,
                device: &impl Device,
                program: &Program,
                params: &mut Params,
                batch: &[&dyn AnyTensor],
                count: u32,
            ) -> Option<Result<Duration, Error>> {
                Some(steps(self, device, program, params, batch, count))
            }

            fn steps_on_data(
                &mut self,
                device: &On,
                program: &Program,
                params: &mut Params,
                batch: &[&dyn AnyTensor],
                count: u32,
            ) -> Option<Result<Duration, Error>> {
                Some(steps_on_data(self, device, program, params, batch, count))
            }
        }
    )*};
}
on_devices!(Sgd, Adam);

/// Its clipping needs the norm of all gradients.
impl Steps for Pipeline<AdamW> {
    fn steps(
        &mut self,
        _: &impl Device,
        _: &Program,
        _: &mut Params,
        _: &[&dyn AnyTensor],
        _: u32,
    ) -> Option<Result<Duration, Error>> {
        None
    }

    fn steps_on_data(
        &mut self,
        _: &On,
        _: &Program,
        _: &mut Params,
        _: &[&dyn AnyTensor],
        _: u32,
    ) -> Option<Result<Duration, Error>> {
        None
    }
}

enum Where<'a> {
    Cpu,
    On(&'a On),
}

/// The bits of numbers.
fn bits(params: &Params) -> Vec<u64> {
    match params.dtype() {
        DType::F32 => params.slab_of::<f32>().iter().map(|x| u64::from(x.to_bits())).collect(),
        _ => params.slab_of::<f64>().iter().map(|x| x.to_bits()).collect(),
    }
}

fn wide(x: f64) -> u64 {
    x.to_bits()
}

impl<M: Model, O: Steps> Setup<M, O> {
    fn traced(&self) -> Program {
        let Setup { model, params, batch, .. } = self;
        let program = Program::trace(params, |tape| {
            tape.outputs(model.loss(tape, batch.declare(tape))).with_gradients()
        });
        program.expect("a plan")
    }

    /// The loss and all gradients, as numbers that have every bit.
    fn gradients(&self, program: &Program, device: &On) -> Result<[Vec<u64>; 2], Error> {
        let (params, batch) = (&self.params, &self.batch);
        let mut running = device.load(program, params)?;
        let mut state = program.state();
        batch.give(|inputs| {
            running.run(inputs)?;
            let run = program.run(&mut state, params, inputs)?;
            let mut all = [vec![wide(run.item(0))], vec![]];
            if params.dtype() == DType::F32 {
                all[0].extend(run.grads().slab_of::<f32>().iter().map(|&x| wide(x.into())));
                all[1].extend(
                    running.output::<f32>(0)?.iter().chain(&running.gradients()?).map(|&x| wide(x.into())),
                );
            } else {
                all[0].extend(run.grads().slab_of::<f64>().iter().map(|&x| wide(x)));
                all[1]
                    .extend(running.output::<f64>(0)?.iter().chain(&running.gradients()?).map(|&x| wide(x)));
            }
            Ok(all)
        })
    }
}

impl<M: Model, O: Steps> Workload for fn() -> Setup<M, O> {
    fn differing(&self, device: &On) -> Result<[usize; 2], Error> {
        let setup = self();
        let program = setup.traced();
        let [a, b] = setup.gradients(&program, device)?;
        let mut pairs: Vec<(u64, u64)> = a.into_iter().zip(b).collect();
        let trained = |device: &Where<'_>| {
            // It belongs to the parameters of its own model.
            let mut setup = self();
            let program = setup.traced();
            let Setup { params, batch, optimizer, .. } = &mut setup;
            let Some(optimizer) = optimizer else { return Ok(vec![]) };
            let steps = batch.give(|x| match device {
                Where::Cpu => optimizer.steps(&Cpu, &program, params, x, 5),
                Where::On(device) => optimizer.steps(*device, &program, params, x, 5),
            });
            steps.transpose()?;
            Ok::<Vec<u64>, Error>(bits(params))
        };
        let [here, there] = [trained(&Where::Cpu)?, trained(&Where::On(device))?];
        pairs.extend(here.into_iter().zip(there));
        Ok([pairs.iter().filter(|(a, b)| a != b).count(), pairs.len()])
    }

    fn step(&self, device: &On, count: u32) -> Result<Duration, Error> {
        let mut setup = self();
        let program = setup.traced();
        let Setup { params, batch, optimizer, .. } = &mut setup;
        let trained =
            optimizer.as_mut().and_then(|o| batch.give(|x| o.steps(device, &program, params, x, count + 1)));
        if let Some(time) = trained {
            return Ok(time? / count);
        }
        let mut running = device.load(&program, params)?;
        batch.give(|inputs| {
            running.run(inputs)?;
            running.wait()?;
            let start = Instant::now();
            for _ in 0..count {
                running.run(inputs)?;
            }
            running.wait()?;
            Ok(start.elapsed() / count)
        })
    }

    fn steps(&self, device: &On, count: u32) -> Result<Option<Duration>, Error> {
        let mut setup = self();
        let program = setup.traced();
        let Setup { params, batch, optimizer, .. } = &mut setup;
        let Some(optimizer) = optimizer else { return Ok(None) };
        let time = batch.give(|x| optimizer.steps_on_data(device, &program, params, x, count)).transpose()?;
        Ok(time.map(|time| time / count))
    }
}
