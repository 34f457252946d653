//! What can be wrong with a file.

use std::io;

/// Says which file was refused, where in it, what stood there and what was expected instead.
///
/// Lines and columns are counted from 1, as editors do; a quoted field that spans lines belongs to the line on which its
/// row begins. A long value is cut to its first 40 characters.
///
/// # Examples
///
/// ```
/// use datasets::csv::{self, Error};
///
/// let text = "width,height,class\n0.5,1.5,0\n0.5,tall,1\n";
/// let error = csv::options().read_from("boxes.csv", text.as_bytes()).unwrap_err();
/// assert!(matches!(error, Error::Field { line: 3, column: 2, .. }));
/// assert_eq!(
///     error.to_string(),
///     r#"boxes.csv, line 3, column 2 (height): "tall", expected a finite number"#
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("{file}: {error}, expected a file that can be read")]
    Io {
        /// Name of the file.
        file: String,
        /// What the operating system, or the given reader, said.
        error: io::Error,
    },
    /// The file begins as gzip but is cut off or damaged.
    #[error("{file}: {error}, expected a whole gzip file")]
    Gzip {
        /// Name of the file.
        file: String,
        /// What the decoder said.
        error: io::Error,
    },
    /// The file, or what it decompresses to, is longer than the limit.
    #[error("{file}: longer than {limit} bytes, expected at most as many; `limit` sets the number")]
    TooLong {
        /// Name of the file.
        file: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The file has no rows of numbers.
    #[error("{file}: no rows, expected at least one{}", if *.header { " after the names of the columns" } else { "" })]
    Empty {
        /// Name of the file.
        file: String,
        /// Whether the first row was to be names.
        header: bool,
    },
    /// A row has too few fields, or not as many as the first one.
    #[error("{file}, line {line}: {fields} fields, expected {expected}")]
    Width {
        /// Name of the file.
        file: String,
        /// Line on which the row begins.
        line: u64,
        /// How many fields it has.
        fields: usize,
        /// The numbers of fields that would have been accepted.
        expected: String,
    },
    /// The file has no such column for the labels.
    #[error("{file}: label column {column}, expected {expected}")]
    Label {
        /// Name of the file.
        file: String,
        /// The column that was asked for.
        column: String,
        /// The columns that would have been accepted.
        expected: String,
    },
    /// A field is not what its column holds.
    #[error("{file}, line {line}, column {column}{}: {value:?}, expected {expected}", in_parentheses(.name))]
    Field {
        /// Name of the file.
        file: String,
        /// Line on which the row begins.
        line: u64,
        /// Number of the column.
        column: usize,
        /// Name of the column; empty in a file without names.
        name: String,
        /// What the field holds, cut to its first 40 characters.
        value: String,
        /// What would have been accepted.
        expected: String,
    },
    /// The numbers do not fit in memory.
    #[error("{file}, line {line}: {elements} numbers so far, expected fewer: memory is exhausted")]
    TooLarge {
        /// Name of the file.
        file: String,
        /// Line that was being read.
        line: u64,
        /// How many numbers had been read.
        elements: usize,
    },
}

fn in_parentheses(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}

/// The beginning of a field: enough to find it, short enough to print, whatever it holds.
pub(super) fn excerpt(field: &[u8]) -> String {
    const CHARACTERS: usize = 40;
    // A character has at most four bytes.
    let text = String::from_utf8_lossy(&field[..field.len().min(4 * CHARACTERS + 4)]);
    let mut characters = text.chars();
    let mut shown: String = characters.by_ref().take(CHARACTERS).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}
