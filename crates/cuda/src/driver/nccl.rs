//! Sums over the GPUs of several ranks, by NCCL. Nothing here has run on hardware.

use crate::machine::{Address, Identity};
use crate::{Error, machine};
use autograd::DType;
use cudarc::driver::{CudaContext, CudaStream};
use cudarc::nccl::result::{self, NcclError};
use cudarc::nccl::sys;
use std::sync::Arc;

/// The name of a group, which one rank makes and tells the others.
pub(super) fn identity() -> Result<Identity, Error> {
    check()?;
    let id = result::get_uniqueid().map_err(failed("ncclGetUniqueId"))?;
    Ok(id.internal.map(|byte| byte as u8))
}

/// Whether the library is there.
pub(super) fn check() -> Result<(), Error> {
    // SAFETY: this only looks for the library.
    match unsafe { sys::is_culib_present() } {
        true => Ok(()),
        false => Err(Error::NoLibrary {
            name: "NCCL (libnccl)",
            hint: "it comes by `pip install nvidia-nccl-cu12` or from NVIDIA's packages: name its folder in LD_LIBRARY_PATH, or \
                   leave `by_nccl()` out, and sums go through the host",
        }),
    }
}

/// A rank of a group.
#[derive(Debug)]
pub(super) struct Nccl {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    group: sys::ncclComm_t,
}

impl Nccl {
    /// Waits for all other ranks. The GPU is that of this thread.
    pub(super) fn new(
        context: &Arc<CudaContext>,
        stream: &Arc<CudaStream>,
        id: &Identity,
        rank: usize,
        size: usize,
    ) -> Result<Nccl, Error> {
        let id = sys::ncclUniqueId { internal: id.map(|byte| byte as core::ffi::c_char) };
        let number = |n: usize| i32::try_from(n).expect("few ranks");
        let mut group = std::ptr::null_mut();
        // SAFETY: one pointer is written.
        let made = unsafe { result::comm_init_rank(&raw mut group, number(size), id, number(rank)) };
        made.map_err(failed("ncclCommInitRank"))?;
        Ok(Nccl { context: Arc::clone(context), stream: Arc::clone(stream), group })
    }
}

impl machine::Together for Nccl {
    fn sum(&self, at: Address, n: usize, dtype: DType) -> Result<(), Error> {
        let bind = |error: cudarc::driver::DriverError| super::failed::failed("cuCtxSetCurrent")(error);
        self.context.bind_to_thread().map_err(bind)?;
        let dtype = match dtype {
            DType::F32 => sys::ncclDataType_t::ncclFloat32,
            _ => sys::ncclDataType_t::ncclFloat64,
        };
        let (from, to) = (at as *const core::ffi::c_void, at as *mut core::ffi::c_void);
        let (plus, stream) = (sys::ncclRedOp_t::ncclSum, self.stream.cu_stream().cast());
        // SAFETY: the group and the stream are alive, and the address is that of so many numbers on this GPU; the sum may stand where
        // its terms stood.
        let summed = unsafe { result::all_reduce(from, to, n, dtype, plus, self.group, stream) };
        summed.map(|_| ()).map_err(failed("ncclAllReduce"))
    }
}

impl Drop for Nccl {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            let _ = self.stream.synchronize();
            // SAFETY: the group was made once, and no sum of it is under way.
            let _ = unsafe { result::comm_destroy(self.group) };
        }
    }
}

/// The error of a call.
fn failed(call: &'static str) -> impl Fn(NcclError) -> Error {
    move |error| Error::Device { call, message: format!("{:?}", error.0) }
}
