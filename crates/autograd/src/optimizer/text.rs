//! An update as text and numbers: what a printer of programs makes a step of.

use super::Prepare;

/// A coefficient of an update as a function of the step number t, from 1.
///
/// ```
/// # use autograd::loops::Coefficient;
/// assert_eq!(Coefficient::Corrected { value: 1.0, decay: 0.5 }.at(2), 1.0 / 0.75);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Coefficient {
    /// c.
    Constant(f64),
    /// One number in the first step, and another one later.
    First {
        /// That of the first step.
        first: f64,
        /// That of all others.
        later: f64,
    },
    /// c/(1 − βᵗ): the correction of an average that began as zero.
    Corrected {
        /// c.
        value: f64,
        /// β.
        decay: f64,
    },
    /// c/(1 + (t − 1)·λ).
    Falling {
        /// c.
        value: f64,
        /// λ.
        decay: f64,
    },
}

impl Coefficient {
    /// The coefficient of step t.
    #[inline]
    pub fn at(self, t: u64) -> f64 {
        match self {
            Coefficient::Constant(c) => c,
            Coefficient::First { first, later } => {
                if t == 1 {
                    first
                } else {
                    later
                }
            }
            // For larger t the power is 0.
            Coefficient::Corrected { value, decay } => {
                value / (1.0 - decay.powi(i32::try_from(t).unwrap_or(i32::MAX)))
            }
            Coefficient::Falling { value, decay } => value / (1.0 + (t - 1) as f64 * decay),
        }
    }
}

impl From<f64> for Coefficient {
    fn from(c: f64) -> Coefficient {
        Coefficient::Constant(c)
    }
}

/// The update of each number of the parameters, and what comes before it.
#[derive(Clone, Debug)]
pub struct UpdateText {
    /// Statements that read `c[…]`, `p`, `g` and `s[…]`, and write `*y` and `r[…]`.
    pub body: String,
    /// The names of what is remembered of each number.
    pub states: Vec<&'static str>,
    /// The coefficients of each group of parameters.
    pub coefficients: Vec<Vec<Coefficient>>,
    /// The group of each parameter.
    pub groups: Vec<usize>,
    /// What is done with each number of a gradient first.
    pub prepare: Prepare,
    /// The largest Euclidean norm of all gradients.
    pub clip_norm: f64,
}
