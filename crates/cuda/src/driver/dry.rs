//! A machine that only compiles: what can be known of a device without having one.

use super::compile::Compiler;
use crate::Error;
use crate::machine::{Address, Graph, Limits, Machine, Module, Node, Repeat, Whole};
use std::cell::Cell;
use std::rc::Rc;

/// Compiles for an architecture such as `sm_90`, and runs nothing.
#[derive(Debug)]
pub struct Dry {
    compiler: Compiler,
    next: Cell<Address>,
    kernels: Cell<usize>,
    bytes: Cell<usize>,
}

impl Dry {
    /// A machine of this architecture.
    ///
    /// # Errors
    /// If there is no NVRTC, or it does not know the architecture.
    pub fn new(architecture: &str) -> Result<Rc<Dry>, Error> {
        let (compiler, next) = (Compiler::new(architecture)?, Cell::new(1 << 20));
        Ok(Rc::new(Dry { compiler, next, kernels: Cell::new(0), bytes: Cell::new(0) }))
    }

    /// How many kernels were compiled, and the bytes of their code.
    pub fn compiled(&self) -> (usize, usize) {
        (self.kernels.get(), self.bytes.get())
    }
}

impl Machine for Dry {
    fn allocate(&self, bytes: usize) -> Result<Address, Error> {
        let at = self.next.get();
        self.next.set(at + bytes.next_multiple_of(256) as Address);
        Ok(at)
    }

    fn free(&self, _: Address) {}

    fn upload(&self, _: Address, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn download(&self, _: Address, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(0);
        Ok(())
    }

    fn load(&self, text: &str) -> Result<Box<dyn Module>, Error> {
        let code = self.compiler.compile(text)?;
        let kernels = text.lines().filter(|line| line.trim_start().starts_with("WG_KERNEL ")).count();
        self.kernels.set(self.kernels.get() + kernels);
        self.bytes.set(self.bytes.get() + code.len());
        Ok(Box::new(Compiled))
    }

    /// Those of the smallest GPUs.
    fn limits(&self) -> Limits {
        Limits { processors: 40, shared: 48 << 10 }
    }
}

#[derive(Debug)]
struct Compiled;

impl Module for Compiled {
    fn graph(&self, _: &[Node]) -> Result<Box<dyn Graph>, Error> {
        Ok(Box::new(Nothing))
    }

    fn whole(&self, _: &Whole) -> Result<Box<dyn Repeat>, Error> {
        Ok(Box::new(Nothing))
    }
}

#[derive(Debug)]
struct Nothing;

impl Graph for Nothing {
    fn launch(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl Repeat for Nothing {
    fn launch(&self, _: usize) -> Result<(), Error> {
        Ok(())
    }
}
