//! What goes wrong on one rank is the same error on all of them, and no parameter has changed. Nothing hangs.

mod common;

use autograd::{Optimizer, Params, Tape};
use common::{first, model, optimizer, step, traced};
use parallel::{Departure, Error, ShardedStep, Threads, World};

/// Makes a step on each of 2, 3 and 4 ranks, then lets rank 1 do something, and makes another; gives the second results of each number
/// of ranks. A step that fails changes no parameter.
fn after(
    fault: impl Fn(&mut ShardedStep<'_>, &mut Params, &mut optim::Pipeline<optim::Adam>) + Sync,
    owners: bool,
) -> Vec<Vec<Option<Error>>> {
    let on = |ranks: usize| {
        Threads::run(ranks, |world| {
            let (mut params, model) = model();
            let shards = if owners { world.shards(8).owners_update() } else { world.shards(8) };
            let mut sharded = traced(&shards, &params, &model, 8).unwrap();
            let mut optimizer = optimizer();
            step(&sharded, 0, &mut params, &mut optimizer).unwrap();
            if world.rank() == 1 {
                fault(&mut sharded, &mut params, &mut optimizer);
            }
            let before = params.slab_of::<f32>().to_vec();
            let error = step(&sharded, 1, &mut params, &mut optimizer).err();
            let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert!(error.is_none() || bits(&before) == bits(params.slab_of()));
            error
        })
    };
    (2..=4).map(on).collect()
}

/// All of 2, 3 and 4 ranks have this error.
#[track_caller]
fn assert_all(results: &[Vec<Option<Error>>], expected: impl Fn(&Error) -> bool) {
    for ranks in results {
        let first = ranks[0].as_ref().expect("an error");
        assert!(expected(first), "{first}");
        assert!(ranks.iter().all(|error| error.as_ref() == Some(first)), "{ranks:?}");
    }
}

#[test]
fn nothing_goes_wrong() {
    assert!(after(|_, _, _| {}, false).into_iter().flatten().all(|error| error.is_none()));
}

#[test]
fn another_learning_rate() {
    for owners in [false, true] {
        let results = after(|_, _, optimizer| optimizer.set_learning_rate(0.5).unwrap(), owners);
        assert_all(&results, |e| matches!(e, Error::Diverged { rank: 1, step: 1, what: "optimiser", .. }));
    }
}

#[test]
fn other_parameters() {
    let change = |_: &mut ShardedStep<'_>, params: &mut Params, _: &mut _| {
        let first = first(params);
        params.get_mut::<f32>(first)[0] += 1.0;
    };
    let results = after(change, false);
    assert_all(&results, |e| matches!(e, Error::Diverged { rank: 1, step: 1, what: "parameters", .. }));
}

#[test]
fn a_step_that_begins_anew() {
    let results = after(
        |step, params, _| *step = traced(step.shards(), params, &model_of(params), 8).unwrap(),
        false,
    );
    assert_all(&results, |e| {
        matches!(e, Error::Diverged { rank: 1, step: 1, what: "step", found, expected } if found == "0" && expected == "1")
    });
}

/// The model that these parameters are of: the handles of a clone that is made in the same order are not those of `params`, so layers
/// are found by name.
fn model_of(params: &Params) -> impl Fn(&Tape<'_>, usize) -> autograd::Outputs + use<> {
    let first = first(params);
    move |t: &Tape<'_>, _rows: usize| t.outputs(t.param(first).sum()).with_gradients()
}
