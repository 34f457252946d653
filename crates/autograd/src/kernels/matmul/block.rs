//! What every loop is given: a block of C, and the operands that it is the product of.

use super::ahead::Ahead;
use crate::view::View;

/// A block of C and the operands that it is the product of; every stride counts elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<T> {
    pub(super) k: usize,
    pub(super) a: *const T,
    /// From row to row and from column to column of A.
    pub(super) a_strides: [isize; 2],
    pub(super) b: *const T,
    /// From row to row and from column to column of B; a tile takes the latter to be 1.
    pub(super) b_strides: [isize; 2],
    pub(super) c: *mut T,
    /// From row to row of C.
    pub(super) c_stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether the product is added to C or replaces it.
    pub(super) add: bool,
    /// What a tile asks for: the tile of C that comes next, with the stride of its rows, and other operands.
    pub(super) next_c: *const T,
    pub(super) next_stride: usize,
    pub(super) ahead: [Ahead<T>; 2],
}

impl<T: Copy> Block<T> {
    /// The product of two views, or of the first entries of their batches, written to C row by row without gaps.
    #[inline(always)]
    pub(super) fn of(a: &View<'_, T>, b: &View<'_, T>, c: *mut T) -> Block<T> {
        let lead = a.shape.len() - 2;
        let columns = b.shape[lead + 1];
        Block {
            k: a.shape[lead + 1],
            a: a.data.as_ptr().wrapping_add(a.offset),
            a_strides: [a.strides[lead], a.strides[lead + 1]],
            b: b.data.as_ptr().wrapping_add(b.offset),
            b_strides: [b.strides[lead], b.strides[lead + 1]],
            c,
            c_stride: columns,
            rows: a.shape[lead],
            columns,
            add: false,
            next_c: std::ptr::null(),
            next_stride: columns,
            ahead: [Ahead::nothing(); 2],
        }
    }
}

/// A loop over a block. What it asks of the caller stands at [`Kernels`](super::instructions::Kernels).
pub(super) type TileFn<T> = unsafe fn(&Block<T>);
