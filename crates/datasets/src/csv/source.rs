//! The text of a file without byte order marks.

use super::Error;
use crate::bytes::{Bytes, Fault};
use std::io::{self, Read};

/// The byte order marks of UTF-8 and UTF-16.
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// The text of a file, plain or decompressed, no longer than a limit, without byte order marks.
pub(super) struct Source<'a> {
    /// What was read to look for byte order marks and is none.
    start: io::Cursor<Vec<u8>>,
    text: Bytes<'a>,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &str, bytes: impl Read + 'a, limit: u64) -> Result<Source<'a>, Error> {
        let text = Bytes::new(bytes, limit).map_err(|fault| refusal(file, fault))?;
        let mut source = Source { start: io::Cursor::default(), text };
        source.pass_marks().map_err(|error| source.refusal(file, error))?;
        if UTF16.iter().any(|mark| source.start.get_ref().starts_with(mark)) {
            return Err(Error::Utf16 { file: file.to_owned() });
        }
        Ok(source)
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
        refusal(file, self.text.fault(error))
    }
}

fn refusal(file: &str, fault: Fault) -> Error {
    let file = file.to_owned();
    match fault {
        Fault::Io(error) => Error::Io { file, error },
        Fault::Gzip(error) => Error::Gzip { file, error },
        Fault::TooLong(limit) => Error::TooLong { file, limit },
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
