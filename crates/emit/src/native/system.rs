//! What is asked of the system: where its compiler and its cache are, and to load and call what was compiled.

#![expect(unsafe_code, reason = "compiled code is loaded and called; it was printed from a verified plan")]

use super::text::{RUN, STEPS};
use autograd::Float;
use autograd::planned::{Addresses, DataRef};
use libloading::Library;
use std::ffi::{c_int, c_longlong};
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
    /// So many bytes.
    pub(super) fn zeros(bytes: usize) -> Vec<Line> {
        vec![Line([0; 64]); bytes.div_ceil(size_of::<Line>())]
    }
}

pub(super) type Run = unsafe extern "C" fn(*const *mut u8, *mut u8) -> c_int;

pub(super) type Steps = unsafe extern "C" fn(
    *mut u8,
    *const *const u8,
    *const c_longlong,
    c_longlong,
    *mut f64,
    *mut u8,
    *mut u8,
) -> c_longlong;

/// A function of a file that was compiled and loaded: a program that runs, or steps of training.
#[derive(Debug)]
pub(super) struct Loaded<F = Run> {
    function: F,
    /// Keeps the code where it is.
    _library: Library,
}

/// Steps of training.
pub(super) type LoadedSteps = Loaded<Steps>;

/// A kind of function that a file of this crate holds.
///
/// # Safety
/// The text declares the function of this name so.
pub(super) unsafe trait Function: Copy {
    const NAME: &'static str;
}

// SAFETY: as `text::print` writes it.
unsafe impl Function for Run {
    const NAME: &'static str = RUN;
}

// SAFETY: as `text::print_steps` writes it.
unsafe impl Function for Steps {
    const NAME: &'static str = STEPS;
}

impl<F: Function> Loaded<F> {
    /// Loads a file that this crate had compiled.
    pub(super) fn from(path: &Path) -> Result<Loaded<F>, libloading::Error> {
        // SAFETY: the file holds functions and constants, and nothing that would run when it is loaded.
        let library = unsafe { Library::new(path) }?;
        // SAFETY: the text that it was made of declares the function so.
        let function = unsafe { *library.get::<F>(F::NAME)? };
        Ok(Loaded { function, _library: library })
    }
}

/// The input of steps: all its elements, and by how many bytes that of a step lies behind that of the step before.
pub(super) struct Input<'a> {
    pub(super) data: DataRef<'a>,
    pub(super) stride: usize,
}

/// Where numbers of any type begin.
fn start(data: DataRef<'_>) -> *const u8 {
    match data {
        DataRef::F32(x) => x.as_ptr().cast(),
        DataRef::F64(x) => x.as_ptr().cast(),
        DataRef::I64(x) => x.as_ptr().cast(),
        DataRef::Bool(x) => x.as_ptr().cast(),
    }
}

impl LoadedSteps {
    /// Makes as many steps as there are losses, and writes these; how many it could make.
    ///
    /// The caller has checked that parameters and inputs are those of the program, and that each input has what all steps read;
    /// `memory` and `work` have the bytes that were printed with the text.
    pub(super) fn run<T: Float>(
        &self,
        parameters: &mut [T],
        inputs: &[Input<'_>],
        losses: &mut [f64],
        [memory, work]: [&mut [Line]; 2],
    ) -> usize {
        let starts: Vec<*const u8> = inputs.iter().map(|input| start(input.data)).collect();
        let strides: Vec<c_longlong> = inputs.iter().map(|input| input.stride as c_longlong).collect();
        // SAFETY: the text was printed from a verified plan, and so it stays within these memories: the caller has checked their
        // lengths. None overlaps another one, because all that are written are borrowed alone.
        let made = unsafe {
            (self.function)(
                parameters.as_mut_ptr().cast(),
                starts.as_ptr(),
                strides.as_ptr(),
                losses.len() as c_longlong,
                losses.as_mut_ptr(),
                memory.as_mut_ptr().cast(),
                work.as_mut_ptr().cast(),
            )
        };
        usize::try_from(made).unwrap_or(0)
    }
}

/// Lines as numbers of a type.
pub(super) fn numbers<T: Float>(lines: &mut [Line]) -> &mut [T] {
    // SAFETY: lines are aligned for every number, every bit pattern is one, and `T` is `f32` or `f64`: the trait is sealed.
    unsafe { lines.align_to_mut::<T>().1 }
}

/// As many addresses need no allocation.
const FEW: usize = 32;

impl Loaded {
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
        unsafe { (self.function)(memories.as_ptr(), work.as_mut_ptr().cast()) == 0 }
    }
}
