//! Beside the pages of the guide: what checks the exercises. Pages are in `src`, and `tests/guide.rs` runs what they say.

use wengert::prelude::*;

/// What an exercise leaves out.
pub const GAP: f64 = f64::NAN;

/// Compares an answer with the tape's numbers, and says in a line whether they agree to ten digits.
///
/// ```
/// use guide::{GAP, check};
/// let tape = wengert::prelude::Tape::new();
/// assert_eq!(check("slope", 2.0, tape.var(2.0)), "slope: right");
/// assert_eq!(check("slope", GAP, tape.var(2.0)), "slope: not yet, a gap is left; the tape says [2.000000]");
/// ```
pub fn check(what: &str, yours: impl Answer, tape: Var<'_>) -> String {
    let (yours, truth) = (yours.numbers(), tape.to_vec::<f64>());
    if yours.len() == truth.len() && compare(&yours, &truth).close {
        return format!("{what}: right");
    }
    let gap = if yours.iter().any(|number| number.is_nan()) { ", a gap is left" } else { "" };
    format!("{what}: not yet{gap}; the tape says {truth:.6?}")
}

/// A number, numbers, or a variable with its values.
pub trait Answer {
    /// The numbers.
    fn numbers(self) -> Vec<f64>;
}

impl Answer for f64 {
    fn numbers(self) -> Vec<f64> {
        vec![self]
    }
}

impl Answer for Var<'_> {
    fn numbers(self) -> Vec<f64> {
        self.to_vec()
    }
}
