//! From many losses to one number.

use autograd::Var;
use std::fmt;
use std::str::FromStr;

/// How the losses of elements or rows become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// They stay as they are.
    None,
    /// Their sum.
    Sum,
    /// Their mean.
    #[default]
    Mean,
}

impl Reduction {
    /// The losses as they are, their sum, or their mean.
    ///
    /// ```
    /// use nn::loss::{Reduction, each};
    /// let tape = autograd::Tape::new();
    /// let losses = each::l1(tape.var([1.0, 4.0]), tape.constant([0.0, 1.0]));
    /// assert_eq!("sum".parse::<Reduction>()?.of(losses).item(), 4.0);
    /// assert!("average".parse::<Reduction>().is_err());
    /// # Ok::<(), nn::loss::UnknownReduction>(())
    /// ```
    pub fn of(self, losses: Var<'_>) -> Var<'_> {
        match self {
            Reduction::None => losses,
            Reduction::Sum => losses.sum(),
            Reduction::Mean => losses.mean(),
        }
    }
}

/// A name that no [`Reduction`] has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownReduction {
    /// The name that was given.
    pub name: String,
}

impl fmt::Display for UnknownReduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no reduction is called `{}`; there are none, sum, mean", self.name)
    }
}

impl std::error::Error for UnknownReduction {}

impl FromStr for Reduction {
    type Err = UnknownReduction;
    fn from_str(name: &str) -> Result<Reduction, UnknownReduction> {
        match name {
            "none" => Ok(Reduction::None),
            "sum" => Ok(Reduction::Sum),
            "mean" => Ok(Reduction::Mean),
            _ => Err(UnknownReduction { name: name.to_owned() }),
        }
    }
}
