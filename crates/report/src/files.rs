//! A report as a file.

use crate::error::ReportError;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes a temporary file beside the target and renames it, so that a reader never sees half of a report.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), ReportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReportError::Io { path, source }
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| {
        fs::remove_file(&beside).ok(); // if it is there
        failed(path)(source)
    })
}
