//! Ranks with a GPU each, or with a share of one: their bits against those of the CPU, and the time of a step.

use cuda::Cuda;
use parallel::{Alone, Error, OnDevice, ShardedStep, Shards, Threads, World};
use std::time::Instant;
use wengert::nn::{Activation, Mlp, loss};
use wengert::optim::{Adam, Pipeline};
use wengert::prelude::*;

const SHARDS: usize = 8;
const ROWS: usize = 32;

fn model(width: usize) -> (Params, Mlp) {
    let mut params = Params::f32().with_seed(3);
    let net = Mlp::new(&mut params.scope("net"), &[64, width, width, 1], Activation::Tanh);
    (params, net)
}

fn traced<'w>(shards: &Shards<'w>, params: &Params, net: &Mlp) -> Result<ShardedStep<'w>, Error> {
    shards.trace(params, |t| {
        let (x, y) = (t.input("x", [ROWS, 64]), t.input("y", [ROWS, 1]));
        t.outputs(loss::mse(net.forward(x), y)).with_gradients()
    })
}

/// This rank's rows of the batch of a number.
fn batch(step: &ShardedStep<'_>, number: usize) -> (Vec<f32>, Vec<f32>) {
    let rows = step.part().rows(SHARDS * ROWS);
    let value = |i: usize| ((i + 977 * number) as f64 * 0.618_034).fract() as f32 - 0.5;
    let x = (64 * rows.start..64 * rows.end).map(value).collect();
    (x, rows.map(|row| value(3 * row)).collect())
}

fn clipped(optimizer: impl Optimizer) -> Pipeline<impl Optimizer> {
    Pipeline::new(optimizer).clip_norm(0.5).expect("a limit")
}

fn adam() -> Adam {
    Adam::new(0.01).expect("a rate")
}

/// The bits after so many steps on the CPU.
fn here(steps: usize) -> Result<Vec<u32>, Error> {
    let (mut params, net) = model(128);
    let step = traced(&Alone.shards(SHARDS), &params, &net)?;
    let mut optimizer = clipped(adam());
    for number in 0..steps {
        let (x, y) = batch(&step, number);
        step.step(&mut params, &mut optimizer, (&x, &y))?;
    }
    Ok(params.slab_of::<f32>().iter().map(|x| x.to_bits()).collect())
}

fn steps(step: &OnDevice<'_, '_>, params: &mut Params, count: usize, moved: bool) -> Result<(), Error> {
    fn all(
        step: &OnDevice<'_, '_>,
        params: &mut Params,
        count: usize,
        mut optimizer: impl Optimizer,
    ) -> Result<(), Error> {
        for number in 0..count {
            let (x, y) = batch(step, number);
            step.step(params, &mut optimizer, (&x, &y))?;
        }
        Ok(())
    }
    if moved {
        all(step, params, count, clipped(step.optimizer(adam())))
    } else {
        all(step, params, count, clipped(adam()))
    }
}

/// Compares the bits of 1, 2 and 4 ranks with those of the CPU. Fails if one differs.
pub(super) fn bits() -> Result<bool, Error> {
    let (expected, mut right) = (here(10)?, true);
    for ranks in [1, 2, 4] {
        for moved in [false, true] {
            let found = Threads::run(ranks, |world| {
                let (mut params, net) = model(128);
                let step = traced(&world.shards(SHARDS), &params, &net)?;
                let step = step.on(Cuda::shared(world.local_rank()).map(Cuda::exact), &params)?;
                steps(&step, &mut params, 10, moved)?;
                Ok::<Vec<u32>, Error>(params.slab_of::<f32>().iter().map(|x| x.to_bits()).collect())
            });
            let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
            let wrong =
                found.iter().flat_map(|bits| bits.iter().zip(&expected)).filter(|(a, b)| a != b).count();
            right &= wrong == 0;
            let place = if moved { "on the GPU" } else { "on the CPU" };
            println!("{ranks} ranks, updated {place}: {wrong} of {}", ranks * expected.len());
        }
    }
    Ok(right)
}

/// Prints the time of a step with a GPU for each rank.
pub(super) fn times(gpus: usize) -> Result<(), Error> {
    const STEPS: usize = 50;
    println!("| ranks | updated | sums | ms a step |\n|---|---|---|---|");
    for ranks in (0..).map(|i| 1 << i).take_while(|&n| n <= gpus.min(SHARDS)) {
        for (moved, nccl) in [(false, false), (true, false), (true, true)] {
            let took = Threads::run(ranks, |world| {
                let (mut params, net) = model(1024);
                let shards = if nccl { world.shards(SHARDS).fast() } else { world.shards(SHARDS) };
                let step = traced(&shards, &params, &net)?;
                let step = step.on(Cuda::nth(world.local_rank()), &params)?;
                let step = if nccl { step.by_nccl()? } else { step };
                steps(&step, &mut params, 3, moved)?;
                let start = Instant::now();
                steps(&step, &mut params, STEPS, moved)?;
                Ok::<f64, Error>(start.elapsed().as_secs_f64() * 1e3 / STEPS as f64)
            });
            let (place, sums) = (if moved { "GPU" } else { "CPU" }, if nccl { "NCCL" } else { "tree" });
            match took.into_iter().collect::<Result<Vec<f64>, _>>() {
                Ok(took) => {
                    let longest = took.into_iter().fold(0.0, f64::max);
                    println!("| {ranks} | {place} | {sums} | {longest:.3} |");
                }
                Err(error) if nccl => println!("| {ranks} | {place} | {sums} | {error} |"),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
