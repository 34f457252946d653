//! The ops. Each has one file here and one row of `ir/list.rs`; elementwise functions have a row of `table.rs`. A file holds
//! the formula with its source, the methods of `Var`, the shape rule, the derivative rules, the reference loops, the call of
//! a fast kernel if there is one, and the rows of the table of tests.

mod argmax;
mod broadcast;
mod cast;
mod cholesky;
mod concat;
mod conv;
mod conv_transpose;
mod conv_weight;
mod copy;
mod cumsum;
mod det;
mod detach;
mod diag_embed;
mod diagonal;
mod eigh;
mod elementwise;
mod factors;
mod flip;
mod fold_in;
mod gather;
mod indexing;
mod log_softmax;
mod matmul;
mod matrix_exp;
mod max;
mod overlap;
mod pad;
mod permute;
mod pick;
mod pool_argmax;
mod pinv;
mod prelude;
mod qr;
mod reshape;
mod rotations;
mod scatter_add;
mod select;
mod slice;
mod slogdet;
mod softmax;
mod solve;
mod solve_triangular;
mod sum;
mod svd;
mod uniform;
mod unpick;
mod windows;

pub(crate) use conv::{conv, conv_transpose};
pub(crate) use elementwise::binary_of;
pub(crate) use pool_argmax::pool_argmax;
pub use solve_triangular::Triangle;
