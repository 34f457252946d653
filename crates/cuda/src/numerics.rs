//! How products of matrices are computed.

/// How products of matrices are computed. All else has the bits of the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Numerics {
    /// By the library of the GPU's maker, in the precision of the numbers, in an order of its own.
    #[default]
    Library,
    /// In the order of the CPU: every number has the bits of the CPU.
    Exact,
    /// By the library, with factors that are rounded to 10 bits after the point, and sums in single precision.
    Tf32,
    /// By the library, with factors that are rounded to 7 bits after the point, and sums in single precision.
    Bf16,
}

impl Numerics {
    /// Whether the library computes products.
    pub(crate) fn uses_library(self) -> bool {
        self != Numerics::Exact
    }
}
