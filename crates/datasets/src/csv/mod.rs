//! Tables of numbers from CSV files, plain or compressed by gzip, with a label in each row, a target, or neither. Needs the
//! feature `csv`.
//!
//! | method of [`Options`] | gives |
//! |---|---|
//! | [`read`](Options::read) | samples and the labels of their classes |
//! | [`read_regression`](Options::read_regression) | samples and their targets, which are numbers |
//! | [`read_table`](Options::read_table) | all numbers of a file |
//! | [`read_text`](Options::read_text) | all fields of a file as texts, and the names of its columns |
//!
//! The format is RFC 4180: fields between commas, rows between line ends, fields in double quotes where they hold either. Lines
//! end in LF, CRLF or CR. A byte order mark, empty lines and white space around fields are passed over. One column holds the
//! labels; every other field is a finite decimal number such as `-3`, `0.25` or `4e2`, read to the nearest `f64`. A label is an
//! integer of 64 bits, however it is written (`1`, `1.0` and `1e0` are the same), or the name of a class. Options set another
//! separator, a decimal comma, a sign for comments, and what becomes of missing values.
//!
//! The first bytes of a file tell whether it is gzip; its name does not matter. Files are not trusted: reading any file gives
//! arrays or an [`Error`]. Neither the file nor its decompressed content may be longer than [`Options::limit`].
//!
//! # Examples
//!
//! ```
//! use datasets::csv;
//!
//! let text = "width,height,class\n0.5,1.5,0\n2.5,0.25,1\n";
//! let data = csv::options().read_from("boxes.csv", text.as_bytes())?;
//! assert_eq!(data.x, ndarray::array![[0.5, 1.5], [2.5, 0.25]]);
//! assert_eq!(data.y.to_vec(), [0, 1]);
//! # Ok::<(), csv::Error>(())
//! ```

mod error;
mod field;
mod lines;
mod options;
mod rows;
mod source;
mod table;
mod text;

pub use error::Error;
pub use options::{LabelColumn, Missing, Options, options, read};
pub use text::Text;
