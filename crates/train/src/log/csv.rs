//! A table of comma-separated values.

use super::appended::{Appended, first_line};
use super::{Error, Log};
use std::path::Path;

/// A CSV file with a row for each number: `step,name,value`. So a name can come at any step, and no column is empty.
///
/// Numbers are the shortest decimals that give the same bits again. A name with a comma or a quote stands in quotes (RFC 4180). The
/// module's page has an example.
#[derive(Debug)]
pub struct Csv(Appended);

impl Csv {
    /// A log in this file, which is made when it is needed.
    pub fn new(path: impl AsRef<Path>) -> Csv {
        let header = b"step,name,value\n".to_vec();
        Csv(Appended::new(path.as_ref(), header, "rows of step, name and value"))
    }
}

impl Log for Csv {
    fn begin(&mut self, step: u64, _: Option<u64>) -> Result<(), Error> {
        self.0.cut(step, |bytes| first_line(bytes, |line| line.split_once(',')?.0.parse().ok()))
    }

    /// # Panics
    /// If a name has several lines.
    #[track_caller]
    fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), Error> {
        let mut rows = String::new();
        for (name, value) in values {
            assert!(!name.contains(['\n', '\r']), "scalars: {name:?} has several lines");
            let quoted = name.contains([',', '"']).then(|| format!("\"{}\"", name.replace('"', "\"\"")));
            rows += &format!("{step},{},{value:?}\n", quoted.as_deref().unwrap_or(name));
        }
        self.0.write(rows.as_bytes())
    }

    fn keep(&mut self) -> Result<(), Error> {
        self.0.keep()
    }
}
