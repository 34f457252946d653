//! A line of JSON for each step.

use super::appended::{Appended, first_line};
use super::{Error, Log};
use serde_json::Value;
use std::path::Path;

/// A file with an object on each line: `{"step":3,"loss":0.5,"accuracy":0.75}`.
///
/// JSON has no NaN and no infinity: these are the texts `"NaN"`, `"inf"` and `"-inf"`.
///
/// ```
/// use train::log::{JsonLines, Log};
/// let path = std::env::temp_dir().join(format!("wengert-log-{}.jsonl", std::process::id()));
/// let mut log = JsonLines::new(&path);
/// log.begin(0, None)?;
/// log.scalars(1, &[("loss", 0.5), ("accuracy", f64::NAN)])?;
/// assert_eq!(std::fs::read_to_string(&path)?, "{\"step\":1,\"loss\":0.5,\"accuracy\":\"NaN\"}\n");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JsonLines(Appended);

impl JsonLines {
    /// A log in this file, which is made when it is needed.
    pub fn new(path: impl AsRef<Path>) -> JsonLines {
        JsonLines(Appended::new(path.as_ref(), vec![], "a JSON object with a step on each line"))
    }
}

impl Log for JsonLines {
    fn begin(&mut self, step: u64, _: Option<u64>) -> Result<(), Error> {
        let step_of = |line: &str| serde_json::from_str::<Value>(line).ok()?.get("step")?.as_u64();
        self.0.cut(step, |bytes| first_line(bytes, step_of))
    }

    fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), Error> {
        let mut line = format!("{{\"step\":{step}");
        for (name, value) in values {
            let quote = if value.is_finite() { "" } else { "\"" };
            line += &format!(",{}:{quote}{value:?}{quote}", Value::from(*name));
        }
        line += "}\n";
        self.0.write(line.as_bytes())
    }

    fn keep(&mut self) -> Result<(), Error> {
        self.0.keep()
    }
}
