//! Products whose tiles are taken as they are made, while they lie in the first-level cache: C itself is never written.
#![expect(unsafe_code, reason = "kernels read and write through raw pointers")]

use super::ahead::Ahead;
use super::block::{Block, TileFn};
use crate::scratch::Line;
use std::mem::MaybeUninit;

/// A tile of C.
pub(crate) struct Tile<'a, T> {
    /// The place of its first element in C.
    pub(crate) first: usize,
    /// From row to row of C.
    pub(crate) stride: usize,
    pub(crate) columns: usize,
    /// Row by row, without gaps.
    pub(crate) values: &'a [T],
}

/// Who takes the tiles.
#[derive(Clone, Copy)]
pub(super) struct Taker<'a, T> {
    pub(super) take: &'a (dyn Fn(&Tile<'_, T>) + Sync),
    /// Memories laid out as C that are read with each tile, or null: asked for ahead. The first one stands for C.
    pub(super) beside: [*const T; 3],
}

// SAFETY: the memories are asked for, not read.
unsafe impl<T> Sync for Taker<'_, T> {}

/// Lines of the largest tile: so many as a register file has twice.
const LINES: usize = 64;

impl<T: Copy> Taker<'_, T> {
    /// Computes a block of one tile and hands it on. `x.c` is the place in the memory that stands for C.
    ///
    /// # Safety
    /// As for the kernel, but that C is neither read nor written.
    pub(super) unsafe fn compute(&self, kernel: TileFn<T>, x: &Block<T>) {
        let mut lines = MaybeUninit::<[Line; LINES]>::uninit();
        let elements = x.rows * x.columns;
        assert!(elements * size_of::<T>() <= size_of_val(&lines) && !x.add, "a tile of {elements} elements");
        let own = Block { c: lines.as_mut_ptr().cast(), c_stride: x.columns, ..*x };
        // SAFETY: a whole tile is written to `lines`, where there is room for it.
        let values = unsafe {
            kernel(&own);
            std::slice::from_raw_parts(own.c, elements)
        };
        (self.take)(&Tile { first: self.place(x.c), stride: x.c_stride, columns: x.columns, values });
    }

    /// Hands on numbers that lie without gaps, in C too, where they begin at the place that `c` stands for.
    ///
    /// # Safety
    /// So many have been written.
    pub(super) unsafe fn take(&self, from: *const T, c: *const T, elements: usize) {
        // SAFETY: the caller's promise.
        let values = unsafe { std::slice::from_raw_parts(from, elements) };
        (self.take)(&Tile { first: self.place(c), stride: elements, columns: elements, values });
    }

    /// Which element of C a place stands for.
    fn place(&self, c: *const T) -> usize {
        (c.addr() - self.beside[0].addr()) / size_of::<T>()
    }

    /// What is read with a tile beside the memory that stands for C.
    pub(super) fn ahead(&self, next_c: *const T, rows: usize, stride: usize) -> Ahead<T> {
        let at = next_c.addr().wrapping_sub(self.beside[0].addr());
        let there = |memory: *const T| if memory.is_null() { memory } else { memory.wrapping_byte_add(at) };
        Ahead::in_each([there(self.beside[1]), there(self.beside[2])], rows, stride)
    }
}
