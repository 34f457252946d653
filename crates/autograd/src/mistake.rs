//! The texts of programmers' mistakes. A text has these parts: the call and what is wrong with it; the operands and the lines
//! that recorded them; the rule that failed; a hint.

use std::fmt::Display;

/// The text of a mistake, built line by line. Nothing is formatted before a mistake happens.
#[derive(Debug)]
#[must_use = "a mistake is to be raised"]
pub(crate) struct Mistake(String);

impl Mistake {
    /// What was asked for, and what is wrong.
    #[cold]
    pub(crate) fn new(head: impl Display) -> Mistake {
        Mistake(head.to_string())
    }

    /// A line of its own, such as `a: v1 = var [2×3] F64, recorded at …`.
    pub(crate) fn line(mut self, label: impl Display, text: impl Display) -> Mistake {
        self.0 += &format!("\n  {label}: {text}");
        self
    }

    /// The rule that failed.
    pub(crate) fn rule(self, rule: impl Display) -> Mistake {
        self.line("rule", rule)
    }

    /// What the user may have meant.
    pub(crate) fn hint(self, hint: impl Display) -> Mistake {
        self.line("hint", hint)
    }

    /// Panics at the caller.
    #[cold]
    #[track_caller]
    pub(crate) fn raise(self) -> ! {
        panic!("{}", self.0)
    }
}
