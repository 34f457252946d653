//! The special functions by name.

use std::fmt;

/// A family of functions of one number. A member is named by a number, the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Derivatives of ln |Γ(x)|: the digamma function has order 1, the trigamma function order 2.
    LnGamma,
    /// Γ(x).
    Gamma,
    /// erfc x = 1 − erf x.
    Erfc,
    /// Derivatives of e^(x²)·erfc x.
    Erfcx,
    /// The inverse of erf.
    Erfinv,
    /// The inverse of the distribution function of the standard normal.
    NormalQuantile,
    /// Bessel functions Jₙ(x).
    BesselJ,
    /// Modified Bessel functions Iₙ(x).
    BesselI,
    /// Derivatives of e^(−|x|)·I₀(x).
    I0e,
    /// Derivatives of e^(−|x|)·I₁(x).
    I1e,
    /// Derivatives of sin(πx)/(πx).
    Sinc,
    /// (1/x·d/dx)ⁿ of sinh x/x.
    Sinhc,
    /// Derivatives of (eˣ − 1)/x.
    Phi1,
    /// x − tanh x.
    TanhShrink,
    /// −x·ln x.
    Entropy,
}

/// As lists show it.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
