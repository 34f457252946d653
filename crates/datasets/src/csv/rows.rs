//! Rows of fields from text.

use super::lines::{LineFeeds, Unclosed};
use super::source::Source;
use super::{Error, Options};
use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Terminator};
use std::io::{self, Read};

/// The rows of a text, with the lines on which they begin. Empty lines are passed over.
pub(super) struct Rows<'a> {
    file: &'a str,
    reader: Reader<io::Chain<LineFeeds<Source<'a>>, &'static [u8]>>,
    pub(super) record: ByteRecord,
    /// The line on which the record begins.
    pub(super) line: u64,
    /// Line ends that the reader does not count: carriage returns within the quotes of earlier rows.
    uncounted: u64,
}

impl<'a> Rows<'a> {
    pub(super) fn open(file: &'a str, bytes: impl Read + 'a, options: &Options) -> Result<Rows<'a>, Error> {
        let (separator, comment) = options.check()?;
        let source = Source::new(file, bytes, options.limit)?;
        // With lines that always end in a line feed, the line on which a row ends is the one before the reader's.
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .comment(comment)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(LineFeeds::new(source, separator, comment).chain(&b"\n"[..]));
        Ok(Rows { file, reader, record: ByteRecord::new(), line: 0, uncounted: 0 })
    }

    /// Reads the next row, if there is one.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        loop {
            let before = self.reader.position().line();
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => return Err(self.refusal(error, before)),
            }
            let within = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count();
            // The reader's own figure is where it began, empty lines included. It is right for a quote that is never
            // closed, whose row ends without a line feed.
            let end = self.reader.position().line();
            self.line = end.saturating_sub(1 + within as u64).max(before) + self.uncounted;
            if self.record.as_slice().contains(&b'\r') {
                self.uncounted += self.record.iter().map(lone_returns).sum::<u64>();
            }
            if self.record.len() > 1 || !self.record.as_slice().trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn refusal(&self, error: ::csv::Error, before: u64) -> Error {
        let (lines, _) = self.reader.get_ref().get_ref();
        let error = match error.into_kind() {
            ErrorKind::Io(error) => error,
            // Rows of bytes of any length: the reader has nothing else to refuse.
            other => io::Error::other(format!("{other:?}")),
        };
        if error.get_ref().is_some_and(|inner| inner.is::<Unclosed>()) {
            let line = before + self.uncounted;
            return Error::Quote { file: self.file.to_owned(), line };
        }
        lines.inner().refusal(self.file, error)
    }
}

/// How many carriage returns of a field are line ends of their own.
fn lone_returns(field: &[u8]) -> u64 {
    let lone = |&(i, byte): &(usize, &u8)| *byte == b'\r' && field.get(i + 1) != Some(&b'\n');
    field.iter().enumerate().filter(lone).count() as u64
}
