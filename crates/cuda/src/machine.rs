//! What runs tasks: a device, or in the tests a host that plays one.

pub use crate::driver::Dry;
pub use crate::on::{On, Place};
pub use crate::product::{Matrix, Product};
pub use crate::shards::Shards;

use crate::Error;
use autograd::DType;
use std::fmt::Debug;
use std::rc::Rc;

/// A place in the memory of a machine, in bytes.
pub type Address = u64;

/// A machine with memory of its own. What it is told to do happens in order; only [`download`](Machine::download) waits.
pub trait Machine: Debug {
    /// Memory of so many bytes, all 0.
    fn allocate(&self, bytes: usize) -> Result<Address, Error>;
    /// Gives memory back.
    fn free(&self, at: Address);
    /// Copies bytes to the machine.
    fn upload(&self, to: Address, bytes: &[u8]) -> Result<(), Error>;
    /// Waits for all that was launched, and copies bytes from the machine.
    fn download(&self, from: Address, bytes: &mut [u8]) -> Result<(), Error>;
    /// Compiles kernels.
    fn load(&self, text: &str) -> Result<Box<dyn Module>, Error>;
    /// Memory of the host of so many bytes that this machine writes to without a copy between.
    fn stage(&self, bytes: usize) -> Result<Box<dyn Staged>, Error> {
        Ok(Box::new(vec![0u64; bytes.div_ceil(8)]))
    }
    /// Whether it can join a group.
    fn joins(&self) -> Result<(), Error> {
        Err(alone())
    }
    /// The name of a new group, which all its machines are to be told.
    fn identity(&self) -> Result<Identity, Error> {
        Err(alone())
    }
    /// Joins the group of this name as a rank of so many. Waits for the others.
    fn join(&self, _id: &Identity, _rank: usize, _size: usize) -> Result<Box<dyn Together>, Error> {
        Err(alone())
    }
    /// What it has room for.
    fn limits(&self) -> Limits;
}

/// The name of a group of machines.
pub type Identity = [u8; 128];

/// A machine in a group of several, one for each rank.
pub trait Together: Debug {
    /// Makes numbers the sums of those that all machines of the group have there, in any order, the same on all of them. It happens
    /// in the order of all else that this machine is told.
    fn sum(&self, at: Address, n: usize, dtype: DType) -> Result<(), Error>;
}

/// No library that adds over machines.
fn alone() -> Error {
    crate::error::refused("a sum over devices", "this one knows no others")
}

/// Memory of the host, aligned for every number.
pub trait Staged: Debug {
    /// At least as many bytes as were asked for.
    fn bytes(&mut self) -> &mut [u8];
}

impl Staged for Vec<u64> {
    fn bytes(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(self)
    }
}

/// What a machine has room for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many blocks run at a time, each as fast as if it were alone.
    pub processors: usize,
    /// The most bytes that the threads of a block share.
    pub shared: usize,
}

/// Kernels that are ready to be launched.
pub trait Module: Debug {
    /// Nodes that are launched together, each after those that it names.
    fn graph(&self, nodes: &[Node]) -> Result<Box<dyn Graph>, Error>;
    /// The one kernel that calls all others.
    ///
    /// # Errors
    /// [`Error::Refused`] if the machine cannot run all its blocks at a time.
    fn whole(&self, whole: &Whole) -> Result<Box<dyn Repeat>, Error>;
}

/// How the kernel `wg_whole` is launched. It is called with the number of steps, and with addresses.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The addresses.
    pub arguments: Vec<Address>,
    /// How many blocks, which wait for each other.
    pub blocks: usize,
    /// How many threads each.
    pub threads: usize,
    /// The bytes that the threads of a block share.
    pub shared: usize,
}

/// A kernel that makes many steps.
pub trait Repeat: Debug {
    /// Launches so many steps, once all earlier launches are done; does not wait.
    fn launch(&self, steps: usize) -> Result<(), Error>;
}

/// Nodes that are launched together.
pub trait Graph: Debug {
    /// Launches them, once all earlier launches are done; does not wait.
    fn launch(&self) -> Result<(), Error>;
}

/// A task in a graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it does.
    pub work: Work,
    /// The nodes before it that have to be done first.
    pub after: Vec<usize>,
}

/// What a node does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Runs a kernel of the module. Every argument is an address.
    Kernel {
        /// Its name in the text.
        name: String,
        /// What it is called with.
        arguments: Vec<Address>,
        /// How many blocks.
        blocks: usize,
        /// How many threads each.
        threads: usize,
    },
    /// Multiplies matrices by the library of the machine's maker, in whatever order it adds up.
    Product(Product),
}

/// Memory that is given back when nobody needs it.
#[derive(Debug)]
pub(crate) struct Memory {
    machine: Rc<dyn Machine>,
    at: Address,
    bytes: usize,
}

impl Memory {
    /// Memory of so many bytes, all 0.
    pub(crate) fn new(machine: &Rc<dyn Machine>, bytes: usize) -> Result<Memory, Error> {
        let bytes = bytes.next_multiple_of(64).max(64);
        Ok(Memory { machine: Rc::clone(machine), at: machine.allocate(bytes)?, bytes })
    }

    /// Memory that holds these bytes.
    pub(crate) fn of(machine: &Rc<dyn Machine>, bytes: &[u8]) -> Result<Memory, Error> {
        let memory = Memory::new(machine, bytes.len())?;
        memory.upload(bytes)?;
        Ok(memory)
    }

    pub(crate) fn at(&self) -> Address {
        self.at
    }

    /// How many bytes it has, a multiple of 64.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn upload(&self, bytes: &[u8]) -> Result<(), Error> {
        self.upload_at(0, bytes)
    }

    /// Copies bytes to where byte `to` lies, and behind.
    pub(crate) fn upload_at(&self, to: usize, bytes: &[u8]) -> Result<(), Error> {
        assert!(to + bytes.len() <= self.bytes, "{} bytes for a memory of {}", bytes.len(), self.bytes);
        if bytes.is_empty() { Ok(()) } else { self.machine.upload(self.at + to as u64, bytes) }
    }

    /// Fills `bytes` with what lies from byte `from` on.
    pub(crate) fn download(&self, from: usize, bytes: &mut [u8]) -> Result<(), Error> {
        assert!(from + bytes.len() <= self.bytes, "{} bytes of a memory of {}", bytes.len(), self.bytes);
        if bytes.is_empty() { Ok(()) } else { self.machine.download(self.at + from as u64, bytes) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.machine.free(self.at);
    }
}
