//! The errors of reading a file.

use std::{fmt, io};

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
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    Io {
        /// Name of the file.
        file: String,
        /// The error of the operating system or of the given reader.
        error: io::Error,
    },
    /// The file begins as gzip but is cut off or damaged.
    Gzip {
        /// Name of the file.
        file: String,
        /// The error of the decoder.
        error: io::Error,
    },
    /// The text begins with a byte order mark of UTF-16.
    Utf16 {
        /// Name of the file.
        file: String,
    },
    /// The file, or what it decompresses to, is longer than the limit.
    TooLong {
        /// Name of the file.
        file: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The file has no rows of numbers.
    Empty {
        /// Name of the file.
        file: String,
        /// Whether the first row was to be names.
        header: bool,
    },
    /// Each row has a missing value, and such rows were to be dropped.
    AllMissing {
        /// Name of the file.
        file: String,
        /// How many rows there are.
        rows: usize,
    },
    /// A row has too few fields, or not as many as the first one.
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
    /// The text ends within quotes.
    Quote {
        /// Name of the file.
        file: String,
        /// The line after the last whole row.
        line: u64,
    },
    /// The file has no such column for the labels.
    Label {
        /// Name of the file.
        file: String,
        /// The column that was asked for.
        column: String,
        /// The columns that would have been accepted.
        expected: String,
    },
    /// A field is not what its column holds.
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
    /// An option has a value by which no file can be read.
    Option {
        /// Name of the option.
        option: &'static str,
        /// The value it had.
        value: String,
        /// The values that would have been accepted.
        expected: &'static str,
    },
    /// The numbers do not fit in memory.
    TooLarge {
        /// Name of the file.
        file: String,
        /// Line that was being read.
        line: u64,
        /// How many numbers had been read.
        elements: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io { file, error } => write!(f, "{file}: {error}, expected a file that can be read"),
            Error::Gzip { file, error } => write!(f, "{file}: {error}, expected a whole gzip file"),
            Error::Utf16 { file } => {
                write!(f, "{file}: a byte order mark of UTF-16, expected text in UTF-8")
            }
            Error::TooLong { file, limit } => write!(
                f,
                "{file}: longer than {limit} bytes, expected at most as many; `limit` sets the \
                 number"
            ),
            Error::Empty { file, header } => write!(
                f,
                "{file}: no rows, expected at least one{}",
                if *header { " after the names of the columns" } else { "" }
            ),
            Error::AllMissing { file, rows } => {
                write!(f, "{file}: a missing value in each of {rows} rows, expected at least one row without")
            }
            Error::Width { file, line, fields, expected } => {
                write!(f, "{file}, line {line}: {fields} fields, expected {expected}")
            }
            Error::Quote { file, line } => {
                write!(
                    f,
                    "{file}, line {line}: the file ends within quotes, expected a quote that closes them"
                )
            }
            Error::Label { file, column, expected } => {
                write!(f, "{file}: label column {column}, expected {expected}")
            }
            Error::Field { file, line, column, name, value, expected } => write!(
                f,
                "{file}, line {line}, column {column}{}: {value:?}, expected {expected}",
                in_parentheses(name)
            ),
            Error::Option { option, value, expected } => {
                write!(f, "option `{option}` = {value}, expected {expected}")
            }
            Error::TooLarge { file, line, elements } => write!(
                f,
                "{file}, line {line}: {elements} numbers so far, expected fewer: memory is exhausted"
            ),
        }
    }
}

impl std::error::Error for Error {}

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
