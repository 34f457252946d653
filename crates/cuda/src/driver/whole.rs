//! The one kernel that calls all others.

use super::code::Code;
use super::failed::failed;
use crate::Error;
use crate::error::refused;
use crate::machine::{Repeat, Whole};
use cudarc::driver::{CudaStream, result, sys};
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::Arc;

/// The kernel `wg_whole` on a stream.
#[derive(Debug)]
pub(super) struct Repeated {
    code: Rc<Code>,
    stream: Arc<CudaStream>,
    function: sys::CUfunction,
    whole: Whole,
}

impl Repeated {
    /// Refuses a kernel whose blocks the GPU cannot run at a time.
    pub(super) fn new(
        code: &Rc<Code>,
        stream: &Arc<CudaStream>,
        function: sys::CUfunction,
        whole: &Whole,
    ) -> Result<Repeated, Error> {
        use sys::CUdevice_attribute as Attribute;
        code.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))?;
        let most = |attribute| code.context.attribute(attribute).map_err(failed("cuDeviceGetAttribute"));
        let shared = i32::try_from(whole.shared).expect("it was compared with the limits");
        // SAFETY: the module of the function is loaded.
        let allowed = unsafe {
            let attribute = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            result::function::set_function_attribute(function, attribute, shared)
        };
        if allowed.is_err() {
            return Err(refused("one kernel", format!("the GPU has no {shared} bytes for a block to share")));
        }
        let threads = i32::try_from(whole.threads).expect("few threads");
        let mut resident = 0;
        // SAFETY: the module of the function is loaded, and one number is written.
        let asked = unsafe {
            sys::cuOccupancyMaxActiveBlocksPerMultiprocessor(
                &raw mut resident,
                function,
                threads,
                whole.shared,
            )
        };
        asked.result().map_err(failed("cuOccupancyMaxActiveBlocksPerMultiprocessor"))?;
        let all = resident * most(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
        if usize::try_from(all).unwrap_or(0) < whole.blocks {
            let why =
                format!("its {} blocks of {threads} threads do not run at a time: {all} do", whole.blocks);
            return Err(refused("one kernel", why));
        }
        if whole.blocks > 1 && most(Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH)? == 0 {
            return Err(refused("one kernel", "the driver does not launch blocks that wait for each other"));
        }
        let (code, stream, whole) = (Rc::clone(code), Arc::clone(stream), whole.clone());
        Ok(Repeated { code, stream, function, whole })
    }
}

impl Repeat for Repeated {
    fn launch(&self, steps: usize) -> Result<(), Error> {
        self.code.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))?;
        let Whole { arguments, blocks, threads, shared } = &self.whole;
        let of = |n: usize| u32::try_from(n).expect("few blocks, few threads, few bytes");
        let mut values = vec![steps as u64];
        values.extend(arguments);
        let mut pointers: Vec<*mut c_void> =
            values.iter_mut().map(|value| std::ptr::from_mut(value).cast()).collect();
        let (grid, block, bytes) = ((of(*blocks), 1, 1), (of(*threads), 1, 1), of(*shared));
        let stream = self.stream.cu_stream();
        // SAFETY: function and stream are alive, and so is the memory that the addresses name, as long as who launches it; every
        // parameter is a number of 8 bytes, and the driver copies them. Blocks that wait for each other are launched as such.
        let launched = unsafe {
            match blocks {
                1 => result::launch_kernel(self.function, grid, block, bytes, stream, &mut pointers),
                _ => result::launch_cooperative_kernel(
                    self.function,
                    grid,
                    block,
                    bytes,
                    stream,
                    &mut pointers,
                ),
            }
        };
        launched.map_err(failed(if *blocks == 1 { "cuLaunchKernel" } else { "cuLaunchCooperativeKernel" }))
    }
}

impl Drop for Repeated {
    fn drop(&mut self) {
        if self.code.context.bind_to_thread().is_ok() {
            // Launches may be under way.
            let _ = self.stream.synchronize();
        }
    }
}
