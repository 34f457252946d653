//! What is asked of the system: where its compiler and its cache are, and to load and call what was compiled.

#![expect(unsafe_code, reason = "compiled code is loaded and called; it was printed from a verified plan")]

use super::text::RUN;
use autograd::planned::Addresses;
use libloading::Library;
use std::ffi::c_int;
use std::path::{Path, PathBuf};

/// The compiler that the machine's owner has chosen, by the variable `CC`; else `cc`.
pub(super) fn compiler() -> String {
    std::env::var("CC").ok().filter(|cc| !cc.trim().is_empty()).unwrap_or_else(|| "cc".to_owned())
}

/// Where what was compiled is kept: `wengert` in `XDG_CACHE_HOME`, or else in `.cache` of `HOME`. Folders that others may write to,
/// such as that of temporary files, are no place for code.
pub(super) fn cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || folder("HOME").map(|home| home.join(".cache"));
    Some(folder("XDG_CACHE_HOME").or_else(home)?.join("wengert"))
}

/// 64 bytes that begin at a line of the caches.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Line(#[expect(dead_code, reason = "kernels write it")] [u8; 64]);

impl Line {
    pub(super) const ZERO: Line = Line([0; 64]);
}

type Run = unsafe extern "C" fn(*const *mut u8, *mut u8) -> c_int;

/// A program that was compiled and loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    run: Run,
    /// Keeps the code where it is.
    _library: Library,
}

/// As many addresses need no allocation.
const FEW: usize = 32;

impl Loaded {
    /// Loads a file that this crate had compiled.
    pub(super) fn from(path: &Path) -> Result<Loaded, libloading::Error> {
        // SAFETY: the file holds functions and constants, and nothing that would run when it is loaded.
        let library = unsafe { Library::new(path) }?;
        // SAFETY: the text that it was made of declares the function so.
        let run = unsafe { *library.get::<Run>(RUN)? };
        Ok(Loaded { run, _library: library })
    }

    /// Runs the program in the memories of its plan; whether it could.
    ///
    /// `work` has the bytes that were printed with the text.
    #[inline]
    pub(super) fn run(&self, memories: Addresses<'_>, work: &mut [Line]) -> bool {
        let count = memories.count();
        let mut few = [std::ptr::null_mut(); FEW];
        if count <= FEW {
            few[..count].iter_mut().enumerate().for_each(|(i, start)| *start = memories.of(i));
            return self.call(&few, work);
        }
        let all: Vec<*mut u8> = (0..count).map(|i| memories.of(i)).collect();
        self.call(&all, work)
    }

    #[inline]
    fn call(&self, memories: &[*mut u8], work: &mut [Line]) -> bool {
        // SAFETY: the text was printed from the verified plan that these are the memories of, so it stays within them and within
        // `work`; nobody else touches them during the call.
        unsafe { (self.run)(memories.as_ptr(), work.as_mut_ptr().cast()) == 0 }
    }
}
