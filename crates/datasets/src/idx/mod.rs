//! Arrays from IDX files, the format of MNIST, plain or compressed by gzip, and into them. Needs the feature `idx`.
//!
//! | function | |
//! |---|---|
//! | [`read`] | an array of any element type and shape |
//! | [`write`](fn@write) | the reverse |
//! | [`images`] | pictures and their labels, from two files |
//! | [`mnist`] | both pairs of files of a folder |
//!
//! An IDX file is two zero bytes, the type of the elements, the number of axes, their lengths and the elements, all of them big-endian
//! (Y. LeCun, C. Cortes and C. J. C. Burges, *The MNIST database of handwritten digits*, 1998).
//!
//! The first bytes of a file tell whether it is gzip; its name does not matter. Files are not trusted: reading any file gives an
//! array or a [`FileError`], and takes memory for the bytes that are there, not for those that are promised.
//!
//! # Examples
//!
//! ```
//! use datasets::idx;
//!
//! let file = std::env::temp_dir().join("wengert-idx-module.idx.gz");
//! let x = ndarray::array![[1.5, -2.0], [0.0, 1e300]];
//! idx::write(&file, &x)?;
//! assert_eq!(idx::read(&file)?, idx::Array::F64(x.into_dyn()));
//! # std::fs::remove_file(file).ok();
//! # Ok::<(), datasets::FileError>(())
//! ```

mod element;
mod mnist;
mod write;

pub use element::{Array, Element};
pub use mnist::{images, mnist};
pub use write::{write, write_to};

use crate::FileError;
use crate::bytes::{Bytes, Fault};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What `read` takes at most, decompressed: 1 GiB.
const LIMIT: u64 = 1 << 30;

/// Reads a file of at most 1 GiB.
///
/// # Errors
///
/// Those of [`read_from`].
///
/// # Examples
///
/// ```
/// use datasets::{FileError, idx};
///
/// assert!(matches!(idx::read("nothing.idx"), Err(FileError::Io { .. })));
/// ```
pub fn read(path: impl AsRef<Path>) -> Result<Array, FileError> {
    let path = path.as_ref();
    let file = File::open(path).map_err(FileError::io(path))?;
    read_from(&path.display().to_string(), file, LIMIT)
}

/// Reads from anything that gives bytes, at most `limit` of them, compressed and decompressed; `name` stands for the file in errors.
///
/// # Errors
///
/// [`FileError::Io`] and [`FileError::Gzip`] if the file cannot be read or decompressed, [`FileError::TooLong`] beyond the limit,
/// [`FileError::Field`] for a header that is none, and if there are fewer or more elements than it says.
///
/// # Examples
///
/// ```
/// use datasets::idx;
///
/// let bytes = [0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9];
/// assert_eq!(idx::read_from("three", &bytes[..], 100)?.to_f64(), ndarray::array![7.0, 8.0, 9.0].into_dyn());
/// let error = idx::read_from("three", &bytes[..10], 100).unwrap_err();
/// assert_eq!(error.to_string(), "three: elements 2 bytes, expected 3, for shape [3]");
/// # Ok::<(), datasets::FileError>(())
/// ```
pub fn read_from(name: &str, reader: impl Read, limit: u64) -> Result<Array, FileError> {
    let mut bytes = Bytes::new(reader, limit).map_err(|fault| refusal(name, fault))?;
    let magic: Vec<u8> = take(name, &mut bytes, 4, "magic number")?;
    if magic[..2] != [0, 0] {
        let value = format!("{:#04x} {:#04x}", magic[0], magic[1]);
        return Err(FileError::field(name, "magic number", value, "two zero bytes"));
    }
    let axes = usize::from(magic[3]);
    let lengths = take(name, &mut bytes, 4 * axes, "lengths of axes")?;
    let shape: Vec<usize> =
        lengths.as_chunks().0.iter().map(|&length| u32::from_be_bytes(length) as usize).collect();
    let size = element::size(magic[2]).ok_or_else(|| element::unknown(name, magic[2]))?;
    let volume = shape.iter().try_fold(size, |product, &length| product.checked_mul(length));
    let Some(volume) = volume.filter(|&volume| volume as u64 <= limit) else {
        let expected = format!("at most {limit} bytes of elements");
        return Err(FileError::field(name, "shape", format!("{shape:?}"), expected));
    };

    let mut elements = Vec::new();
    // One byte more, to see that there is none: only then a gzip file has shown its checksum.
    let read = bytes.by_ref().take(volume as u64 + 1).read_to_end(&mut elements);
    read.map_err(|error| refusal(name, bytes.fault(error)))?;
    if elements.len() != volume {
        let more = if elements.len() > volume { "more than " } else { "" };
        let value = format!("{more}{} bytes", elements.len().min(volume));
        return Err(FileError::field(name, "elements", value, format!("{volume}, for shape {shape:?}")));
    }
    Array::decode(magic[2], &shape, &elements).ok_or_else(|| {
        FileError::field(name, "shape", format!("{shape:?}"), "lengths whose product is no overflow")
    })
}

/// So many bytes, which are part of the header.
fn take(name: &str, bytes: &mut Bytes<'_>, count: usize, field: &str) -> Result<Vec<u8>, FileError> {
    let mut taken = Vec::new();
    let read = bytes.by_ref().take(count as u64).read_to_end(&mut taken);
    read.map_err(|error| refusal(name, bytes.fault(error)))?;
    if taken.len() < count {
        let value = format!("{} bytes", taken.len());
        return Err(FileError::field(name, field, value, count.to_string()));
    }
    Ok(taken)
}

fn refusal(file: &str, fault: Fault) -> FileError {
    let file = file.to_owned();
    match fault {
        Fault::Io(error) => FileError::Io { file, error },
        Fault::Gzip(error) => FileError::Gzip { file, error },
        Fault::TooLong(limit) => FileError::TooLong { file, limit },
    }
}
