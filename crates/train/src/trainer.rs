//! The loop.

use crate::batches::Batches;
use crate::error::Error;
use crate::log::Log;
use crate::metrics::MetricError;
use crate::place::{Place, by, restored, stored};
use crate::ranks::{Ranks, Single};
use crate::session::Session;
use autograd::{Mistake, Optimizer, Params};
use files::{Better, Checkpoint, Keeper};
use optim::Schedule;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A training run: its length, its logs, and the folder of its checkpoints.
///
/// [`run`](Trainer::run) is the loop. A folder is a run: where it holds a checkpoint, the run goes on from there, and ends with the
/// same bits as one that was never interrupted, wherever it was killed. **The checkpoint's optimiser counts then, its learning rate
/// included, and not that of the program**: see [`run`](Trainer::run).
///
/// ```
/// use autograd::{Key, Params, ndarray::Array};
/// use optim::Sgd;
/// use train::{Batches, End, Session, Trainer};
/// # let folder = std::env::temp_dir().join(format!("wengert-trainer-{}", std::process::id()));
/// // y = 2x, to be learnt.
/// let x = Array::linspace(-1.0, 1.0, 20);
/// let batches = Batches::of((x.clone(), 2.0 * x), 5, |loader| loader.shuffle(Key::new(1)));
/// let mut params = Params::f64();
/// let w = params.scope("line").param("w", [], 0.0);
/// let mut session = Session::new(params, Sgd::new(0.5)?);
///
/// let mut trainer = Trainer::new(&folder).epochs(20).best("distance", train::Better::Smaller).patience(5);
/// let report = trainer.run(
///     &mut session,
///     &batches,
///     |session, (x, y)| session.eager(|t| (t.constant(x) * w - t.constant(y)).square().mean()),
///     |session| Ok([("distance", (session.params.get::<f64>(w)[0] - 2.0).abs())]),
/// )?;
/// assert_eq!((report.end, report.epochs, report.steps), (End::Finished, 20, 80));
/// assert!(report.best.unwrap().1 < 1e-5);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<'l> {
    keeper: Keeper,
    epochs: Option<u64>,
    steps: Option<u64>,
    best: (String, Better),
    patience: Option<u64>,
    checkpoint_every: Option<u64>,
    checkpoint_every_epochs: u64,
    log_every: u64,
    schedule: Option<Schedule>,
    logs: Vec<Box<dyn Log + 'l>>,
    stop: Arc<AtomicBool>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps were made.
    Finished,
    /// The metric has not become better for too long.
    Patience,
    /// It was told to stop.
    Stopped,
}

/// What a run tells when it has ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Why it ended.
    pub end: End,
    /// How many steps were made, those before a restart included.
    pub steps: u64,
    /// How many whole epochs.
    pub epochs: u64,
    /// The step that it went on from, if there was a checkpoint.
    pub resumed: Option<u64>,
    /// The files of later checkpoints, which were broken and so are gone: it went on from the newest that was whole.
    pub passed_over: Vec<PathBuf>,
    /// The epoch of the best metric, counted from 1, and the metric.
    pub best: Option<(u64, f64)>,
}

impl fmt::Debug for Trainer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer").field("keeper", &self.keeper).finish_non_exhaustive()
    }
}

/// Where a run stands when it begins.
struct Begin {
    /// Held until the run ends, by the first rank.
    lock: Option<File>,
    newest: Option<(u64, Checkpoint)>,
    /// On the first rank.
    passed_over: Vec<PathBuf>,
}

impl<'l> Trainer<'l> {
    /// A run with its checkpoints in this folder, which is made if need be.
    pub fn new(folder: impl AsRef<Path>) -> Trainer<'l> {
        Trainer {
            keeper: Keeper::new(folder),
            epochs: None,
            steps: None,
            best: ("train_loss".to_owned(), Better::Smaller),
            patience: None,
            checkpoint_every: None,
            checkpoint_every_epochs: 1,
            log_every: 1,
            schedule: None,
            logs: vec![],
            stop: Arc::default(),
        }
        .best("train_loss", Better::Smaller)
    }

    /// Ends after so many epochs.
    #[must_use]
    pub fn epochs(self, epochs: u64) -> Self {
        Trainer { epochs: Some(epochs), ..self }
    }

    /// Ends after so many steps.
    #[must_use]
    pub fn steps(self, steps: u64) -> Self {
        Trainer { steps: Some(steps), ..self }
    }

    /// By which metric an epoch is the best: one that validation gives, or `train_loss`, the mean loss of the epoch, as it is without
    /// this call. The checkpoint of the best epoch is kept beside the newest.
    ///
    /// It belongs to the run: where an epoch is the best by another metric, or in the other direction, [`run`](Trainer::run) refuses
    /// to go on.
    #[must_use]
    pub fn best(self, metric: &str, better: Better) -> Self {
        let keeper = self.keeper.keep_best(1, &by(metric, better), better);
        Trainer { keeper, best: (metric.to_owned(), better), ..self }
    }

    /// Ends once so many epochs in a row were no better than the best.
    #[must_use]
    pub fn patience(self, epochs: u64) -> Self {
        Trainer { patience: Some(epochs), ..self }
    }

    /// Writes a checkpoint every so many steps, and not only after each epoch.
    ///
    /// # Panics
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub fn checkpoint_every(self, steps: u64) -> Self {
        assert!(steps > 0, "checkpoint_every: 0 steps");
        Trainer { checkpoint_every: Some(steps), ..self }
    }

    /// Writes a checkpoint every so many epochs and after the last, and not after each. A checkpoint costs the writing of the
    /// parameters and of all that the optimiser remembers, three times the model with Adam, and waits for the disk; fewer of them cost
    /// what a killed run makes again. An epoch without one is not the best, though [`patience`](Trainer::patience) counts it.
    ///
    /// # Panics
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub fn checkpoint_every_epochs(self, epochs: u64) -> Self {
        assert!(epochs > 0, "checkpoint_every_epochs: 0 epochs");
        Trainer { checkpoint_every_epochs: epochs, ..self }
    }

    /// The learning rate of each step.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Trainer { schedule: Some(schedule), ..self }
    }

    /// Another log. Of each step it gets `loss`, and after each epoch `train_loss` and what validation gives.
    #[must_use]
    pub fn log(mut self, log: impl Log + 'l) -> Self {
        self.logs.push(Box::new(log));
        self
    }

    /// Logs the loss every so many steps: 1.
    ///
    /// # Panics
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub fn log_every(self, steps: u64) -> Self {
        assert!(steps > 0, "log_every: 0 steps");
        Trainer { log_every: steps, ..self }
    }

    /// Ends the run when this is true: the step is finished, and a checkpoint written. So another thread stops it, or a closure.
    #[must_use]
    pub fn stop_when(self, stop: Arc<AtomicBool>) -> Self {
        Trainer { stop, ..self }
    }

    /// Ends the run when the user presses Ctrl-C. Pressed once more, it ends the program at once.
    ///
    /// Where the signal is ignored, as by the shell for `train &` in a script, it stays ignored. A program with a handler of its own
    /// for it keeps that, and this call does nothing: the handler can set what [`stop_when`](Trainer::stop_when) takes.
    #[cfg(feature = "interrupt")]
    #[must_use]
    pub fn stop_on_ctrl_c(self) -> Self {
        self.stop_when(crate::interrupt::pressed())
    }

    /// Trains: makes a step of each batch, validates after each epoch, writes logs and checkpoints, until an end is reached. What the
    /// folder's newest checkpoint holds takes the place of what is in the session.
    ///
    /// **That includes the hyper-parameters of the optimiser.** On a run that goes on, a learning rate that the program has changed since
    /// has no effect: the checkpoint's counts. Change it by a [`schedule`](Trainer::schedule), in the first closure, or begin a run in
    /// another folder.
    ///
    /// The first closure makes a step and gives its loss, by [`Session::eager`], [`Session::planned`] or in another way. The second
    /// gives metrics with their names; `|_| Ok([])` gives none.
    ///
    /// # Errors
    /// If a closure gives one, such as a loss that is not finite; if a checkpoint or a log cannot be read or written, or is of another
    /// model, optimiser or data set; if validation does not give the metric of [`best`](Trainer::best), or a name has several lines, where
    /// a checkpoint has been written before; if there are checkpoints and none is whole; if another run uses the folder.
    ///
    /// # Panics
    /// If no end is set.
    #[track_caller]
    pub fn run<O: Optimizer, B: Send + 'static, M: IntoIterator<Item = (&'static str, f64)>>(
        &mut self,
        session: &mut Session<O>,
        batches: &Batches<B>,
        step: impl FnMut(&mut Session<O>, &B) -> Result<f64, Error>,
        validate: impl FnMut(&Session<O>) -> Result<M, Error>,
    ) -> Result<Report, Error> {
        self.run_on(&Single, session, batches, step, validate)
    }

    /// As [`run`](Trainer::run), for a run that several ranks make together: all call it, with the same arguments but for their
    /// [part](Batches::part) of each batch. The first rank alone reads and writes the folder, and has logs; what it reads is sent to the
    /// others. A run that goes on may have another number of ranks.
    ///
    /// Each rank validates; the metrics are to be the same on all.
    ///
    /// # Errors
    /// As [`run`](Trainer::run), and if the ranks cannot speak with each other; if a checkpoint is of another number of shards.
    ///
    /// # Panics
    /// As [`run`](Trainer::run).
    #[track_caller]
    pub fn run_on<O: Optimizer, B: Send + 'static, M: IntoIterator<Item = (&'static str, f64)>>(
        &mut self,
        ranks: &impl Ranks<O>,
        session: &mut Session<O>,
        batches: &Batches<B>,
        mut step: impl FnMut(&mut Session<O>, &B) -> Result<f64, Error>,
        mut validate: impl FnMut(&Session<O>) -> Result<M, Error>,
    ) -> Result<Report, Error> {
        self.check();
        if !ranks.is_first() {
            self.logs.clear();
        }
        let loader = batches.loader();
        let by = by(&self.best.0, self.best.1);
        let Begin { lock: _lock, newest, passed_over } = self.begin(ranks)?;
        let resumed = newest.as_ref().map(|(step, _)| *step);
        let mut place = match newest {
            Some((step, checkpoint)) => {
                let file = self.keeper.path(step);
                let place = restored(ranks, (&file, &checkpoint), step, session, &by, loader)?;
                // Written once more, so that the keeper deletes what a process left that was killed before it could.
                self.write(ranks, step, &checkpoint)?;
                place
            }
            None => Place::default(),
        };
        session.step = resumed.unwrap_or(0);
        let total = self.epochs.map(|epochs| epochs.saturating_mul(loader.batches()));
        let total = total.into_iter().chain(self.steps).min();
        self.logs.iter_mut().try_for_each(|log| log.begin(session.step, total))?;

        let mut stream = batches.from(loader.position(session.step));
        let mut end = self.end(&place, session.step, total, ranks.any(self.is_stopped())?);
        while end.is_none() {
            let (position, batch) = stream.next().expect("batches have no end");
            if let Some(schedule) = &self.schedule {
                session.optimizer.set_learning_rate(schedule.at(session.step))?;
            }
            let loss = step(session, &batch).map_err(|error| error.in_step(session.step))?;
            session.step += 1;
            if let Some(average) = &mut session.average {
                average.update(&session.params);
            }
            place.loss.add(loss, loader.rows_of(position.batch) as f64);
            self.tell(session.step, loss)?;

            let mut is_due = self.checkpoint_every.is_some_and(|n| session.step.is_multiple_of(n));
            let (mut metrics, mut refused) = (vec![], None);
            if position.batch + 1 == loader.batches() {
                let epoch = position.epoch + 1;
                is_due |= epoch.is_multiple_of(self.checkpoint_every_epochs) || total == Some(session.step);
                metrics = place.end_epoch(validate(session)?);
                match self.metric(&metrics) {
                    Ok(value) => {
                        self.logs.iter_mut().try_for_each(|log| log.scalars(session.step, &metrics))?;
                        if place.judge(epoch, value, self.best.1, is_due) {
                            metrics.push((&by, value));
                        }
                    }
                    Err(error) => refused = Some(error),
                }
            }
            end = self.end(&place, session.step, total, ranks.any(self.is_stopped())?);
            if is_due || end.is_some() || refused.is_some() {
                // Logs first: what a checkpoint follows must be on the disk.
                self.logs.iter_mut().try_for_each(|log| log.keep())?;
                self.write(ranks, session.step, &stored(ranks, session, &place, &by, loader, &metrics)?)?;
            }
            if let Some(error) = refused {
                return Err(error.into());
            }
        }
        let end = end.expect("the loop has ended");
        let epochs = loader.position(session.step).epoch;
        Ok(Report { end, steps: session.step, epochs, resumed, passed_over, best: place.best })
    }

    /// Loads the parameters of the best epoch, if there was one; gives its step.
    ///
    /// # Errors
    /// If the checkpoint cannot be read, or is of another model.
    pub fn load_best(&self, params: &mut Params) -> Result<Option<u64>, Error> {
        let Some((step, checkpoint)) = self.keeper.best()? else { return Ok(None) };
        checkpoint.load_params(params)?;
        Ok(Some(step))
    }

    /// Takes the folder, and reads where the run stands: on the first rank, which tells the others.
    fn begin<O: Optimizer>(&self, ranks: &impl Ranks<O>) -> Result<Begin, Error> {
        let (mut lock, mut passed_over) = (None, vec![]);
        let mut read = || {
            lock = Some(self.keeper.lock()?);
            let Some((step, checkpoint)) = self.keeper.newest()? else { return Ok(vec![]) };
            let broken = self.keeper.steps()?.into_iter().filter(|other| *other > step);
            passed_over = broken.map(|step| self.keeper.path(step)).collect();
            Ok([&step.to_le_bytes()[..], &checkpoint.to_bytes()].concat())
        };
        let shared = ranks.share(if ranks.is_first() { read() } else { Ok(vec![]) })?;
        let newest = match shared.split_first_chunk() {
            None => None,
            Some((step, bytes)) => {
                let step = u64::from_le_bytes(*step);
                Some((step, Checkpoint::from_bytes(bytes, self.keeper.path(step))?))
            }
        };
        Ok(Begin { lock, newest, passed_over })
    }

    /// Writes a checkpoint, on the first rank.
    fn write<O: Optimizer>(
        &self,
        ranks: &impl Ranks<O>,
        step: u64,
        checkpoint: &Checkpoint,
    ) -> Result<(), Error> {
        let written = if ranks.is_first() { self.keeper.write(step, checkpoint) } else { Ok(()) };
        ranks.share(written.map(|()| vec![]).map_err(Error::from)).map(|_| ())
    }

    /// Whether the run has come to an end.
    fn end(&self, place: &Place, step: u64, total: Option<u64>, stopped: bool) -> Option<End> {
        if total.is_some_and(|total| step >= total) {
            Some(End::Finished)
        } else if self.patience.is_some_and(|patience| place.bad >= patience) {
            Some(End::Patience)
        } else {
            stopped.then_some(End::Stopped)
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn tell(&mut self, step: u64, loss: f64) -> Result<(), Error> {
        for log in &mut self.logs {
            if step.is_multiple_of(self.log_every) {
                log.scalars(step, &[("loss", loss)])?;
            }
            log.tick(step)?;
        }
        Ok(())
    }

    #[track_caller]
    fn check(&self) {
        if self.epochs.is_none() && self.steps.is_none() && self.patience.is_none() {
            Mistake::new("run: the run has no end")
                .rule("a run has a number of epochs or steps, or a patience")
                .hint("`Trainer::new(folder).epochs(20)`")
                .raise();
        }
    }

    /// The metric that says which epoch is the best.
    fn metric(&self, metrics: &[(&str, f64)]) -> Result<f64, MetricError> {
        let names: Vec<&str> = metrics.iter().map(|(name, _)| *name).collect();
        if let Some(name) = names.iter().find(|name| name.contains(['\n', '\r'])) {
            return Err(MetricError::whole("name of a metric", &format!("{name:?}"), "one line"));
        }
        let found = metrics.iter().find(|(name, _)| *name == self.best.0);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let expected = format!("`{}` among them, by which an epoch is the best", self.best.0);
            MetricError::whole("metrics of validation", &names.join(", "), &expected)
        })
    }
}
