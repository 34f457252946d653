//! Files that grow at their end, and are cut back.

use files::{Error, Fault};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that records are appended to, each by one call of the system. It begins with a header.
#[derive(Debug)]
pub(super) struct Appended {
    path: PathBuf,
    header: Vec<u8>,
    /// What the file holds after the header, in words.
    records: &'static str,
    file: Option<File>,
}

/// The step of the record that bytes begin with, if it has one, and its length. `None` where the bytes end within it; an error
/// is the text of what is no record.
pub(super) type First = Result<Option<(Option<u64>, usize)>, String>;

impl Appended {
    pub(super) fn new(path: &Path, header: Vec<u8>, records: &'static str) -> Appended {
        Appended { path: path.to_owned(), header, records, file: None }
    }

    /// Cuts the file off before the first record of a later step, or that is not whole. After 0 steps the header alone stays. A file
    /// that holds something else is an error, and stays as it is.
    pub(super) fn cut(&mut self, step: u64, first: impl Fn(&[u8]) -> First) -> Result<(), Error> {
        self.file = None;
        let bytes = match files::bytes(&self.path) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => vec![],
            read => read?,
        };
        let kept = self.kept(&bytes, step, first);
        let kept = kept.map_err(|fault| Error::Content { file: self.path.clone(), faults: vec![fault] })?;
        if kept < bytes.len() {
            let file = OpenOptions::new().write(true).open(&self.path);
            let cut = file.and_then(|file| file.set_len(kept as u64));
            cut.map_err(failed(&self.path, "cut"))?;
        }
        self.open().map(|_| ())
    }

    /// How many bytes stay.
    fn kept(&self, bytes: &[u8], step: u64, first: impl Fn(&[u8]) -> First) -> Result<usize, Fault> {
        let mut at = self.header.len();
        if !bytes.starts_with(&self.header) {
            // Killed within the header?
            let found = excerpt(bytes);
            let expected = excerpt(&self.header);
            let whole = !self.header.starts_with(bytes);
            return if whole { Err(Fault { field: "header".to_owned(), found, expected }) } else { Ok(0) };
        }
        loop {
            let record = first(&bytes[at..]).map_err(|found| Fault {
                field: format!("byte {at}"),
                found,
                expected: self.records.to_owned(),
            })?;
            match record {
                Some((of, length)) if of.is_none_or(|of| step > 0 && of <= step) => at += length,
                _ => return Ok(at),
            }
        }
    }

    /// Appends a record.
    pub(super) fn write(&mut self, record: &[u8]) -> Result<(), Error> {
        let written = self.open()?.write_all(record);
        written.map_err(failed(&self.path, "write"))
    }

    /// Waits until the disk has everything.
    pub(super) fn keep(&mut self) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        file.sync_data().map_err(failed(&self.path, "write"))
    }

    /// The file, opened at its end, and with a header.
    fn open(&mut self) -> Result<&mut File, Error> {
        if self.file.is_none() {
            let failed = failed(&self.path, "open");
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            folder.map_or(Ok(()), std::fs::create_dir_all).map_err(&failed)?;
            let mut file = OpenOptions::new().append(true).create(true).open(&self.path).map_err(&failed)?;
            if file.metadata().map_err(&failed)?.len() == 0 {
                file.write_all(&self.header).map_err(&failed)?;
            }
            self.file = Some(file);
        }
        Ok(self.file.as_mut().expect("it was opened"))
    }
}

/// The line that bytes begin with, for logs of lines. A line that is not the last one has a step.
pub(super) fn first_line(bytes: &[u8], step: impl Fn(&str) -> Option<u64>) -> First {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let of = std::str::from_utf8(&bytes[..end]).ok().and_then(step);
    of.map(|of| Some((Some(of), end + 1))).ok_or_else(|| excerpt(&bytes[..end]))
}

/// The first few bytes, as text.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(60)]))
}

fn failed(path: &Path, action: &'static str) -> impl Fn(io::Error) -> Error + use<> {
    let file = path.to_owned();
    move |source| Error::Io { file: file.clone(), action, source }
}
