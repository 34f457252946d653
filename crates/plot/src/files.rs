//! A figure as text, as bytes and as files.

use crate::error::PlotError;
use crate::figure::Figure;
use crate::layout;
use crate::raster;
use crate::scene::Scene;
use crate::svg;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The default folder of figures, below the current directory.
const FOLDER: &str = "target/figures";

/// The two files of a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The vector graphic.
    pub svg: PathBuf,
    /// The same as pixels.
    pub png: PathBuf,
}

/// `FOLDER/NAME.svg and .png`.
impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and .png", self.svg.display())
    }
}

impl Figure<'_> {
    /// The figure as text of an SVG file.
    ///
    /// # Errors
    /// If it cannot be drawn: see [`PlotError`].
    pub fn svg(&self) -> Result<String, PlotError> {
        svg::write(&self.scene()?)
    }

    /// The figure as bytes of a PNG file.
    ///
    /// # Errors
    /// If it cannot be drawn: see [`PlotError`].
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        raster::encode(&self.scene()?)
    }

    /// Writes `target/figures/NAME.svg` and `.png` below the current directory. Each file appears complete or not at
    /// all.
    ///
    /// # Errors
    /// If the figure cannot be drawn or a file not be written; the error names the file.
    pub fn save(&self, name: &str) -> Result<Saved, PlotError> {
        self.save_in(FOLDER, name)
    }

    /// Writes `NAME.svg` and `NAME.png` to a folder, which is made if it does not exist.
    ///
    /// # Errors
    /// If the figure cannot be drawn or a file not be written; the error names the file.
    pub fn save_in(&self, folder: impl AsRef<Path>, name: &str) -> Result<Saved, PlotError> {
        if Path::new(name).file_name().is_none_or(|file| file != name) {
            return Err(PlotError::Name { name: name.to_owned() });
        }
        let scene = self.scene()?;
        let (svg, png) = (svg::write(&scene)?, raster::encode(&scene)?);
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(|source| PlotError::Io { path: folder.to_owned(), source })?;
        let file = |extension| folder.join(format!("{name}.{extension}"));
        let saved = Saved { svg: file("svg"), png: file("png") };
        write(&saved.svg, svg.as_bytes())?;
        write(&saved.png, &png)?;
        Ok(saved)
    }

    fn scene(&self) -> Result<Scene, PlotError> {
        layout::draw(self)
    }
}

/// Writes a temporary file beside the target and renames it, so that readers never see half of a file.
fn write(path: &Path, bytes: &[u8]) -> Result<(), PlotError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| {
        // Removes the temporary file, if there is one.
        fs::remove_file(&beside).ok();
        PlotError::Io { path: path.to_owned(), source }
    })
}
