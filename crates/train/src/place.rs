//! What a run remembers, and how it stands in a checkpoint.

use crate::error::Error;
use crate::loader::Loader;
use crate::metrics::Mean;
use crate::ranks::Ranks;
use crate::session::Session;
use autograd::Optimizer;
use files::{Better, Checkpoint, Fault};
use std::path::Path;

/// What a run remembers beside the session.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// The mean loss of the epoch, so far.
    pub(crate) loss: Mean,
    /// The best epoch, counted from 1, and its metric.
    pub(crate) best: Option<(u64, f64)>,
    /// How many epochs in a row were no better.
    pub(crate) bad: u64,
}

impl Place {
    /// The metrics of an epoch that has ended.
    pub(crate) fn end_epoch(
        &mut self,
        validated: impl IntoIterator<Item = (&'static str, f64)>,
    ) -> Vec<(&'static str, f64)> {
        let loss = std::mem::take(&mut self.loss).value().unwrap_or(f64::NAN);
        [("train_loss", loss)].into_iter().chain(validated).collect()
    }

    /// Takes note of the metric of an epoch; says whether it is the best. NaN is not, neither is the best one again, and neither is one
    /// that has no checkpoint.
    pub(crate) fn judge(&mut self, epoch: u64, value: f64, better: Better, has_checkpoint: bool) -> bool {
        let is_better = |best: f64| match better {
            Better::Smaller => value < best,
            Better::Larger => value > best,
        };
        let is_best = has_checkpoint && !value.is_nan() && self.best.is_none_or(|(_, best)| is_better(best));
        (self.best, self.bad) = if is_best { (Some((epoch, value)), 0) } else { (self.best, self.bad + 1) };
        is_best
    }
}

/// The metric of the best epochs, in words: two runs may mean two things by one name. Checkpoints of best epochs have it as a metric.
pub(crate) fn by(metric: &str, better: Better) -> String {
    let direction = match better {
        Better::Smaller => "smaller",
        Better::Larger => "larger",
    };
    format!("{metric}, the {direction} the better")
}

/// The type of an optimiser, by the names in it: those of modules, numbers and signs may change with the compiler.
fn kind<O>() -> String {
    let name = std::any::type_name::<O>();
    let paths = name.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let names = paths.filter_map(|path| path.rsplit("::").next());
    // Whether it updates on a GPU is no part of what it is.
    let own = names.filter(|name| name.starts_with(char::is_alphabetic) && *name != "Moved");
    own.collect::<Vec<_>>().join(" ")
}

/// The names of the optimiser, of the average of the parameters and of the number of shards, and how names of the session's numbers begin.
const OPTIMIZER: &str = "optimizer";
const AVERAGE: &str = "average";
const SHARDS: &str = "shards";
const NUMBERS: &str = "session/";

/// Everything that a run needs to go on.
pub(crate) fn stored<O: Optimizer>(
    ranks: &impl Ranks<O>,
    session: &Session<O>,
    place: &Place,
    by: &str,
    loader: &Loader,
    metrics: &[(&str, f64)],
) -> Result<Checkpoint, Error> {
    let mut checkpoint = Checkpoint::new()
        .with_params(&session.params)
        .with_optimizer(OPTIMIZER, &ranks.state(&session.params, &session.optimizer)?)
        .with_key("run", session.key)
        .with_position(loader.position(session.step))
        .with_text("loader", &loader.to_string())
        .with_text(OPTIMIZER, &kind::<O>())
        .with_text("best", by)
        .with_count("step", session.step)
        .with_number("loss/sum", place.loss.sum)
        .with_number("loss/weight", place.loss.weight)
        .with_count("bad", place.bad);
    for (name, value) in &session.numbers {
        checkpoint = checkpoint.with_number(&format!("{NUMBERS}{name}"), *value);
    }
    if let Some(average) = &session.average {
        checkpoint = checkpoint
            .with_text(AVERAGE, &average.to_string())
            .with_optimizer(AVERAGE, &average.state(&session.params));
    }
    if let Some(shards) = ranks.shards() {
        checkpoint = checkpoint.with_count(SHARDS, shards);
    }
    if let Some((epoch, value)) = place.best {
        checkpoint = checkpoint.with_count("best/epoch", epoch).with_number("best/value", value);
    }
    for (name, value) in metrics {
        checkpoint = checkpoint.with_metric(name, *value);
    }
    Ok(checkpoint)
}

/// Takes over what a checkpoint holds. Where it is of something else, nothing has changed.
pub(crate) fn restored<O: Optimizer>(
    ranks: &impl Ranks<O>,
    (file, checkpoint): (&Path, &Checkpoint),
    step: u64,
    session: &mut Session<O>,
    by: &str,
    loader: &Loader,
) -> Result<Place, Error> {
    let differs = |field: &str, found: &dyn ToString, expected: &dyn ToString| {
        let (field, found, expected) = (field.to_owned(), found.to_string(), expected.to_string());
        let faults = vec![Fault { field, found, expected }];
        Error::File(files::Error::Content { file: file.to_owned(), faults })
    };
    let (of, count) = (checkpoint.text("loader")?, checkpoint.count("step")?);
    if of != loader.to_string() {
        return Err(differs("loader", &of, loader));
    }
    let cut =
        |shards: Option<u64>| shards.map_or("a step that is not cut".to_owned(), |n| format!("{n} shards"));
    let (found, expected) = (checkpoint.count(SHARDS).ok(), ranks.shards());
    if found != expected {
        return Err(differs(
            SHARDS,
            &cut(found),
            &format!("{}: another number gives other bits", cut(expected)),
        ));
    }
    if count != step {
        return Err(differs("step", &count, &step));
    }
    let mut place = Place {
        loss: Mean { sum: checkpoint.number("loss/sum")?, weight: checkpoint.number("loss/weight")? },
        best: None,
        bad: checkpoint.count("bad")?,
    };
    if let Ok(epoch) = checkpoint.count("best/epoch") {
        place.best = Some((epoch, checkpoint.number("best/value")?));
    }
    match checkpoint.text("best")? {
        of if of == by => {}
        _ if place.best.is_none() => place.bad = 0,
        of => {
            return Err(differs(
                "best",
                &of,
                &format!("{by}: another metric is another run, in another folder"),
            ));
        }
    }
    let prefix = format!("number/{NUMBERS}");
    let names = checkpoint.tensors().list.iter().filter_map(|tensor| tensor.name.strip_prefix(&prefix));
    let number = |name: &str| Ok((name.to_owned(), checkpoint.number(&format!("{NUMBERS}{name}"))?));
    let numbers = names.map(number).collect::<Result<_, files::Error>>()?;
    let (key, optimizer) = (checkpoint.key("run")?, checkpoint.optimizer(OPTIMIZER)?);
    // A model that the parameters do not fit is found out before anything changes.
    checkpoint.load_params(&mut session.params.clone())?;
    let (of, own) = (checkpoint.text(OPTIMIZER)?, kind::<O>());
    if of != own {
        return Err(differs(OPTIMIZER, &format!("the state of {of}"), &format!("that of {own}")));
    }
    let mut average = session.average.clone();
    let (found, expected) = (checkpoint.text(AVERAGE).ok(), average.as_ref().map(ToString::to_string));
    if found != expected.as_deref() {
        return Err(differs(AVERAGE, &found.unwrap_or("none"), &expected.as_deref().unwrap_or("none")));
    }
    if let Some(average) = &mut average {
        let set = average.set_state(&session.params, &checkpoint.optimizer(AVERAGE)?);
        set.map_err(|error| differs(&format!("{AVERAGE}/{}", error.field), &error.found, &error.expected))?;
    }
    let set = ranks.set_state(&session.params, &mut session.optimizer, &optimizer);
    set.map_err(|error| match error {
        Error::State(error) => {
            differs(&format!("{OPTIMIZER}/{}", error.field), &error.found, &error.expected)
        }
        error => error,
    })?;
    checkpoint.load_params(&mut session.params)?;
    (session.average, session.key, session.numbers) = (average, key, numbers);
    Ok(place)
}
