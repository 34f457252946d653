//! The folders and the files in them, in the order of their names.

use crate::FileError;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The names of the classes, and the pictures with the indices of their classes.
#[derive(Default)]
pub(super) struct Found {
    pub(super) classes: Vec<String>,
    pub(super) files: Vec<(i64, PathBuf)>,
}

pub(super) fn walk(folder: &Path) -> Result<Found, FileError> {
    let Found { mut classes, mut files } = Found::default();
    for name in sorted(folder)? {
        let path = folder.join(&name);
        if !path.is_dir() {
            continue;
        }
        let here = path.display().to_string();
        let class = name.into_string();
        let class = class.map_err(|name| FileError::field(&here, "name", name.display(), "text in UTF-8"))?;
        let label = classes.len() as i64;
        let before = files.len();
        let names = sorted(&path)?.into_iter().map(|name| path.join(name));
        files.extend(names.filter(|path| is_picture(path)).map(|path| (label, path)));
        if files.len() == before {
            return Err(FileError::field(&here, "pictures", 0, "a file that ends in .png, .jpg or .jpeg"));
        }
        classes.push(class);
    }
    if classes.is_empty() {
        let here = folder.display().to_string();
        return Err(FileError::field(&here, "classes", 0, "a folder of pictures for each class"));
    }
    Ok(Found { classes, files })
}

/// The names in a folder that are not hidden.
fn sorted(folder: &Path) -> Result<Vec<OsString>, FileError> {
    let entries = fs::read_dir(folder).map_err(FileError::io(folder))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<OsString> = names.collect::<Result<_, _>>().map_err(FileError::io(folder))?;
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort();
    Ok(names)
}

fn is_picture(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    ["png", "jpg", "jpeg"].iter().any(|known| known.eq_ignore_ascii_case(end)) && path.is_file()
}
