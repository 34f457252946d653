//! Bags of rows: embeddings of lists of any length.

use super::Var;
use crate::dtype::DType;

/// How the rows of a bag become one: see [`Var::embedding_bag`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Bag<'t> {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The largest in each column. Equal largest elements share the gradient equally.
    Max,
    /// The sum of each row times a number of its own: as many numbers as indices.
    Weighted(Var<'t>),
}

impl<'t> Var<'t> {
    /// Rows of a table \[n, d\] at the indices of each bag, put into one row: \[bags, d\]. `index` holds the indices of all bags one
    /// after the other; bag b is what lies from `offsets`\[b\] up to the next offset. An empty bag gives zeros. The rows of the
    /// padding index, if there is one, do not count.
    ///
    /// # Panics
    /// If `self` is no matrix, `index` or `offsets` is no vector of `I64`, there are not as many weights as indices, or an index is
    /// out of 0..n ([`Fault`](crate::Fault)).
    ///
    /// ```
    /// # use autograd::{Bag, Tape};
    /// let tape = Tape::new();
    /// let table = tape.var([[1.0], [2.0], [4.0]]);
    /// let (index, offsets) = (tape.constant(&[0i64, 2, 1]), tape.constant(&[0i64, 2, 3]));
    /// let y = table.embedding_bag(index, offsets, Bag::Sum, None);
    /// assert_eq!(y.to_vec::<f64>(), [5.0, 2.0, 0.0]);
    /// assert_eq!(table.embedding_bag(index, offsets, Bag::Mean, Some(0)).to_vec::<f64>(), [4.0, 2.0, 0.0]);
    /// assert_eq!(y.sum().grad([table])[0].to_vec::<f64>(), [1.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn embedding_bag(
        self,
        index: Var<'t>,
        offsets: Var<'t>,
        bag: Bag<'t>,
        padding: Option<usize>,
    ) -> Var<'t> {
        let whole = |x: Var<'t>| x.rank() == 1 && x.dtype() == DType::I64;
        if self.rank() != 2 || !whole(index) || !whole(offsets) {
            let (table, index, offsets) = (self.shape(), index.shape(), offsets.shape());
            self.mistake(
                "embedding_bag",
                format!("table {table}, index {index}, offsets {offsets}"),
                "table",
            )
            .rule("a table has two axes, index and offsets are vectors of I64")
            .hint("the bags lie one after the other: `.reshape([n])`, and an offset where each begins")
            .raise();
        }
        let bags = offsets.shape()[0];
        let positions: Vec<i64> = (0..index.shape()[0] as i64).collect();
        // Bag b has number b + 1. What belongs to none is put into one more bag, in front.
        let ids = offsets.search_sorted(self.tape().constant(&positions[..]), true);
        let ids = match padding {
            Some(row) => index.ne(index.full_like(row as f64)).select(ids, ids.full_like(0.0)),
            None => ids,
        };
        let rows = self.take(0, index);
        let all = match bag {
            Bag::Sum => rows.segment_sum(ids, bags + 1),
            Bag::Mean => rows.segment_mean(ids, bags + 1),
            Bag::Max => rows.segment_max(ids, bags + 1),
            Bag::Weighted(weights) => (rows * weights.unsqueeze(-1)).segment_sum(ids, bags + 1),
        };
        all.slice(0, 1..=bags)
    }
}
