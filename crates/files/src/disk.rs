//! Whole files in and out. A file is either the old one or the new one, whenever the program is stopped.

use crate::error::Error;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes an error of the system name its file.
pub(crate) fn failed(path: &Path, action: &'static str) -> impl Fn(io::Error) -> Error {
    let file = path.to_owned();
    move |source| Error::Io { file: file.clone(), action, source }
}

/// What `decode` makes of the bytes of a file.
pub(crate) fn read<T>(path: &Path, decode: impl Fn(&[u8]) -> Result<T, Error>) -> Result<T, Error> {
    decode(&bytes(path)?).map_err(|error| error.in_file(path))
}

/// The bytes of a file. What is no regular file is refused: a pipe waits for ever, and a device may have no end.
///
/// ```
/// let error = files::bytes(std::env::temp_dir()).unwrap_err();
/// assert!(error.to_string().ends_with("cannot read: it is no regular file"));
/// ```
///
/// # Errors
/// If it is no regular file, or the system refuses.
pub fn bytes(path: impl AsRef<Path>) -> Result<Vec<u8>, Error> {
    let path = path.as_ref();
    is_file(path).and_then(|()| fs::read(path)).map_err(failed(path, "read"))
}

pub(crate) fn is_file(path: &Path) -> io::Result<()> {
    let error = || io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
    if fs::metadata(path)?.is_file() { Ok(()) } else { Err(error()) }
}

/// Replaces a file by one with these bytes, or makes it. Whoever opens the path at any moment, and after a crash, finds the whole
/// old file or the whole new one.
///
/// The bytes go to a file of another name in the same folder, which is flushed to the disk and then renamed; the folder is flushed
/// where the system can. Source: POSIX.1-2024, `rename` and `fsync`.
///
/// # Errors
/// If the system refuses. Then the old file is as it was.
///
/// ```
/// let folder = std::env::temp_dir().join(format!("wengert-replace-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// let path = folder.join("note.txt");
/// files::replace(&path, b"first")?;
/// files::replace(&path, b"second")?;
/// assert_eq!(std::fs::read(&path)?, b"second");
/// assert_eq!(std::fs::read_dir(&folder)?.count(), 1);
/// std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    let path = path.as_ref();
    let temporary = beside(path);
    // A file that only its owner may read stays so.
    let permissions = fs::metadata(path).map(|old| old.permissions()).ok();
    let written = write_through(&temporary, bytes, permissions).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What is left over would be in the way of nobody; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed(path, "write"))?;
    flush_folder(path);
    Ok(())
}

/// A name in the same folder that no other write of this or another process takes.
fn beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{name}.{}-{number}{TEMPORARY}", std::process::id()))
}

/// How the names of files end that are not finished.
pub(crate) const TEMPORARY: &str = ".partial";

fn write_through(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    // A file of this name is left from a process of the same number that was killed.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the new name last. Not every system can: Windows opens no folders.
fn flush_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
}
