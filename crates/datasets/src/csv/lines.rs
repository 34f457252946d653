//! Line ends of every kind as line feeds.

use std::fmt;
use std::io::{self, Read};

/// Gives a text in which a line feed ends each line, where the inner one has LF, CRLF or CR alone. What stands within
/// quotes stays as it is.
pub(super) struct LineFeeds<R> {
    inner: R,
    separator: u8,
    comment: Option<u8>,
    place: Place,
    /// Whether the latest byte was a carriage return outside of quotes: a line feed after it ends no other line.
    returned: bool,
}

/// Where in a field the next byte stands, as csv-core sees it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// At the beginning of a line, where a comment begins too.
    Line,
    /// In a comment, where quotes mean nothing.
    Comment,
    /// At the beginning, where a quote opens.
    Start,
    /// In a field without quotes, or after its quotes, where a quote means nothing.
    Plain,
    Quoted,
    /// After a quote within quotes, which closes them unless another follows.
    Closing,
}

impl<R> LineFeeds<R> {
    pub(super) fn new(inner: R, separator: u8, comment: Option<u8>) -> LineFeeds<R> {
        LineFeeds { inner, separator, comment, place: Place::Line, returned: false }
    }

    pub(super) fn inner(&self) -> &R {
        &self.inner
    }

    /// Whether bytes stay as they are because none of them is a carriage return or a quote, which is most often so and seen at
    /// once. Then the last one alone decides in what place the next stands.
    fn passes(&mut self, bytes: &[u8]) -> bool {
        let Some(&last) = bytes.last() else { return true };
        let plain =
            self.comment.is_none() && !self.returned && !bytes.contains(&b'\r') && !bytes.contains(&b'"');
        if plain && self.place != Place::Quoted {
            self.place = Place::Plain;
            self.translated(last);
        }
        plain
    }

    /// What stands in the place of a byte; nothing for the second byte of CRLF.
    fn translated(&mut self, byte: u8) -> Option<u8> {
        let second = byte == b'\n' && self.returned;
        self.returned = byte == b'\r' && self.place != Place::Quoted;
        if second {
            return None;
        }
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::Closing,
            (Place::Quoted, _) | (Place::Line | Place::Start | Place::Closing, b'"') => Place::Quoted,
            (_, b'\n' | b'\r') => Place::Line,
            (Place::Comment, _) => Place::Comment,
            (Place::Line, byte) if Some(byte) == self.comment => Place::Comment,
            (_, byte) if byte == self.separator => Place::Start,
            _ => Place::Plain,
        };
        Some(if self.returned { b'\n' } else { byte })
    }
}

impl<R: Read> Read for LineFeeds<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(out)?;
            if read == 0 && !out.is_empty() && self.place == Place::Quoted {
                return Err(io::Error::other(Unclosed));
            }
            if self.passes(&out[..read]) {
                return Ok(read);
            }
            let mut kept = 0;
            for i in 0..read {
                if let Some(byte) = self.translated(out[i]) {
                    out[kept] = byte;
                    kept += 1;
                }
            }
            // Nothing kept of something read is not the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// Marks the error of a text that ends within quotes.
#[derive(Debug)]
pub(super) struct Unclosed;

impl fmt::Display for Unclosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quote that is never closed")
    }
}

impl std::error::Error for Unclosed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_in_a_line_feed_and_quotes_keep_theirs() {
        let cases = [
            ("a\rb\r\nc\nd", "a\nb\nc\nd"),
            ("\r\r\n\n\r", "\n\n\n\n"),
            ("\"a\r\nb\rc\",d\re", "\"a\r\nb\rc\",d\ne"),
            ("\"a\"\"\rb\"\rc", "\"a\"\"\rb\"\nc"),
            ("5\" pipe\rb", "5\" pipe\nb"),
            ("a,\"\r\"\r\n", "a,\"\r\"\n"),
            ("\"a\"x\"\rb", "\"a\"x\"\nb"),
        ];
        for (text, expected) in cases {
            let mut whole = String::new();
            LineFeeds::new(text.as_bytes(), b',', None).read_to_string(&mut whole).unwrap();
            assert_eq!(whole, expected, "{text:?}");
            let mut lines = LineFeeds::new(text.as_bytes(), b',', None);
            let (mut one, mut bytes) = ([0], Vec::new());
            while lines.read(&mut one).unwrap() == 1 {
                bytes.extend(one);
            }
            assert_eq!(bytes, expected.as_bytes(), "{text:?}, a byte at a time");
        }
    }

    #[test]
    fn quotes_in_comments_mean_nothing() {
        let text = "#a,\"b\r\n1,\"\r\"\r\n# \"\r2,#\"\r";
        let mut whole = String::new();
        LineFeeds::new(text.as_bytes(), b',', Some(b'#')).read_to_string(&mut whole).unwrap();
        assert_eq!(whole, "#a,\"b\n1,\"\r\"\n# \"\n2,#\"\n");
    }
}
