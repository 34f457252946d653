//! Pictures and their labels.

use super::{Array, read};
use crate::{FileError, Images};
use ndarray::{Axis, Ix1, Ix3};
use std::path::{Path, PathBuf};

/// Reads pictures, an array `[n, height, width]` of bytes, and their labels, an array `[n]` of bytes.
///
/// The classes are named by their labels, up to the largest that occurs.
///
/// # Errors
///
/// Those of [`read_from`](super::read_from), and [`FileError::Field`] for arrays of other types or numbers of axes, or of different
/// lengths.
///
/// # Examples
///
/// ```
/// use datasets::idx;
///
/// let file = |name| std::env::temp_dir().join(format!("wengert-images-{name}.idx"));
/// idx::write(file("pictures"), &ndarray::array![[[0u8, 255]], [[128, 0]]])?;
/// idx::write(file("labels"), &ndarray::array![1u8, 0])?;
/// let images = idx::images(file("pictures"), file("labels"))?;
/// assert_eq!((images.pixels.dim(), images.y.to_vec()), ((2, 1, 1, 2), vec![1, 0]));
/// assert_eq!(images.x_f32()[[0, 0, 0, 1]], 1.0);
/// # Ok::<(), datasets::FileError>(())
/// ```
pub fn images(images: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<Images, FileError> {
    let (images, labels) = (images.as_ref(), labels.as_ref());
    let pixels = bytes::<Ix3>(images, 3)?.insert_axis(Axis(1));
    let labels_of = bytes::<Ix1>(labels, 1)?;
    if labels_of.len() != pixels.len_of(Axis(0)) {
        let expected = format!("{}, one for each picture of {}", pixels.len_of(Axis(0)), images.display());
        let name = labels.display().to_string();
        return Err(FileError::field(&name, "number of labels", labels_of.len(), expected));
    }
    let classes = labels_of.iter().max().map_or(0, |&largest| u32::from(largest) + 1);
    let classes = (0..classes).map(|class| class.to_string()).collect();
    Ok(Images { pixels, y: labels_of.mapv(i64::from), classes })
}

/// An array of bytes with so many axes.
fn bytes<D: ndarray::Dimension>(path: &Path, axes: usize) -> Result<ndarray::Array<u8, D>, FileError> {
    let refuse = |field, value, expected: String| {
        Err(FileError::field(&path.display().to_string(), field, value, expected))
    };
    match read(path)? {
        Array::U8(array) => {
            let shape = format!("{:?}", array.shape());
            array.into_dimensionality().or_else(|_| refuse("shape", shape, format!("{axes} axes")))
        }
        _ => refuse("element type", "another".to_owned(), "bytes, 0x08".to_owned()),
    }
}

/// Reads the training and the test part of MNIST, or of a set published in the same files, from a folder.
///
/// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`. There may
/// be `test` for `t10k`, a point for the second hyphen, `mnist-` before the name and `.gz` after it. Nothing is downloaded. The licence
/// of MNIST is not clear, and so it is no part of this crate.
///
/// # Errors
///
/// [`FileError::Field`] if a file is not there; those of [`images`].
///
/// # Examples
///
/// ```
/// let error = datasets::idx::mnist("nowhere").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "nowhere: file train-images missing, expected train-images-idx3-ubyte or train-images-idx3-ubyte.gz"
/// );
/// ```
pub fn mnist(folder: impl AsRef<Path>) -> Result<(Images, Images), FileError> {
    let part = |names: &[&str]| images(find(folder.as_ref(), names, 3)?, find(folder.as_ref(), names, 1)?);
    Ok((part(&["train"])?, part(&["t10k", "test"])?))
}

/// The file of pictures (3 axes) or of labels (1 axis) of a part.
fn find(folder: &Path, parts: &[&str], axes: usize) -> Result<PathBuf, FileError> {
    let kind = if axes == 3 { "images" } else { "labels" };
    for part in parts {
        for prefix in ["", "mnist-"] {
            for separator in ["-", "."] {
                for end in ["", ".gz"] {
                    let file = folder.join(format!("{prefix}{part}-{kind}{separator}idx{axes}-ubyte{end}"));
                    if file.is_file() {
                        return Ok(file);
                    }
                }
            }
        }
    }
    let name = format!("{}-{kind}", parts[0]);
    let expected = format!("{name}-idx{axes}-ubyte or {name}-idx{axes}-ubyte.gz");
    Err(FileError::field(&folder.display().to_string(), format!("file {name}"), "missing", expected))
}
