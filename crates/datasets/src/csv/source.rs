//! Reads and decompresses the text of a file, with a limit on both.

use super::Error;
use flate2::read::MultiGzDecoder;
use std::fmt;
use std::io::{self, BufReader, ErrorKind, Read};

/// The first two bytes of a gzip file (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The byte order marks of UTF-8 and UTF-16.
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// The text of a file, plain or decompressed, no longer than a limit, without byte order marks.
pub(super) struct Source<'a> {
    /// What was read to look for byte order marks and is none.
    start: io::Cursor<Vec<u8>>,
    text: Limited<Box<dyn Read + 'a>>,
    gzip: bool,
    limit: u64,
}

impl<'a> Source<'a> {
    /// Looks at the first bytes to tell whether the rest is gzip.
    pub(super) fn new(file: &str, bytes: impl Read + 'a, limit: u64) -> Result<Source<'a>, Error> {
        // Compressed bytes are limited too: empty gzip members, one after the other, never become text.
        let mut bytes = Limited { inner: bytes, left: limit };
        let mut start = Vec::with_capacity(GZIP.len());
        let begun = bytes.by_ref().take(GZIP.len() as u64).read_to_end(&mut start);
        let gzip = start == GZIP;
        let bytes = io::Cursor::new(start).chain(bytes);
        let text: Box<dyn Read + 'a> =
            if gzip { Box::new(MultiGzDecoder::new(BufReader::new(bytes))) } else { Box::new(bytes) };
        let text = Limited { inner: text, left: limit };
        let mut source = Source { start: io::Cursor::default(), text, gzip, limit };
        match begun.and_then(|_| source.pass_marks()) {
            Ok(()) if UTF16.iter().any(|mark| source.start.get_ref().starts_with(mark)) => {
                Err(Error::Utf16 { file: file.to_owned() })
            }
            Ok(()) => Ok(source),
            Err(error) => Err(source.refusal(file, error)),
        }
    }

    /// Passes over the marks at the beginning. Programs that do not know of them write another before the first.
    fn pass_marks(&mut self) -> io::Result<()> {
        let mut start = Vec::with_capacity(MARK.len());
        loop {
            self.text.by_ref().take(MARK.len() as u64).read_to_end(&mut start)?;
            if start != MARK {
                self.start = io::Cursor::new(start);
                return Ok(());
            }
            start.clear();
        }
    }

    /// What an error of this source's `read` means.
    pub(super) fn refusal(&self, file: &str, error: io::Error) -> Error {
        let file = file.to_owned();
        if error.get_ref().is_some_and(|inner| inner.is::<PastLimit>()) {
            return Error::TooLong { file, limit: self.limit };
        }
        match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof if self.gzip => {
                Error::Gzip { file, error }
            }
            _ => Error::Io { file, error },
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.start.read(out)? {
            0 => self.text.read(out),
            read => Ok(read),
        }
    }
}

/// Gives an error once the inner reader has given more bytes than were left.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            match self.inner.read(out) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(PastLimit))?;
        Ok(read)
    }
}

/// Marks the error of [`Limited`] among those of the readers below and above it.
#[derive(Debug)]
struct PastLimit;

impl fmt::Display for PastLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("longer than the limit")
    }
}

impl std::error::Error for PastLimit {}
