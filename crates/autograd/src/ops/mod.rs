//! The ops: one file each, or one table row for an elementwise function. A file holds the formula, the shape rule,
//! the derivative rules and the reference kernel of its op.

mod broadcast;
mod cast;
mod concat;
mod detach;
mod elementwise;
mod matmul;
mod max;
mod pad;
mod permute;
mod pick;
mod reshape;
mod select;
mod slice;
mod softmax;
mod sum;
#[cfg(test)]
mod tests;

pub(crate) use detach::Detach;
pub(crate) use elementwise::binary_of;
pub(crate) use matmul::Matmul;
pub(crate) use pick::Pick;
pub(crate) use select::Select;
