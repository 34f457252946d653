//! The order of blocks and panels: for each block of rows, of k, and of columns.

use super::block::Block;

/// Where a block begins: row of C, step along k, column of C.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) i: usize,
    pub(super) p: usize,
    pub(super) j: usize,
}

/// A way through a product, block by block.
pub(super) struct Walk<'a, T> {
    pub(super) x: &'a Block<T>,
    /// Rows, terms and columns of a block, the most of them.
    pub(super) tall: usize,
    pub(super) depth: usize,
    pub(super) wide: usize,
}

impl<T: Copy> Walk<'_, T> {
    /// The next place: of the same rows and k, or of the next k, or of the next rows.
    pub(super) fn after(&self, Place { i, p, j }: Place) -> Option<Place> {
        if j + self.wide < self.x.columns {
            return Some(Place { i, p, j: j + self.wide });
        }
        if p + self.depth < self.x.k {
            return Some(Place { i, p: p + self.depth, j: 0 });
        }
        (i + self.tall < self.x.rows).then_some(Place { i: i + self.tall, p: 0, j: 0 })
    }

    /// The block at a place within the product.
    pub(super) fn block(&self, Place { i, p, j }: Place) -> Block<T> {
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
            add: p > 0,
            ..*x
        }
    }
}
