//! TensorBoard's event files: numbers, histograms and images, written and read.
//!
//! The few messages that they consist of are written by hand: a page of code, instead of a compiler of protocols and its code for
//! hundreds of messages. TensorBoard itself reads the files in `tests/events.py`.

mod event;
mod proto;
mod record;

pub use event::{Content, Event, Histogram, Summary};
pub use record::{crc32c, masked_crc32c};

use super::appended::Appended;
use super::{Error, Log};
use files::Fault;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A log that TensorBoard shows: `tensorboard --logdir FOLDER`.
///
/// There is one file in the folder, which goes on after a restart.
///
/// ```
/// use train::log::{Log, TensorBoard, tensorboard};
/// let folder = std::env::temp_dir().join(format!("wengert-tensorboard-{}", std::process::id()));
/// let mut log = TensorBoard::new(&folder);
/// log.begin(0, None)?;
/// log.scalars(1, &[("loss/train", 0.5)])?;
/// log.histogram(1, "net.0.weight", &[-1.0, 0.25, 0.5, 1.0])?;
/// log.image(1, "noise", 2, 1, &[255, 0, 0, /**/ 0, 0, 255])?; // a red and a blue pixel
/// let events = tensorboard::read(log.path())?;
/// assert_eq!(events[0].version.as_deref(), Some("brain.Event:2"));
/// assert_eq!((events[1].step, &events[1].summaries[0].tag[..]), (1, "loss/train"));
/// assert_eq!(events[1].summaries[0].content, tensorboard::Content::Scalar(0.5));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    file: Appended,
}

impl TensorBoard {
    /// A log in this folder, which is made when it is needed.
    pub fn new(folder: impl AsRef<Path>) -> TensorBoard {
        // TensorBoard asks for `tfevents` in the name.
        let path = folder.as_ref().join("events.out.tfevents.wengert");
        TensorBoard { file: Appended::new(&path, vec![], "records of events"), path }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Logs how numbers are distributed, in 30 bins of equal width between the least and the largest finite one.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn histogram(&mut self, step: u64, tag: &str, values: &[f64]) -> Result<(), Error> {
        self.summary(step, tag, Content::Histogram(Histogram::of(values, 30)))
    }

    /// Logs an image: row by row from the top, for each pixel red, green and blue; or its brightness alone, where there are as many
    /// bytes as pixels.
    ///
    /// # Errors
    /// If the system refuses.
    ///
    /// # Panics
    /// If there are not as many bytes, or no pixels.
    #[track_caller]
    pub fn image(
        &mut self,
        step: u64,
        tag: &str,
        width: u32,
        height: u32,
        pixels: &[u8],
    ) -> Result<(), Error> {
        self.summary(step, tag, event::image(width, height, pixels))
    }

    fn summary(&mut self, step: u64, tag: &str, content: Content) -> Result<(), Error> {
        self.write(step, vec![Summary { tag: tag.to_owned(), content }])
    }

    fn write(&mut self, step: u64, summaries: Vec<Summary>) -> Result<(), Error> {
        let event = Event { wall_time: now(), step: step.cast_signed(), version: None, summaries };
        self.file.write(&record::framed(&event.encode()))
    }
}

impl Log for TensorBoard {
    fn begin(&mut self, step: u64, _: Option<u64>) -> Result<(), Error> {
        self.file.cut(step, |bytes| {
            let Some((payload, length)) = record::first(bytes)? else { return Ok(None) };
            let event = Event::decode(payload)?;
            let of = if event.version.is_some() { None } else { Some(event.step.max(0).cast_unsigned()) };
            Ok(Some((of, length)))
        })?;
        if std::fs::metadata(&self.path).is_ok_and(|file| file.len() == 0) {
            let version = Some("brain.Event:2".to_owned());
            let event = Event { wall_time: now(), step: 0, version, summaries: vec![] };
            self.file.write(&record::framed(&event.encode()))?;
        }
        Ok(())
    }

    fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), Error> {
        let summary = |&(tag, value): &(&str, f64)| Summary {
            tag: tag.to_owned(),
            content: Content::Scalar(value as f32),
        };
        self.write(step, values.iter().map(summary).collect())
    }

    fn keep(&mut self) -> Result<(), Error> {
        self.file.keep()
    }
}

/// Seconds since 1970. They are shown and change nothing.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// All events of a file.
///
/// # Errors
/// If the file cannot be read; if a checksum is wrong, or a record is no event or is not whole.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<Event>, Error> {
    let file = path.as_ref();
    let bytes = files::bytes(file)?;
    let (mut events, mut at) = (vec![], 0);
    while at < bytes.len() {
        let whole =
            record::first(&bytes[at..]).and_then(|first| first.ok_or_else(|| "its begin alone".to_owned()));
        let event = whole.and_then(|(payload, length)| Ok((Event::decode(payload)?, length)));
        let (event, length) = event.map_err(|found| {
            let (field, expected) =
                (format!("record {} at byte {at}", events.len()), "a whole event".to_owned());
            Error::Content { file: file.to_owned(), faults: vec![Fault { field, found, expected }] }
        })?;
        events.push(event);
        at += length;
    }
    Ok(events)
}
