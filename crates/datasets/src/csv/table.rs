//! Reads files to arrays.

use super::error::excerpt;
use super::rows::Rows;
use super::{Error, LabelColumn, Missing, Options};
use crate::Dataset;
use ::csv::ByteRecord;
use ndarray::{Array1, Array2};
use std::collections::TryReserveError;
use std::fs::File;
use std::io::Read;
use std::path::Path;

impl Options {
    /// Reads a file: `x` has a row for each of its rows and a column for each but the labels', in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Option`] for options that no file can be read by, [`Error::Io`] and [`Error::Gzip`] if the file cannot be
    /// read or decompressed, [`Error::Utf16`] for another encoding, [`Error::TooLong`] beyond the limit, [`Error::Empty`]
    /// without rows, [`Error::AllMissing`] if all are dropped, [`Error::Quote`] if it ends within quotes, [`Error::Width`] if a row has not as many fields as the
    /// first, or that has fewer than two, [`Error::Label`] if there is no such column, [`Error::Field`] for a field that is
    /// no finite number or a label that is no integer or class, [`Error::TooLarge`] if the numbers do not fit in memory.
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
        let (name, file) = open(path.as_ref())?;
        self.read_from(&name, file)
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
    ///     r#"standard input, line 2, column 2 (class): "one", expected an integer; `classes` reads names"#
    /// );
    /// ```
    pub fn read_from(&self, name: &str, reader: impl Read) -> Result<Dataset, Error> {
        let (x, targets) = read(name, reader, self, Targets::Labels(Vec::new()))?.finish();
        let Targets::Labels(y) = targets else { unreachable!("labels were asked for") };
        Ok(Dataset { x, y: Array1::from_vec(y) })
    }

    /// Reads a file whose label column holds finite numbers, the targets of a regression: `x` of shape `[rows, columns − 1]` and
    /// `y` of shape `[rows]`.
    ///
    /// [`label`](Self::label) says which column it is; [`classes`](Self::classes) has no effect.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), with [`Error::Field`] for a target that is no finite number.
    ///
    /// # Examples
    ///
    /// ```
    /// let options = datasets::csv::options().label(0);
    /// let digits = options.read_regression("data/digits.csv.gz")?;
    /// assert_eq!((digits.x.dim(), digits.y.dim()), ((1797, 64), 1797));
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn read_regression(&self, path: impl AsRef<Path>) -> Result<Dataset<f64>, Error> {
        let (name, file) = open(path.as_ref())?;
        self.read_regression_from(&name, file)
    }

    /// As [`read_regression`](Self::read_regression), from anything that gives bytes; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// Those of [`read_regression`](Self::read_regression).
    ///
    /// # Examples
    ///
    /// ```
    /// let text = "rooms,area,price\n3,70.5,210.25\n4,90,305.5\n".as_bytes();
    /// let flats = datasets::csv::options().label("price").read_regression_from("flats.csv", text)?;
    /// assert_eq!(flats.x, ndarray::array![[3.0, 70.5], [4.0, 90.0]]);
    /// assert_eq!(flats.y, ndarray::array![210.25, 305.5]);
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn read_regression_from(&self, name: &str, reader: impl Read) -> Result<Dataset<f64>, Error> {
        let (x, targets) = read(name, reader, self, Targets::Numbers(Vec::new()))?.finish();
        let Targets::Numbers(y) = targets else { unreachable!("numbers were asked for") };
        Ok(Dataset { x, y: Array1::from_vec(y) })
    }

    /// Reads a file that holds numbers alone, in one column or more, without labels: an array of shape `[rows, columns]`.
    ///
    /// [`label`](Self::label) and [`classes`](Self::classes) have no effect. In a file of one column, an empty line is no missing
    /// value: it is passed over.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read) but [`Error::Label`].
    ///
    /// # Examples
    ///
    /// ```
    /// let digits = datasets::csv::options().read_table("data/digits.csv.gz")?;
    /// assert_eq!(digits.dim(), (1797, 65));
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn read_table(&self, path: impl AsRef<Path>) -> Result<Array2<f64>, Error> {
        let (name, file) = open(path.as_ref())?;
        self.read_table_from(&name, file)
    }

    /// As [`read_table`](Self::read_table), from anything that gives bytes; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// Those of [`read_table`](Self::read_table).
    ///
    /// # Examples
    ///
    /// ```
    /// let table = datasets::csv::options().header(false).read_table_from("pairs", "0.5,1\n2,3\n".as_bytes())?;
    /// assert_eq!(table, ndarray::array![[0.5, 1.0], [2.0, 3.0]]);
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn read_table_from(&self, name: &str, reader: impl Read) -> Result<Array2<f64>, Error> {
        Ok(read(name, reader, self, Targets::None)?.finish().0)
    }
}

/// The name of a file for errors, and the file.
pub(super) fn open(path: &Path) -> Result<(String, File), Error> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => Ok((name, file)),
        Err(error) => Err(Error::Io { file: name, error }),
    }
}

/// What stands in the label column.
enum Targets {
    /// There is no such column.
    None,
    Labels(Vec<i64>),
    Numbers(Vec<f64>),
}

impl Targets {
    fn reserve(&mut self) -> Result<(), TryReserveError> {
        match self {
            Targets::None => Ok(()),
            Targets::Labels(labels) => labels.try_reserve(1),
            Targets::Numbers(numbers) => numbers.try_reserve(1),
        }
    }
}

/// Reads all rows of a file.
fn read<'a>(
    file: &'a str,
    bytes: impl Read + 'a,
    options: &'a Options,
    targets: Targets,
) -> Result<Table<'a>, Error> {
    let mut rows = Rows::open(file, bytes, options)?;
    let header = if options.header { rows.advance()?.then(|| rows.record.clone()) } else { None };
    let header_line = rows.line;
    if !rows.advance()? {
        return Err(Error::Empty { file: file.to_owned(), header: options.header });
    }
    let first = if header.is_some() { header_line } else { rows.line };
    let width = header.as_ref().unwrap_or(&rows.record).len();
    let label = match &targets {
        Targets::None => None,
        _ if width < 2 => {
            let expected = "at least 2, a number and a label; `separator` says what stands between them";
            let (file, expected) = (file.to_owned(), expected.to_owned());
            return Err(Error::Width { file, line: first, fields: width, expected });
        }
        _ => Some(label_column(file, &options.label, header.as_ref(), width)?),
    };
    let mut table = Table { file, options, header, first, width, label, x: Vec::new(), targets, rows: 0 };
    let mut read = 0;
    loop {
        table.push(rows.line, &rows.record)?;
        read += 1;
        if !rows.advance()? {
            break;
        }
    }
    if table.rows == 0 {
        return Err(Error::AllMissing { file: file.to_owned(), rows: read });
    }
    Ok(table)
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

/// The numbers and labels read so far, and what the columns are.
struct Table<'a> {
    file: &'a str,
    options: &'a Options,
    header: Option<ByteRecord>,
    /// The line that set the width.
    first: u64,
    width: usize,
    label: Option<usize>,
    x: Vec<f64>,
    targets: Targets,
    /// How many rows are kept.
    rows: usize,
}

/// What a field says.
enum Field<T> {
    Is(T),
    /// Nothing, and so the row is left out.
    Drop,
}

impl Table<'_> {
    /// Takes a row, unless a missing value says to leave it out. Every field is read even then: a wrong one is refused.
    fn push(&mut self, line: u64, row: &ByteRecord) -> Result<(), Error> {
        if row.len() != self.width {
            let expected = format!("{} as in line {}", self.width, self.first);
            return Err(Error::Width { file: self.file.to_owned(), line, fields: row.len(), expected });
        }
        let room = self.x.try_reserve(row.len()).and_then(|()| self.targets.reserve());
        room.map_err(|_| Error::TooLarge { file: self.file.to_owned(), line, elements: self.x.len() })?;
        let kept = self.x.len();
        let (mut drop, mut label) = (false, "");
        for (column, field) in row.iter().enumerate() {
            let refuse = |expected| self.refusal(line, column, field, expected);
            let text = str::from_utf8(field).map_err(|_| refuse("text in UTF-8".to_owned()))?.trim_ascii();
            if Some(column) == self.label {
                label = text;
                continue;
            }
            match self.number(text).map_err(refuse)? {
                Field::Is(number) => self.x.push(number),
                Field::Drop => drop = true,
            }
        }
        if let Some(column) = self.label {
            let taken = self.take_label(label, drop);
            drop |= !taken.map_err(|expected| self.refusal(line, column, &row[column], expected))?;
        }
        if drop {
            self.x.truncate(kept);
        } else {
            self.rows += 1;
        }
        Ok(())
    }

    /// The number in a field that is no label.
    fn number(&self, text: &str) -> Result<Field<f64>, String> {
        if !self.options.is_missing(text) {
            return self.options.number(text).map(Field::Is);
        }
        match self.options.missing {
            Missing::Refuse => Err("a finite number; `missing` says what becomes of missing ones".to_owned()),
            Missing::Nan => Ok(Field::Is(f64::NAN)),
            Missing::Fill(number) => Ok(Field::Is(number)),
            Missing::DropRow => Ok(Field::Drop),
        }
    }

    /// Reads the label of a row, keeps it unless the row is left out already, and says whether there is one.
    fn take_label(&mut self, text: &str, drop: bool) -> Result<bool, String> {
        let options = self.options;
        let labels = matches!(self.targets, Targets::Labels(_));
        let names = options.classes.as_ref().filter(|_| labels);
        let is_class = names.is_some_and(|names| names.iter().any(|name| name == text));
        if !is_class && options.is_missing(text) {
            let expected = match names {
                Some(names) => format!("one of {}", names.join(", ")),
                None => if labels { "an integer" } else { "a finite number" }.to_owned(),
            };
            return match options.missing {
                Missing::DropRow => Ok(false),
                _ => Err(format!("{expected}; `missing` can drop the row")),
            };
        }
        match &mut self.targets {
            Targets::None => {}
            Targets::Labels(labels) => {
                let label = options.label_of(text)?;
                if !drop {
                    labels.push(label);
                }
            }
            Targets::Numbers(numbers) => {
                let number = options.number(text)?;
                if !drop {
                    numbers.push(number);
                }
            }
        }
        Ok(true)
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

    /// The numbers as a matrix, and what stood in the label column.
    fn finish(self) -> (Array2<f64>, Targets) {
        let shape = (self.rows, self.width - usize::from(self.label.is_some()));
        let x = Array2::from_shape_vec(shape, self.x).expect("every row has as many numbers");
        (x, self.targets)
    }
}
