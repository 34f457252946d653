//! Tensors in files: models, checkpoints of training runs, and what other programs write.
//!
//! ```
//! use autograd::Params;
//! use files::ParamsFile; // `params.save(…)` and `params.load(…)`
//! let mut params = Params::f64();
//! params.scope("net").param("w", [2], [1.0, 2.0]);
//! let path = std::env::temp_dir().join(format!("wengert-files-{}.safetensors", std::process::id()));
//! params.save(&path)?;
//! params.load(&path)?;
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), files::Error>(())
//! ```
//!
//! | what | reads and writes |
//! |---|---|
//! | [`ParamsFile`] | the parameters and buffers of a model, by name or by a [`Mapping`] |
//! | [`Checkpoint`], [`Keeper`] | all that a training run needs to go on; which of them stay |
//! | [`safetensors`] | Hugging Face's format |
//! | [`npy`], [`npz`] | NumPy's arrays |
//! | [`torch`] | PyTorch's `torch.save`, and names of its modules |
//!
//! A file may come from anywhere: whatever is in it, reading it ends, takes memory in proportion to its length, and gives an [`Error`] that
//! names the file and everything that is wrong with it. Files are written [atomically](replace).

mod archive;
mod checkpoint;
mod disk;
mod error;
mod keeper;
mod kind;
mod layout;
mod mapping;
pub mod npy;
pub mod npz;
mod params;
pub mod safetensors;
mod tensors;
pub mod torch;

pub use autograd::{Data, NamedTensor};
pub use checkpoint::{Checkpoint, Position};
pub use disk::{bytes, replace};
pub use error::{Error, Fault};
pub use keeper::{Better, Keeper};
pub use mapping::Mapping;
pub use params::ParamsFile;
pub use tensors::{Tensors, named};
