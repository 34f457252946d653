//! Reads one picture.

use crate::FileError;
use image::imageops::FilterType;
use image::{ImageError, ImageFormat, ImageReader, Limits};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

/// The most pixels for a byte. Deflate gives at most 1032 bytes for one (zlib's documentation), and a byte of a PNG holds at most 8
/// pixels; a block of 64 pixels of a JPEG takes at least a bit.
const PIXELS_PER_BYTE: u64 = 8 * 1032;

/// What becomes of a picture, and how large it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Height and width.
    pub(super) size: Option<(usize, usize)>,
    pub(super) grey: bool,
    /// The most bytes of a file, and of pixels.
    pub(super) limit: u64,
}

/// The pixels of a picture, row by row, the channels of each side by side.
pub(super) struct Picture {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) pixels: Vec<u8>,
}

pub(super) fn read(path: &Path, name: &str, wanted: &Wanted) -> Result<Picture, FileError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(FileError::io(path))?;
    file.take(wanted.limit.saturating_add(1)).read_to_end(&mut bytes).map_err(FileError::io(path))?;
    if bytes.len() as u64 > wanted.limit {
        return Err(FileError::TooLong { file: name.to_owned(), limit: wanted.limit });
    }
    let refuse = |error: ImageError| {
        FileError::field(name, "picture", format!("({error})"), "a whole PNG or JPEG file")
    };
    let format = image::guess_format(&bytes).ok();
    let Some(format @ (ImageFormat::Png | ImageFormat::Jpeg)) = format else {
        return Err(FileError::field(name, "format", "unknown", "PNG or JPEG"));
    };
    let (width, height) =
        ImageReader::with_format(Cursor::new(&bytes), format).into_dimensions().map_err(refuse)?;
    let pixels = u64::from(width) * u64::from(height);
    let most = (bytes.len() as u64).saturating_mul(PIXELS_PER_BYTE).min(wanted.limit / 3);
    if pixels == 0 || pixels > most {
        let expected = format!("at least one pixel and at most {most}, for {} bytes", bytes.len());
        return Err(FileError::field(name, "size", format!("{height}×{width}"), expected));
    }
    let mut reader = ImageReader::with_format(Cursor::new(&bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(wanted.limit.saturating_mul(4));
    reader.limits(limits);
    let mut picture = reader.decode().map_err(refuse)?;
    if let Some((height, width)) = wanted.size
        && (picture.height() as usize, picture.width() as usize) != (height, width)
    {
        // Both fit: their product does.
        picture = picture.resize_exact(width as u32, height as u32, FilterType::Triangle);
    }
    let (height, width) = (picture.height() as usize, picture.width() as usize);
    let pixels = if wanted.grey { picture.into_luma8().into_raw() } else { picture.into_rgb8().into_raw() };
    Ok(Picture { height, width, pixels })
}
