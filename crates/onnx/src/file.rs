//! A file is there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes under a temporary name beside the file, has the system store it, and renames. So whoever reads sees the old file or
/// the new one, also after a crash.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Two writes at the same time have two names.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nameless =
        || io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in the name of a file");
    let name = path.file_name().ok_or_else(nameless)?.to_string_lossy();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_file_name(format!(".{name}.{}-{number}.partial", std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        // What is left over is in nobody's way; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written
}
