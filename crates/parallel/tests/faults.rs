//! What goes wrong on one rank is the same error on all of them, and no parameter has changed. Nothing hangs.

mod common;

use autograd::ndarray::s;
use autograd::{DType, Optimizer, Params};
use common::{Change, Model, ROWS, batch, first, key, model, optimizer, step, traced};
use nn::Dropout;
use optim::{Adam, Lamb, Pipeline, Sgd};
use parallel::{Departure, Error, ShardedStep, Threads, World};

/// What a rank holds.
struct Rank<'w> {
    step: ShardedStep<'w>,
    params: Params,
    model: Model,
    optimizer: Pipeline<Adam>,
}

impl<'w> Rank<'w> {
    fn new(world: &'w Threads, change: Change) -> Rank<'w> {
        let (params, model) = model();
        let step = traced(&change(world.shards(8)), &params, &model, 8).unwrap();
        Rank { step, params, model, optimizer: optimizer() }
    }

    fn step(&mut self, number: u64) -> Result<Vec<f64>, Error> {
        let before = bits(&self.params);
        let made = step(&self.step, number, &mut self.params, &mut self.optimizer);
        assert!(made.is_ok() || before == bits(&self.params), "a step that is refused changes nothing");
        made
    }
}

fn bits(params: &Params) -> Vec<u32> {
    let buffers = params.buffers().flat_map(|b| params.buffer_values::<f32>(b).to_vec());
    params.slab_of::<f32>().iter().copied().chain(buffers).map(f32::to_bits).collect()
}

/// The errors of 2, 3 and 4 ranks that are to be alike, whether owners update or not.
#[track_caller]
fn assert_alike(run: impl Fn(&Threads, Change) -> Option<Error> + Sync, expected: impl Fn(&Error) -> bool) {
    for change in [(|s| s) as Change, |s| s.owners_update()] {
        for ranks in 2..=4 {
            // As texts, because NaN is not itself.
            let errors = Threads::run(ranks, |world| run(world, change));
            let first = errors.iter().flatten().next().expect("an error");
            assert!(expected(first), "{first:?}");
            let same = |error: &Option<Error>| format!("{error:?}") == format!("{:?}", Some(first));
            assert!(errors.iter().all(same), "{errors:?}");
        }
    }
}

/// A step, something that rank 1 does, and a step that fails because of it.
#[track_caller]
fn assert_refused(fault: impl Fn(&mut Rank<'_>) + Sync, expected: impl Fn(&Error) -> bool) {
    assert_alike(
        |world, change| {
            let mut rank = Rank::new(world, change);
            rank.step(0).unwrap();
            if world.rank() == 1 {
                fault(&mut rank);
            }
            rank.step(1).err()
        },
        expected,
    );
}

#[test]
fn another_learning_rate() {
    assert_refused(
        |rank| rank.optimizer.set_learning_rate(0.5).unwrap(),
        |e| matches!(e, Error::Diverged { rank: 1, step: 1, what: "optimiser", .. }),
    );
}

#[test]
fn parameters_that_were_changed() {
    assert_refused(
        |rank| rank.params.get_mut::<f32>(first(&rank.params))[0] += 1.0,
        |e| matches!(e, Error::Diverged { rank: 1, step: 1, what: "parameters", .. }),
    );
}

#[test]
fn a_step_that_begins_anew() {
    assert_refused(
        |rank| rank.step = traced(rank.step.shards(), &rank.params, &rank.model, 8).unwrap(),
        |e| matches!(e, Error::Diverged { rank: 1, step: 1, what: "step", found, .. } if found == "0"),
    );
}

#[test]
fn another_program() {
    assert_alike(
        |world, change| {
            let mut rank = Rank::new(world, change);
            if world.rank() == 1 {
                rank.model.dropout = Dropout::new(0.5);
                rank.step = traced(&change(world.shards(8)), &rank.params, &rank.model, 8).unwrap();
            }
            rank.step(0).err()
        },
        |e| matches!(e, Error::Diverged { rank: 1, step: 0, what: "program", .. }),
    );
}

#[test]
fn another_number_of_shards() {
    assert_alike(
        |world, change| {
            let mut rank = Rank::new(world, change);
            if world.rank() == 1 {
                rank.step = traced(&change(world.shards(12)), &rank.params, &rank.model, 12).unwrap();
            }
            rank.step(0).err()
        },
        |e| matches!(e, Error::Diverged { rank: 1, step: 0, what: "program", .. }),
    );
}

#[test]
fn another_way_to_add() {
    assert_alike(
        |world, change| Rank::new(world, if world.rank() == 1 { |s| s.fast() } else { change }).step(0).err(),
        |e| matches!(e, Error::Diverged { rank: 1, step: 0, what: "program", .. }),
    );
}

#[test]
fn another_seed() {
    assert_alike(
        |world, change| {
            let mut rank = Rank::new(world, change);
            if world.rank() == 1 {
                let first = first(&rank.params);
                rank.params.get_mut::<f32>(first)[0] *= -1.0;
            }
            rank.step(0).err()
        },
        |e| matches!(e, Error::Diverged { rank: 1, step: 0, what: "parameters", .. }),
    );
}

#[test]
fn a_number_that_is_not_finite_and_then_none() {
    assert_alike(
        |world, change| {
            let mut rank = Rank::new(world, change);
            rank.step(0).unwrap();
            let ((mut x, labels), rows) = (batch(1), rank.step.part().rows(ROWS));
            if world.rank() == 1 {
                x[[rows.start, 0]] = f32::NAN;
            }
            let inputs = (x.slice(s![rows.clone(), ..]), labels.slice(s![rows]), key(1));
            let before = bits(&rank.params);
            let error = rank.step.step(&mut rank.params, &mut rank.optimizer, inputs).err();
            assert_eq!(bits(&rank.params), before);
            // It was this batch alone.
            rank.step(2).unwrap();
            error
        },
        |e| matches!(e, Error::NonFinite { rank: 1, step: 1, what, value, .. } if what == "net.0.weight" && value.is_nan()),
    );
}

#[test]
fn rows_that_are_missing() {
    assert_alike(
        |world, change| {
            let mut rank = Rank::new(world, change);
            let ((x, labels), rows) = (batch(0), rank.step.part().rows(ROWS));
            let few = rows.start + usize::from(world.rank() == 1)..rows.end;
            let inputs = (x.slice(s![few, ..]), labels.slice(s![rows]), key(0));
            rank.step.step(&mut rank.params, &mut rank.optimizer, inputs).err()
        },
        |e| matches!(e, Error::Refused { rank: 1, step: 0, reason } if reason.starts_with("input `x` has shape")),
    );
}

#[test]
fn another_call() {
    for ranks in 2..=4 {
        let errors = Threads::run(ranks, |world| {
            let mut rank = Rank::new(world, |s| s.owners_update());
            rank.step(0).unwrap();
            match world.rank() {
                1 => rank.step.optimizer_state(&rank.params, &rank.optimizer).err(),
                _ => rank.step(1).err(),
            }
        });
        let expected = |e: &Option<Error>| matches!(e, Some(Error::Diverged { rank: 1, step: 1, what: "call", found, .. }) if found == "`optimizer_state`");
        assert!(errors.iter().all(expected), "{errors:?}");
    }
}

#[test]
fn a_rank_that_returns_or_panics() {
    for change in [(|s| s) as Change, |s| s.owners_update()] {
        for (ranks, panics) in [(2, false), (3, true), (4, false), (4, true)] {
            let results = Threads::try_run(ranks, |world| {
                let mut rank = Rank::new(world, change);
                for number in 0..10 {
                    if world.rank() == 1 && number == 3 {
                        assert!(!panics, "rank 1 is unwell");
                        return None;
                    }
                    if let Err(error) = rank.step(number) {
                        return Some(error);
                    }
                }
                None
            });
            let how = match panics {
                true => Departure::Panicked("rank 1 is unwell".into()),
                false => Departure::Returned,
            };
            for (rank, result) in results.into_iter().enumerate().filter(|(rank, _)| *rank != 1) {
                let expected = Error::Left { rank: 1, step: 3, how: how.clone() };
                assert_eq!(result.unwrap(), Some(expected), "rank {rank}");
            }
        }
    }
}

/// A buffer of another type has no mean: all shards have to write the same.
#[test]
fn shards_that_disagree() {
    let run = |differs: bool| {
        Threads::run(3, |world| {
            let mut params = Params::f64();
            let mut net = params.scope("net");
            let (w, last) = (net.param("w", [], 1.0), net.buffer_of("last", 0i64));
            let step = world.shards(4).trace(&params, |t| {
                let x = t.input("x", [1]);
                t.write(last, x.sum().cast(DType::I64));
                t.outputs((x * w).sum()).with_gradients()
            });
            let x = [1.0, 1.0, 1.0, if differs { 2.0 } else { 1.0 }];
            let rows = step.as_ref().unwrap().part().rows(4);
            let made = step.unwrap().step(&mut params, &mut Sgd::new(0.5).unwrap(), (&x[rows],));
            (made, params.buffer_values::<i64>(last)[0], params.get::<f64>(w)[0])
        })
    };
    assert_eq!(run(false), vec![(Ok(1.0), 1, 0.5); 3]);
    for (made, last, w) in run(true) {
        assert!(
            matches!(
                &made,
                Err(Error::Refused { rank: 2, .. } | Error::Diverged { rank: 2, what: "state", .. })
            ),
            "{made:?}"
        );
        assert_eq!((last, w), (0, 1.0));
    }
}

#[test]
fn an_optimiser_of_whole_tensors_updates_no_slice() {
    let errors = Threads::run(2, |world| {
        let mut rank = Rank::new(world, |s| s.owners_update());
        step(&rank.step, 0, &mut rank.params, &mut Lamb::new(0.1).unwrap()).err()
    });
    let expected = |e: &Option<Error>| matches!(e, Some(Error::Refused { rank: 0, reason, .. }) if reason.contains("whole tensors"));
    assert!(errors.iter().all(expected), "{errors:?}");
}

/// One owner cannot update, after others have: no step is made any more, and the parameters are those before.
#[test]
fn an_owner_that_cannot_update() {
    let results = Threads::run(2, |world| {
        let mut params = Params::f64();
        let w = params.scope("net").param("w", [4], [1.0, 1.0, 1.0, 1e308]);
        let step = world
            .shards(2)
            .owners_update()
            .shared("x")
            .trace(&params, |t| t.outputs((t.input("x", [4]) * w).sum()).with_gradients());
        let (step, mut sgd) = (step.unwrap(), Sgd::new(1e308).unwrap());
        let x = [1e-308, 1e-308, 1e-308, -1.0];
        let errors = [(); 2].map(|()| step.step(&mut params, &mut sgd, (&x,)).unwrap_err());
        assert_eq!(errors[0], errors[1]);
        assert_eq!(params.get::<f64>(w), [1.0, 1.0, 1.0, 1e308]);
        errors[0].clone()
    });
    assert!(
        matches!(&results[0], Error::Refused { rank: 1, step: 0, reason } if reason.contains("net.w")),
        "{results:?}"
    );
    assert_eq!(results[0], results[1]);
}
