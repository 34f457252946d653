//! The trait [`Rule`]: shapes, derivatives and values of an op. Each op implements it in its own file in `ops/`.

mod batch;

pub(crate) use batch::{Batch, Each, behind, with_examples};

use crate::buffers::Strided;
use crate::call::{Fault, Fill, Needs, Room};
use crate::dense::Dense;
use crate::dtype::Data;
use crate::ir::{Meta, Op, Structure, op_table};
use crate::shape::{Layout, Shape};
use crate::symbol::{Expr, Sketch};
use crate::var::Var;
use smallvec::SmallVec;
use std::borrow::Cow;

/// The meaning of an op. Derivative rules are written in the recorded language: `Var` in, `Var` out. They never
/// allocate, accumulate, un-broadcast or touch a buffer, and so they have derivatives themselves.
///
/// Each method answers one question about an op. Those that have a default follow from the op's [`Structure`] or from the other
/// methods. Shapes, derivatives, batches and values have none: an op without one of these rules does not compile.
pub(crate) trait Rule {
    /// Shape and dtype of the result, or the requirement that the operands do not meet.
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch>;

    /// The layout of the result if it is a view of the operand, which has the given strides; `None` if the result needs memory
    /// of its own.
    fn view(&self, _x: &Meta, _strides: &[isize]) -> Option<Layout> {
        None
    }

    /// Vector-Jacobian product: the cotangents of the wanted operands, given the result's cotangent `g`. `None` stands for
    /// zero. One call computes all of them, so that they can share work. Only floating-point operands are wanted.
    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t>;

    /// Jacobian-vector product: the tangent of the result, given those of the operands. `None` stands for zero.
    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>>;

    /// The results for all examples of a batch, along a new first axis, where some operands have one value for each example and the
    /// others one for all. Without a loop over the examples. Where no operand differs, the rule is not asked.
    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t>;

    /// The result as a formula of its operands; `None` for an op that is shown by its name.
    fn formula(&self, _at: &Sketch<'_>) -> Option<Expr> {
        None
    }

    /// The cotangent of an operand as a formula, given that of the result; `None` for an op that is shown by its name.
    fn formula_vjp(&self, _at: &Sketch<'_>, _operand: usize, _g: &Expr) -> Option<Expr> {
        None
    }

    /// The values by plain loops, for the oracle and for ops that have no kernel of their own.
    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault>;

    /// The values by a fast kernel: it reads strided views and may use several threads. The default runs the reference loops
    /// on contiguous copies.
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let x: Vec<Dense> = x.iter().map(Dense::of).collect();
        self.reference(&x, y)
    }

    /// The scratch and the threads that the kernel needs.
    fn needs(&self, _x: &[&Meta], _y: &Meta) -> Needs {
        Needs::default()
    }
}

impl Op {
    /// The values by the kernel, in memory that is given. Leaves have theirs.
    pub(crate) fn compute(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        if self.has_nothing_to_do(y.shape) {
            return Ok(());
        }
        self.rule().expect("leaves have their values").kernel(x, y, room)
    }

    /// The values by the reference loops, in new memory; `None` for leaves.
    pub(crate) fn values(&self, x: &[Dense], y: &Meta) -> Option<Result<Data, Fault>> {
        let rule = self.rule()?;
        let mut data = Data::splat(y.dtype, 0.0, y.shape.elements());
        if self.has_nothing_to_do(&y.shape) {
            return Some(Ok(data));
        }
        let done = rule.reference(x, Fill { shape: &y.shape, data: data.borrow_mut() });
        Some(done.map(|()| data))
    }

    /// A result without elements takes no time, however long its other axes are. Only indices are looked at in any case.
    fn has_nothing_to_do(&self, result: &Shape) -> bool {
        result.contains(&0) && self.structure() != Structure::Gather
    }
}

/// The recorded point at which a rule is applied.
pub(crate) struct At<'a, 't> {
    /// The operands.
    pub(crate) x: &'a [Var<'t>],
    /// The result.
    pub(crate) y: Var<'t>,
}

impl<'t> At<'_, 't> {
    /// The only operand.
    pub(crate) fn x(&self) -> Var<'t> {
        self.x[0]
    }
}

/// Which operands need a cotangent. At least one does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a>(pub(crate) &'a [bool]);

/// The cotangent of each operand. `None` stands for zero, or for an operand that is not wanted.
pub(crate) type Cotangents<'t> = SmallVec<[Option<Var<'t>>; 3]>;

impl Wanted<'_> {
    pub(crate) fn has(self, operand: usize) -> bool {
        self.0[operand]
    }

    /// Applies a rule to each wanted operand.
    pub(crate) fn each<'t>(self, rule: impl Fn(usize) -> Option<Var<'t>>) -> Cotangents<'t> {
        // One push after the other: `collect` costs more than a small rule.
        let mut all = Cotangents::new();
        for (i, &wanted) in self.0.iter().enumerate() {
            all.push(if wanted { rule(i) } else { None });
        }
        all
    }
}

/// The cotangent of the first operand; the others have none.
pub(crate) fn only<'t>(g: Var<'t>) -> Cotangents<'t> {
    let mut all = Cotangents::new();
    all.push(Some(g));
    all
}

/// No operand has a cotangent.
pub(crate) fn none<'t>() -> Cotangents<'t> {
    Cotangents::new()
}

/// The sum of the tangents that exist.
pub(crate) fn total<'t>(terms: impl IntoIterator<Item = Option<Var<'t>>>) -> Option<Var<'t>> {
    terms.into_iter().flatten().reduce(|a, b| a + b)
}

/// A requirement that the operands of an op do not meet.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// The rule that failed.
    pub(crate) rule: Cow<'static, str>,
    /// What the user may have meant. It names the operands by their [`labels`](Op::labels).
    pub(crate) hint: Option<Cow<'static, str>>,
    /// What clashes.
    pub(crate) clash: Vec<Clash>,
}

/// One side of a clash: an axis of an operand, or its dtype. The first number is that of the operand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clash {
    Axis(usize, usize),
    DType(usize),
}

impl Clash {
    pub(crate) fn operand(self) -> usize {
        match self {
            Clash::Axis(operand, _) | Clash::DType(operand) => operand,
        }
    }
}

impl Mismatch {
    #[cold]
    pub(crate) fn new(rule: impl Into<Cow<'static, str>>) -> Mismatch {
        Mismatch { rule: rule.into(), hint: None, clash: Vec::new() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Mismatch {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn clash<const N: usize>(mut self, clash: [Clash; N]) -> Mismatch {
        self.clash.extend(clash);
        self
    }
}

/// The rule that all operands have one dtype, if two of them differ.
pub(crate) fn one_dtype(x: &[&Meta]) -> Result<(), Mismatch> {
    let Some(other) = x.iter().position(|m| m.dtype != x[0].dtype) else { return Ok(()) };
    let mut hint = "convert one side with `.cast(…)`".to_owned();
    if x[0].dtype.is_float() && x[other].dtype.is_float() {
        hint += "; Rust's literals are f64, and `Params::f64()` makes parameters of that type";
    }
    let rule = "all operands have the same dtype; dtypes never mix silently";
    Err(Mismatch::new(rule).hint(hint).clash([Clash::DType(0), Clash::DType(other)]))
}

macro_rules! rules {
    ($($(#[$doc:meta])* $Name:ident $row:tt)*) => {
        impl Op {
            /// The rule of an op; leaves have none.
            pub(crate) fn rule(&self) -> Option<&dyn Rule> {
                Some(match self {
                    Op::Constant | Op::Variable | Op::Parameter(_) | Op::Input(_) | Op::Argument(_) | Op::Full(_) => return None,
                    Op::Unary(op) => op,
                    Op::Binary(op) => op,
                    Op::Compare(op) => op,
                    $(Op::$Name(op) => op,)*
                })
            }
        }
    };
}
op_table!(rules);

impl Op {
    /// The number of floating-point operations: one for each elementwise function, however costly it is; one for each addition
    /// or comparison of a reduction; 2·m·k·n for a product.
    pub(crate) fn flops(&self, x: &[&[usize]], y: &[usize]) -> usize {
        let elements = |shape: &[usize]| shape.iter().product::<usize>();
        match self.structure() {
            Structure::Leaf | Structure::View | Structure::Gather => 0,
            Structure::Map => elements(y),
            Structure::Reduce(_) | Structure::Scan(_) => elements(x[0]),
            Structure::Contract => (2 * elements(y)).saturating_mul(x[0].last().copied().unwrap_or(1)),
            Structure::Opaque(flops) => flops.saturating_mul(elements(y)),
        }
    }
}
