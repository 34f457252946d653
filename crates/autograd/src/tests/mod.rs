//! Tests across modules: the same checks for every op, alone, on several threads, and in random programs.

mod batches;
mod catalogue;
mod everywhere;
mod functions;
mod indexing;
pub(crate) mod mutations;
mod random;
pub(crate) mod rows;
mod sets;
mod table;
mod threads;
mod values;

pub(crate) use functions::unary_ops;
pub(crate) use rows::{Row, Tested, large, row, rows};
