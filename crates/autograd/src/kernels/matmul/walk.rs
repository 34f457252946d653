//! The order of blocks: for each block of rows, for each block of k, for each block of columns.

use super::block::Block;

/// Where a block starts: the row of C, the step along k, the column of C.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BlockStart {
    pub(super) i: usize,
    pub(super) p: usize,
    pub(super) j: usize,
}

/// A walk through a product, block by block.
pub(super) struct Walk<'a, T> {
    pub(super) x: &'a Block<T>,
    /// The most rows, terms and columns of a block.
    pub(super) tall: usize,
    pub(super) depth: usize,
    pub(super) wide: usize,
}

impl<T: Copy> Walk<'_, T> {
    /// The next block: with the same rows and k, or with the next k, or with the next rows.
    pub(super) fn after(&self, BlockStart { i, p, j }: BlockStart) -> Option<BlockStart> {
        if j + self.wide < self.x.columns {
            return Some(BlockStart { i, p, j: j + self.wide });
        }
        if p + self.depth < self.x.k {
            return Some(BlockStart { i, p: p + self.depth, j: 0 });
        }
        (i + self.tall < self.x.rows).then_some(BlockStart { i: i + self.tall, p: 0, j: 0 })
    }

    /// The block that starts there.
    pub(super) fn block(&self, BlockStart { i, p, j }: BlockStart) -> Block<T> {
        let x = self.x;
        let [a_row, a_column] = x.a_strides;
        let [b_row, b_column] = x.b_strides;
        Block {
            k: self.depth.min(x.k - p),
            rows: self.tall.min(x.rows - i),
            columns: self.wide.min(x.columns - j),
            a: x.a.wrapping_offset(i as isize * a_row + p as isize * a_column),
            b: x.b.wrapping_offset(p as isize * b_row + j as isize * b_column),
            c: x.c.wrapping_add(i * x.c_stride + j),
            add: x.add || p > 0,
            ..*x
        }
    }
}
