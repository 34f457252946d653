//! The fast loops. They see slices, shapes and strides only.

pub(crate) mod areas;
pub(crate) mod attention;
pub(crate) mod bases;
pub(crate) mod conv;
pub(crate) mod copies;
pub(crate) mod elementwise;
pub(crate) mod functions;
pub(crate) mod gamma;
pub(crate) mod index;
pub(crate) mod linear;
pub(crate) mod loops;
pub(crate) mod matmul;
pub(crate) mod max;
pub(crate) mod order;
pub(crate) mod pairs;
#[cfg(all(test, sanitized))]
mod planted;
pub(crate) mod pool;
pub(crate) mod prod;
pub(crate) mod random;
pub(crate) mod reflections;
pub(crate) mod rows;
pub(crate) mod scalars;
pub(crate) mod scan;
pub(crate) mod simd;
pub(crate) mod softmax;
pub(crate) mod sum;
#[cfg(feature = "threads")]
mod team;
pub(crate) mod tile;
pub(crate) mod unordered;
pub(crate) mod workers;

pub(crate) use elementwise::copy;
