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
    Options { header: true, label: LabelColumn::Last, classes: None, limit: 64 << 20 }
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
#[must_use = "options do nothing until `read` or `read_from` is called"]
pub struct Options {
    pub(super) header: bool,
    pub(super) label: LabelColumn,
    pub(super) classes: Option<Vec<String>>,
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

    /// Says which column holds the labels: an index from 0, or a name. Default: the last one.
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

    /// Sets how many bytes the file may have, and how many it may decompress to. Default: 64 MiB.
    ///
    /// This bounds the memory. The numbers take at most 4 bytes for each byte of text, and a single row takes at most 9 while
    /// it is read, without the spare capacity of a growing vector.
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
}
