//! Tile consumers: a function gets each tile of C while it is in the first-level cache. C itself is never written.
#![expect(unsafe_code, reason = "kernels read and write through raw pointers")]

use super::block::{Block, TileFn};
use super::prefetch::Prefetch;
use crate::scratch::CacheLine;
use std::mem::MaybeUninit;

/// A tile of C.
pub(crate) struct Tile<'a, T> {
    /// The index of its first element in C.
    pub(crate) first: usize,
    /// The elements of C from row to row.
    pub(crate) stride: usize,
    pub(crate) columns: usize,
    /// The elements of the tile, in row-major order.
    pub(crate) values: &'a [T],
}

/// The function that gets the tiles, and the memory that it uses with them.
#[derive(Clone, Copy)]
pub(super) struct TileConsumer<'a, T> {
    pub(super) consume: &'a (dyn Fn(&Tile<'_, T>) + Sync),
    /// Memories with the layout of C that the function uses with each tile, or null. They are prefetched. Addresses of C are
    /// addresses in the first one.
    pub(super) beside: [*const T; 3],
}

// SAFETY: the memories are prefetched, not read.
unsafe impl<T> Sync for TileConsumer<'_, T> {}

/// Cache lines of the largest tile: twice as many as there are vector registers.
const LINES: usize = 64;

impl<T: Copy> TileConsumer<'_, T> {
    /// Computes a block of one tile and calls the function. `x.c` is an address in the memory that stands for C.
    ///
    /// # Safety
    /// As for the kernel, but that C is neither read nor written.
    pub(super) unsafe fn compute(&self, kernel: TileFn<T>, x: &Block<T>) {
        let mut lines = MaybeUninit::<[CacheLine; LINES]>::uninit();
        let elements = x.rows * x.columns;
        assert!(elements * size_of::<T>() <= size_of_val(&lines) && !x.add, "a tile of {elements} elements");
        let own = Block { c: lines.as_mut_ptr().cast(), c_stride: x.columns, ..*x };
        // SAFETY: `lines` has room for the tile, and the kernel writes all of it.
        let values = unsafe {
            kernel(&own);
            std::slice::from_raw_parts(own.c, elements)
        };
        (self.consume)(&Tile { first: self.index_of(x.c), stride: x.c_stride, columns: x.columns, values });
    }

    /// Calls the function with whole rows of C. `c` is the address of their first element in the memory that stands for C.
    ///
    /// # Safety
    /// `elements` elements have been written.
    pub(super) unsafe fn consume_rows(&self, from: *const T, c: *const T, elements: usize) {
        // SAFETY: the caller's promise.
        let values = unsafe { std::slice::from_raw_parts(from, elements) };
        (self.consume)(&Tile { first: self.index_of(c), stride: elements, columns: elements, values });
    }

    /// The index in C of an address in the memory that stands for it.
    fn index_of(&self, c: *const T) -> usize {
        (c.addr() - self.beside[0].addr()) / size_of::<T>()
    }

    /// What the function reads with the next tile, beside the memory that stands for C.
    pub(super) fn prefetch(&self, next_c: *const T, rows: usize, stride: usize) -> Prefetch<T> {
        let at = next_c.addr().wrapping_sub(self.beside[0].addr());
        let there = |memory: *const T| if memory.is_null() { memory } else { memory.wrapping_byte_add(at) };
        Prefetch::in_each([there(self.beside[1]), there(self.beside[2])], rows, stride)
    }
}
