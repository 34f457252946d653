//! Writes the drawings to files. The library only gives text.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use wengert::autograd::Drawing;

/// A folder of pictures.
pub(crate) struct Album {
    folder: PathBuf,
    names: Vec<String>,
}

impl Album {
    pub(crate) fn new(folder: &str) -> io::Result<Album> {
        fs::create_dir_all(folder)?;
        Ok(Album { folder: folder.into(), names: vec![] })
    }

    /// Writes a drawing as `NAME.svg` and `NAME.dot`.
    pub(crate) fn add(
        &mut self,
        name: &str,
        drawing: &Drawing<'_>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        fs::write(self.folder.join(format!("{name}.svg")), drawing.svg())?;
        fs::write(self.folder.join(format!("{name}.dot")), drawing.dot())?;
        self.names.push(name.to_owned());
        Ok(())
    }
}

/// `Figures: FOLDER/NAME.svg, …`
impl fmt::Display for Album {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = self.names.iter().map(|name| format!("{name}.svg")).collect();
        write!(f, "Figures: {} with .dot beside each, in {}", files.join(", "), self.folder.display())
    }
}
