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

impl Family {
    /// Whether each member is the derivative of the one before.
    pub(crate) fn is_closed(self) -> bool {
        use Family::{Erfcx, I0e, I1e, LnGamma, Phi1, Sinc};
        matches!(self, LnGamma | Erfcx | I0e | I1e | Sinc | Phi1)
    }
}

/// As the method of its first member.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::LnGamma => "ln_gamma",
            Family::Gamma => "gamma",
            Family::Erfc => "erfc",
            Family::Erfcx => "erfcx",
            Family::Erfinv => "erfinv",
            Family::NormalQuantile => "normal_quantile",
            Family::BesselJ => "bessel_j",
            Family::BesselI => "bessel_i",
            Family::I0e => "bessel_i0e",
            Family::I1e => "bessel_i1e",
            Family::Sinc => "sinc",
            Family::Sinhc => "sinhc",
            Family::Phi1 => "phi1",
            Family::TanhShrink => "tanhshrink",
            Family::Entropy => "entr",
        })
    }
}
