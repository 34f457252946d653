//! Which checkpoints of a run stay.

use crate::checkpoint::{Checkpoint, check_format, metric_field};
use crate::disk::{self, TEMPORARY};
use crate::error::{Error, Fault};
use crate::safetensors;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Keeps the checkpoints of a run in a folder: the newest, and the best by a metric. Others are deleted.
///
/// They are named by their step, `checkpoint-120.safetensors`. A keeper remembers nothing: what counts is what lies in the folder, so that
/// it goes on after a crash. Other files are left alone.
///
/// ```
/// use files::{Better, Checkpoint, Keeper};
/// let folder = std::env::temp_dir().join(format!("wengert-keeper-{}", std::process::id()));
/// let keeper = Keeper::new(&folder).keep_best(1, "loss", Better::Smaller);
/// for (step, loss) in [(1, 0.9), (2, 0.5), (3, 0.7), (4, 0.8)] {
///     keeper.write(step, &Checkpoint::new().with_count("step", step).with_metric("loss", loss))?;
/// }
/// assert_eq!(keeper.steps()?, [2, 4]);
/// assert_eq!((keeper.best()?.unwrap().0, keeper.newest()?.unwrap().0), (2, 4));
/// std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Keeper {
    folder: PathBuf,
    best: Option<(usize, String, Better)>,
}

/// Which of two metrics is better. One that is not a number is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The smaller one, such as that of a loss.
    Smaller,
    /// The larger one, such as that of an accuracy.
    Larger,
}

impl Keeper {
    /// Keeps the newest alone, in this folder, which is made if need be.
    pub fn new(folder: impl AsRef<Path>) -> Keeper {
        Keeper { folder: folder.as_ref().to_owned(), best: None }
    }

    /// Keeps the best `count` by a metric too; of equal ones the newer.
    #[must_use]
    pub fn keep_best(mut self, count: usize, metric: &str, better: Better) -> Keeper {
        self.best = Some((count, metric.to_owned(), better));
        self
    }

    /// The file of a step.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(name(step))
    }

    /// Takes the folder, which is made if need be, until the file is dropped or the process ends, however it ends. Where the system
    /// has no locks, nothing is locked.
    ///
    /// ```
    /// let folder = std::env::temp_dir().join(format!("wengert-lock-{}", std::process::id()));
    /// let keeper = files::Keeper::new(&folder);
    /// let lock = keeper.lock()?;
    /// assert!(keeper.lock().unwrap_err().to_string().ends_with("cannot lock: another run uses this folder"));
    /// drop(lock);
    /// keeper.lock()?;
    /// std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If another run has it, of kind [`WouldBlock`](io::ErrorKind::WouldBlock), or the system refuses.
    pub fn lock(&self) -> Result<File, Error> {
        let failed = disk::failed(&self.folder, "lock");
        fs::create_dir_all(&self.folder).map_err(&failed)?;
        let file =
            OpenOptions::new().create(true).append(true).open(self.folder.join(LOCK)).map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
            Err(TryLockError::Error(error)) => Err(failed(error)),
            Err(TryLockError::WouldBlock) => {
                let text = "another run uses this folder";
                Err(failed(io::Error::new(io::ErrorKind::WouldBlock, text)))
            }
        }
    }

    /// Writes the checkpoint of a step, then deletes those that are neither the newest nor among the best, and what was left half written.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn write(&self, step: u64, checkpoint: &Checkpoint) -> Result<(), Error> {
        fs::create_dir_all(&self.folder).map_err(disk::failed(&self.folder, "make the folder"))?;
        checkpoint.write(self.path(step))?;
        let mut others = self.steps()?;
        others.retain(|&other| other != step);
        let mut kept: Vec<u64> = self.ranked()?.into_iter().map(|(step, _)| step).collect();
        kept.truncate(self.best.as_ref().map_or(0, |(count, ..)| *count));
        let unwanted = others.into_iter().filter(|other| !kept.contains(other)).map(|other| self.path(other));
        for path in unwanted.chain(self.half_written()?) {
            fs::remove_file(&path).map_err(disk::failed(&path, "delete"))?;
        }
        Ok(())
    }

    /// The steps of all checkpoints, in order.
    ///
    /// # Errors
    /// If the folder is there and cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>, Error> {
        let step = |name: String| name.strip_prefix(BEGIN)?.strip_suffix(END)?.parse().ok();
        let mut steps: Vec<u64> = self.names()?.into_iter().filter_map(step).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// The newest checkpoint that is whole, and its step: where a run goes on. `None` if there is none at all. Those of later steps in
    /// [`steps`](Keeper::steps) are broken and were passed over.
    ///
    /// # Errors
    /// If the folder is there and cannot be read, if there are checkpoints and none is whole, or if the newest comes from a newer
    /// version of this library.
    pub fn newest(&self) -> Result<Option<(u64, Checkpoint)>, Error> {
        self.first_whole(self.steps()?.into_iter().rev())
    }

    /// The best checkpoint that is whole, and its step. `None` if there is none with this metric, or none is asked for.
    ///
    /// # Errors
    /// As [`newest`](Keeper::newest).
    pub fn best(&self) -> Result<Option<(u64, Checkpoint)>, Error> {
        self.first_whole(self.ranked()?.into_iter().map(|(step, _)| step))
    }

    fn first_whole(&self, steps: impl Iterator<Item = u64>) -> Result<Option<(u64, Checkpoint)>, Error> {
        let mut faults = vec![];
        for step in steps {
            match Checkpoint::read(self.path(step)) {
                Ok(checkpoint) => return Ok(Some((step, checkpoint))),
                // A whole file that this version does not know: to go on from an older one would lose work.
                Err(error) if error.faults().iter().any(|fault| fault.field == "format") => {
                    return Err(error);
                }
                Err(Error::Io { file, action, source }) => return Err(Error::Io { file, action, source }),
                Err(error) => faults.push(Fault::new(name(step), error, "a whole checkpoint")),
            }
        }
        // Whoever began anew would lose what they could repair or fetch.
        if faults.is_empty() { Ok(None) } else { Err(Error::from(faults).in_file(&self.folder)) }
    }

    /// The steps that have the metric, the best first.
    fn ranked(&self) -> Result<Vec<(u64, f64)>, Error> {
        let Some((_, metric, better)) = &self.best else { return Ok(vec![]) };
        let mut ranked = vec![];
        for step in self.steps()? {
            let Ok(texts) = safetensors::read_texts(&self.path(step)) else { continue };
            let value = texts.get(&metric_field(metric)).and_then(|text| text.parse::<f64>().ok());
            if let (Ok(()), Some(value)) = (check_format(texts.get("format")), value) {
                ranked.push((step, value));
            }
        }
        let worth = |value: f64| match better {
            _ if value.is_nan() => f64::NEG_INFINITY,
            Better::Smaller => -value,
            Better::Larger => value,
        };
        let key = |&(step, value): &(u64, f64)| (value.is_nan(), std::cmp::Reverse(step));
        ranked.sort_by(|a, b| worth(b.1).total_cmp(&worth(a.1)).then(key(a).cmp(&key(b))));
        Ok(ranked)
    }

    /// Files that a process left which was killed while it wrote.
    fn half_written(&self) -> Result<Vec<PathBuf>, Error> {
        let left = |name: &String| name.starts_with(&format!(".{BEGIN}")) && name.ends_with(TEMPORARY);
        Ok(self.names()?.into_iter().filter(left).map(|name| self.folder.join(name)).collect())
    }

    /// The names in the folder; none where there is no folder.
    fn names(&self) -> Result<Vec<String>, Error> {
        let failed = disk::failed(&self.folder, "list");
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            entries => entries.map_err(&failed)?,
        };
        let file_name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).map_err(&failed)
        };
        entries.map(file_name).collect()
    }
}

/// How the names of checkpoints begin and end.
const BEGIN: &str = "checkpoint-";
const END: &str = ".safetensors";

/// The file that a run locks. It stays: who deletes it could delete that of the next run.
const LOCK: &str = ".lock";

fn name(step: u64) -> String {
    format!("{BEGIN}{step}{END}")
}
