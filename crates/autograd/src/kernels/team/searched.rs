//! What a team is made of while `loom` searches: the names of `sync.rs`, and orderings that a test may weaken.

pub(super) use loom::hint::spin_loop;
pub(super) use loom::sync::{Arc, Mutex};
pub(super) use loom::thread::{Builder, JoinHandle, park, yield_now};

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::Mutex as Lock;
use std::sync::atomic::Ordering::{self, Relaxed, SeqCst};

/// A helper sleeps at once: a look that finds nothing changes nothing, so one before each sleep stands for all.
pub(super) const LOOKS: u32 = 0;

/// An access of the team's source: line and column.
pub(super) type Site = (u32, u32);

/// The accesses that order others, and those that do not while a test looks whether that is noticed.
pub(super) static ORDERED: Lock<BTreeSet<Site>> = Lock::new(BTreeSet::new());
pub(super) static WEAKENED: Lock<Vec<Site>> = Lock::new(Vec::new());

#[track_caller]
fn weakened(order: Ordering) -> Ordering {
    let site = (Location::caller().line(), Location::caller().column());
    if order != Relaxed {
        ORDERED.lock().unwrap().insert(site);
    }
    if WEAKENED.lock().unwrap().contains(&site) { Relaxed } else { order }
}

macro_rules! atomics {
    ($($Atomic:ident $T:ty;)*) => {
        $(#[derive(Debug)]
        pub(super) struct $Atomic(loom::sync::atomic::$Atomic);

        impl $Atomic {
            pub(super) fn new(value: $T) -> $Atomic {
                let atomic = loom::sync::atomic::$Atomic::new(value);
                // `loom` lets an access by `SeqCst` overlook another only where both are such.
                atomic.store(value, SeqCst);
                $Atomic(atomic)
            }

            #[track_caller]
            pub(super) fn load(&self, order: Ordering) -> $T {
                self.0.load(weakened(order))
            }

            #[track_caller]
            pub(super) fn store(&self, value: $T, order: Ordering) {
                self.0.store(value, weakened(order));
            }
        })*
    };
}
atomics! { AtomicBool bool; AtomicUsize usize; }

impl AtomicBool {
    #[track_caller]
    pub(super) fn swap(&self, value: bool, order: Ordering) -> bool {
        self.0.swap(value, weakened(order))
    }
}

impl AtomicUsize {
    #[track_caller]
    pub(super) fn fetch_add(&self, value: usize, order: Ordering) -> usize {
        self.0.fetch_add(value, weakened(order))
    }

    #[track_caller]
    pub(super) fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
        self.0.fetch_sub(value, weakened(order))
    }

    #[track_caller]
    pub(super) fn compare_exchange(
        &self,
        current: usize,
        new: usize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<usize, usize> {
        self.0.compare_exchange(current, new, weakened(success), failure)
    }

    pub(super) fn fetch_update(
        &self,
        set: Ordering,
        fetch: Ordering,
        f: impl FnMut(usize) -> Option<usize>,
    ) -> Result<usize, usize> {
        self.0.fetch_update(set, fetch, f)
    }
}

/// A value that threads share by an agreement of their own; `loom` notices where they do not keep it.
#[derive(Debug)]
pub(super) struct Cell<T>(loom::cell::UnsafeCell<T>);

impl<T: Copy> Cell<T> {
    pub(super) fn new(value: T) -> Cell<T> {
        Cell(loom::cell::UnsafeCell::new(value))
    }

    /// # Safety
    /// Nobody writes it at the same time.
    pub(super) unsafe fn get(&self) -> T {
        // SAFETY: the caller's promise, and the search ends where it is broken.
        self.0.with(|value| unsafe { *value })
    }

    /// # Safety
    /// Nobody reads or writes it at the same time.
    pub(super) unsafe fn set(&self, value: T) {
        // SAFETY: as above.
        self.0.with_mut(|to| unsafe { *to = value });
    }
}
