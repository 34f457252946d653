//! Memory of the host that is never paged, so that the GPU copies to it by itself.

use super::failed::failed;
use crate::{Error, machine};
use cudarc::driver::{CudaContext, result};
use std::ffi::c_void;
use std::sync::Arc;

/// So many bytes, aligned to a page.
#[derive(Debug)]
pub(super) struct Staged {
    context: Arc<CudaContext>,
    at: *mut c_void,
    bytes: usize,
}

impl Staged {
    pub(super) fn new(context: &Arc<CudaContext>, bytes: usize) -> Result<Staged, Error> {
        let bytes = bytes.max(1);
        // SAFETY: the memory is filled below, before anybody reads it.
        let at = unsafe { result::malloc_host(bytes, 0) }.map_err(failed("cuMemHostAlloc"))?;
        // SAFETY: so many bytes were just allocated.
        unsafe { std::ptr::write_bytes(at.cast::<u8>(), 0, bytes) };
        Ok(Staged { context: Arc::clone(context), at, bytes })
    }
}

impl machine::Staged for Staged {
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the memory is as long, filled, and borrowed as long as `self`. Copies to it are waited for before they return.
        unsafe { std::slice::from_raw_parts_mut(self.at.cast(), self.bytes) }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: it was allocated once, and no copy to it is under way.
            let _ = unsafe { result::free_host(self.at) };
        }
    }
}
