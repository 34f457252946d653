//! Writes arrays.

use super::Element;
use crate::FileError;
use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::{ArrayRef, Dimension};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Writes an array to a file, compressed if its name ends in `.gz`.
///
/// # Errors
///
/// Those of [`write_to`].
///
/// # Examples
///
/// ```
/// use datasets::idx;
///
/// let file = std::env::temp_dir().join("wengert-write.idx");
/// idx::write(&file, &ndarray::array![[1u8, 2], [3, 4]])?;
/// assert_eq!(std::fs::read(&file).unwrap(), [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]);
/// # std::fs::remove_file(file).ok();
/// # Ok::<(), datasets::FileError>(())
/// ```
pub fn write<T: Element, D: Dimension>(
    path: impl AsRef<Path>,
    array: &ArrayRef<T, D>,
) -> Result<(), FileError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let file = || File::create(path).map_err(FileError::io(path));
    if path.extension().is_none_or(|extension| extension != "gz") {
        return write_to(&name, file()?, array);
    }
    let mut encoder = GzEncoder::new(file()?, Compression::default());
    write_to(&name, &mut encoder, array)?;
    encoder.finish().map(drop).map_err(FileError::io(path))
}

/// Writes an array, uncompressed; `name` stands for the file in errors.
///
/// # Errors
///
/// [`FileError::Field`] for more than 255 axes or one of more than `u32::MAX` elements, [`FileError::Io`] if nothing can be written.
///
/// # Examples
///
/// ```
/// use datasets::idx;
///
/// let mut bytes = Vec::new();
/// idx::write_to("one", &mut bytes, &ndarray::array![-1i16])?;
/// assert_eq!(bytes, [0, 0, 11, 1, 0, 0, 0, 1, 255, 255]);
/// # Ok::<(), datasets::FileError>(())
/// ```
pub fn write_to<T: Element, D: Dimension>(
    name: &str,
    mut writer: impl Write,
    array: &ArrayRef<T, D>,
) -> Result<(), FileError> {
    let axes = u8::try_from(array.ndim())
        .map_err(|_| FileError::field(name, "number of axes", array.ndim(), "at most 255"))?;
    let mut bytes = vec![0, 0, T::CODE, axes];
    for &length in array.shape() {
        let length = u32::try_from(length).map_err(|_| {
            FileError::field(name, "length of an axis", length, format!("at most {}", u32::MAX))
        })?;
        bytes.extend(length.to_be_bytes());
    }
    array.iter().for_each(|element| element.put(&mut bytes));
    let written = writer.write_all(&bytes).and_then(|()| writer.flush());
    written.map_err(|error| FileError::Io { file: name.to_owned(), error })
}
