//! Machine code on a GPU, until nobody needs it.

use cudarc::driver::{CudaContext, result, sys};
use std::sync::Arc;

/// Machine code on a GPU.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) context: Arc<CudaContext>,
    pub(super) module: sys::CUmodule,
}

impl Drop for Code {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: it was loaded once, and no graph that uses it is left.
            let _ = unsafe { result::module::unload(self.module) };
        }
    }
}
