//! The machine's C compiler, and the folder that keeps what it made.

use super::error::NativeError;
use super::system::{self, Function, Loaded};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How programs are compiled: nothing is contracted, and subnormals are kept, so that the bits are the engine's.
const FLAGS: &[&str] =
    &["-std=gnu11", "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fPIC", "-shared", "-w"];

/// A C compiler, and the folder that keeps what it made.
///
/// A file of the folder is named after the text that it was made of, the compiler (its command, its version, and the instructions of
/// this processor, as it tells them) and the flags, so that a machine, a compiler or a program that differs finds none. It appears
/// whole or not at all; a damaged one is made again. Several processes may share a folder. Nothing is ever removed from it.
///
/// ```
/// use autograd::{Params, Program};
/// use emit::native::{Compiler, NativeError};
/// let folder = std::env::temp_dir().join(format!("wengert-doc-{}", std::process::id()));
/// let program = Program::trace(&Params::f32(), |t| t.outputs(t.input("x", [4]).exp().sum()))?;
/// let compiler = Compiler::default().cached_in(&folder);
/// match compiler.compile(&program) {
///     Ok(first) => {
///         assert!(!first.was_cached());
///         assert!(compiler.compile(&program)?.was_cached());
///     }
///     Err(NativeError::NoCompiler { command, .. }) => println!("this machine has no `{command}`"),
///     Err(error) => panic!("{error}"),
/// }
/// # let _ = std::fs::remove_dir_all(&folder);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Compiler {
    command: String,
    /// None where the system names no folder.
    folder: Option<PathBuf>,
}

/// The compiler that the variable `CC` names, or else `cc`; the folder `wengert` in `XDG_CACHE_HOME`, or else in `~/.cache`.
impl Default for Compiler {
    fn default() -> Compiler {
        Compiler { command: system::compiler(), folder: system::cache() }
    }
}

/// A shared object, loaded.
#[derive(Clone, Debug)]
pub(super) struct Object<F> {
    pub(super) loaded: Arc<Loaded<F>>,
    pub(super) path: PathBuf,
    /// Whether it was there before.
    pub(super) was_cached: bool,
}

impl Compiler {
    /// The same by another command, such as `clang` or `ccache gcc`.
    pub fn command(self, command: &str) -> Compiler {
        Compiler { command: command.to_owned(), ..self }
    }

    /// The same with another folder, which is made if it does not exist.
    pub fn cached_in(self, folder: impl Into<PathBuf>) -> Compiler {
        Compiler { folder: Some(folder.into()), ..self }
    }

    /// The shared object of a text.
    pub(super) fn load<F: Function>(&self, text: &str) -> Result<Object<F>, NativeError> {
        let key = hex(hash(&[text, &self.command, &FLAGS.join(" "), &self.identity()?]));
        let folder = self.folder.as_deref().ok_or_else(|| NativeError::Cache {
            folder: PathBuf::new(),
            why: "neither XDG_CACHE_HOME nor HOME names a folder".to_owned(),
        })?;
        private_folder(folder).map_err(|error| unwritable(folder, error))?;
        if let Some(path) = find(folder, &key)
            && let Ok(loaded) = Loaded::from(&path)
        {
            return Ok(Object { loaded: Arc::new(loaded), path, was_cached: true });
        }
        let path = self.build(folder, &key, text)?;
        match Loaded::from(&path) {
            Ok(loaded) => Ok(Object { loaded: Arc::new(loaded), path, was_cached: false }),
            Err(error) => Err(NativeError::Load { file: path, why: error.to_string() }),
        }
    }

    /// Compiles a text to a file under a name of its own, which is then renamed.
    fn build(&self, folder: &Path, key: &str, text: &str) -> Result<PathBuf, NativeError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let own = |end: &str| folder.join(format!("{key}.{process}.{number}.{end}"));
        let (source, object) = (own("c"), own("tmp"));
        // Read as standard input, so that no name of a file is in what is made, and two that are made alike are alike.
        let opened = fs::write(&source, text).and_then(|()| fs::File::open(&source));
        let opened = opened.map_err(|error| unwritable(folder, error));
        let made = opened.and_then(|text| self.called(text.into(), |cc| cc.arg("-o").arg(&object)));
        let _ = fs::remove_file(&source);
        let renamed = made.and_then(|_| {
            let bytes = fs::read(&object).map_err(|error| unwritable(folder, error))?;
            let path = folder.join(format!("{key}-{}.so", hex(hash_bytes(START, &bytes))));
            fs::rename(&object, &path).map_err(|error| unwritable(folder, error))?;
            Ok(path)
        });
        if renamed.is_err() {
            let _ = fs::remove_file(&object);
        }
        renamed
    }

    /// What the compiler says of itself and of this processor: its version is among the macros that it defines.
    fn identity(&self) -> Result<String, NativeError> {
        self.called(Stdio::null(), |cc| cc.args(["-dM", "-E"]))
    }

    /// What the compiler prints, of a text and with more arguments.
    fn called(
        &self,
        text: Stdio,
        more: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<String, NativeError> {
        let mut words = self.command.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or("cc"));
        command.args(words).args(FLAGS).args(["-x", "c", "-"]).stdin(text);
        let out = more(&mut command).output().map_err(|error| NativeError::NoCompiler {
            command: self.command.clone(),
            why: error.to_string(),
        })?;
        if out.status.success() {
            return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&out.stderr);
        let line = said.lines().find(|line| line.contains("error")).or(said.lines().next());
        let line = line.map_or_else(|| out.status.to_string(), |line| line.trim().to_owned());
        Err(NativeError::Failed { command: self.command.clone(), line })
    }
}

/// The whole file of a key: its name tells the sum of what is in it.
fn find(folder: &Path, key: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries.filter_map(|entry| Some(entry.ok()?.path())).find(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let sum = name.strip_prefix(key).and_then(|rest| rest.strip_prefix('-')?.strip_suffix(".so"));
        sum.is_some_and(|sum| fs::read(path).is_ok_and(|bytes| hex(hash_bytes(START, &bytes)) == sum))
    })
}

fn unwritable(folder: &Path, error: io::Error) -> NativeError {
    NativeError::Cache { folder: folder.to_owned(), why: error.to_string() }
}

/// Makes a folder that nobody else may write to: code is loaded from it.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// The offset basis of FNV-1a with 128 bits (Fowler, Noll & Vo).
const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;

fn hash_bytes(start: u128, bytes: &[u8]) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(start, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

/// The hash of texts, each with its length.
fn hash(texts: &[&str]) -> u128 {
    let with = |hash, text: &&str| hash_bytes(hash_bytes(hash, &text.len().to_le_bytes()), text.as_bytes());
    texts.iter().fold(START, with)
}

fn hex(hash: u128) -> String {
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_fnv_1a() {
        assert_eq!(hash_bytes(START, b""), START);
        assert_eq!(hash_bytes(START, b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
