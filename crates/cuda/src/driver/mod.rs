//! The driver of NVIDIA GPUs, as a [`Machine`]. Nothing here has run on hardware.
#![allow(unsafe_code, reason = "the driver is called as C")]

mod code;
mod compile;
mod dry;
mod failed;
mod graph;
mod library;
mod nccl;
mod staged;
#[cfg(test)]
mod tests;
mod whole;

pub use dry::Dry;

use crate::machine::{self, Address, Identity, Limits, Machine, Module, Together};
use crate::{Error, Numerics};
use compile::Compiler;
use cudarc::driver::result::{self, DriverError};
use cudarc::driver::{CudaContext, CudaStream, sys};
use failed::failed;
use graph::Loaded;
use library::Library;
use nccl::Nccl;
use staged::Staged;
use std::cell::OnceCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// The oldest driver: that of CUDA 12.0.
const DRIVER: i32 = 12_000;
/// The oldest GPU: compute capability 7.5.
const CAPABILITY: (i32, i32) = (7, 5);

/// A GPU, and what was compiled for it.
#[derive(Debug)]
pub(crate) struct Gpu {
    context: Arc<CudaContext>,
    name: String,
    limits: Limits,
    compiler: Compiler,
}

impl Gpu {
    /// How many GPUs the driver knows.
    pub(crate) fn count() -> Result<usize, Error> {
        // SAFETY: this only looks for the library.
        if !unsafe { sys::is_culib_present() } {
            return Err(Error::NoDriver);
        }
        let version = version()?;
        if version < DRIVER {
            let found = format!("CUDA {}.{}", version / 1000, version % 1000 / 10);
            return Err(Error::TooOld { what: "the driver", found, needed: "CUDA 12.0".to_owned() });
        }
        let count = match result::init().and_then(|()| result::device::get_count()) {
            Err(error) if error.0 == sys::CUresult::CUDA_ERROR_NO_DEVICE => 0,
            count => count.map_err(failed("cuInit"))?,
        };
        Ok(usize::try_from(count).unwrap_or(0))
    }

    pub(crate) fn new(number: usize) -> Result<Gpu, Error> {
        let count = Gpu::count()?;
        if number >= count {
            return Err(Error::NoDevice { number, count });
        }
        let context = CudaContext::new(number).map_err(failed("cuDevicePrimaryCtxRetain"))?;
        let name = context.name().map_err(failed("cuDeviceGetName"))?;
        let capability = context.compute_capability().map_err(failed("cuDeviceGetAttribute"))?;
        if capability < CAPABILITY {
            let found = format!("{name}, compute capability {}.{}", capability.0, capability.1);
            return Err(Error::TooOld { what: "the GPU", found, needed: "7.5 (Turing)".to_owned() });
        }
        let compiler = Compiler::new(&format!("sm_{}{}", capability.0, capability.1))?;
        let limits = limits(&context)?;
        Ok(Gpu { context, name, limits, compiler })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Keeps compiled kernels in a folder.
    pub(crate) fn keep_in(&self, folder: PathBuf) {
        self.compiler.keep_in(folder);
    }

    /// A stream of its own for one training.
    pub(crate) fn machine(self: &Rc<Gpu>, numerics: Numerics) -> Result<Stream, Error> {
        let stream = self.context.new_stream().map_err(failed("cuStreamCreate"))?;
        Ok(Stream { gpu: Rc::clone(self), stream, numerics, library: OnceCell::new() })
    }
}

fn limits(context: &CudaContext) -> Result<Limits, Error> {
    use sys::CUdevice_attribute as Attribute;
    let of = |attribute| -> Result<usize, Error> {
        let value = context.attribute(attribute).map_err(failed("cuDeviceGetAttribute"))?;
        Ok(usize::try_from(value).unwrap_or(0))
    };
    Ok(Limits {
        processors: of(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        shared: of(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?,
    })
}

/// The version of the driver.
fn version() -> Result<i32, Error> {
    let mut version = 0;
    // SAFETY: the library is there, and writes one number.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }.result().map_err(failed("cuDriverGetVersion"))?;
    Ok(version)
}

/// A queue of a GPU: what it is told to do happens in order.
#[derive(Debug)]
pub(crate) struct Stream {
    gpu: Rc<Gpu>,
    stream: Arc<CudaStream>,
    numerics: Numerics,
    /// The library of products, once it is needed.
    library: OnceCell<Rc<Library>>,
}

impl Stream {
    /// Makes this GPU the one that the calls of this thread mean.
    fn bind(&self) -> Result<(), Error> {
        self.gpu.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))
    }

    fn library(&self) -> Result<Rc<Library>, Error> {
        if let Some(library) = self.library.get() {
            return Ok(Rc::clone(library));
        }
        let made = Rc::new(Library::new(self.numerics)?);
        Ok(Rc::clone(self.library.get_or_init(|| made)))
    }
}

impl Machine for Stream {
    fn allocate(&self, bytes: usize) -> Result<Address, Error> {
        self.bind()?;
        let short = |error: DriverError| match error.0 {
            sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => Error::OutOfMemory { bytes },
            _ => failed("cuMemAlloc")(error),
        };
        // SAFETY: the memory is filled before anybody reads it, in the order of the stream.
        let at = unsafe { result::malloc_sync(bytes) }.map_err(short)?;
        // SAFETY: these bytes were just allocated, and the stream lives as long as `self`.
        let filled = unsafe { result::memset_d8_async(at, 0, bytes, self.stream.cu_stream()) };
        filled.map_err(failed("cuMemsetD8Async")).inspect_err(|_| self.free(at))?;
        Ok(at)
    }

    fn free(&self, at: Address) {
        if self.bind().is_ok() {
            // SAFETY: `allocate` gave it, its owner gives it back once, and this waits for all that uses it. A driver that
            // has failed has nothing to give back.
            let _ = unsafe { result::free_sync(at) };
        }
    }

    fn upload(&self, to: Address, bytes: &[u8]) -> Result<(), Error> {
        self.bind()?;
        // SAFETY: the owner of the memory has checked its length. From memory that may be paged, the driver copies before it
        // returns.
        let copied = unsafe { result::memcpy_htod_async(to, bytes, self.stream.cu_stream()) };
        copied.map_err(failed("cuMemcpyHtoDAsync"))
    }

    fn download(&self, from: Address, bytes: &mut [u8]) -> Result<(), Error> {
        self.bind()?;
        // SAFETY: the owner of the memory has checked its length, and the bytes are borrowed until the stream is done.
        let copied = unsafe { result::memcpy_dtoh_async(bytes, from, self.stream.cu_stream()) };
        let waited = self.stream.synchronize();
        copied.map_err(failed("cuMemcpyDtoHAsync"))?;
        waited.map_err(failed("cuStreamSynchronize"))
    }

    fn load(&self, text: &str) -> Result<Box<dyn Module>, Error> {
        self.bind()?;
        let compiled = self.gpu.compiler.compile(text)?;
        let library = self.numerics.uses_library().then(|| self.library()).transpose()?;
        Ok(Box::new(Loaded::new(&self.gpu.context, &self.stream, library, &compiled)?))
    }

    fn identity(&self) -> Result<Identity, Error> {
        nccl::identity()
    }

    fn joins(&self) -> Result<(), Error> {
        nccl::check()
    }

    fn join(&self, id: &Identity, rank: usize, size: usize) -> Result<Box<dyn Together>, Error> {
        self.bind()?;
        Ok(Box::new(Nccl::new(&self.gpu.context, &self.stream, id, rank, size)?))
    }

    fn stage(&self, bytes: usize) -> Result<Box<dyn machine::Staged>, Error> {
        self.bind()?;
        Ok(Box::new(Staged::new(&self.gpu.context, bytes)?))
    }

    fn limits(&self) -> Limits {
        self.gpu.limits
    }
}
