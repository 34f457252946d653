//! Programs: a computation that is recorded once, planned once and run many times.

mod dot;
mod explain;
mod inputs;
mod jit;
mod nonfinite;
mod outputs;
mod outside;
#[cfg(feature = "clock")]
mod profile;
mod report;
mod result;
mod run;
mod state;
mod steps;

pub use explain::Explanation;
pub use inputs::{AnyTensor, Inputs};
pub use jit::{BoxedJit, Jit};
pub use outputs::{Outputs, Vars};
#[cfg(feature = "clock")]
pub use profile::Profile;
pub use result::{OutputKey, Run};
pub use state::State;
pub use steps::TrainingSteps;

use crate::dtype::DType;
pub(crate) use crate::error::ProgramError;
use crate::exec::Small;
use crate::grad::parameter_gradients;
use crate::ir::NodeId;
use crate::lists::IntoList;
use crate::params::{Buffer, Extent, Gradients, Param, Params};
use crate::plan::{Graph, Passes, Plan, PlanInput, Verified, plan};
use crate::shape::Shape;
use crate::tape::Tape;
use crate::var::Var;
use std::ops::Range;

/// A computation that was traced from ordinary model code, planned, and runs without an allocation.
///
/// It is immutable, `Send` and `Sync`; who runs it holds a [`State`] with the buffers. The parameters are read where they
/// are. What varies from step to step (data, labels, a learning rate) is an input.
///
/// ```
/// use autograd::{Params, Program};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2, 1], [1.0, -1.0]);
/// let step = Program::trace(&params, |t| {
///     let (x, y) = (t.input("x", [3, 2]), t.input("y", [3, 1]));
///     let loss = (x.matmul(w) - y).square().mean();
///     t.outputs(loss).with_gradients()
/// })?;
/// let mut state = step.state();
/// for _ in 0..100 {
///     let out = step.run(&mut state, &params, ([[1.0, 2.0], [3.0, 4.0], [5.0, 5.0]], [0.5, 0.5, 0.0]))?;
///     let slope = out.grads().get::<f64>(w).unwrap().to_vec();
///     params.get_mut::<f64>(w).iter_mut().zip(slope).for_each(|(w, g)| *w -= 0.02 * g);
/// }
/// # Ok::<(), autograd::ProgramError>(())
/// ```
#[derive(Debug)]
pub struct Program {
    pub(crate) plan: Verified<Plan>,
    /// The same number by number, where no value has more than a few.
    small: Option<Small>,
    /// What was traced, before any pass.
    recorded: Graph,
    /// Whose parameters it reads, of which type, and how many numbers the slab has.
    owner: u32,
    dtype: DType,
    elements: usize,
    /// The parameters that there were.
    extent: Extent,
    /// For each input that is given, its number among those of the plan, and how many elements it has.
    given: Vec<(u32, usize)>,
    /// How many inputs are given or read from buffers: the first ones of the plan.
    inputs: usize,
    /// How many of the plan's outputs are those of the trace; the others are written to buffers.
    outputs: usize,
    writes: Vec<Buffer>,
    /// The names of the outputs, or none.
    names: Vec<String>,
    gradients: Option<Vec<(Param, Range<usize>)>>,
    none_is_meant: bool,
    /// The parameters that the trace read and that were frozen: they have no gradient.
    frozen: Vec<Param>,
    /// All parameters, in the order of the slab.
    parameters: Vec<Parameter>,
}

/// What reports tell of a parameter.
#[derive(Debug)]
struct Parameter {
    name: String,
    shape: Shape,
    range: Range<usize>,
}

impl Program {
    /// Records what `f` does with the tape it is given, and plans it. `f` runs once, and no value is computed.
    ///
    /// # Errors
    /// If the plan needs more memory than can be addressed.
    ///
    /// # Panics
    /// Where recording does; and if `f` reads a value, which does not exist yet: choose with
    /// [`select`](Var::select), or make it an output.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, -1.0]);
    /// let program = Program::trace(&params, |t| {
    ///     let x = t.input("x", [2]) * w;
    ///     t.outputs(x.gt(0.0).select(x, x * 0.1).sum()) // what an `if` would do, for every element
    /// })?;
    /// assert_eq!(program.run(&mut program.state(), &params, ([1.0, 10.0],))?.item(0), 2.0);
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    #[track_caller]
    pub fn trace(
        params: &Params,
        f: impl for<'t> FnOnce(&'t Tape<'t>) -> Outputs,
    ) -> Result<Program, ProgramError> {
        Program::trace_with(Passes::all(), params, f)
    }

    /// As [`trace`](Program::trace), with a choice of [`Passes`]: its example compares two.
    ///
    /// # Errors
    /// As [`trace`](Program::trace).
    ///
    /// # Panics
    /// As [`trace`](Program::trace).
    #[track_caller]
    pub fn trace_with(
        passes: Passes,
        params: &Params,
        f: impl for<'t> FnOnce(&'t Tape<'t>) -> Outputs,
    ) -> Result<Program, ProgramError> {
        let tape = Tape::traced(params);
        let outputs = f(&tape);
        let mut nodes = outputs.nodes;
        let count = nodes.len();
        let (writes, written): (Vec<Buffer>, Vec<NodeId>) = tape.list().written().unzip();
        nodes.extend(written);
        let frozen = tape.list().parameters().map(|(p, _)| p).filter(|&p| params.is_frozen(p)).listed();
        let mut gradients = None;
        if outputs.gradients {
            let found = parameter_gradients(Var::new(&tape, nodes[0]), params);
            nodes.extend(found.iter().map(|(_, id)| *id));
            gradients = Some(found.iter().map(|&(p, _)| (p, params.range(p))).listed());
        }
        let inputs = tape.list().traced_inputs().len();
        let elements = |number: u32| {
            let list = tape.list();
            let input = &list.traced_inputs()[number as usize];
            input.buffer.is_none().then(|| (number, input.meta.shape.elements()))
        };
        let given = (0..inputs as u32).filter_map(elements).listed();
        let ranges: Vec<Range<usize>> =
            gradients.iter().flatten().map(|(_, range): &(Param, Range<usize>)| range.clone()).listed();
        let parameter = |p: Param| {
            let (name, shape) = (params.name(p).to_owned(), params.shape(p).clone());
            Parameter { name, shape, range: params.range(p) }
        };
        let mut recorded = Graph::of(tape, nodes);
        let plan = plan(recorded.draft(), params, &ranges, passes, outputs.budget);
        let small = if passes.has("numbers") { Small::of(&plan, |p| params.range(p)) } else { None };
        let program = Program {
            plan,
            small,
            recorded,
            owner: params.id(),
            dtype: params.dtype(),
            elements: params.elements(),
            extent: params.extent(),
            given,
            inputs,
            outputs: count,
            writes,
            names: outputs.names,
            gradients,
            none_is_meant: outputs.none_is_meant,
            frozen,
            parameters: params.iter().map(parameter).listed(),
        };
        let (bytes, least) = (program.memory(), program.plan.buffer_bytes());
        match outputs.budget {
            _ if bytes > isize::MAX as u128 => Err(ProgramError::Memory { bytes }),
            Some(budget) if least > budget => Err(ProgramError::Budget { budget, least }),
            _ => Ok(program),
        }
    }

    /// How many kernels one run takes; [`explain`](Program::explain) tells which.
    pub fn kernels(&self) -> usize {
        self.plan.kernels.len()
    }

    /// Name, shape and dtype of each input, in order.
    ///
    /// ```
    /// use autograd::{DType, Params, Program, Shape};
    /// let program = Program::trace(&Params::f32(), |t| t.outputs(t.input("x", [2, 3]).exp()))?;
    /// assert_eq!(program.inputs().next(), Some(("x", &Shape::from([2, 3]), DType::F32)));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &Shape, DType)> {
        self.given().map(|input| (input.name.as_str(), &input.meta.shape, input.meta.dtype))
    }

    /// Name, shape and dtype of each output, in order; no name where the trace gives none.
    ///
    /// ```
    /// use autograd::{DType, Params, Program, Shape};
    /// let program = Program::trace(&Params::f32(), |t| {
    ///     t.outputs(t.input("x", [2, 3]).exp()).with_names(["y"])
    /// })?;
    /// assert_eq!(program.outputs().next(), Some((Some("y"), &Shape::from([2, 3]), DType::F32)));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    pub fn outputs(&self) -> impl Iterator<Item = (Option<&str>, &Shape, DType)> {
        let outputs = self.plan.outputs[..self.outputs].iter().enumerate();
        outputs.map(|(i, y)| (self.names.get(i).map(String::as_str), &y.shape, y.dtype))
    }

    /// Buffers to run in, for as many threads as the machine has. Make one for each user of the program, and keep it.
    ///
    /// # Panics
    /// If the memory for them cannot be had.
    #[track_caller]
    pub fn state(&self) -> State {
        State::new(self)
    }

    /// The inputs in order, as they were traced.
    fn given(&self) -> impl Iterator<Item = &crate::tape::Input> {
        (0..self.given.len()).map(|i| self.input(i).0)
    }

    /// The inputs that are given or read from buffers.
    fn traced(&self) -> impl Iterator<Item = &crate::tape::Input> {
        self.plan.inputs[..self.inputs].iter().map(|input| match input {
            PlanInput::Given(input) => input,
            PlanInput::Constant(_) => unreachable!("the inputs of each run come first"),
        })
    }

    /// An input that is given, and how many elements it has.
    #[inline]
    fn input(&self, i: usize) -> (&crate::tape::Input, usize) {
        let (number, elements) = self.given[i];
        match &self.plan.inputs[number as usize] {
            PlanInput::Given(input) => (input, elements),
            PlanInput::Constant(_) => unreachable!("the inputs of each run come first"),
        }
    }

    fn empty_gradients(&self) -> Gradients {
        let empty = Gradients::of(self.owner, self.dtype, self.elements, self.gradients.as_deref());
        if self.none_is_meant { empty.or_none() } else { empty }
    }
}
