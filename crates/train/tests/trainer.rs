//! The loop: its ends, what it keeps, and that a run that was stopped goes on to the same bits.

mod runs;

use autograd::{Key, Params, StepError};
use optim::{Average, Sgd};
use runs::{files, folder, run, run_planned, session, trainer};
use std::cell::Cell;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use train::{Batches, Better, End, Error, Loader, Session, Trainer};

#[test]
fn a_run_that_is_stopped_anywhere_goes_on_to_the_same_bits() {
    let whole = folder("whole");
    let (report, session) = run(&mut trainer(&whole)).unwrap();
    assert_eq!((report.end, report.steps, report.epochs, report.resumed), (End::Finished, 36, 6, None));
    let (whole, whole_files) = (session.params.slab_of::<f64>().to_vec(), files(&whole));
    assert_eq!(whole_files.len(), 4, "two logs, the best and the newest checkpoint");

    for stops in [vec![1], vec![5, 6, 7], vec![17, 18, 24], (1..36).collect()] {
        let folder = folder("stopped");
        for &stop in &stops {
            let (report, _) = run(&mut trainer(&folder).steps(stop)).unwrap();
            assert_eq!((report.end, report.steps), (End::Finished, stop));
        }
        let (report, session) = run(&mut trainer(&folder)).unwrap();
        assert_eq!((report.end, report.steps, report.resumed), (End::Finished, 36, stops.last().copied()));
        assert_eq!(session.params.slab_of::<f64>(), whole);
        // The best checkpoint is not the newest one. Those of other steps are gone.
        assert_eq!(files(&folder), whole_files, "stopped after {stops:?}");
    }
}

/// A control: what is neither in the session nor in the batch is not in the checkpoint, and its loss shows.
#[test]
fn what_is_kept_elsewhere_is_lost() {
    let forgetful = |trainer: &mut Trainer<'_>| {
        let ((mut session, model), mut steps) = (session(), 0.0);
        let step = |session: &mut runs::Own, (x, y): &runs::Batch| {
            steps += 1.0;
            runs::eager(session, model, &(x * steps, y.clone()))
        };
        trainer.run(&mut session, &runs::batches(), step, runs::validate).unwrap();
    };
    let (whole, stopped) = (folder("forgetful_whole"), folder("forgetful_stopped"));
    forgetful(&mut trainer(&whole));
    forgetful(&mut trainer(&stopped).steps(8));
    forgetful(&mut trainer(&stopped));
    assert_ne!(files(&stopped), files(&whole));
}

/// Killed after the last checkpoint was written, and before the one before it was deleted.
#[test]
fn what_was_not_deleted_in_time_goes_away() {
    let folder = folder("left_over");
    run(&mut trainer(&folder).steps(32)).unwrap();
    let before = folder.join("checkpoint-32.safetensors");
    let bytes = fs::read(&before).unwrap();
    run(&mut trainer(&folder)).unwrap();
    let whole = files(&folder);
    fs::write(&before, bytes).unwrap();
    run(&mut trainer(&folder)).unwrap();
    assert_eq!(files(&folder), whole);
}

#[test]
fn a_program_and_the_tape_go_on_from_each_other() {
    let whole = folder("planned_whole");
    run_planned(&mut trainer(&whole), 1).unwrap();
    let mixed = folder("planned_mixed");
    run(&mut trainer(&mixed).steps(0)).unwrap();
    run_planned(&mut trainer(&mixed).steps(9), 2).unwrap();
    run_planned(&mut trainer(&mixed), 4).unwrap();
    assert_eq!(files(&mixed), files(&whole));
}

#[test]
fn a_finished_run_makes_no_more_steps_and_a_longer_one_goes_on() {
    let folder = folder("finished");
    let (first, session) = run(&mut trainer(&folder)).unwrap();
    let (again, loaded) = run(&mut trainer(&folder)).unwrap();
    assert_eq!((again.steps, again.resumed, again.best), (36, Some(36), first.best));
    assert_eq!(loaded.params.slab_of::<f64>(), session.params.slab_of::<f64>());
    assert_eq!(loaded.numbers, session.numbers);
    let (longer, _) = run(&mut trainer(&folder).epochs(7)).unwrap();
    assert_eq!((longer.steps, longer.resumed), (42, Some(36)));
}

/// A run whose metric is given for each epoch.
fn scored(
    folder: &std::path::Path,
    scores: &[f64],
    set: impl FnOnce(Trainer<'static>) -> Trainer<'static>,
) -> train::Report {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [], 0.0);
    let mut session = Session::new(params, Sgd::new(0.5).unwrap());
    let batches = Batches::new(Loader::new(2, 1), |_, _| ());
    let mut trainer = set(Trainer::new(folder).best("score", Better::Larger).patience(2));
    let validate = |session: &Session<Sgd>| Ok([("score", scores[session.step() as usize / 2 - 1])]);
    let step = |session: &mut Session<Sgd>, (): &()| session.eager(|t| (t.param(w) - 1.0).square());
    let report = trainer.run(&mut session, &batches, step, validate).unwrap();
    if report.best.is_some() {
        assert_eq!(trainer.load_best(&mut session.params).unwrap(), report.best.map(|(epoch, _)| 2 * epoch));
    }
    report
}

#[test]
fn patience_ends_a_run_and_is_remembered() {
    let scores = [0.1, 0.3, f64::NAN, 0.4, 0.4, 0.2, 0.9];
    let report = scored(&folder("patience"), &scores, |trainer| trainer);
    assert_eq!((report.end, report.epochs, report.best), (End::Patience, 6, Some((4, 0.4))));
    // Ended after each epoch, and after half of one.
    let folder = folder("patience_stopped");
    for steps in [1, 2, 5, 9, 10, 11, 100] {
        let report = scored(&folder, &scores, |trainer| trainer.steps(steps));
        assert_eq!(report.end, if steps == 100 { End::Patience } else { End::Finished });
    }
    let report = scored(&folder, &scores, |trainer| trainer);
    assert_eq!((report.end, report.epochs, report.best), (End::Patience, 6, Some((4, 0.4))));
}

#[test]
fn a_flag_ends_the_run_after_a_checkpoint() {
    let folder = folder("flag");
    let flag = Arc::new(AtomicBool::new(false));
    let (mut session, model) = session();
    let mut trainer = trainer(&folder).stop_when(Arc::clone(&flag));
    let report = trainer.run(
        &mut session,
        &runs::batches(),
        |session, batch| {
            flag.store(session.step() == 9, Ordering::Relaxed);
            runs::eager(session, model, batch)
        },
        runs::validate,
    );
    let report = report.unwrap();
    assert_eq!((report.end, report.steps), (End::Stopped, 10));
    let (report, _) = run(&mut runs::trainer(&folder)).unwrap();
    assert_eq!(report.resumed, Some(10));
}

/// A model whose logarithm fails once w has fallen below 0.
fn falling(folder: &std::path::Path) -> Error {
    let mut params = Params::f64();
    let w = params.scope("m").param("w", [], 0.05);
    let mut session = Session::new(params, Sgd::new(0.01).unwrap());
    let batches = Batches::new(Loader::new(4, 1), |_, _| ());
    let step = |session: &mut Session<Sgd>, (): &()| {
        session.eager(|t| t.scope("head", || t.param(w).ln() + t.param(w)))
    };
    Trainer::new(folder).epochs(9).run(&mut session, &batches, step, |_| Ok([])).unwrap_err()
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_says_where() {
    let error = falling(&folder("nonfinite"));
    let Error::Step { step, error: ref why, .. } = error else { panic!("{error}") };
    assert!(step > 0 && matches!(**why, StepError::NonFiniteLoss { .. }), "{error}");
    let origin = error.origin().expect("the search");
    assert_eq!((origin.op, origin.scope.as_deref()), ("ln", Some("head")));
    assert!(error.to_string().contains(&format!("after {step} steps: the loss is NaN")), "{error}");
    assert!(error.to_string().contains("ln in `head` made NaN"), "{error}");
}

#[test]
fn a_checkpoint_of_something_else_is_refused_and_changes_nothing() {
    let folder = folder("refused");
    run(&mut trainer(&folder).steps(3)).unwrap();
    let refused = |session: &mut Session<Sgd>, batches: &Batches<()>| {
        let before = session.params.slab_of::<f64>().to_vec();
        let error =
            Trainer::new(&folder).epochs(1).run(session, batches, |_, ()| Ok(0.0), |_| Ok([])).unwrap_err();
        assert_eq!(session.params.slab_of::<f64>(), before);
        error.to_string()
    };
    let mut other = Session::new(Params::f64(), Sgd::new(0.1).unwrap());
    let text = refused(&mut other, &Batches::new(Loader::new(22, 4), |_, _| ()));
    assert!(text.contains("loader: 22 rows in batches of 4, shuffled by key"), "{text}");
    assert!(text.contains("expected 22 rows in batches of 4, in order"), "{text}");
    let same_data = Batches::new(Loader::new(22, 4).shuffle(Key::new(5)), |_, _| ());
    let text = refused(&mut other, &same_data);
    assert!(text.contains("net.first"), "{text}");
    let (same, _) = session();
    let mut other = Session::new(same.params, Sgd::new(0.1).unwrap());
    let text = refused(&mut other, &same_data);
    assert!(
        text.contains("checkpoint-3.safetensors: optimizer: the state of Pipeline Descent AdamFormula false"),
        "{text}"
    );
    assert!(text.contains("expected that of Descent Sgd"), "{text}");
}

/// Adam and AdamW have the same hyper-parameters and states, and differ in what they do.
/// Neither does a run without an average go on with one, nor with another one.
#[test]
fn another_average_is_refused() {
    let folder = folder("averages");
    run(&mut trainer(&folder).steps(7)).unwrap();
    for (average, expected) in [
        (None, "none"),
        (Some(Average::equal()), "equal"),
        (Some(Average::warmed_up(0.8).unwrap()), "warmed up, 0.8"),
    ] {
        let (mut session, model) = session();
        session.average = average;
        let step = |s: &mut runs::Own, batch: &runs::Batch| runs::eager(s, model, batch);
        let error = trainer(&folder).run(&mut session, &runs::batches(), step, runs::validate).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("warmed up, 0.9") && text.contains(expected), "{text}");
    }
    let (_, session) = run(&mut trainer(&folder)).unwrap();
    assert_eq!(session.average.unwrap().count(), 36);
}

#[test]
fn a_run_of_adam_does_not_go_on_by_adamw() {
    let folder = folder("adamw");
    fn trained<O: autograd::Optimizer>(
        folder: &std::path::Path,
        optimizer: O,
    ) -> Result<train::Report, Error> {
        let mut params = Params::f64();
        let w = params.scope("m").param("w", [], 0.0);
        let mut session = Session::new(params, optimizer);
        let step = |s: &mut Session<O>, (): &()| s.eager(|t| (t.param(w) - 1.0).square());
        let batches = Batches::new(Loader::new(2, 1), |_, _| ());
        Trainer::new(folder).epochs(1).run(&mut session, &batches, step, |_| Ok([]))
    }
    trained(&folder, optim::Adam::new(0.1).unwrap()).unwrap();
    let text = trained(&folder, optim::AdamW::new(0.1).unwrap()).unwrap_err().to_string();
    assert!(text.contains("optimizer: the state of Descent AdamFormula false"), "{text}");
    trained(&folder, optim::Adam::new(0.1).unwrap()).unwrap();
}

/// A best epoch by one metric is none by another.
#[test]
fn another_metric_or_direction_is_refused() {
    let folder = folder("another_best");
    run(&mut trainer(&folder)).unwrap();
    let whole = files(&folder);
    for (metric, better) in
        [("error", Better::Larger), ("seen", Better::Smaller), ("train_loss", Better::Smaller)]
    {
        let mut trainer = trainer(&folder).epochs(7).best(metric, better);
        let text = run(&mut trainer).unwrap_err().to_string();
        assert!(text.contains("best: error, the smaller the better; expected "), "{text}");
        assert_eq!(trainer.load_best(&mut session().0.params).unwrap(), None);
        assert!(files(&folder) == whole, "nothing has changed");
    }
}

/// The newest file is broken: the one before it counts.
#[test]
fn a_broken_checkpoint_is_passed_over() {
    let folder = folder("broken");
    run(&mut trainer(&folder)).unwrap();
    let whole = files(&folder);
    let newest = folder.join("checkpoint-36.safetensors");
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    let (report, _) = run(&mut trainer(&folder)).unwrap();
    assert!(report.resumed.is_some_and(|step| step < 36), "{report:?}");
    assert_eq!(report.passed_over, [newest]);
    assert_eq!(files(&folder), whole);
}

/// To begin anew would cut the log, and lose what can be repaired.
#[test]
fn broken_checkpoints_alone_are_an_error() {
    let folder = folder("all_broken");
    run(&mut trainer(&folder)).unwrap();
    let paths: Vec<_> =
        files(&folder).into_iter().filter(|(name, _)| name.starts_with("checkpoint-")).collect();
    for (name, bytes) in &paths {
        fs::write(folder.join(name), &bytes[..bytes.len() / 2]).unwrap();
    }
    let before = files(&folder);
    let error = run(&mut trainer(&folder)).unwrap_err();
    assert!(
        matches!(&error, Error::File(::files::Error::Content { faults, .. }) if faults.len() == 2),
        "{error}"
    );
    assert!(paths.iter().all(|(name, _)| error.to_string().contains(&name[..])), "{error}");
    assert!(files(&folder) == before, "nothing has changed");
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let folder = folder("shared");
    let (mut session, model) = session();
    let step = |session: &mut runs::Own, batch: &runs::Batch| {
        let error = run(&mut trainer(&folder)).unwrap_err().to_string();
        assert!(error.contains("another run uses this folder"), "{error}");
        runs::eager(session, model, batch)
    };
    trainer(&folder).steps(1).run(&mut session, &runs::batches(), step, runs::validate).unwrap();
    assert_eq!(run(&mut trainer(&folder)).unwrap().0.resumed, Some(1));
}

#[test]
#[should_panic(expected = "run: the run has no end")]
fn a_run_without_an_end_is_a_mistake() {
    let _ = run(&mut Trainer::new(folder("endless")));
}

/// The error of a run with this metric, whose last checkpoint is that of the first epoch.
fn misnamed(name: &str, best: &str, given: &'static str) -> String {
    let folder = folder(name);
    let ((mut session, model), mut trainer) = (session(), trainer(&folder).best(best, Better::Smaller));
    let step = |session: &mut runs::Own, batch: &runs::Batch| runs::eager(session, model, batch);
    let error = trainer.run(&mut session, &runs::batches(), step, |_| Ok([(given, 0.5)])).unwrap_err();
    assert!(matches!(error, Error::Metric(_)), "{error}");
    // Nothing is lost: with the right name, it goes on.
    let (report, _) = run(&mut runs::trainer(&folder)).unwrap();
    assert_eq!((report.resumed, report.end), (Some(6), End::Finished));
    error.to_string()
}

#[test]
fn a_metric_that_nobody_gives_is_an_error_after_the_checkpoint() {
    let text = misnamed("unknown_metric", "accuracy", "error");
    assert!(
        text.starts_with("metrics of validation: found train_loss, error, expected `accuracy`"),
        "{text}"
    );
    let text = misnamed("several_lines", "error", "two\nlines");
    assert_eq!(text, r#"name of a metric: found "two\nlines", expected one line"#);
}

/// Every third epoch has a checkpoint, and the last one.
#[test]
fn checkpoints_are_rarer_than_epochs() {
    let [whole, stopped] = ["rare", "rare_stopped"].map(folder);
    let rare = |folder: &std::path::Path| {
        trainer(folder).checkpoint_every(1000).checkpoint_every_epochs(3).epochs(7)
    };
    let (report, _) = run(&mut rare(&whole)).unwrap();
    assert_eq!(report.best.map(|(epoch, _)| epoch), Some(3));
    let names: Vec<String> = files(&whole).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..2], ["checkpoint-18.safetensors", "checkpoint-42.safetensors"]);
    for stop in [1, 17, 20, 36, 41] {
        assert_eq!(run(&mut rare(&stopped).steps(stop)).unwrap().0.steps, stop);
    }
    run(&mut rare(&stopped)).unwrap();
    assert!(files(&stopped) == files(&whole));

    // Patience counts epochs without a checkpoint, which are not the best.
    let scores = [0.1, 0.9, 0.3, 0.4, 0.4, 0.2, 0.9];
    let report = scored(&folder("rare_patience"), &scores, |trainer| trainer.checkpoint_every_epochs(3));
    assert_eq!((report.end, report.epochs, report.best), (End::Patience, 2, None));
}

/// The mean loss of an epoch weighs each batch by its rows.
#[test]
fn the_loss_of_an_epoch_is_the_mean_over_its_rows() {
    let seen = Cell::new(f64::NAN);
    struct Watch<'a>(&'a Cell<f64>);
    impl train::log::Log for Watch<'_> {
        fn begin(&mut self, _: u64, _: Option<u64>) -> Result<(), train::log::Error> {
            Ok(())
        }
        fn scalars(&mut self, _: u64, values: &[(&str, f64)]) -> Result<(), train::log::Error> {
            values.iter().filter(|(name, _)| *name == "train_loss").for_each(|(_, x)| self.0.set(*x));
            Ok(())
        }
    }
    let mut session = Session::new(Params::f64(), Sgd::new(0.1).unwrap());
    let batches = Batches::new(Loader::new(5, 2), |rows, _| rows.to_vec());
    let mut trainer = Trainer::new(folder("mean")).epochs(1).log(Watch(&seen));
    let mean = |rows: &Vec<usize>| rows.iter().sum::<usize>() as f64 / rows.len() as f64;
    trainer.run(&mut session, &batches, |_, rows| Ok(mean(rows)), |_| Ok([])).unwrap();
    assert_eq!(seen.get(), 2.0);
}
