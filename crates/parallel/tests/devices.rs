//! Ranks that have a device each, played by the host, against ranks that are processors: one hash. And what a device that fails does.

mod common;
mod grouped;
#[path = "../../cuda/tests/bits/machine.rs"]
#[allow(dead_code, reason = "each test uses a part")]
mod machine;
#[path = "../../cuda/tests/bits/player.rs"]
#[allow(dead_code, reason = "steps of one kernel are another test's")]
mod player;

use autograd::ndarray::s;
use autograd::{DType, Optimizer, OptimizerState, Params};
use common::{Change, ROWS, STEPS, Trained, batch, by_hand, key, model, schedule, traced};
use cuda::machine::{Machine, On};
use cuda::{Cuda, Numerics};
use grouped::{Board, Grouped};
use machine::Host;
use optim::{Adam, Average, Pipeline};
use parallel::{Alone, Error, OnDevice, ShardedStep, Threads, World};
use std::rc::Rc;
use std::sync::Arc;

fn on(host: &Host) -> Result<On, cuda::Error> {
    let machine: Rc<dyn Machine> = Rc::new(host.clone());
    Ok(On { machine, numerics: Numerics::Exact, form: None })
}

/// Whether there is a C compiler to play a device with.
fn has_compiler() -> bool {
    let has = std::process::Command::new("cc").arg("--version").output().is_ok();
    if !has {
        println!("skipped: no C compiler `cc`");
    }
    has
}

fn adam() -> Adam {
    Adam::new(0.05).unwrap().group("*.bias", |adam| adam.learning_rate = 0.01).unwrap()
}

/// Where the update is made.
#[derive(Clone, Copy, PartialEq)]
enum Update {
    Here,
    There,
}

fn one_step(
    step: &OnDevice<'_, '_>,
    number: u64,
    params: &mut Params,
    optimizer: &mut impl Optimizer,
) -> Result<Vec<f64>, Error> {
    let ((x, labels), rows) = (batch(number), step.part().rows(ROWS));
    let inputs = (x.slice(s![rows.clone(), ..]), labels.slice(s![rows]), key(number));
    step.step_outputs(params, optimizer, inputs)
}

/// The steps of `common::train`, with shards on a device.
fn steps(
    step: &OnDevice<'_, '_>,
    params: &mut Params,
    mut optimizer: Pipeline<impl Optimizer>,
) -> Result<(Vec<f64>, Average, OptimizerState), Error> {
    let mut average = Average::exponential(0.9).unwrap();
    let mut losses = vec![];
    for number in 0..STEPS {
        optimizer.set_learning_rate(schedule().at(number)).unwrap();
        losses.extend(one_step(step, number, params, &mut optimizer)?);
        average.update(params);
    }
    let state = sorted(step.optimizer_state(params, &optimizer)?);
    Ok((losses, average, state))
}

fn sorted(mut state: OptimizerState) -> OptimizerState {
    state.counters.sort();
    state.tensors.sort_by(|a, b| a.name.cmp(&b.name));
    state
}

/// Trains on the played device of this rank; gives the hash and what the optimiser remembers.
fn train(
    world: &impl World,
    count: usize,
    change: Change,
    update: Update,
) -> Result<(u64, OptimizerState), Error> {
    let (mut params, model) = model();
    let host = Host::default();
    let step = traced(&change(world.shards(count)), &params, &model, count)?;
    let step = step.on(on(&host), &params)?;
    let clipped = |optimizer| Pipeline::new(optimizer).clip_norm(0.5).unwrap();
    let (losses, average, state) = match update {
        Update::Here => steps(&step, &mut params, clipped(adam()))?,
        Update::There => {
            let moved = Pipeline::new(step.optimizer(adam())).clip_norm(0.5).unwrap();
            steps(&step, &mut params, moved)?
        }
    };
    drop(step);
    assert_eq!(host.allocations(), 0, "memory that nobody gave back");
    Ok((Trained { params, average, losses }.hash(), state))
}

#[track_caller]
fn assert_all(ranks: usize, count: usize, change: Change, update: Update, hash: u64) {
    let state = Threads::run(ranks, |world| train(world, count, change, update));
    let first = state[0].as_ref().expect("all ranks train").1.clone();
    assert_eq!(state, vec![Ok((hash, first)); ranks], "{ranks} ranks, {count} shards");
}

#[test]
fn devices_of_any_number_of_ranks_have_the_bits_of_processors() {
    if !has_compiler() {
        return;
    }
    for (count, ranks, update) in [(8, 2, Update::Here), (8, 4, Update::There), (12, 3, Update::There)] {
        assert_all(ranks, count, |s| s, update, by_hand(count, false).hash());
    }
}

#[test]
fn owners_of_slices_have_devices_too() {
    if !has_compiler() {
        return;
    }
    let hash = by_hand(8, false).hash();
    assert_all(2, 8, |s| s.owners_update(), Update::Here, hash);
}

/// A world that adds in another order has other bits: the comparison is no matter of course.
#[test]
fn the_fast_order_is_told_apart() {
    if !has_compiler() {
        return;
    }
    let (hash, _) = train(&Alone, 8, |s| s.fast(), Update::Here).unwrap();
    assert_eq!(hash, by_hand(8, true).hash());
    assert_ne!(hash, by_hand(8, false).hash());
}

/// Trains on devices that add up among themselves; the last rank may lack the library.
fn grouped(ranks: usize, all_have: bool) -> Vec<Result<u64, Error>> {
    let board = Board::new(ranks);
    Threads::run(ranks, |world| {
        let (mut params, model) = model();
        let step = traced(&world.shards(8).fast(), &params, &model, 8)?;
        let has = all_have || world.rank() + 1 < ranks;
        let machine = Grouped { host: Host::default(), board: Arc::clone(&board), has };
        let on = On { machine: Rc::new(machine), numerics: Numerics::Exact, form: None };
        let step = step.on(Ok(on), &params)?.by_nccl()?;
        let clipped = Pipeline::new(step.optimizer(adam())).clip_norm(0.5).unwrap();
        let (losses, average, _) = steps(&step, &mut params, clipped)?;
        Ok(Trained { params, average, losses }.hash())
    })
}

#[test]
fn devices_add_up_among_themselves() {
    if !has_compiler() {
        return;
    }
    // The played group adds in the order of the ranks, as the fast sum of processors does.
    let of = |ranks| Threads::run(ranks, |world| common::train(world, 8, |s| s.fast()).map(|t| t.hash()));
    for ranks in [1, 3] {
        assert_eq!(grouped(ranks, true), of(ranks));
    }
}

#[test]
fn a_rank_without_the_library_is_told_to_all() {
    assert_told(&grouped(2, false), "NCCL was not found: this one was left out");
}

#[test]
#[should_panic(expected = "the sums of this step have an order")]
fn an_order_is_not_given_up_by_the_way() {
    let (params, model) = model();
    let step = traced(&Alone.shards(8), &params, &model, 8).unwrap();
    let _ = step.on(on(&Host::default()), &params).unwrap().by_nccl();
}

/// What an optimiser remembers there is what one remembers here.
#[test]
fn a_moved_optimiser_remembers_the_same() {
    if !has_compiler() {
        return;
    }
    let there = train(&Alone, 8, |s| s, Update::There).unwrap();
    assert_eq!(there.0, by_hand(8, false).hash());
    assert_eq!(there, train(&Alone, 8, |s| s, Update::Here).unwrap());
}

/// The errors of all ranks, of which rank 1 is the one at fault: alike, and told by name.
#[track_caller]
fn assert_told<R>(errors: &[Result<R, Error>], reason: &str) {
    for error in errors {
        let Err(Error::Refused { rank: 1, reason: found, .. }) = error else {
            panic!("{:?}", error.as_ref().err());
        };
        assert!(found.contains(reason), "{found}");
    }
}

#[test]
fn a_rank_without_a_device_is_told_to_all() {
    let errors = Threads::run(3, |world| {
        let (params, model) = model();
        let step = traced(&world.shards(8), &params, &model, 8)?;
        let host = Host::default();
        let device = match world.local_rank() {
            1 => Err(cuda::Error::NoDevice { number: 1, count: 1 }),
            _ => on(&host),
        };
        step.on(device, &params).map(|_| ())
    });
    assert_told(&errors, "there is no device 1: the driver knows 1");
}

/// The step of each rank, on a host that it may let fail.
fn failing(
    ranks: usize,
    fault: impl Fn(&ShardedStep<'_>, &Host, usize, &mut Params) + Sync,
) -> Vec<Result<Vec<f64>, Error>> {
    Threads::run(ranks, |world| {
        let (mut params, model) = model();
        let step = traced(&world.shards(8), &params, &model, 8)?;
        let host = Host::default();
        let step = step.on(on(&host), &params)?;
        let mut optimizer = Pipeline::new(step.optimizer(adam())).clip_norm(0.5).unwrap();
        one_step(&step, 0, &mut params, &mut optimizer)?;
        fault(&step, &host, world.rank(), &mut params);
        let bits = |params: &Params| params.slab_of::<f32>().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let before = bits(&params);
        let made = one_step(&step, 1, &mut params, &mut optimizer);
        assert_eq!(bits(&params), before, "a step that is refused changes nothing");
        made
    })
}

#[test]
fn a_device_that_fails_is_told_to_all() {
    if !has_compiler() {
        return;
    }
    let errors = failing(2, |_, host, rank, _| {
        if rank == 1 {
            host.fail();
        }
    });
    assert_told(&errors, "a planted failure");
}

#[test]
fn what_is_not_finite_on_a_device_is_named() {
    if !has_compiler() {
        return;
    }
    let errors = failing(2, |_, _, _, params| {
        let p = params.find("net.2.bias").expect("a bias");
        params.get_mut::<f32>(p)[2] = f32::NAN;
    });
    let is_named = |error: &Result<_, Error>| matches!(error, Err(Error::NonFinite { rank: 0, step: 1, what, .. }) if what.starts_with("net."));
    assert!(errors.iter().all(is_named), "{errors:?}");
}

/// Squares of gradients that overflow: the gradients are finite, and what the update would give is not.
#[test]
fn what_the_update_refuses_there_is_what_it_refuses_here() {
    if !has_compiler() {
        return;
    }
    let mut params = Params::f32();
    let w = params.scope("net").param("w", [3], 1.0);
    let step = Alone
        .shards(2)
        .trace(&params, |t| t.outputs((t.param(w) * t.input("x", [1]).sum()).sum()).with_gradients());
    let step = step.unwrap();
    let (host, large, adam) = (Host::default(), [1e25f32, 1e25], || Adam::new(0.05).unwrap());
    let there = step.on(on(&host), &params).unwrap();
    let mut moved = there.optimizer(adam());
    let found = there.step(&mut params, &mut moved, (&large[..],)).unwrap_err();
    let expected = step.step(&mut params, &mut adam(), (&large[..],)).unwrap_err();
    assert_eq!(found.to_string(), expected.to_string());
    assert!(matches!(found, Error::Optimizer { step: 0, .. }), "{found}");
    // And it goes on, as one here does.
    let (mut here, mut other) = (adam(), params.clone());
    for x in [[1.0f32, 2.0], [3.0, -1.0]] {
        there.step(&mut params, &mut moved, (&x[..],)).unwrap();
        step_of(&mut other, &mut here, x);
    }
    assert_eq!(params.slab_of::<f32>(), other.slab_of::<f32>());
}

/// The same step for parameters of its own.
fn step_of(params: &mut Params, optimizer: &mut impl Optimizer, x: [f32; 2]) {
    let w = params.find("net.w").unwrap();
    let step = Alone
        .shards(2)
        .trace(params, |t| t.outputs((t.param(w) * t.input("x", [1]).sum()).sum()).with_gradients());
    step.unwrap().step(params, optimizer, (&x[..],)).unwrap();
}

/// Buffers that have no mean are written alike by all shards, or refused.
#[test]
fn counters_are_written_alike() {
    if !has_compiler() {
        return;
    }
    let run = |differs: bool| {
        let mut params = Params::f32();
        let mut net = params.scope("net");
        let w = net.param("w", [], 1.0);
        let counter = net.buffer_of("counter", 0.0f64);
        let step = Alone.shards(2).trace(&params, |t| {
            let x = t.input("x", [1]).sum();
            let by = if differs { x.cast(DType::F64) } else { t.constant(1.0f64) };
            t.write(counter, t.buffer(counter) + by);
            t.outputs(t.param(w).square() * x).with_gradients()
        });
        let (step, host) = (step.unwrap(), Host::default());
        let step = step.on(on(&host), &params).unwrap();
        for _ in 0..3 {
            step.step(&mut params, &mut optim::Sgd::new(0.1).unwrap(), (&[1.0f32, 2.0],))?;
        }
        Ok::<f64, Error>(params.buffer_values::<f64>(counter)[0])
    };
    assert_eq!(run(false), Ok(3.0));
    assert!(matches!(run(true), Err(Error::Refused { reason, .. }) if reason.contains("no mean")));
}

/// Without a driver, and with fewer devices than ranks, an error says so.
#[test]
fn a_device_that_does_not_exist_is_a_typed_error() {
    let error = Cuda::nth(10_000).expect_err("so many devices");
    assert!(matches!(error, cuda::Error::NoDriver | cuda::Error::NoDevice { number: 10_000, .. }), "{error}");
    if let Err(error) = Cuda::count() {
        assert_eq!(Cuda::shared(3).err(), Some(error), "nothing to share");
    }
}
