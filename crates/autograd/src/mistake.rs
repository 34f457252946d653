//! The texts of programmers' mistakes. A text has these parts: the call and what is wrong with it; the operands and the lines
//! that recorded them; the rule that failed; a hint.

use std::fmt::{self, Display};

/// The text of a mistake, built line by line, for code of your own that refuses what a caller gave. Nothing is formatted
/// before a mistake happens.
///
/// It has these parts: the call and what is wrong with it; the operands and the lines that recorded them; the rule that failed; a
/// hint. With `#[track_caller]` on the function that raises it, the panic points at the caller's line.
///
/// ```
/// use autograd::{Mistake, Tape, Var};
/// /// Distances between rows.
/// #[track_caller]
/// fn distances<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
///     if a.shape() != b.shape() {
///         Mistake::new(format!("distances: {} and {} do not fit", a.shape(), b.shape()))
///             .line("a", a.describe())
///             .line("b", b.describe())
///             .rule("each row of a belongs to a row of b")
///             .hint("`b.broadcast_to(a.shape())` repeats one row")
///             .raise();
///     }
///     (a - b).norm_over(2.0, -1)
/// }
/// let tape = Tape::new();
/// let (a, b) = (tape.var([[3.0, 4.0]]), tape.var([0.0, 0.0]));
/// assert_eq!(distances(a, b.reshape([1, 2])).item(), 5.0);
/// let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| distances(a, b))).unwrap_err();
/// assert!(panic.downcast::<String>().unwrap().starts_with("distances: [1×2] and [2] do not fit\n  a: v0 = var"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a mistake is to be raised"]
pub struct Mistake(String);

impl Mistake {
    /// What was asked for, and what is wrong.
    #[cold]
    pub fn new(head: impl Display) -> Mistake {
        Mistake(head.to_string())
    }

    /// A line of its own, such as `a: v1 = var [2×3] F64, recorded at …`: see [`Var::describe`](crate::Var::describe).
    pub fn line(mut self, label: impl Display, text: impl Display) -> Mistake {
        self.0 += &format!("\n  {label}: {text}");
        self
    }

    /// The rule that failed.
    pub fn rule(self, rule: impl Display) -> Mistake {
        self.line("rule", rule)
    }

    /// What the user may have meant.
    pub fn hint(self, hint: impl Display) -> Mistake {
        self.line("hint", hint)
    }

    /// Panics at the caller, with this text.
    ///
    /// # Panics
    /// Always.
    #[cold]
    #[track_caller]
    pub fn raise(self) -> ! {
        panic!("{}", self.0)
    }
}

/// The whole text.
impl Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
