//! Automatic differentiation on a tape: gradients of any order.
//!
//! Recording a computation gives a list of nodes. Eager values are computed while it is recorded. Gradients come from a
//! backward sweep, which appends adjoint nodes to the same list, and Jacobian-vector products from a forward sweep.
//!
//! ```
//! use autograd::Tape;
//! let tape = Tape::new();
//! let (x, w) = (tape.var(2.0), tape.var(-0.5));
//! let y = (x * w + 1.0).sigmoid();              // Var is Copy: no clone, no &, no ?
//! let [dx, dw] = y.grad([x, w]);                // again Vars: differentiate them again if you like
//! assert_eq!((y.item(), dx.item(), dw.item()), (0.5, -0.125, 0.5));
//! let [second] = dw.grad([x]);                  // ∂²y/∂w∂x
//! assert_eq!(second.item(), 0.25);
//! ```
//!
//! A computation that runs many times can become a [`Program`]. It is traced once from the same code, without values, then
//! simplified and fused into a few kernels. It runs in its own buffers without allocations, on any number of threads.
//!
//! ```
//! use autograd::{Params, Program};
//! let mut params = Params::f64();
//! let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
//! let program = Program::trace(&params, |t| {
//!     let (x, y) = (t.input("x", [2, 2]), t.input("y", [2, 1]));
//!     t.outputs((x.matmul(w) - y).square().sum()).with_gradients()
//! })?;
//! let mut state = program.state();
//! let run = program.run(&mut state, &params, ([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0]))?;
//! assert_eq!((run.item(0), run.grads().get::<f64>(w)), (5.0, Some(&[-14.0, -20.0][..])));
//! # Ok::<(), autograd::ProgramError>(())
//! ```
//!
//! The main types: [`Tape`] records, [`Var`] is a value on a tape, and [`Params`] holds the parameters of a model. [`Program`]
//! runs a traced computation; [`Program::explain`] shows its plan, and [`Jit`] handles inputs of several shapes.
//! [`check_grads`] checks gradients, and [`check_params`] those of a model. [`Tape::listing`] prints a tape, [`Tape::drawing`]
//! draws it with values and gradients, and [`Var::steps`] goes through both one node at a time.
//!
//! # Features
//! Both are on by default, and neither changes a result: `threads` lets kernels use several threads, `clock` adds the method
//! `profile` to [`Program`].

mod buffers;
mod call;
mod check;
mod code;
mod composed;
mod dense;
mod derivation;
mod dtype;
mod error;
mod exec;
mod few;
mod finite;
mod formula;
mod grad;
mod ir;
mod jvp;
mod kernels;
mod key;
mod lists;
mod math;
mod mistake;
mod number;
mod op;
mod ops;
mod optimizer;
mod oracle;
mod origin;
mod pages;
mod params;
mod philox;
mod plan;
#[doc(hidden)]
pub mod printed;
mod program;
mod reachable;
mod record;
mod rows;
pub mod scalar;
mod scratch;
mod shape;
mod show;
mod slab;
mod symbol;
mod table;
mod tape;
mod target;
mod taylor;
mod tensor;
#[cfg(test)]
mod tests;
mod text;
pub mod transform;
mod tree;
mod var;
mod view;

/// Fast loops over slices, for the other crates of the workspace.
#[doc(hidden)]
pub mod loops {
    pub use crate::exec::Streams;
    pub use crate::formula::Bounds;
    pub use crate::kernels::simd::{limit_vectors, widest};
    pub use crate::kernels::unordered::bound;
    pub use crate::kernels::workers::Workers;
    pub use crate::optimizer::{Coefficient, Prepare, Slices, Supply, UpdateText};
    pub use crate::slab::Slab;
}

/// Functions with derivatives of your own.
///
/// | what | how |
/// |---|---|
/// | an elementwise function, by value and slope | [`elementwise!`](crate::elementwise), one line |
/// | any other, by value and rule over variables | [`Function`](custom::Function), called by [`Var::call`] |
/// | what a function uses around it, as operands | [`Closed`](custom::Closed), by [`Tape::close`] |
/// | what is no composition of ops | [`Loops`](custom::Loops), called by [`Var::by_loops`] within a function's value |
pub mod custom {
    pub use crate::ops::{Closed, Elementwise, Function, Loops, Point, each, like};
}

/// Plans as data, for other crates of the workspace that run or print them in another way: [`Program::plan`].
///
/// Only the verifier makes a [`Verified`](planned::Verified) plan, and nobody changes one.
///
/// ```compile_fail,E0451
/// let plan = autograd::planned::Verified { inner: 1, seal: panic!() };
/// ```
///
/// ```compile_fail,E0596
/// use autograd::{Params, Program};
/// let program = Program::trace(&Params::f32(), |t| t.outputs(t.input("x", [2]).exp())).unwrap();
/// program.plan().kernels.clear();
/// ```
#[doc(hidden)]
pub mod planned {
    pub use crate::code::{Act, Arithmetic, Code, Extent, How, Joint, MemoryView, Read, Slot, Step, Write};
    pub use crate::dtype::DataRef;
    pub use crate::exec::Addresses;
    pub use crate::ir::{
        Attending, Beside, Binary, Body, Compare, Custom, Family, FftPlan, Held, Op, Piece, Ports, Sliding,
        Structure, Unary,
    };
    pub use crate::kernels::attention::AttentionOrder;
    pub use crate::kernels::conv::WeightOrder;
    pub use crate::plan::body;
    pub use crate::plan::{
        Contents, Graph, Kernel, Memory, Plan, RecordedInput, RecordedNode, Verified, Work,
    };
    pub use crate::tree::{Order, RUN, chain_length};
}

pub use call::Fault;
pub use check::{Comparison, GradientMismatch, check_grads, check_params, compare};
pub use derivation::{Derivation, Detail};
pub use dtype::{DType, Data, Element, Float};
pub use error::{HyperparameterError, ProgramError, StepError};
pub use finite::NonFinite;
pub use grad::value_and_grad;
pub use key::Key;
pub use mistake::Mistake;
/// The crate of the arrays that go in and come out: [`ToTensor`], [`Var::to_array`], [`Run::get`]. A program that names its
/// types through here has them in the version that this crate takes.
///
/// ```
/// use autograd::{Tape, ndarray::arr2};
/// let tape = Tape::new();
/// assert_eq!(tape.constant(&arr2(&[[1.0, 2.0]])).sum().item(), 3.0);
/// ```
pub use ndarray;
pub use number::{Literal, Num, Number};
pub use ops::{AttentionForm, Group, Triangle};
pub use optimizer::{NamedTensor, Optimizer, OptimizerState, StateError};
pub use oracle::Replay;
pub use params::{Buffer, Gradients, Initial, Param, Params, Scope};
pub use plan::Passes;
#[cfg(feature = "clock")]
pub use program::Profile;
pub use program::{
    AnyTensor, BoxedJit, Explanation, Inputs, Jit, OutputKey, Outputs, Program, Run, State, TrainingSteps,
    Vars,
};
pub use shape::Shape;
pub use show::{
    Drawing, Excerpt, Listing, Step, StepKind, StepOperand, StepPhase, StepReceipt, StepTerm, Steps, Summary,
    SummaryRow, TapeStats,
};
pub use tape::{Storage, Tape, Within};
pub use tensor::ToTensor;
#[cfg(feature = "fft")]
pub use var::FftNorm;
pub use var::{
    Bag, Border, ConvForm, Interpolation, Keep, Operand, PerAxis, PoolForm, Quantile, ScatterReduce, ToAxes,
    Var,
};
