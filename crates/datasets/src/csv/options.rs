//! The options of reading a file.

use super::Error;
use crate::Dataset;
use std::path::Path;

/// Reads a file with names of columns in the first row and integer labels in the last column.
///
/// The same as [`options()`](options).[`read(path)`](Options::read).
///
/// # Errors
///
/// Those of [`Options::read`].
///
/// # Examples
///
/// ```
/// use datasets::csv;
///
/// let digits = csv::read("data/digits.csv.gz")?;
/// assert_eq!(digits.x.dim(), (1797, 64));
/// assert!(matches!(csv::read("data/nothing.csv"), Err(csv::Error::Io { .. })));
/// # Ok::<(), csv::Error>(())
/// ```
pub fn read(path: impl AsRef<Path>) -> Result<Dataset, Error> {
    options().read(path)
}

/// Starts to describe a file; [`Options`] says how.
///
/// # Examples
///
/// ```
/// let data = datasets::csv::options().header(false).read_from("pair", "0.5,1\n".as_bytes())?;
/// assert_eq!((data.x[[0, 0]], data.y[0]), (0.5, 1));
/// # Ok::<(), datasets::csv::Error>(())
/// ```
pub fn options() -> Options {
    Options {
        header: true,
        label: LabelColumn::Last,
        classes: None,
        separator: ',',
        comment: None,
        nonfinite: false,
        decimal_comma: false,
        missing: Missing::Refuse,
        spellings: None,
        limit: 64 << 20,
    }
}

/// The column that holds the labels.
///
/// # Examples
///
/// ```
/// use datasets::csv::LabelColumn;
///
/// assert_eq!(LabelColumn::from(2), LabelColumn::Index(2));
/// assert_eq!(LabelColumn::from("class"), LabelColumn::Name("class".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelColumn {
    /// The last one.
    Last,
    /// The one at this index, counted from 0.
    Index(usize),
    /// The one of this name in the first row.
    Name(String),
}

impl From<usize> for LabelColumn {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<&str> for LabelColumn {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// What becomes of a value that is not there.
///
/// # Examples
///
/// ```
/// use datasets::csv::{Missing, options};
///
/// let read = |missing| {
///     options().missing(missing).read_table_from("sizes.csv", "width,height\n1,2\n3,NA\n".as_bytes())
/// };
/// let error = read(Missing::Refuse).unwrap_err().to_string();
/// assert!(error.starts_with("sizes.csv, line 3, column 2 (height): \"NA\", expected a finite number"));
/// assert!(read(Missing::Nan)?[[1, 1]].is_nan());
/// assert_eq!(read(Missing::Fill(0.5))?, ndarray::array![[1.0, 2.0], [3.0, 0.5]]);
/// assert_eq!(read(Missing::DropRow)?, ndarray::array![[1.0, 2.0]]);
/// # Ok::<(), datasets::csv::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Missing {
    /// It is an error, which names line and column.
    Refuse,
    /// It is read as NaN.
    Nan,
    /// Its row is left out.
    DropRow,
    /// It is read as this number.
    Fill(f64),
}

/// Numbers are the same if their bits are.
impl PartialEq for Missing {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Missing::Fill(a), Missing::Fill(b)) => a.to_bits() == b.to_bits(),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Eq for Missing {}

/// The options of [`read`].
///
/// # Examples
///
/// ```
/// let text = "yes,0.5,1.5\nno,2.5,3.5\n";
/// let options = datasets::csv::options().header(false).label(0).classes(["no", "yes"]);
/// let data = options.read_from("answers.csv", text.as_bytes())?;
/// assert_eq!(data.x.row(1).to_vec(), [2.5, 3.5]);
/// assert_eq!(data.y.to_vec(), [1, 0]);
/// # Ok::<(), datasets::csv::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "options do nothing until a file is read"]
pub struct Options {
    pub(super) header: bool,
    pub(super) label: LabelColumn,
    pub(super) classes: Option<Vec<String>>,
    pub(super) separator: char,
    pub(super) comment: Option<char>,
    pub(super) nonfinite: bool,
    pub(super) decimal_comma: bool,
    pub(super) missing: Missing,
    /// The spellings of a missing value, if they are not the usual ones.
    pub(super) spellings: Option<Vec<String>>,
    pub(super) limit: u64,
}

impl Options {
    /// Says whether the first row has the names of the columns. Default: true.
    ///
    /// # Examples
    ///
    /// ```
    /// let options = datasets::csv::options();
    /// let text = "1,0\n2,1\n".as_bytes();
    /// assert_eq!(options.clone().read_from("pairs", text)?.len(), 1);
    /// assert_eq!(options.header(false).read_from("pairs", text)?.len(), 2);
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    /// Says which column holds the labels, or the targets of a regression: an index from 0, or a name. Default: the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// let text = "class,width\n3,0.5\n".as_bytes();
    /// for options in [datasets::csv::options().label(0), datasets::csv::options().label("class")] {
    ///     let data = options.read_from("widths.csv", text)?;
    ///     assert_eq!((data.x[[0, 0]], data.y[0]), (0.5, 3));
    /// }
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn label(mut self, column: impl Into<LabelColumn>) -> Self {
        self.label = column.into();
        self
    }

    /// Reads labels as names of classes. A label is the index of its name in this list. Default: integers.
    ///
    /// # Examples
    ///
    /// ```
    /// let text = "width,kind\n0.5,box\n1.5,ball\n".as_bytes();
    /// let data = datasets::csv::options().classes(["ball", "box"]).read_from("things.csv", text)?;
    /// assert_eq!(data.y.to_vec(), [1, 0]);
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn classes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.classes = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets what stands between fields: an ASCII character that is part of no number, such as `;`, a tab or `|`. Default: a comma.
    ///
    /// # Examples
    ///
    /// ```
    /// let data = datasets::csv::options().separator('\t').read_from("pairs.tsv", "a\tclass\n0.5\t1\n".as_bytes())?;
    /// assert_eq!((data.x[[0, 0]], data.y[0]), (0.5, 1));
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// Reads a comma within a number as the decimal point: `0,5` is ½, and a point is refused. Needs another
    /// [`separator`](Self::separator) than the comma. Default: false.
    ///
    /// # Examples
    ///
    /// ```
    /// let text = "Breite;Höhe\n0,5;-1,5e2\n".as_bytes();
    /// let table = datasets::csv::options().separator(';').decimal_comma(true).read_table_from("boxes.csv", text)?;
    /// assert_eq!(table, ndarray::array![[0.5, -150.0]]);
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn decimal_comma(mut self, comma: bool) -> Self {
        self.decimal_comma = comma;
        self
    }

    /// Sets the sign at the beginning of lines that are passed over: an ASCII character that begins no number, such as `#`.
    /// Default: there are no such lines.
    ///
    /// # Examples
    ///
    /// ```
    /// let options = datasets::csv::options().header(false).comment('#');
    /// let table = options.read_table_from("pairs", "# by hand\n1,2\n".as_bytes())?;
    /// assert_eq!(table, ndarray::array![[1.0, 2.0]]);
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn comment(mut self, sign: char) -> Self {
        self.comment = Some(sign);
        self
    }

    /// Reads `nan`, `inf` and `infinity` as such, in upper or lower case, instead of refusing them. Default: false.
    ///
    /// `nan` is a missing value no longer then, unless [`missing_spellings`](Self::missing_spellings) has it.
    ///
    /// # Examples
    ///
    /// ```
    /// let options = datasets::csv::options().header(false).nonfinite(true);
    /// let table = options.read_table_from("pairs", "-inf,NaN\n".as_bytes())?;
    /// assert!(table[[0, 0]] == f64::NEG_INFINITY && table[[0, 1]].is_nan());
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn nonfinite(mut self, allowed: bool) -> Self {
        self.nonfinite = allowed;
        self
    }

    /// Says what becomes of missing values: see [`Missing`]. Default: they are refused.
    ///
    /// No label and no target is ever made up: a missing one is refused, unless its row is dropped. A wrong field is refused in
    /// rows that are dropped, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use datasets::csv::{Missing, options};
    ///
    /// let text = "width,class\n0.5,1\n?,1\n1.5,\n2.5,0\n".as_bytes();
    /// let data = options().missing(Missing::DropRow).read_from("widths.csv", text)?;
    /// assert_eq!((data.x, data.y), (ndarray::array![[0.5], [2.5]], ndarray::array![1, 0]));
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// Sets the spellings that count as missing, instead of the usual ones: an empty field, `NA`, `N/A`, `NaN`, `null`, `None`
    /// and `?`. Upper and lower case are the same. A name in [`classes`](Self::classes) is a class, however it is spelt.
    ///
    /// # Examples
    ///
    /// ```
    /// use datasets::csv::{Missing, options};
    ///
    /// let options = options().missing(Missing::Nan).missing_spellings(["-999", "no data"]);
    /// let table = options.read_table_from("rain.csv", "rain,wind\n-999,2\n3,No data\n".as_bytes())?;
    /// assert!(table[[0, 0]].is_nan() && table[[1, 1]].is_nan() && table[[1, 0]] == 3.0);
    /// assert!(options.read_table_from("rain.csv", "rain\nNA\n".as_bytes()).is_err());
    /// # Ok::<(), datasets::csv::Error>(())
    /// ```
    pub fn missing_spellings<S: Into<String>>(mut self, spellings: impl IntoIterator<Item = S>) -> Self {
        self.spellings = Some(spellings.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how many bytes the file may have, and how many it may decompress to. Default: 64 MiB.
    ///
    /// This bounds the memory: reading takes less than 80 bytes for each byte of text, whatever the text is, and less than 16 if
    /// it is rows of numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use datasets::csv::{Error, options};
    ///
    /// let text = "width,class\n0.5,1\n".as_bytes();
    /// assert!(options().limit(18).read_from("widths.csv", text).is_ok());
    /// let error = options().limit(17).read_from("widths.csv", text).unwrap_err();
    /// assert!(matches!(error, Error::TooLong { limit: 17, .. }));
    /// ```
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// The separator and the sign of comments as bytes; refuses options by which no file can be read.
    pub(super) fn check(&self) -> Result<(u8, Option<u8>), Error> {
        let refuse = |option, value: String, expected| Err(Error::Option { option, value, expected });
        let separator = self.separator;
        let sign = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !"\"\r\n\0+-.".contains(c);
        if !sign(separator) {
            let expected = "an ASCII character that is part of no number, no quote and no line end";
            return refuse("separator", format!("{separator:?}"), expected);
        }
        if let Some(comment) = self.comment.filter(|&c| !sign(c) || c == separator || c == ' ') {
            let expected = "an ASCII sign that begins no number and is no separator, quote or blank";
            return refuse("comment", format!("{comment:?}"), expected);
        }
        if self.decimal_comma && separator == ',' {
            return refuse("separator", "','".to_owned(), "another one than the decimal comma, such as ';'");
        }
        match self.missing {
            Missing::Fill(number) if !number.is_finite() => {
                refuse("missing", format!("Fill({number})"), "a finite number, or Missing::Nan")
            }
            _ => Ok((separator as u8, self.comment.map(|sign| sign as u8))),
        }
    }
}
