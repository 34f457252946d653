//! What a team is made of: atomics, threads and a cell of the standard library. For the exhaustive search, `searched.rs`
//! stands in this file's place.

use std::cell::UnsafeCell;
pub(super) use std::hint::spin_loop;
pub(super) use std::sync::atomic::{AtomicBool, AtomicUsize};
pub(super) use std::sync::{Arc, Mutex};
pub(super) use std::thread::{Builder, JoinHandle, park, yield_now};

/// How often a helper looks for a job before it sleeps: some hundred microseconds.
pub(super) const LOOKS: u32 = 1 << 12;

/// A value that threads share by an agreement of their own.
#[derive(Debug)]
pub(super) struct Cell<T>(UnsafeCell<T>);

impl<T: Copy> Cell<T> {
    pub(super) fn new(value: T) -> Cell<T> {
        Cell(UnsafeCell::new(value))
    }

    /// # Safety
    /// Nobody writes it at the same time.
    #[inline(always)]
    pub(super) unsafe fn get(&self) -> T {
        // SAFETY: the caller's promise.
        unsafe { *self.0.get() }
    }

    /// # Safety
    /// Nobody reads or writes it at the same time.
    #[inline(always)]
    pub(super) unsafe fn set(&self, value: T) {
        // SAFETY: the caller's promise.
        unsafe { *self.0.get() = value }
    }
}
