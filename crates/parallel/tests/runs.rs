//! Runs that go on: from a checkpoint, on another number of ranks, with the same bits.

mod common;

use autograd::ndarray::{Array1, Array2};
use autograd::{Key, Optimizer, Params};
use common::{Change, ROWS, batch, model, optimizer, schedule, step, traced};
use files::Checkpoint;
use parallel::{Alone, Error, Threads, World};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use train::{Batches, End, Loader, Report, Session, Trainer};

/// A folder of its own for each test, which is gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("wengert-parallel-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn bits(params: &Params) -> Vec<u32> {
    let buffers = params.buffers().flat_map(|b| params.buffer_values::<f32>(b).to_vec());
    params.slab_of::<f32>().iter().copied().chain(buffers).map(f32::to_bits).collect()
}

/// Makes some steps after a checkpoint, or from the begin; gives the checkpoint and the bits.
fn go_on(
    world: &impl World,
    change: Change,
    steps: std::ops::Range<u64>,
    from: Option<&Checkpoint>,
) -> Result<(Checkpoint, Vec<u32>), Error> {
    let ((mut params, model), mut optimizer) = (model(), optimizer());
    let sharded = traced(&change(world.shards(8)), &params, &model, 8)?;
    if let Some(checkpoint) = from {
        sharded.check_shards(checkpoint.count("shards").unwrap() as usize)?;
        checkpoint.load_params(&mut params).unwrap();
        sharded.set_optimizer_state(&params, &mut optimizer, &checkpoint.optimizer("adam").unwrap())?;
    }
    for number in steps {
        optimizer.set_learning_rate(schedule().at(number)).unwrap();
        step(&sharded, number, &mut params, &mut optimizer)?;
    }
    let state = sharded.optimizer_state(&params, &optimizer)?;
    let checkpoint =
        Checkpoint::new().with_params(&params).with_optimizer("adam", &state).with_count("shards", 8);
    Ok((checkpoint, bits(&params)))
}

#[test]
fn a_checkpoint_goes_on_with_another_number_of_ranks() {
    const WAYS: [Change; 2] = [|s| s, |s| s.owners_update()];
    let (whole, expected) = go_on(&Alone, |s| s, 0..6, None).unwrap();
    for (first, second) in [(1, 3), (4, 2), (2, 4), (3, 1)] {
        for (before, after) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let stored = Threads::run(first, |world| go_on(world, WAYS[before], 0..3, None).unwrap().0);
            let texts: Vec<Vec<u8>> = stored.iter().map(Checkpoint::to_bytes).collect();
            assert!(texts.iter().all(|text| *text == texts[0]), "each rank could write it");
            let ended =
                Threads::run(second, |world| go_on(world, WAYS[after], 3..6, Some(&stored[0])).unwrap());
            for (checkpoint, bits) in ended {
                assert_eq!(bits, expected, "{first} ranks, then {second}");
                assert_eq!(checkpoint.to_bytes(), whole.to_bytes());
            }
        }
    }
}

#[test]
fn another_number_of_shards_is_another_training() {
    let (checkpoint, _) = go_on(&Alone, |s| s, 0..1, None).unwrap();
    let (params, model) = model();
    let step = traced(&Alone.shards(12), &params, &model, 12).unwrap();
    let found = checkpoint.count("shards").unwrap() as usize;
    assert_eq!(step.check_shards(found), Err(Error::Shards { found: 8, expected: 12 }));
}

#[test]
fn a_state_that_does_not_fit_is_refused_on_all_ranks() {
    let (checkpoint, _) = go_on(&Alone, |s| s, 0..1, None).unwrap();
    let mut state = checkpoint.optimizer("adam").unwrap();
    state.tensors.pop();
    let errors = Threads::run(3, |world| {
        let ((params, model), mut optimizer) = (model(), optimizer());
        let step = traced(&world.shards(8).owners_update(), &params, &model, 8).unwrap();
        step.set_optimizer_state(&params, &mut optimizer, &state).unwrap_err()
    });
    assert!(
        matches!(&errors[0], Error::Refused { rank: 0, reason, .. } if reason.contains("net.2.bias/v")),
        "{errors:?}"
    );
    assert!(errors.iter().all(|error| *error == errors[0]));
}

/// The batches of a run: four of an epoch.
fn batches(part: parallel::Part) -> Batches<(Array2<f32>, Array1<i64>, Key)> {
    let rows: Vec<_> = (0..4).map(batch).collect();
    let loader = Loader::new(4 * ROWS, ROWS).shuffle(Key::new(5));
    Batches::new(loader, move |numbers, key| {
        let row = |n: &usize| (&rows[n / ROWS], n % ROWS);
        let x = Array2::from_shape_fn([numbers.len(), 3], |(i, j)| {
            let ((x, _), row) = row(&numbers[i]);
            x[[row, j]]
        });
        (x, numbers.iter().map(|n| row(n).0.1[row(n).1]).collect(), key)
    })
    .part(move |n| part.rows(n))
}

/// A run in a folder on this rank.
fn run(
    world: &impl World,
    change: Change,
    count: usize,
    folder: &Path,
    stop: Option<(usize, u64)>,
) -> Result<(Report, Vec<u32>), train::Error> {
    let (params, model) = model();
    let sharded = traced(&change(world.shards(count)), &params, &model, count)?;
    let mut session = Session::new(params, optimizer());
    let stopped = Arc::new(AtomicBool::new(false));
    let mut trainer =
        Trainer::new(folder).epochs(3).checkpoint_every(3).schedule(schedule()).stop_when(stopped.clone());
    let report = trainer.run_on(
        &sharded,
        &mut session,
        &batches(sharded.part()),
        |session, (x, labels, key)| {
            if stop == Some((world.rank(), session.step())) {
                stopped.store(true, Ordering::Relaxed);
            }
            Ok(sharded.step(&mut session.params, &mut session.optimizer, (x, labels, *key))?)
        },
        |_| Ok([]),
    )?;
    Ok((report, bits(&session.params)))
}

#[test]
fn a_run_goes_on_with_another_number_of_ranks() {
    let reference = Folder::new("reference");
    let (report, expected) = run(&Alone, |s| s, 8, &reference.0, None).unwrap();
    assert_eq!((report.end, report.steps), (End::Finished, 12));
    let newest = |folder: &Path| std::fs::read(folder.join("checkpoint-12.safetensors")).unwrap();
    for (name, change) in [("plain", (|s| s) as Change), ("owners", |s| s.owners_update())] {
        let folder = Folder::new(name);
        // One rank alone is told to stop, and not the first.
        let stops = Threads::run(3, |world| run(world, change, 8, &folder.0, Some((2, 4))).unwrap().0);
        assert!(stops.iter().all(|report| (report.end, report.steps) == (End::Stopped, 5)), "{stops:?}");
        let ends = Threads::run(2, |world| run(world, change, 8, &folder.0, None).unwrap());
        for (report, bits) in ends {
            assert_eq!((report.end, report.steps, report.resumed), (End::Finished, 12, Some(5)));
            assert_eq!(bits, expected);
        }
        assert_eq!(newest(&folder.0), newest(&reference.0));
    }
}

#[test]
fn a_run_of_other_shards_or_of_a_step_that_is_not_cut_is_refused() {
    let folder = Folder::new("shards");
    run(&Alone, |s| s, 8, &folder.0, Some((0, 2))).unwrap();
    let refused = Threads::run(2, |world| run(world, |s| s, 12, &folder.0, None).unwrap_err().to_string());
    assert!(refused[0].contains("8 shards") && refused[0].contains("12 shards"), "{refused:?}");
    assert_eq!(refused[0], refused[1]);
    let mut session = Session::new(model().0, optimizer());
    let part = Alone.shards(1).part();
    let error =
        Trainer::new(&folder.0).epochs(1).run(&mut session, &batches(part), |_, _| Ok(0.0), |_| Ok([]));
    assert!(error.unwrap_err().to_string().contains("a step that is not cut"));
}

/// The folder is the first rank's. If it cannot be had, all ranks are told.
#[test]
fn a_folder_in_use_ends_all_ranks() {
    let folder = Folder::new("lock");
    let keeper = files::Keeper::new(&folder.0);
    let _lock = keeper.lock().unwrap();
    let errors = Threads::run(3, |world| run(world, |s| s, 8, &folder.0, None).unwrap_err().to_string());
    assert!(errors.iter().all(|error| error.contains(&errors[0])), "{errors:?}");
}
