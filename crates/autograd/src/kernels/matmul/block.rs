//! The arguments of every loop: a block of C, and the operands whose product it is.

use super::prefetch::Prefetch;
use crate::view::View;

/// A block of C, and the operands whose product it is. Strides count elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<T> {
    pub(super) k: usize,
    pub(super) a: *const T,
    /// The strides of A: from row to row, and from column to column.
    pub(super) a_strides: [isize; 2],
    pub(super) b: *const T,
    /// The strides of B: from row to row, and from column to column. Tiles need the latter to be 1.
    pub(super) b_strides: [isize; 2],
    pub(super) c: *mut T,
    /// The stride of C, from row to row.
    pub(super) c_stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether the product is added to C or replaces it.
    pub(super) add: bool,
    /// What a tile prefetches: the next tile of C, whose rows lie `next_stride` apart, and parts of the operands.
    pub(super) next_c: *const T,
    pub(super) next_stride: usize,
    pub(super) prefetch: [Prefetch<T>; 2],
    /// What loops over taps read besides.
    pub(super) taps: Taps,
}

/// Where the rows of B begin, for tiles over taps, or its columns, for scalar products over taps: `offsets` elements from `b`.
/// Or where the rows of A begin, if `of_a`. Scalar products go on through as many images, which lie `steps` apart in A and in B.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taps {
    pub(super) offsets: *const usize,
    pub(super) of_a: bool,
    pub(super) images: usize,
    pub(super) steps: [usize; 2],
}

impl Taps {
    pub(super) const NONE: Taps = Taps { offsets: std::ptr::null(), of_a: false, images: 1, steps: [0; 2] };
}

impl<T: Copy> Block<T> {
    /// The product of two matrices, or of the first matrices of two batches. C is written in row-major order.
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
            prefetch: [Prefetch::nothing(); 2],
            taps: Taps::NONE,
        }
    }
}

/// A loop over a block. [`Kernels`](super::instructions::Kernels) tells its safety conditions.
pub(super) type TileFn<T> = unsafe fn(&Block<T>);
