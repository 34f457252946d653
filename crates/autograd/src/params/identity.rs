//! Numbers that tell models, parameters and versions of slabs apart.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// A number that nothing else has. It tells models and parameters apart; no value depends on it.
pub(super) fn identity() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A number that no other version of anything has, and that is not 0. No value depends on it.
pub(super) fn new_version() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The version of a slab: no other one has its number, but those of clones that have not changed since. Most numbers are taken
/// from a block of one's own, because asking for one that nobody else has costs as much as a small step.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) now: u64,
    /// How many numbers of the block are left.
    left: u32,
}

impl Version {
    /// The numbers in a block.
    const BLOCK: u32 = 1 << 16;

    pub(super) fn new() -> Version {
        let mut version = Version { now: 0, left: 0 };
        version.change();
        version
    }

    #[inline]
    pub(super) fn change(&mut self) {
        if self.left == 0 {
            (self.now, self.left) = (new_version() << 16, Version::BLOCK);
        }
        self.now += 1;
        self.left -= 1;
    }
}

impl Clone for Version {
    /// The rest of the block stays with the original.
    fn clone(&self) -> Version {
        Version { now: self.now, left: 0 }
    }
}
