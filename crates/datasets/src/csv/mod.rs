//! Tables of numbers with a label in each row, from CSV files, plain or compressed by gzip. Needs the feature `csv`.
//!
//! The format is RFC 4180: fields between commas, rows between line ends (LF or CRLF), fields in double quotes where
//! they hold either. A byte order mark, empty lines and white space around fields are passed over. One column holds the
//! labels; every other field is a finite decimal number such as `-3`, `0.25` or `4e2`, read to the nearest `f64`.
//!
//! The first bytes of a file tell whether it is gzip; its name does not matter. Files are not trusted: reading any file gives a
//! [`Dataset`](crate::Dataset) or an [`Error`]. Neither the file nor its decompressed content may be longer than
//! [`Options::limit`].
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
mod options;
mod source;
mod table;

pub use error::Error;
pub use options::{LabelColumn, Options, options, read};
