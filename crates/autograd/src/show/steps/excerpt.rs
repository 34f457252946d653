//! The numbers of a value, shortened.

use crate::ir::NodeId;
use crate::shape::Shape;
use crate::show::words::{Numbers, Words, nested};
use crate::text::number;
use std::fmt;

/// A computation of more nodes than this is folded: the first and the last steps of each phase stay.
pub(super) const FOLD_ABOVE: usize = 2000;
pub(super) const KEPT: usize = 200;

/// The most operands of a step.
pub(super) const OPERANDS: usize = 6;

/// A value with more elements than this is shortened to so many.
const SHOWN: usize = 4;

/// Significant digits of a number.
const DIGITS: usize = 6;

/// The numbers of a value, for people to read: all of a small one; of a larger one the first four, its shape and its root mean
/// square.
///
/// ```
/// use autograd::{StepKind, Tape};
/// let tape = Tape::new();
/// let steps = tape.var([3.0, 4.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0]).sum().steps();
/// let StepKind::Forward { value, .. } = &steps[0].kind else { panic!() };
/// assert_eq!(value.to_string(), "[8] 3 4 0 0 … rms 2.5"); // √((9 + 16 + 25)/8)
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Excerpt {
    /// The shape of the value.
    pub shape: Shape,
    /// The first elements in row-major order, with six significant digits. None if the value was freed.
    pub numbers: Option<Vec<String>>,
    /// The root mean square of all elements, √(Σ x²/n); none for whole numbers, truth values and what has no elements.
    pub rms: Option<f64>,
}

impl Excerpt {
    pub(super) fn of(words: &Words<'_>, id: NodeId) -> Excerpt {
        let numbers = match words.numbers(id, SHOWN, DIGITS) {
            Numbers::Known(numbers) => Some(numbers),
            Numbers::Released | Numbers::Traced => None,
        };
        Excerpt { shape: words.list.node(id).meta.shape.clone(), rms: words.root_mean_square(id), numbers }
    }
}

/// `0.5`, `[1, 2]`, or `[200×10] 0.1 0.2 0.3 0.4 … rms 0.7`.
impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Excerpt { shape, numbers, rms } = self;
        let Some(numbers) = numbers else { return write!(f, "{shape} released") };
        match shape.elements() {
            0 => write!(f, "{shape}"),
            1..=SHOWN => f.write_str(&nested(shape, numbers)),
            _ => {
                write!(f, "{shape} {} …", numbers.join(" "))?;
                rms.map_or(Ok(()), |rms| write!(f, " rms {}", number(rms, DIGITS)))
            }
        }
    }
}
