//! Files of tensors as Hugging Face defines them: a header of JSON, then the numbers.
//!
//! Reading widens what the four dtypes of a tape do not have: F16, BF16 and floats of eight bits to F32, integers to I64. Writing
//! gives the same bytes for the same content. Source: <https://huggingface.co/docs/safetensors>.
//!
//! ```
//! use files::{Tensors, safetensors};
//! let tensors = Tensors::new().with("w", [[1.0, 2.0]]).with("mask", [true, false]);
//! let bytes = safetensors::encode(&tensors);
//! assert_eq!(safetensors::decode(&bytes)?, tensors);
//! # Ok::<(), files::Error>(())
//! ```

use crate::disk;
use crate::error::{Error, Fault};
use crate::kind::{self, Kind};
use crate::tensors::Tensors;
use ::safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::Metadata};
use autograd::{Data, Mistake, NamedTensor, Shape};
use serde_json::json;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The tensors and texts of a file, in the order of their numbers.
///
/// # Errors
/// If the file cannot be read or breaks the format, if its numbers have changed since this library wrote them as a model or a
/// checkpoint, or if it holds what has no dtype here: complex numbers, integers beyond I64, floats of
/// fewer than eight bits.
pub fn read(path: impl AsRef<Path>) -> Result<Tensors, Error> {
    disk::read(path.as_ref(), decode)
}

/// Writes a file, [atomically](crate::replace).
///
/// # Errors
/// If the system refuses.
///
/// # Panics
/// If two tensors have the same name, or one has more or fewer elements than its shape.
#[track_caller]
pub fn write(path: impl AsRef<Path>, tensors: &Tensors) -> Result<(), Error> {
    disk::replace(path, &encode(tensors))
}

/// The tensors and texts that these bytes of a file hold.
///
/// # Errors
/// As [`read`].
pub fn decode(bytes: &[u8]) -> Result<Tensors, Error> {
    if bytes.starts_with(b"PK\x03\x04") {
        let expected = "a safetensors file; `files::torch` reads PyTorch's .pt, `files::npz` NumPy's .npz";
        return Err(Fault::new("format", "a zip archive", expected).into());
    }
    let (length, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let numbers = &bytes[8 + length..];
    let (mut list, mut faults) = (vec![], vec![]);
    let mut infos: Vec<_> = metadata.tensors().into_iter().collect();
    infos.sort_by(|(a, x), (b, y)| (x.data_offsets, a).cmp(&(y.data_offsets, b)));
    for (name, info) in infos {
        match tensor(&info.shape, info.dtype, &numbers[info.data_offsets.0..info.data_offsets.1]) {
            Ok((shape, data)) => list.push(NamedTensor { name, shape, data }),
            Err([found, expected]) => faults.push(Fault::new(name, found, expected)),
        }
    }
    let mut texts = texts(&metadata);
    // Gone from what was read: the sum would be wrong once a number changes.
    if let Some(expected) = texts.remove(SUM) {
        let found = sum_of(numbers);
        if found != expected {
            faults.push(Fault::new(
                "checksum of the numbers",
                found,
                format!("{expected}: they have changed"),
            ));
        }
    }
    if faults.is_empty() { Ok(Tensors { list, metadata: texts }) } else { Err(faults.into()) }
}

/// The text with the checksum of all numbers, where this library wrote a model or a checkpoint.
const SUM: &str = "wengert.crc32";

/// CRC-32 (ISO 3309, as in zip and PNG).
fn sum_of(numbers: &[u8]) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(numbers);
    format!("{:08x}", crc.sum())
}

/// The texts of a file, without reading its numbers.
///
/// # Errors
/// If the file cannot be read, or its header breaks the format.
pub(crate) fn read_texts(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let failed = disk::failed(path, "read");
    let mut file = disk::is_file(path).and_then(|()| File::open(path)).map_err(&failed)?;
    let mut bytes = vec![];
    file.by_ref().take(8).read_to_end(&mut bytes).map_err(&failed)?;
    let length = bytes.first_chunk().map_or(0, |&n| u64::from_le_bytes(n));
    // No more is allocated than the file has.
    file.take(length).read_to_end(&mut bytes).map_err(&failed)?;
    let header = bytes.get(8..).filter(|header| header.len() as u64 == length && length > 0);
    let parsed = header.and_then(|header| serde_json::from_slice::<Metadata>(header).ok());
    let not_one = || Error::from(Fault::new("header", "none", "that of a safetensors file")).in_file(path);
    Ok(texts(&parsed.ok_or_else(not_one)?))
}

fn texts(metadata: &Metadata) -> BTreeMap<String, String> {
    metadata.metadata().iter().flatten().map(|(name, text)| (name.clone(), text.clone())).collect()
}

fn tensor(shape: &[usize], dtype: Dtype, bytes: &[u8]) -> Result<(Shape, Data), [String; 2]> {
    let shape = Shape::from(shape);
    if shape.checked_elements().is_none() {
        return Err([format!("the shape {shape}"), "a shape whose elements can be addressed".to_owned()]);
    }
    let expected = "floats of 8 to 64 bits, integers or truth values";
    let kind = kind(dtype).ok_or_else(|| [format!("elements of {dtype}"), expected.to_owned()])?;
    Ok((shape, kind.decode(bytes, false)?))
}

fn kind(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::F64 => Kind::F64,
        Dtype::F32 => Kind::F32,
        Dtype::F16 => Kind::F16,
        Dtype::BF16 => Kind::Bf16,
        Dtype::F8_E4M3 => Kind::F8E4M3,
        Dtype::F8_E5M2 => Kind::F8E5M2,
        Dtype::I64 => Kind::I64,
        Dtype::I32 => Kind::I32,
        Dtype::I16 => Kind::I16,
        Dtype::I8 => Kind::I8,
        Dtype::U64 => Kind::U64,
        Dtype::U32 => Kind::U32,
        Dtype::U16 => Kind::U16,
        Dtype::U8 => Kind::U8,
        Dtype::BOOL => Kind::Bool,
        _ => return None,
    })
}

fn broken(error: SafeTensorError) -> Fault {
    match &error {
        SafeTensorError::InvalidOffset(name) => {
            Fault::new(name, "an offset that leaves a hole or overlaps", "tensors one after the other")
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            Fault::new("length of the file", "another one than the header adds up to", "a whole file")
        }
        _ => Fault::new("header", error, "that of a safetensors file"),
    }
}

/// Writes a file whose numbers have a checksum, which [`read`] verifies.
#[track_caller]
pub(crate) fn write_summed(path: impl AsRef<Path>, tensors: &Tensors) -> Result<(), Error> {
    disk::replace(path, &summed(tensors))
}

/// The bytes of such a file.
#[track_caller]
pub(crate) fn summed(tensors: &Tensors) -> Vec<u8> {
    bytes_of(tensors, true)
}

/// The bytes of a file with these tensors. Elements of eight bytes come first, so that all are aligned, and of each size those tensors
/// that have none; beyond that the order stays. The same content gives the same bytes.
///
/// # Panics
/// If two tensors have the same name, or one has more or fewer elements than its shape.
#[track_caller]
pub fn encode(tensors: &Tensors) -> Vec<u8> {
    bytes_of(tensors, false)
}

#[track_caller]
fn bytes_of(tensors: &Tensors, summed: bool) -> Vec<u8> {
    tensors.check("safetensors");
    if tensors.get("__metadata__").is_some() {
        Mistake::new("safetensors: a tensor is named `__metadata__`")
            .rule("this name stands for the texts of the file")
            .raise();
    }
    let mut list: Vec<&NamedTensor> = tensors.list.iter().collect();
    list.sort_by_key(|tensor| (Reverse(Kind::of(tensor.data.dtype()).size()), place_of_empty(tensor)));
    let mut texts = tensors.metadata.clone();
    // A sum is as long as any other, so that the header has its length before the numbers are there.
    texts.extend(summed.then(|| (SUM.to_owned(), sum_of(&[]))));
    let (begin, length) = header(&list, &texts);
    let mut bytes = Vec::with_capacity(8 + begin.len() + length);
    bytes.extend((begin.len() as u64).to_le_bytes());
    bytes.extend(&begin);
    list.iter().for_each(|tensor| kind::append(&mut bytes, &tensor.data));
    if summed {
        texts.insert(SUM.to_owned(), sum_of(&bytes[8 + begin.len()..]));
        bytes[8..8 + begin.len()].copy_from_slice(&header(&list, &texts).0);
    }
    bytes
}

/// Empty tensors come first and by name: their offsets do not tell their order, so that it would change when the file is read.
fn place_of_empty(tensor: &NamedTensor) -> (bool, &str) {
    if tensor.data.len() == 0 { (false, &tensor.name) } else { (true, "") }
}

/// The header, of a length that is a multiple of 8, and the length of all numbers. The library's own writer orders texts at random.
fn header(list: &[&NamedTensor], texts: &BTreeMap<String, String>) -> (Vec<u8>, usize) {
    let (mut entries, mut begin) = (vec![], 0);
    if !texts.is_empty() {
        let texts: Vec<_> =
            texts.iter().map(|(name, text)| format!("{}:{}", json!(name), json!(text))).collect();
        entries.push(format!(r#""__metadata__":{{{}}}"#, texts.join(",")));
    }
    for tensor in list {
        let dtype = tensor.data.dtype();
        let end = begin + tensor.data.len() * Kind::of(dtype).size();
        let dtype = dtype.to_string().to_uppercase();
        let (name, shape) = (json!(tensor.name), json!(tensor.shape[..]));
        entries
            .push(format!(r#"{name}:{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}"#));
        begin = end;
    }
    let mut text = format!("{{{}}}", entries.join(",")).into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    (text, begin)
}
