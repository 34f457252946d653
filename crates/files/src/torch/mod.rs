//! Files of PyTorch: what `torch.save` writes, and state dicts that `torch.load(…, weights_only=True)` takes.
//!
//! ```
//! use autograd::Params;
//! use files::{ParamsFile, torch};
//! let mut params = Params::f64();
//! let w = params.scope("net.0").param("weight", [2, 1], [1.0, 2.0]);
//! // PyTorch has a linear layer's weights as [out, in], and names modules in its own way.
//! let names = torch::names(&params).prefix("net", "model");
//! let path = std::env::temp_dir().join(format!("wengert-{}.pt", std::process::id()));
//! torch::save(&params, &path, &names)?;
//! let file = torch::read(&path)?;
//! assert_eq!(file.tensors().get("model.0.weight").unwrap().shape[..], [1, 2]);
//! params.set(w, [[0.0], [0.0]]);
//! torch::load(&mut params, &path, &names)?;
//! assert_eq!(params.get::<f64>(w), [1.0, 2.0]);
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), files::Error>(())
//! ```
//!
//! Such a file is a zip archive of a pickle, a program for a machine with a stack, and of the numbers. Of the machine only that part is
//! there which makes tensors, numbers, texts, lists, tuples and dictionaries. Whatever would call anything else is refused by its name, and
//! nothing is ever run. Sources: PyTorch, *Serialization semantics* and `torch/serialization.py`; Python, `pickletools`.

mod machine;
mod names;
mod opcodes;
mod storage;
mod value;
mod write;

pub use names::names;
pub use value::Value;

use crate::archive::Archive;
use crate::disk;
use crate::error::{Error, Fault};
use crate::mapping::Mapping;
use crate::params::ParamsFile;
use crate::tensors::Tensors;
use autograd::Params;
use std::path::Path;

/// What a file holds.
///
/// # Errors
/// If the file cannot be read, is older than PyTorch 1.6 (those are no archives), is broken, or holds anything but tensors, numbers, texts,
/// lists, tuples and dictionaries: such as a whole model instead of its state dict.
pub fn read(path: impl AsRef<Path>) -> Result<Value, Error> {
    disk::read(path.as_ref(), decode)
}

/// Takes over the tensors of a file: its state dict, or that of its entries that the mapping names.
///
/// # Errors
/// As [`read`] and [`ParamsFile::set_tensors`]. Then nothing is changed.
///
/// # Panics
/// If the mapping asks for a scope that is not there.
#[track_caller]
pub fn load(params: &mut Params, path: impl AsRef<Path>, mapping: &Mapping) -> Result<(), Error> {
    let path = path.as_ref();
    params.set_tensors(&read(path)?.tensors(), mapping).map_err(|error| error.in_file(path))
}

/// Writes a state dict, [atomically](crate::replace).
///
/// # Errors
/// If the system refuses.
///
/// # Panics
/// As [`ParamsFile::to_tensors_with`].
#[track_caller]
pub fn save(params: &Params, path: impl AsRef<Path>, mapping: &Mapping) -> Result<(), Error> {
    disk::replace(path, &encode(&params.to_tensors_with(mapping)))
}

/// The bytes of a file with these tensors as a state dict. The same tensors give the same bytes.
///
/// # Panics
/// If two tensors have the same name, or one has more or fewer elements than its shape.
#[track_caller]
pub fn encode(tensors: &Tensors) -> Vec<u8> {
    tensors.check("torch");
    write::encode(tensors)
}

/// What these bytes of a file hold.
///
/// # Errors
/// As [`read`].
pub fn decode(bytes: &[u8]) -> Result<Value, Error> {
    // A pickle of a number of PyTorch's own, and not an archive.
    const LEGACY: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    if bytes.starts_with(LEGACY) {
        let expected = "a zip archive, as since PyTorch 1.6: load it there and `torch.save` it again";
        return Err(Fault::new("format", "that of PyTorch before 1.6", expected).into());
    }
    let archive = Archive::open(bytes)?;
    let pickles: Vec<&str> = archive.names().filter(|name| name.ends_with("/data.pkl")).collect();
    let &[pickle] = &pickles[..] else {
        return Err(Fault::new("data.pkl", format!("{} entries of this name", pickles.len()), "one").into());
    };
    let folder = pickle.trim_end_matches("data.pkl");
    let program = archive.read(pickle)?;
    let storages = storage::Storages::new(&archive, folder)?;
    Ok(machine::run(&program, &storages)?)
}
