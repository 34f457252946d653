//! A world that counts bytes.

use crate::{World, WorldError};
use std::sync::atomic::{AtomicU64, Ordering};

/// A world that counts what this rank sends: each byte once for each other rank that it goes to.
///
/// A gather counts its part N − 1 times, which is also what a ring passes on.
///
/// ```
/// use parallel::{Counted, Threads, World};
/// let sent = Threads::run(3, |world| {
///     let counted = Counted::new(world);
///     counted.gather(&[7; 4], &mut [0; 12], &[4, 4, 4]).unwrap();
///     counted.sent()
/// });
/// assert_eq!(sent, [8, 8, 8]);
/// ```
#[derive(Debug)]
pub struct Counted<W> {
    world: W,
    sent: AtomicU64,
}

impl<W: World> Counted<W> {
    /// Nothing has been sent yet.
    pub fn new(world: W) -> Counted<W> {
        Counted { world, sent: AtomicU64::new(0) }
    }

    /// How many bytes this rank has sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn count(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// `sum` is that of the trait, by a gather, whatever the world's own is: its bytes cannot be seen.
impl<W: World> World for Counted<W> {
    fn rank(&self) -> usize {
        self.world.rank()
    }
    fn size(&self) -> usize {
        self.world.size()
    }
    fn local_rank(&self) -> usize {
        self.world.local_rank()
    }
    fn exchange(
        &self,
        send: &[u8],
        to: &[usize],
        receive: &mut [u8],
        from: &[usize],
    ) -> Result<(), WorldError> {
        self.count(send.len() - to[self.rank()]);
        self.world.exchange(send, to, receive, from)
    }
    fn gather(&self, send: &[u8], receive: &mut [u8], from: &[usize]) -> Result<(), WorldError> {
        self.count(send.len() * (self.size() - 1));
        self.world.gather(send, receive, from)
    }
    fn threads(&self) -> usize {
        self.world.threads()
    }
}
