//! Variables: `Copy` handles to the nodes of a tape, and their methods.

mod axes;
mod bags;
mod columns;
mod conv;
mod display;
mod einsum;
#[cfg(feature = "fft")]
mod fft;
mod functions;
mod indexing;
mod layout;
mod leaf;
mod linear;
mod masks;
mod names;
mod number;
mod operators;
mod order;
mod pool;
mod products;
mod random;
mod read;
mod reductions;
mod resample;
mod scatter;
mod simplex;
mod special;
mod state;
mod statistics;

pub use axes::{Keep, ToAxes};
pub use bags::Bag;
pub use conv::{ConvForm, PerAxis};
#[cfg(feature = "fft")]
pub use fft::FftNorm;
pub use layout::Border;
pub use operators::Operand;
pub use order::Quantile;
pub use pool::PoolForm;
pub use resample::Interpolation;
pub use scatter::ScatterReduce;

use crate::dtype::DType;
use crate::ir::NodeId;
use crate::mistake::Mistake;
use crate::shape::Shape;
use crate::tape::Tape;
use std::fmt;

/// A value on a tape. It is a `Copy` handle: the number of a node and a reference to the tape.
///
/// It has no dtype or shape parameter; both are checked when an operation is recorded, before any arithmetic. A
/// mistake panics with the line of the call, the operation, both shapes, the rule that failed and a hint.
///
/// ```
/// use autograd::Tape;
/// let tape = Tape::new();
/// let x = tape.var([1.0, 2.0, 3.0]);
/// let y = (1.0 - x * x).sum();       // operators take variables and `f64` numbers, on both sides
/// assert_eq!(y.item(), -11.0);
/// assert_eq!(y.grad([x])[0].to_vec::<f64>(), [-2.0, -4.0, -6.0]);
/// ```
#[derive(Clone, Copy)]
pub struct Var<'t> {
    tape: &'t Tape<'t>,
    id: NodeId,
}

impl<'t> Var<'t> {
    pub(crate) fn new(tape: &'t Tape<'t>, id: NodeId) -> Var<'t> {
        Var { tape, id }
    }

    /// The tape that it is on.
    pub fn tape(self) -> &'t Tape<'t> {
        self.tape
    }

    /// The number of its node on the tape.
    pub fn id(self) -> u32 {
        self.id
    }

    /// The lengths of its axes; `[]` for a scalar.
    pub fn shape(self) -> Shape {
        self.tape.list().node(self.id).meta.shape.clone()
    }

    /// The type of its elements.
    pub fn dtype(self) -> DType {
        self.tape.list().node(self.id).meta.dtype
    }

    /// The full name of the scope that recorded it, such as `net.1`: see [`Tape::scope`] and [`Tape::within`].
    pub fn scope(self) -> Option<String> {
        self.tape.list().scope_name(self.id)
    }

    /// What it is and where it was recorded, in one line for messages.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.scope("data", || tape.var([1.0, 2.0]));
    /// let line = line!() - 1;
    /// let text = x.describe();
    /// assert!(text.starts_with("v0 = var [2] F64, recorded at "));
    /// assert!(text.contains(&format!(":{line}:")) && text.ends_with(" in `data`"));
    /// ```
    pub fn describe(self) -> String {
        self.tape.list().describe(self.id, self.tape.params())
    }

    /// The address of its tape. Variables with different addresses are on different tapes.
    pub(crate) fn address(self) -> *const () {
        self.tape.address()
    }

    /// A mistake with this variable, which the message calls `label`.
    #[cold]
    pub(crate) fn mistake(self, op: &str, found: impl fmt::Display, label: &str) -> Mistake {
        let head = format!("{op}{}: {found}", self.tape.list().within_scope());
        Mistake::new(head).line(label, self.describe())
    }

    /// Refuses a variable of another tape.
    #[inline]
    #[track_caller]
    pub(crate) fn check_same_tape(self, op: &str, other: Var<'_>) {
        if !std::ptr::eq(self.address(), other.address()) {
            self.on_another_tape(op, other);
        }
    }

    #[cold]
    #[track_caller]
    fn on_another_tape(self, op: &str, other: Var<'_>) -> ! {
        self.mistake(op, "the operands are on different tapes", "a")
            .line("b", format!("{}, on another tape", other.describe()))
            .rule("a computation is recorded on one tape")
            .hint("record the value anew with `tape.constant(…)`")
            .raise()
    }

    /// Whether both have the same shape.
    fn has_shape_of(self, other: Var<'t>) -> bool {
        let (a, b) = (self.tape.list(), other.tape.list());
        a.node(self.id).meta.shape == b.node(other.id).meta.shape
    }

    /// The number of axes.
    pub fn rank(self) -> usize {
        self.tape.list().node(self.id).meta.shape.len()
    }
}

impl fmt::Debug for Var<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tape.list().summary(self.id, self.tape.params()))
    }
}
