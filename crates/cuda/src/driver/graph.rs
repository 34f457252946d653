//! Modules, and nodes that are launched together.

use super::code::Code;
use super::failed::failed;
use super::library::Library;
use super::whole::Repeated;
use crate::Error;
use crate::machine::{Graph, Module, Node, Repeat, Whole, Work};
use cudarc::driver::{CudaContext, CudaStream, result, sys};
use std::ffi::{CString, c_void};
use std::rc::Rc;
use std::sync::Arc;

/// A module with the stream that it is launched on.
#[derive(Debug)]
pub(super) struct Loaded {
    code: Rc<Code>,
    stream: Arc<CudaStream>,
    library: Option<Rc<Library>>,
}

impl Loaded {
    pub(super) fn new(
        context: &Arc<CudaContext>,
        stream: &Arc<CudaStream>,
        library: Option<Rc<Library>>,
        code: &[u8],
    ) -> Result<Loaded, Error> {
        // SAFETY: the bytes are a CUBIN as NVRTC made it, and the driver copies them.
        let module = unsafe { result::module::load_data(code.as_ptr().cast()) };
        let module = module.map_err(failed("cuModuleLoadData"))?;
        let code = Rc::new(Code { context: Arc::clone(context), module });
        Ok(Loaded { code, stream: Arc::clone(stream), library })
    }

    fn function(&self, name: &str) -> Result<sys::CUfunction, Error> {
        let name = CString::new(name).expect("a name of C");
        // SAFETY: the module is loaded.
        unsafe { result::module::get_function(self.code.module, name) }.map_err(failed("cuModuleGetFunction"))
    }

    /// Adds a node to a graph.
    fn add(
        &self,
        graph: sys::CUgraph,
        work: &Work,
        after: &[sys::CUgraphNode],
    ) -> Result<sys::CUgraphNode, Error> {
        let mut node = std::ptr::null_mut();
        match work {
            Work::Kernel { name, arguments, blocks, threads } => {
                let mut values = arguments.clone();
                let mut pointers: Vec<*mut c_void> =
                    values.iter_mut().map(|value| std::ptr::from_mut(value).cast()).collect();
                let parameters = sys::CUDA_KERNEL_NODE_PARAMS {
                    func: self.function(name)?,
                    gridDimX: u32::try_from(*blocks).expect("few blocks"),
                    gridDimY: 1,
                    gridDimZ: 1,
                    blockDimX: u32::try_from(*threads).expect("few threads"),
                    blockDimY: 1,
                    blockDimZ: 1,
                    sharedMemBytes: 0,
                    kernelParams: pointers.as_mut_ptr(),
                    extra: std::ptr::null_mut(),
                    kern: std::ptr::null_mut(),
                    ctx: std::ptr::null_mut(),
                };
                // SAFETY: graph and nodes are alive; every parameter of the kernels is an address of 8 bytes, and the driver
                // copies them.
                let added = unsafe {
                    sys::cuGraphAddKernelNode_v2(
                        &raw mut node,
                        graph,
                        after.as_ptr(),
                        after.len(),
                        &raw const parameters,
                    )
                };
                added.result().map_err(failed("cuGraphAddKernelNode"))?;
            }
            Work::Product(product) => {
                let library = self.library.as_ref().expect("products of the library have it");
                let child = library.captured(product, &self.code.context)?;
                // SAFETY: both graphs and the nodes are alive; the driver copies the child.
                let added = unsafe {
                    sys::cuGraphAddChildGraphNode(&raw mut node, graph, after.as_ptr(), after.len(), child)
                };
                // SAFETY: the copy needs it no more.
                let destroyed = unsafe { result::graph::destroy(child) };
                added.result().map_err(failed("cuGraphAddChildGraphNode"))?;
                destroyed.map_err(failed("cuGraphDestroy"))?;
            }
        }
        Ok(node)
    }

    fn fill(&self, graph: sys::CUgraph, nodes: &[Node]) -> Result<sys::CUgraphExec, Error> {
        let mut made: Vec<sys::CUgraphNode> = vec![];
        for node in nodes {
            let after: Vec<sys::CUgraphNode> = node.after.iter().map(|&i| made[i]).collect();
            made.push(self.add(graph, &node.work, &after)?);
        }
        // SAFETY: the graph is alive and whole.
        unsafe { result::graph::instantiate(graph, sys::CUgraphInstantiate_flags(0)) }
            .map_err(failed("cuGraphInstantiate"))
    }
}

impl Module for Loaded {
    fn graph(&self, nodes: &[Node]) -> Result<Box<dyn Graph>, Error> {
        self.code.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))?;
        let mut graph = std::ptr::null_mut();
        // SAFETY: one pointer is written.
        unsafe { sys::cuGraphCreate(&raw mut graph, 0) }.result().map_err(failed("cuGraphCreate"))?;
        let ready = self.fill(graph, nodes);
        // SAFETY: what is ready needs it no more.
        let destroyed = unsafe { result::graph::destroy(graph) };
        let (code, library) = (Rc::clone(&self.code), self.library.clone());
        let ready = Ready { exec: ready?, stream: Arc::clone(&self.stream), code, _library: library };
        destroyed.map_err(failed("cuGraphDestroy"))?;
        Ok(Box::new(ready))
    }

    fn whole(&self, whole: &Whole) -> Result<Box<dyn Repeat>, Error> {
        let function = self.function("wg_whole")?;
        Ok(Box::new(Repeated::new(&self.code, &self.stream, function, whole)?))
    }
}

/// A graph that is ready to be launched.
#[derive(Debug)]
struct Ready {
    exec: sys::CUgraphExec,
    stream: Arc<CudaStream>,
    code: Rc<Code>,
    /// Its products work in memory of the library's.
    _library: Option<Rc<Library>>,
}

impl Graph for Ready {
    fn launch(&self) -> Result<(), Error> {
        self.code.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))?;
        // SAFETY: graph and stream are alive, and so is the memory that the nodes name, as long as who launches it.
        unsafe { result::graph::launch(self.exec, self.stream.cu_stream()) }.map_err(failed("cuGraphLaunch"))
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if self.code.context.bind_to_thread().is_ok() {
            // Launches may be under way.
            let _ = self.stream.synchronize();
            // SAFETY: it was instantiated once, and nobody launches it any more.
            let _ = unsafe { result::graph::exec_destroy(self.exec) };
        }
    }
}
