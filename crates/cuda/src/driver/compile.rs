//! Texts as machine code, by NVRTC: as CUBIN, because a driver that is older than the compiler refuses its PTX.

use crate::Error;
use cudarc::nvrtc::{result, sys};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Machine code.
pub(crate) type Compiled = Rc<[u8]>;

/// No multiply-add is fused that is not written as one.
const OPTIONS: [&str; 3] = ["--fmad=false", "--std=c++17", "--device-as-default-execution-space"];

/// What the files of the cache begin with.
const MAGIC: &str = "wengert-cuda 1\n";

/// A compiler for one architecture, and what it has compiled.
#[derive(Debug)]
pub(crate) struct Compiler {
    architecture: String,
    /// The version of the compiler.
    version: String,
    compiled: RefCell<HashMap<String, Compiled>>,
    folder: RefCell<Option<PathBuf>>,
}

impl Compiler {
    /// The compiler for an architecture such as `sm_90`.
    pub(crate) fn new(architecture: &str) -> Result<Compiler, Error> {
        // SAFETY: this only looks for the library.
        if !unsafe { sys::is_culib_present() } {
            return Err(Error::NoLibrary {
                name: "NVRTC (libnvrtc)",
                hint: "it comes with the CUDA toolkit, or by `pip install nvidia-cuda-nvrtc`: name its folder in LD_LIBRARY_PATH",
            });
        }
        let (mut major, mut minor, mut count) = (0, 0, 0);
        // SAFETY: the library is there, and writes two numbers.
        unsafe { sys::nvrtcVersion(&raw mut major, &raw mut minor) }.result().map_err(failed)?;
        let version = format!("{major}.{minor}");
        // SAFETY: it writes one number.
        unsafe { sys::nvrtcGetNumSupportedArchs(&raw mut count) }.result().map_err(failed)?;
        let mut known = vec![0i32; usize::try_from(count).unwrap_or(0)];
        // SAFETY: it writes as many numbers as it said.
        unsafe { sys::nvrtcGetSupportedArchs(known.as_mut_ptr()) }.result().map_err(failed)?;
        if !known.iter().any(|known| architecture == format!("sm_{known}")) {
            let needed = format!("one that knows {architecture}");
            return Err(Error::TooOld { what: "NVRTC", found: version, needed });
        }
        let (compiled, folder) = (RefCell::default(), RefCell::default());
        Ok(Compiler { architecture: architecture.to_owned(), version, compiled, folder })
    }

    /// Keeps what is compiled in a folder.
    pub(crate) fn keep_in(&self, folder: PathBuf) {
        self.folder.replace(Some(folder));
    }

    /// The machine code of a text.
    pub(crate) fn compile(&self, text: &str) -> Result<Compiled, Error> {
        let key = format!("{MAGIC}{}\nNVRTC {}\n{}\n{text}", self.architecture, self.version, text.len());
        if let Some(compiled) = self.compiled.borrow().get(&key) {
            return Ok(Rc::clone(compiled));
        }
        let file = self.folder.borrow().as_ref().map(|folder| folder.join(name_of(&key)));
        let kept = file.as_deref().and_then(|file| read(file, &key));
        let code: Compiled = match kept {
            Some(code) => code.into(),
            None => {
                let code = compiled(text, &self.architecture)?;
                if let Some(file) = &file {
                    write(file, &key, &code).map_err(|error| Error::Cache {
                        file: file.display().to_string(),
                        message: error.to_string(),
                    })?;
                }
                code.into()
            }
        };
        self.compiled.borrow_mut().insert(key, Rc::clone(&code));
        Ok(code)
    }
}

fn failed(error: result::NvrtcError) -> Error {
    Error::Compile { log: error.to_string() }
}

/// Compiles a text.
fn compiled(text: &str, architecture: &str) -> Result<Vec<u8>, Error> {
    let source = CString::new(text).map_err(|error| Error::Compile { log: error.to_string() })?;
    let program = result::create_program(&source, None).map_err(failed)?;
    let code = code_of(program, architecture);
    // SAFETY: the program was made above, and nobody uses it any more.
    unsafe { result::destroy_program(program) }.map_err(failed)?;
    code
}

fn code_of(program: sys::nvrtcProgram, architecture: &str) -> Result<Vec<u8>, Error> {
    let mut options = vec![format!("--gpu-architecture={architecture}")];
    options.extend(OPTIONS.map(str::to_owned));
    // SAFETY: the program is alive; the options are copied.
    if let Err(error) = unsafe { result::compile_program(program, &options) } {
        // SAFETY: the program is alive.
        let log = unsafe { result::get_program_log(program) }.unwrap_or_default();
        let log: Vec<u8> = log.iter().map(|&c| c as u8).collect();
        let log = CStr::from_bytes_until_nul(&log)
            .map_or_else(|_| error.to_string(), |log| log.to_string_lossy().into());
        return Err(Error::Compile { log });
    }
    let mut size = 0;
    // SAFETY: the program is alive, and one number is written.
    unsafe { sys::nvrtcGetCUBINSize(program, &raw mut size) }.result().map_err(failed)?;
    let mut code = vec![0u8; size];
    // SAFETY: as many bytes are written as the compiler said.
    unsafe { sys::nvrtcGetCUBIN(program, code.as_mut_ptr().cast()) }.result().map_err(failed)?;
    Ok(code)
}

/// The file of a key.
pub(super) fn name_of(key: &str) -> String {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    format!("{:016x}.cubin", hasher.finish())
}

/// The code of a file, if it is whole and of this key: the key, the length of the code, and the code.
pub(super) fn read(file: &Path, key: &str) -> Option<Vec<u8>> {
    let bytes = std::fs::read(file).ok()?;
    let rest = bytes.strip_prefix(key.as_bytes())?;
    let (length, code) = rest.split_first_chunk::<8>()?;
    (u64::from_le_bytes(*length) == code.len() as u64).then(|| code.to_vec())
}

/// Writes a file under a name of its own, and renames it when it is whole.
pub(super) fn write(file: &Path, key: &str, code: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = file.with_extension(format!("{}.part", std::process::id()));
    let mut out = std::fs::File::create(&unfinished)?;
    out.write_all(key.as_bytes())?;
    out.write_all(&(code.len() as u64).to_le_bytes())?;
    out.write_all(code)?;
    out.sync_all()?;
    std::fs::rename(&unfinished, file)
}
