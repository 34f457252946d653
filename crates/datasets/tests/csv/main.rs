//! Tests of the CSV reader: it reads valid files, and all other input gives an error that names the problem and its position.

mod ends;
mod format;
mod hostile;
mod kinds;
mod missing;
#[path = "../shared/mutate.rs"]
mod mutate;
mod mutations;
mod refusals;
mod texts;

use datasets::Dataset;
use datasets::csv::{Error, options};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Reads a text with a header and labels in the last column.
fn read(text: impl AsRef<[u8]>) -> Result<Dataset, Error> {
    options().read_from("test.csv", text.as_ref())
}

/// The whole message with which a text is refused.
#[track_caller]
fn refusal(text: impl AsRef<[u8]>) -> String {
    read(text).expect_err("should have been refused").to_string()
}

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}
