//! Devices that add up among themselves, played by the host: what NCCL does, in the order of the ranks.

use crate::machine::Host;
use autograd::DType;
use cuda::machine::{Address, Identity, Limits, Machine, Module, Together};
use std::sync::{Arc, Barrier, Mutex};

/// The places where the devices of a group put what they add.
#[derive(Debug)]
pub(crate) struct Board {
    put: Mutex<Vec<Vec<f32>>>,
    all: Barrier,
}

impl Board {
    pub(crate) fn new(ranks: usize) -> Arc<Board> {
        Arc::new(Board { put: Mutex::new(vec![vec![]; ranks]), all: Barrier::new(ranks) })
    }
}

/// A played device that knows others: it plays what NCCL does, in the order of the ranks.
#[derive(Debug)]
pub(crate) struct Grouped {
    pub(crate) host: Host,
    pub(crate) board: Arc<Board>,
    /// Whether it has the library.
    pub(crate) has: bool,
}

impl Machine for Grouped {
    fn allocate(&self, bytes: usize) -> Result<Address, cuda::Error> {
        self.host.allocate(bytes)
    }
    fn free(&self, at: Address) {
        self.host.free(at);
    }
    fn upload(&self, to: Address, bytes: &[u8]) -> Result<(), cuda::Error> {
        self.host.upload(to, bytes)
    }
    fn download(&self, from: Address, bytes: &mut [u8]) -> Result<(), cuda::Error> {
        self.host.download(from, bytes)
    }
    fn load(&self, text: &str) -> Result<Box<dyn Module>, cuda::Error> {
        self.host.load(text)
    }
    fn limits(&self) -> Limits {
        self.host.limits()
    }
    fn joins(&self) -> Result<(), cuda::Error> {
        let hint = "this one was left out";
        if self.has { Ok(()) } else { Err(cuda::Error::NoLibrary { name: "NCCL", hint }) }
    }
    fn identity(&self) -> Result<Identity, cuda::Error> {
        Ok([7; 128])
    }
    fn join(&self, id: &Identity, rank: usize, _: usize) -> Result<Box<dyn Together>, cuda::Error> {
        assert_eq!(*id, [7; 128], "what rank 0 has made");
        Ok(Box::new(Member { host: self.host.clone(), board: Arc::clone(&self.board), rank }))
    }
}

#[derive(Debug)]
struct Member {
    host: Host,
    board: Arc<Board>,
    rank: usize,
}

impl Together for Member {
    fn sum(&self, at: Address, n: usize, dtype: DType) -> Result<(), cuda::Error> {
        assert_eq!(dtype, DType::F32);
        let mut own = vec![0f32; n];
        self.host.download(at, bytemuck::cast_slice_mut(&mut own))?;
        self.board.put.lock().unwrap()[self.rank] = own;
        self.board.all.wait();
        let mut all = self.board.put.lock().unwrap().clone().into_iter();
        self.board.all.wait();
        let mut sum = all.next().expect("a rank");
        for term in all {
            sum.iter_mut().zip(term).for_each(|(sum, x)| *sum += x);
        }
        self.host.upload(at, bytemuck::cast_slice(&sum))
    }
}
