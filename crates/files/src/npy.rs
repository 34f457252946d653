//! Files of one NumPy array.
//!
//! Versions 1 to 3 are read, in both orders of axes and of bytes; numbers are widened as in [`safetensors`](crate::safetensors). The header
//! looks like Python and is parsed, never evaluated. Source: NumPy, *NEP 1: A simple file format for NumPy arrays*, and `numpy.lib.format`.
//!
//! ```
//! use files::{named, npy};
//! let array = named("", [[1.0, 2.0], [3.0, 4.0]]);
//! let bytes = npy::encode(&array);
//! assert!(bytes.starts_with(b"\x93NUMPY\x01\x00"));
//! assert_eq!(npy::decode(&bytes)?, array);
//! # Ok::<(), files::Error>(())
//! ```

use crate::disk;
use crate::error::{Error, Fault};
use crate::kind::{self, Kind};
use crate::layout::{row_major, strided};
use autograd::{DType, NamedTensor, Shape};
use std::path::Path;

const MAGIC: &[u8] = b"\x93NUMPY";

/// The array of a file, named like the file without its ending.
///
/// # Errors
/// If the file cannot be read or breaks the format, or holds what has no dtype here: texts, complex numbers, records, objects.
pub fn read(path: impl AsRef<Path>) -> Result<NamedTensor, Error> {
    let path = path.as_ref();
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(NamedTensor { name, ..disk::read(path, decode)? })
}

/// Writes a file, [atomically](crate::replace).
///
/// # Errors
/// If the system refuses.
///
/// # Panics
/// If there are more or fewer elements than the shape says.
#[track_caller]
pub fn write(path: impl AsRef<Path>, array: &NamedTensor) -> Result<(), Error> {
    disk::replace(path, &encode(array))
}

/// The array that these bytes of a file hold, without a name.
///
/// # Errors
/// As [`read`].
pub fn decode(bytes: &[u8]) -> Result<NamedTensor, Error> {
    let (header, data) = split(bytes)?;
    let Header { descr, fortran, shape } = parse(header)?;
    let expected = "a boolean, an integer or a real number of one of NumPy's types";
    let (kind, big_endian) = element(descr).ok_or_else(|| Fault::new("descr", descr, expected))?;
    let shape = Shape::from(shape);
    let length = shape.checked_elements().and_then(|n| n.checked_mul(kind.size()));
    let length = length.ok_or_else(|| Fault::new("shape", &shape, "elements that can be addressed"))?;
    if data.len() != length {
        let expected = format!("{length} for the shape {shape} of {descr}");
        return Err(Fault::new("data", format!("{} bytes", data.len()), expected).into());
    }
    let broken = |[found, expected]: [String; 2]| Fault::new("data", found, expected);
    let mut data = kind.decode(data, big_endian).map_err(broken)?;
    if fortran {
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        let strides: Vec<usize> = row_major(&reversed).into_iter().rev().collect();
        data = strided(&data, 0, &shape, &strides);
    }
    Ok(NamedTensor { name: String::new(), shape, data })
}

/// The bytes of a file with this array, in the order of C and little-endian, of version 1 or, for very many axes, 2.
///
/// # Panics
/// If there are more or fewer elements than the shape says.
#[track_caller]
pub fn encode(array: &NamedTensor) -> Vec<u8> {
    crate::Tensors { list: vec![array.clone()], ..Default::default() }.check("npy");
    let descr = match array.data.dtype() {
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::I64 => "<i8",
        _ => "|b1",
    };
    let shape: String = array.shape.iter().map(|length| format!("{length}, ")).collect();
    let shape = if array.shape.len() > 1 { shape.trim_end_matches(", ") } else { shape.trim_end() };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // The header ends in a line break, at a multiple of 64 bytes.
    let wide = header.len() > 65000;
    let before = MAGIC.len() + 2 + if wide { 4 } else { 2 };
    let length = (before + header.len() + 1).next_multiple_of(64) - before;
    header.extend(std::iter::repeat_n(' ', length - 1 - header.len()));
    header.push('\n');
    let mut bytes = [MAGIC, &[if wide { 2 } else { 1 }, 0]].concat();
    bytes.extend_from_slice(&(length as u32).to_le_bytes()[..if wide { 4 } else { 2 }]);
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(kind::encode(&array.data));
    bytes
}

/// The header and the numbers.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), Fault> {
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| Fault::new("magic", "other bytes", "\\x93NUMPY"))?;
    let cut = || Fault::new("header", "the end of the file", "a whole header");
    let &[major, minor, ref rest @ ..] = rest else { return Err(cut()) };
    let (length, rest) = match (major, minor) {
        (1, 0) => rest.split_first_chunk().map(|(&n, rest)| (usize::from(u16::from_le_bytes(n)), rest)),
        (2 | 3, 0) => rest.split_first_chunk().map(|(&n, rest)| (u32::from_le_bytes(n) as usize, rest)),
        _ => return Err(Fault::new("version", format!("{major}.{minor}"), "1.0, 2.0 or 3.0")),
    }
    .ok_or_else(cut)?;
    let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let text = std::str::from_utf8(header).map_err(|_| Fault::new("header", "other bytes", "text"))?;
    Ok((text, data))
}

struct Header<'a> {
    descr: &'a str,
    fortran: bool,
    shape: Vec<usize>,
}

/// What is left of a header.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, sign: &str) -> bool {
        self.0 = self.0.trim_start();
        let rest = self.0.strip_prefix(sign);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn need(&mut self, sign: &str) -> Result<(), Fault> {
        if self.skip(sign) { Ok(()) } else { Err(self.unexpected(sign)) }
    }

    fn unexpected(&self, expected: &str) -> Fault {
        let found: String = self.0.chars().take(20).collect();
        Fault::new("header", format!("`{}`", found.trim_end()), expected)
    }

    fn text(&mut self) -> Result<&'a str, Fault> {
        for quote in ["'", "\""] {
            if self.skip(quote) {
                let (text, rest) =
                    self.0.split_once(quote).ok_or_else(|| self.unexpected("the end of a text"))?;
                self.0 = rest;
                return Ok(text);
            }
        }
        Err(self.unexpected("a text"))
    }

    fn truth(&mut self) -> Result<bool, Fault> {
        if self.skip("True") {
            return Ok(true);
        }
        self.need("False").map(|()| false)
    }

    fn lengths(&mut self) -> Result<Vec<usize>, Fault> {
        self.need("(")?;
        let mut lengths = vec![];
        while !self.skip(")") {
            self.0 = self.0.trim_start();
            let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
            let length = self.0[..end].parse().map_err(|_| self.unexpected("a length"))?;
            lengths.push(length);
            self.0 = &self.0[end..];
            // As Python 2 wrote integers.
            self.skip("L");
            if !self.skip(",") {
                self.need(")")?;
                break;
            }
        }
        Ok(lengths)
    }
}

/// A dictionary of three entries, in any order.
fn parse(header: &str) -> Result<Header<'_>, Fault> {
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    let mut rest = Rest(header);
    rest.need("{")?;
    while !rest.skip("}") {
        let key = rest.text()?;
        rest.need(":")?;
        let twice = match key {
            "descr" => descr.replace(rest.text()?).is_some(),
            "fortran_order" => fortran.replace(rest.truth()?).is_some(),
            "shape" => shape.replace(rest.lengths()?).is_some(),
            _ => return Err(Fault::new("header", format!("the key `{key}`"), "descr, fortran_order, shape")),
        };
        if twice {
            return Err(Fault::new(key, "two of them", "one"));
        }
        if !rest.skip(",") {
            rest.need("}")?;
            break;
        }
    }
    if !rest.0.trim().is_empty() {
        return Err(rest.unexpected("the end of the header"));
    }
    let missing = |key| Fault::new(key, "nothing", "a key of the header");
    Ok(Header {
        descr: descr.ok_or_else(|| missing("descr"))?,
        fortran: fortran.ok_or_else(|| missing("fortran_order"))?,
        shape: shape.ok_or_else(|| missing("shape"))?,
    })
}

/// The element type, and whether its bytes stand in reverse.
fn element(descr: &str) -> Option<(Kind, bool)> {
    let (order, name) = descr.split_at_checked(1)?;
    let kind = match name {
        "f8" => Kind::F64,
        "f4" => Kind::F32,
        "f2" => Kind::F16,
        "i8" => Kind::I64,
        "i4" => Kind::I32,
        "i2" => Kind::I16,
        "i1" => Kind::I8,
        "u8" => Kind::U64,
        "u4" => Kind::U32,
        "u2" => Kind::U16,
        "u1" => Kind::U8,
        "b1" => Kind::Bool,
        _ => return None,
    };
    match order {
        "<" => Some((kind, false)),
        ">" => Some((kind, true)),
        "|" if kind.size() == 1 => Some((kind, false)),
        _ => None,
    }
}
