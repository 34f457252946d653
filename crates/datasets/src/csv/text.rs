//! Reads files to texts.

use super::error::excerpt;
use super::rows::Rows;
use super::table::open;
use super::{Error, Options};
use ::csv::ByteRecord;
use std::io::Read;
use std::path::Path;

/// The fields of a file as they stand there, without the quotes round them.
///
/// # Examples
///
/// ```
/// let file = "name,\"a, b\"\nx, 5 \n".as_bytes();
/// let text = datasets::csv::options().read_text_from("pairs.csv", file)?;
/// assert_eq!(text.names, ["name", "a, b"]);
/// assert_eq!(text.rows, [["x", " 5 "]]);
/// # Ok::<(), datasets::csv::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The names of the columns; empty if the first row has none.
    pub names: Vec<String>,
    /// The rows, all of one length.
    pub rows: Vec<Vec<String>>,
}

impl Options {
    /// Reads all fields of a file as texts, with the white space in them.
    ///
    /// [`label`](Self::label) and all that is said of numbers have no effect. A file with names and no rows is read.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read) but [`Error::Label`], with [`Error::Field`] for one that is no text in UTF-8.
    ///
    /// # Examples
    ///
    /// ```
    /// let iris = datasets::csv::options().read_text("data/iris.csv")?;
    /// assert_eq!((iris.names[4].as_str(), iris.rows[149][4].as_str()), ("species", "virginica"));
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn read_text(&self, path: impl AsRef<Path>) -> Result<Text, Error> {
        let (name, file) = open(path.as_ref())?;
        self.read_text_from(&name, file)
    }

    /// As [`read_text`](Self::read_text), from anything that gives bytes; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// Those of [`read_text`](Self::read_text).
    ///
    /// # Examples
    ///
    /// ```
    /// let options = datasets::csv::options().header(false);
    /// assert_eq!(options.read_text_from("pairs", "a,b\n".as_bytes())?.rows, [["a", "b"]]);
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn read_text_from(&self, name: &str, reader: impl Read) -> Result<Text, Error> {
        let mut rows = Rows::open(name, reader, self)?;
        let mut text = Text { names: Vec::new(), rows: Vec::new() };
        let mut first = None;
        while rows.advance()? {
            let line = rows.line;
            let (first_line, width) = *first.get_or_insert((line, rows.record.len()));
            if rows.record.len() != width {
                let expected = format!("{width} as in line {first_line}");
                let (file, fields) = (name.to_owned(), rows.record.len());
                return Err(Error::Width { file, line, fields, expected });
            }
            let row = texts(name, line, &rows.record)?;
            if self.header && line == first_line {
                text.names = row;
            } else {
                text.rows.push(row);
            }
        }
        match first {
            Some(_) => Ok(text),
            None => Err(Error::Empty { file: name.to_owned(), header: self.header }),
        }
    }
}

fn texts(file: &str, line: u64, row: &ByteRecord) -> Result<Vec<String>, Error> {
    let mut texts = Vec::with_capacity(row.len());
    for (column, field) in row.iter().enumerate() {
        let text = str::from_utf8(field).map_err(|_| Error::Field {
            file: file.to_owned(),
            line,
            column: column + 1,
            name: String::new(),
            value: excerpt(field),
            expected: "text in UTF-8".to_owned(),
        })?;
        texts.push(text.to_owned());
    }
    Ok(texts)
}
