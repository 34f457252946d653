//! The calling convention of kernels. They read strided views and fill a slice. They may use scratch and threads. They return
//! a fault if the values make the op impossible.

use crate::dtype::{DType, DataMut, Element};
use crate::kernels::workers::Workers;
use crate::scratch::Scratch;
use crate::shape::Shape;
use crate::text::scaled;
use std::fmt;

/// A result to be written: every element, in row-major order. The elements are unspecified before.
#[derive(Debug)]
pub(crate) struct Fill<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) data: DataMut<'a>,
}

impl<'a> Fill<'a> {
    pub(crate) fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// The elements.
    pub(crate) fn slice<T: Element>(self) -> &'a mut [T] {
        T::slice_mut(self.data)
    }

    /// Writes all elements in order.
    pub(crate) fn write<T: Element>(self, values: impl IntoIterator<Item = T>) {
        self.write_all(&mut values.into_iter());
    }

    fn write_all<T: Element>(self, values: &mut dyn Iterator<Item = T>) {
        let out = self.slice::<T>();
        for y in out.iter_mut() {
            *y = values.next().expect("a value for each element");
        }
        assert!(values.next().is_none(), "as many values as elements");
    }
}

/// What a kernel may use while it runs.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    /// Memory for temporary data. It is not kept between kernels.
    pub(crate) scratch: &'a mut Scratch,
    /// Threads that may share the work. No result depends on how many there are.
    pub(crate) workers: &'a Workers,
}

/// What a kernel needs of its [`Room`]. It follows from the shapes, so that a program can prepare memory and threads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    /// Whether several threads would share the work.
    pub(crate) shared: bool,
    /// Bytes of scratch for each worker.
    pub(crate) scratch: usize,
}

/// Why an op is impossible: for the values of its operands, or for lack of memory. It is found during computation; shapes and
/// dtypes are checked before.
///
/// The eager tape panics with it at the line that records the op; [`Program::run`](crate::Program::run) gives it in
/// [`ProgramError::Fault`](crate::ProgramError::Fault). Nothing outside of the operands is read or written.
///
/// ```
/// use autograd::Fault;
/// let fault = Fault::Index { position: vec![3], value: 7, bound: 4 };
/// assert_eq!(fault.to_string(), "index 7 in row 3 is outside of 0..4");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An index is out of range.
    Index {
        /// The position of the index in the operand of indices.
        position: Vec<usize>,
        /// The index.
        value: i64,
        /// The end of the range: indices must be less than this.
        bound: usize,
    },
    /// A label is no class: what [`Var::pick_labels`](crate::Var::pick_labels) finds.
    Label {
        /// What asked for the entries of the labels, such as `cross_entropy`.
        asked: &'static str,
        /// The row that has the label.
        row: usize,
        /// The label.
        label: i64,
        /// How many classes there are: labels are less than this.
        classes: usize,
    },
    /// A matrix has no inverse: elimination comes to a pivot that is 0.
    Singular {
        /// The position of the matrix among those of a batch; nothing for a single one.
        entry: Vec<usize>,
        /// The pivot, counted from 0.
        pivot: usize,
    },
    /// A symmetric matrix has no Cholesky factor: a pivot is not positive.
    NotPositiveDefinite {
        /// The position of the matrix among those of a batch; nothing for a single one.
        entry: Vec<usize>,
        /// The pivot, counted from 0: the leading minor of one row more is not positive.
        pivot: usize,
    },
    /// A user's own loops refuse the values: [`custom::Loops`](crate::custom::Loops).
    Refused {
        /// The name of the loops.
        by: &'static str,
        /// What they say.
        why: String,
    },
    /// The memory for the result cannot be had.
    Memory {
        /// The shape of the result.
        shape: Shape,
        /// The type of its elements.
        dtype: DType,
    },
}

impl Fault {
    /// What failed, as messages call it: the op, or what asked for it.
    pub(crate) fn of<'a>(&self, op: &'a str) -> &'a str {
        match self {
            Fault::Label { asked, .. } => asked,
            Fault::Refused { by, .. } => by,
            _ => op,
        }
    }

    /// The rule that is not met.
    pub(crate) fn rule(&self) -> String {
        match self {
            Fault::Index { bound, .. } => format!("every index is within 0..{bound}"),
            Fault::Label { classes, .. } => format!("every label is within 0..{classes}"),
            Fault::Singular { .. } => "no pivot is 0".to_owned(),
            Fault::NotPositiveDefinite { .. } => "every pivot is positive".to_owned(),
            Fault::Refused { by, .. } => format!("the values are such that `{by}` takes them"),
            Fault::Memory { .. } => "a result has a buffer of its own".to_owned(),
        }
    }

    /// What the user may have missed.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Fault::Index { .. } => "labels and indices count from 0",
            Fault::Label { .. } => "labels count from 0, and the logits have a column for each class",
            Fault::Singular { .. } => "`pinv` takes matrices of any shape and rank",
            Fault::NotPositiveDefinite { .. } => {
                "a small multiple of the identity makes a matrix definite that is so up to rounding"
            }
            Fault::Refused { .. } => "the loops are code of your own, and say so in `Loops::fill`",
            Fault::Memory { .. } => "is an axis repeated that was meant to meet another one?",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Index { position, value, bound } => {
                write!(f, "index {value} ")?;
                match position[..] {
                    [row] => write!(f, "in row {row}")?,
                    _ => write!(f, "at {position:?}")?,
                }
                write!(f, " is outside of 0..{bound}")
            }
            Fault::Label { row, label, classes, .. } => {
                write!(f, "label {label} of row {row} is outside of 0..{classes} ({classes} classes)")
            }
            Fault::Singular { entry, pivot } => {
                write!(f, "{} is singular: pivot {pivot} is 0", matrix(entry))
            }
            Fault::NotPositiveDefinite { entry, pivot } => {
                write!(f, "{} is not positive definite: pivot {pivot} is not positive", matrix(entry))
            }
            Fault::Refused { why, .. } => f.write_str(why),
            Fault::Memory { shape, dtype } => {
                let bytes = shape.elements() as f64 * dtype.size() as f64;
                write!(f, "{shape} {dtype} takes {}, which cannot be had", scaled(bytes, "B"))
            }
        }
    }
}

/// A matrix of a batch, or the only one.
fn matrix(entry: &[usize]) -> String {
    if entry.is_empty() { "the matrix".to_owned() } else { format!("matrix {entry:?}") }
}

impl std::error::Error for Fault {}
