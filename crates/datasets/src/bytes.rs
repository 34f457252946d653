//! The bytes of a file, plain or decompressed, with a limit on both.

use flate2::read::MultiGzDecoder;
use std::fmt;
use std::io::{self, BufReader, ErrorKind, Read};

/// The first two bytes of a gzip file (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are no more than a limit, decompressed if they begin as gzip does.
pub(crate) struct Bytes<'a> {
    inner: Limited<Box<dyn Read + 'a>>,
    gzip: bool,
    limit: u64,
}

/// Why there are no further bytes.
pub(crate) enum Fault {
    Io(io::Error),
    Gzip(io::Error),
    /// There are more than this.
    TooLong(u64),
}

impl<'a> Bytes<'a> {
    /// Looks at the first bytes to tell whether the rest is gzip.
    pub(crate) fn new(bytes: impl Read + 'a, limit: u64) -> Result<Bytes<'a>, Fault> {
        // Compressed bytes are limited too: empty gzip members, one after the other, never become content.
        let mut bytes = Limited { inner: bytes, left: limit };
        let mut start = Vec::with_capacity(GZIP.len());
        let begun = bytes.by_ref().take(GZIP.len() as u64).read_to_end(&mut start);
        let gzip = start == GZIP;
        let bytes = io::Cursor::new(start).chain(bytes);
        let inner: Box<dyn Read + 'a> =
            if gzip { Box::new(MultiGzDecoder::new(BufReader::new(bytes))) } else { Box::new(bytes) };
        let bytes = Bytes { inner: Limited { inner, left: limit }, gzip, limit };
        match begun {
            Ok(_) => Ok(bytes),
            Err(error) => Err(bytes.fault(error)),
        }
    }

    /// What an error of this reader's `read` means.
    pub(crate) fn fault(&self, error: io::Error) -> Fault {
        if error.get_ref().is_some_and(|inner| inner.is::<PastLimit>()) {
            return Fault::TooLong(self.limit);
        }
        match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof if self.gzip => {
                Fault::Gzip(error)
            }
            _ => Fault::Io(error),
        }
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.inner.read(out)
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
