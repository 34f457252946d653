//! Special functions in double precision, by series. Many come in families whose members follow from each other by
//! differentiation: those take the order of the member.
//!
//! They branch and loop, so they are no rows of the table: an op of its own runs them, one number at a time but for ln Γ and ψ on
//! the right of their poles (`kernels/gamma.rs`). Of elementary
//! functions they call those of `math` and square roots alone, so that their bits are the same on every machine.

mod bessel;
mod entire;
mod error;
mod gamma;
mod incomplete;
mod plain;

pub(crate) use bessel::{bessel_i, bessel_i0e, bessel_i1e, bessel_j};
pub(crate) use entire::{entropy, phi1, sinc, sinhc, tanhshrink};
pub(crate) use error::{erfc, erfcx, erfinv, normal_quantile};
pub(crate) use gamma::{
    digamma, digamma_right, gamma, ln_gamma, ln_gamma_near_2, ln_gamma_right, polygamma, stirling_rest,
};
pub(crate) use incomplete::incomplete_gamma;

#[cfg(test)]
mod tests;
