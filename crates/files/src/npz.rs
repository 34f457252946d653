//! Files of several NumPy arrays: a zip archive of [`npy`] files.
//!
//! ```
//! use files::{Tensors, npz};
//! let arrays = Tensors::new().with("x", [1.0, 2.0]).with("labels", [3i64]);
//! assert_eq!(npz::decode(&npz::encode(&arrays, npz::Packing::Deflated))?.get("x"), arrays.get("x"));
//! # Ok::<(), files::Error>(())
//! ```

use crate::archive::{self, Archive};
use crate::disk;
use crate::error::{Error, Fault};
use crate::npy;
use crate::tensors::Tensors;
use autograd::{Mistake, NamedTensor};
use std::path::Path;

/// How the arrays lie in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As they are, like `numpy.savez`.
    Stored,
    /// Compressed, like `numpy.savez_compressed`.
    Deflated,
}

/// The arrays of a file, by name.
///
/// # Errors
/// If the file cannot be read, is no whole zip archive, or an entry is not as [`npy::read`] demands.
pub fn read(path: impl AsRef<Path>) -> Result<Tensors, Error> {
    disk::read(path.as_ref(), decode)
}

/// Writes a file, [atomically](crate::replace). Texts beside the arrays have no place in it.
///
/// # Errors
/// If the system refuses.
///
/// # Panics
/// As [`encode`].
#[track_caller]
pub fn write(path: impl AsRef<Path>, arrays: &Tensors, packing: Packing) -> Result<(), Error> {
    disk::replace(path, &encode(arrays, packing))
}

/// The arrays that these bytes of a file hold.
///
/// # Errors
/// As [`read`].
pub fn decode(bytes: &[u8]) -> Result<Tensors, Error> {
    let archive = Archive::open(bytes)?;
    let (mut arrays, mut faults) = (Tensors::new(), vec![]);
    for entry in archive.names() {
        let read = || -> Result<NamedTensor, Vec<Fault>> {
            let stripped = entry.strip_suffix(".npy");
            let name = stripped.ok_or_else(|| vec![Fault::new(entry, "no array", "an entry `….npy`")])?;
            let bytes = archive.read(entry).map_err(|fault| vec![fault])?;
            let array = npy::decode(&bytes);
            let of_entry =
                |fault: &Fault| Fault { field: format!("{entry}: {}", fault.field), ..fault.clone() };
            let array = array.map_err(|error| error.faults().iter().map(of_entry).collect::<Vec<_>>())?;
            Ok(NamedTensor { name: name.to_owned(), ..array })
        };
        match read() {
            Ok(array) => arrays.list.push(array),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(arrays) } else { Err(faults.into()) }
}

/// The bytes of a file with these arrays.
///
/// # Panics
/// If two arrays have the same name, one has more or fewer elements than its shape, or a name cannot stand in a zip archive.
#[track_caller]
pub fn encode(arrays: &Tensors, packing: Packing) -> Vec<u8> {
    arrays.check("npz");
    let odd = |name: &&str| {
        name.contains(['\\', '\0', ':']) || name.split('/').any(|part| matches!(part, "" | "." | ".."))
    };
    if let Some(name) = arrays.names().find(odd) {
        Mistake::new(format!("npz: an array is named `{name}`"))
            .rule("names are those of files: with no empty part, no `..`, no backslash, no colon")
            .raise();
    }
    let entry = |array: &NamedTensor| (format!("{}.npy", array.name), npy::encode(array));
    let entries: Vec<_> = arrays.list.iter().map(entry).collect();
    archive::encode(&entries, packing == Packing::Deflated)
}
