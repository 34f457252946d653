//! Parses text to numbers.

use super::error::excerpt;
use super::source::Source;
use super::{Error, LabelColumn, Options};
use crate::Dataset;
use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Terminator};
use ndarray::{Array1, Array2};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

impl Options {
    /// Reads a file: `x` has a row for each of its rows and a column for each but the labels', in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] and [`Error::Gzip`] if it cannot be read or decompressed, [`Error::TooLong`] beyond the limit,
    /// [`Error::Empty`] without rows, [`Error::Width`] if a row has not as many fields as the first, or that has fewer
    /// than two, [`Error::Label`] if there is no such column, [`Error::Field`] for a field that is no finite number or
    /// a label that is no integer or class, [`Error::TooLarge`] if the numbers do not fit in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let species = ["setosa", "versicolor", "virginica"];
    /// let iris = datasets::csv::options().label("species").classes(species).read("data/iris.csv")?;
    /// assert_eq!(iris, datasets::iris());
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Dataset, Error> {
        let path = path.as_ref();
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => self.read_from(&name, file),
            Err(error) => Err(Error::Io { file: name, error }),
        }
    }

    /// Reads from anything that gives bytes; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// let text = "width,class\n0.5,one\n".as_bytes();
    /// let error = datasets::csv::options().read_from("standard input", text).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"standard input, line 2, column 2 (class): "one", expected an integer"#
    /// );
    /// ```
    pub fn read_from(&self, name: &str, reader: impl Read) -> Result<Dataset, Error> {
        read(name, reader, self)
    }
}

/// Reads all rows of a file.
fn read(file: &str, bytes: impl Read, options: &Options) -> Result<Dataset, Error> {
    let mut rows = Rows::new(file, Source::new(file, bytes, options.limit)?);
    let header = if options.header { rows.advance()?.then(|| rows.record.clone()) } else { None };
    let header_line = rows.line;
    if !rows.advance()? {
        return Err(Error::Empty { file: file.to_owned(), header: options.header });
    }
    let first = if header.is_some() { header_line } else { rows.line };
    let width = header.as_ref().unwrap_or(&rows.record).len();
    if width < 2 {
        return Err(Error::Width {
            file: file.to_owned(),
            line: first,
            fields: width,
            expected: "at least 2, a number and a label".to_owned(),
        });
    }
    let label = label_column(file, &options.label, header.as_ref(), width)?;
    let mut table = Table { file, options, header, first, width, label, x: Vec::new(), y: Vec::new() };
    loop {
        table.push(rows.line, &rows.record)?;
        if !rows.advance()? {
            return Ok(table.finish());
        }
    }
}

/// Which column holds the labels, counted from 0.
fn label_column(
    file: &str,
    label: &LabelColumn,
    header: Option<&ByteRecord>,
    width: usize,
) -> Result<usize, Error> {
    let refuse = |column: String, expected: String| Error::Label { file: file.to_owned(), column, expected };
    match label {
        LabelColumn::Last => Ok(width - 1),
        LabelColumn::Index(index) if *index < width => Ok(*index),
        LabelColumn::Index(index) => Err(refuse(index.to_string(), format!("an index less than {width}"))),
        LabelColumn::Name(name) => {
            let Some(header) = header else {
                return Err(refuse(
                    format!("{name:?}"),
                    "an index: no names are read without a header".into(),
                ));
            };
            let mut columns = (0..width).filter(|&i| header[i].trim_ascii() == name.as_bytes());
            match (columns.next(), columns.next()) {
                (Some(column), None) => Ok(column),
                (Some(_), Some(_)) => Err(refuse(format!("{name:?}"), "a name that occurs once".into())),
                (None, _) => Err(refuse(format!("{name:?}"), names(header))),
            }
        }
    }
}

/// The names of the columns, or the first of them.
fn names(header: &ByteRecord) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<_> = header.iter().take(SHOWN).map(|name| excerpt(name.trim_ascii())).collect();
    let more = if header.len() > SHOWN { ", …" } else { "" };
    format!("one of {}{more}", shown.join(", "))
}

/// The rows of a text, with the lines on which they begin. Empty lines are passed over.
struct Rows<'a> {
    file: &'a str,
    reader: Reader<io::Chain<Source<'a>, &'static [u8]>>,
    record: ByteRecord,
    line: u64,
}

impl<'a> Rows<'a> {
    fn new(file: &'a str, source: Source<'a>) -> Rows<'a> {
        // With lines that always end in a line feed, the line on which a row ends is the one before the reader's. The
        // carriage return before it is white space at the end of a field.
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(source.chain(&b"\n"[..]));
        Rows { file, reader, record: ByteRecord::new(), line: 0 }
    }

    /// Reads the next row, if there is one.
    fn advance(&mut self) -> Result<bool, Error> {
        loop {
            let before = self.reader.position().line();
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => return Err(self.refusal(error)),
            }
            let within = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count();
            // The reader's own figure is where it began, empty lines included. It is right for a quote that is never
            // closed, whose row ends without a line feed.
            let end = self.reader.position().line();
            self.line = end.saturating_sub(1 + within as u64).max(before);
            if self.record.len() > 1 || !self.record.as_slice().trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn refusal(&self, error: ::csv::Error) -> Error {
        let (source, _) = self.reader.get_ref().get_ref();
        let error = match error.into_kind() {
            ErrorKind::Io(error) => error,
            // Rows of bytes of any length: the reader has nothing else to refuse.
            other => io::Error::other(format!("{other:?}")),
        };
        source.refusal(self.file, error)
    }
}

/// The numbers and labels read so far, and what the columns are.
struct Table<'a> {
    file: &'a str,
    options: &'a Options,
    header: Option<ByteRecord>,
    /// The line that set the width.
    first: u64,
    width: usize,
    label: usize,
    x: Vec<f64>,
    y: Vec<i64>,
}

impl Table<'_> {
    fn push(&mut self, line: u64, row: &ByteRecord) -> Result<(), Error> {
        if row.len() != self.width {
            let expected = format!("{} as in line {}", self.width, self.first);
            return Err(Error::Width { file: self.file.to_owned(), line, fields: row.len(), expected });
        }
        let room = self.x.try_reserve(row.len()).and_then(|()| self.y.try_reserve(1));
        room.map_err(|_| Error::TooLarge { file: self.file.to_owned(), line, elements: self.x.len() })?;
        for (column, field) in row.iter().enumerate() {
            let refuse = |expected| self.refusal(line, column, field, expected);
            let text = str::from_utf8(field).map_err(|_| refuse("text in UTF-8".to_owned()))?.trim_ascii();
            if column == self.label {
                self.y.push(self.class_of(text).map_err(refuse)?);
            } else {
                self.x.push(number(text).ok_or_else(|| refuse("a finite number".to_owned()))?);
            }
        }
        Ok(())
    }

    /// The label that a field stands for, or what would have been one.
    fn class_of(&self, text: &str) -> Result<i64, String> {
        match &self.options.classes {
            None => text.parse().map_err(|_| "an integer".to_owned()),
            Some(names) => {
                let index = names.iter().position(|name| name == text);
                index.map(|index| index as i64).ok_or_else(|| format!("one of {}", names.join(", ")))
            }
        }
    }

    fn refusal(&self, line: u64, column: usize, field: &[u8], expected: String) -> Error {
        let name = self.header.as_ref().map(|names| excerpt(names[column].trim_ascii()));
        Error::Field {
            file: self.file.to_owned(),
            line,
            column: column + 1,
            name: name.unwrap_or_default(),
            value: excerpt(field.trim_ascii()),
            expected,
        }
    }

    fn finish(self) -> Dataset {
        let shape = (self.y.len(), self.width - 1);
        let x = Array2::from_shape_vec(shape, self.x).expect("every row has as many numbers");
        Dataset { x, y: Array1::from_vec(self.y) }
    }
}

/// The finite number that a text stands for, if it is one.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite())
}
