//! Pictures from a folder for each class, PNG or JPEG. Needs the feature `images`.
//!
//! ```text
//! pets/cat/1.png
//! pets/cat/2.jpg
//! pets/dog/1.jpeg
//! ```
//!
//! The classes are the folders, the pictures are the files in them that end in `.png`, `.jpg` or `.jpeg`; both are sorted by their
//! names, so that every machine gives the same arrays. Names that begin with a point, files beside the folders and files with
//! other ends are passed over. The content of a file says what it is, not its end.
//!
//! All pictures come in one size and with one number of channels: 3, red, green and blue, or 1, grey. Alpha is left out, and of 16 bits
//! the upper 8 are kept. Files are not trusted: whatever they hold, there are arrays or a [`FileError`], and no memory is taken for more
//! pixels than the bytes of a file can hold.
//!
//! # Examples
//!
//! ```no_run
//! let pets = datasets::images::folder("pets").size(32, 32).read()?;
//! let (x, y) = (pets.x_f32(), &pets.y);
//! println!("{:?}, {} pictures of a {}", x.dim(), y.len(), pets.classes.join(" or a "));
//! # Ok::<(), datasets::FileError>(())
//! ```

mod decode;
mod walk;

use crate::{FileError, Images};
use decode::Wanted;
use ndarray::{Array1, Array4};
use std::path::PathBuf;
use walk::{Found, walk};

/// Starts to describe a folder of folders of pictures; [`Folder`] has the options.
///
/// # Examples
///
/// ```
/// use datasets::{FileError, images};
///
/// assert!(matches!(images::folder("nowhere").read(), Err(FileError::Io { .. })));
/// ```
pub fn folder(path: impl Into<PathBuf>) -> Folder {
    Folder { path: path.into(), wanted: Wanted { size: None, grey: false, limit: 1 << 30 } }
}

/// The options of [`folder`].
///
/// # Examples
///
/// ```
/// # let path = std::env::temp_dir().join("wengert-images-of-folder");
/// # std::fs::create_dir_all(path.join("dot")).unwrap();
/// # image::GrayImage::from_raw(2, 1, vec![0, 255]).unwrap().save(path.join("dot/1.png")).unwrap();
/// let images = datasets::images::folder(&path).grey(true).read()?;
/// assert_eq!((images.pixels.dim(), images.classes), ((1, 1, 1, 2), vec!["dot".to_owned()]));
/// # std::fs::remove_dir_all(path).ok();
/// # Ok::<(), datasets::FileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "options do nothing until `read` is called"]
pub struct Folder {
    path: PathBuf,
    wanted: Wanted,
}

impl Folder {
    /// Brings all pictures to this height and width, by linear interpolation over the pixels that a new one covers. Without this
    /// call they must have one size.
    ///
    /// # Examples
    ///
    /// ```
    /// # let path = std::env::temp_dir().join("wengert-images-of-size");
    /// # std::fs::create_dir_all(path.join("dot")).unwrap();
    /// # image::GrayImage::from_raw(2, 1, vec![0, 255]).unwrap().save(path.join("dot/1.png")).unwrap();
    /// let images = datasets::images::folder(&path).size(4, 6).read()?;
    /// assert_eq!(images.pixels.dim(), (1, 3, 4, 6));
    /// # std::fs::remove_dir_all(path).ok();
    /// # Ok::<(), datasets::FileError>(())
    /// ```
    pub fn size(mut self, height: usize, width: usize) -> Self {
        self.wanted.size = Some((height, width));
        self
    }

    /// Says whether to read shades of grey (one channel) instead of colours (three). Default: false.
    ///
    /// A colour becomes its luminance, 0.2126 R + 0.7152 G + 0.0722 B (ITU-R BT.709).
    ///
    /// # Examples
    ///
    /// ```
    /// # let path = std::env::temp_dir().join("wengert-images-of-grey");
    /// # std::fs::create_dir_all(path.join("red")).unwrap();
    /// # image::RgbImage::from_raw(1, 1, vec![255, 0, 0]).unwrap().save(path.join("red/1.png")).unwrap();
    /// let images = datasets::images::folder(&path).grey(true).read()?;
    /// assert_eq!(images.pixels[[0, 0, 0, 0]], 54);
    /// # std::fs::remove_dir_all(path).ok();
    /// # Ok::<(), datasets::FileError>(())
    /// ```
    pub fn grey(mut self, grey: bool) -> Self {
        self.wanted.grey = grey;
        self
    }

    /// Sets how many bytes a file may have, and how many the pixels of a file or of the result may take. Default: 1 GiB.
    ///
    /// # Examples
    ///
    /// ```
    /// # let path = std::env::temp_dir().join("wengert-images-of-limit");
    /// # std::fs::create_dir_all(path.join("dot")).unwrap();
    /// # image::GrayImage::from_raw(2, 1, vec![0, 255]).unwrap().save(path.join("dot/1.png")).unwrap();
    /// let error = datasets::images::folder(&path).limit(10).read().unwrap_err();
    /// assert!(matches!(error, datasets::FileError::TooLong { limit: 10, .. }));
    /// # std::fs::remove_dir_all(path).ok();
    /// ```
    pub fn limit(mut self, bytes: u64) -> Self {
        self.wanted.limit = bytes;
        self
    }

    /// Reads all pictures.
    ///
    /// # Errors
    ///
    /// [`FileError::Io`] for what cannot be opened or read, [`FileError::TooLong`] beyond the limit, [`FileError::Field`] if there are
    /// no classes, one has no pictures or no name in UTF-8, a file is no whole PNG or JPEG, claims more pixels than it can hold, or
    /// has another size than the first where none is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let path = std::env::temp_dir().join("wengert-images-of-nothing");
    /// std::fs::create_dir_all(&path)?;
    /// let error = datasets::images::folder(&path).read().unwrap_err();
    /// assert!(error.to_string().ends_with("classes 0, expected a folder of pictures for each class"));
    /// # std::fs::remove_dir(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read(&self) -> Result<Images, FileError> {
        self.check()?;
        let Found { classes, files } = walk(&self.path)?;
        let channels = if self.wanted.grey { 1 } else { 3 };
        let (mut pixels, mut labels, mut size) = (Vec::new(), Vec::new(), self.wanted.size);
        for (class, path) in files {
            let name = path.display().to_string();
            let picture = decode::read(&path, &name, &self.wanted)?;
            let found = (picture.height, picture.width);
            let &mut (height, width) = size.get_or_insert(found);
            if found != (height, width) {
                let expected =
                    format!("{height}×{width} as the first picture; `size` brings all to one size");
                return Err(FileError::field(&name, "size", format!("{}×{}", found.0, found.1), expected));
            }
            if (pixels.len() + picture.pixels.len()) as u64 > self.wanted.limit {
                let file = self.path.display().to_string();
                return Err(FileError::TooLong { file, limit: self.wanted.limit });
            }
            // From pixels of several channels to channels of several pixels.
            pixels.extend((0..channels).flat_map(|c| picture.pixels.iter().skip(c).step_by(channels)));
            labels.push(class);
        }
        let (height, width) = size.expect("there is a picture in each class");
        let pixels = Array4::from_shape_vec((labels.len(), channels, height, width), pixels);
        let pixels = pixels.expect("all pictures have one size");
        Ok(Images { pixels, y: Array1::from_vec(labels), classes })
    }

    /// Refuses a size that no picture can have.
    fn check(&self) -> Result<(), FileError> {
        let Some((height, width)) = self.wanted.size else { return Ok(()) };
        let most = usize::try_from(self.wanted.limit / 3).unwrap_or(usize::MAX).min(u32::MAX as usize);
        if height.checked_mul(width).is_some_and(|pixels| (1..=most).contains(&pixels)) {
            return Ok(());
        }
        let file = self.path.display().to_string();
        let expected = format!("at least one pixel and at most {most}");
        Err(FileError::field(&file, "the wanted size", format!("{height}×{width}"), expected))
    }
}
