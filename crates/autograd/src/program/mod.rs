//! Programs: a computation that is recorded once, planned once and run many times.

mod dot;
mod explain;
mod inputs;
mod jit;
mod nonfinite;
mod outside;
#[cfg(feature = "clock")]
mod profile;
mod report;
mod run;
mod state;
mod steps;

pub use explain::Explanation;
pub use inputs::{AnyTensor, Inputs};
pub use jit::{BoxedJit, Jit};
#[cfg(feature = "clock")]
pub use profile::Profile;
pub use run::{OutputKey, Run};
pub use state::State;
pub use steps::TrainingSteps;

use crate::dtype::DType;
pub(crate) use crate::error::ProgramError;
use crate::exec::Small;
use crate::grad::parameter_gradients;
use crate::ir::{Meta, NodeId};
use crate::lists::IntoList;
use crate::mistake::Mistake;
use crate::params::{Buffer, Extent, Gradients, Param, Params};
use crate::plan::{Graph, Passes, Plan, PlanInput, RecordedInput, Verified, plan};
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

/// What a traced computation gives: made by [`Tape::outputs`].
#[derive(Debug)]
pub struct Outputs {
    nodes: Vec<NodeId>,
    /// As many as nodes, or none.
    names: Vec<String>,
    /// Number of elements and type of the first, and what it is.
    first: Option<(usize, DType, String)>,
    gradients: bool,
    none_is_meant: bool,
    /// How many bytes the buffers may take.
    budget: Option<usize>,
}

impl Outputs {
    /// Also gives the gradients of the first output, the loss, with respect to every parameter that was read and is
    /// not frozen: [`Run::grads`]. They are recorded by the same sweep as [`Var::grad`](Var::grad), and planned together
    /// with what they are gradients of.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let mut params = Params::f64();
    /// let (a, b) = (params.scope("m").param("a", [], 3.0), params.scope("m").param("b", [], 4.0));
    /// params.set_frozen(b, true);
    /// let program = Program::trace(&params, |t| t.outputs(t.param(a) * b).with_gradients())?;
    /// let mut state = program.state();
    /// let grads = program.run(&mut state, &params, ())?.grads();
    /// assert_eq!((grads.get::<f64>(a), grads.get::<f64>(b)), (Some(&[4.0][..]), None));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Panics
    /// If the first output has more than one element, or no floating-point dtype.
    #[track_caller]
    pub fn with_gradients(mut self) -> Outputs {
        let rule = "gradients are those of one F32 or F64 number";
        match &self.first {
            Some((1, dtype, _)) if dtype.is_float() => {}
            Some((n, dtype, text)) => {
                Mistake::new(format!("with_gradients: the first output has {n} elements of {dtype}"))
                    .line("y", text)
                    .rule(rule)
                    .hint("reduce the first output with `.sum()` or `.mean()`")
                    .raise()
            }
            None => Mistake::new("with_gradients: the first output is missing").rule(rule).raise(),
        }
        self.gradients = true;
        self
    }

    /// As [`with_gradients`](Outputs::with_gradients), and says that it is meant if the loss depends on no parameter that is
    /// trained: a step then changes no parameter, and is no error.
    ///
    /// # Panics
    /// As [`with_gradients`](Outputs::with_gradients).
    #[track_caller]
    pub fn with_gradients_or_none(self) -> Outputs {
        Outputs { none_is_meant: true, ..self.with_gradients() }
    }

    /// Lets the buffers between kernels take at most so many bytes ([`Explanation::memory`]): of what the gradients read, some
    /// values are not kept but computed again. As little as fits is recomputed, and [`explain`](Program::explain) tells how much
    /// that is. No bit of a result changes.
    ///
    /// The first output is the loss; what it is computed from is cut into segments, of which the values between are kept. A chain
    /// of n layers so needs the memory of about 2·√n. [`Tape::checkpoint`] says by hand what to compute again. Source:
    /// T. Chen and others, "Training deep nets with sublinear memory cost", 2016.
    ///
    /// ```
    /// use autograd::{Params, Program, ProgramError};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [32, 32], 0.1);
    /// let trace = |budget: usize| {
    ///     Program::trace(&params, |t| {
    ///         let x = (0..64).fold(t.input("x", [500, 32]), |x, _| x.matmul(w).tanh());
    ///         t.outputs(x.square().mean()).with_gradients().within_memory(budget)
    ///     })
    /// };
    /// let (roomy, tight) = (trace(usize::MAX)?, trace(4_000_000)?);
    /// assert!(roomy.explain().memory() > 8_000_000 && tight.explain().memory() <= 4_000_000);
    /// println!("{}", tight.explain());
    /// assert!(matches!(trace(1000), Err(ProgramError::Budget { budget: 1000, .. })));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    pub fn within_memory(mut self, bytes: usize) -> Outputs {
        self.budget = Some(bytes);
        self
    }

    /// The same with a name for each output, by which a [`Run`] gives it too.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let params = Params::f64();
    /// let program = Program::trace(&params, |t| {
    ///     let x = t.input("x", [4]);
    ///     t.outputs([x.mean(), x.max()]).with_names(["mean", "largest"])
    /// })?;
    /// let mut state = program.state();
    /// let run = program.run(&mut state, &params, ([1.0, 2.0, 3.0, 6.0],))?;
    /// assert_eq!((run.item("mean"), run.item("largest")), (3.0, 6.0));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Panics
    /// If there are more or fewer names than outputs, or two are equal.
    #[track_caller]
    pub fn with_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Outputs {
        self.names = names.into_iter().map(Into::into).listed();
        assert!(
            self.names.len() == self.nodes.len(),
            "with_names: {} names for {} outputs",
            self.names.len(),
            self.nodes.len()
        );
        for (i, name) in self.names.iter().enumerate() {
            assert!(!self.names[..i].contains(name), "with_names: `{name}` stands twice");
        }
        self
    }
}

/// One or more variables: `Var`, an array or slice of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of outputs",
    label = "neither a `Var` nor an array, `Vec` or slice of them",
    note = "several outputs are an array: `t.outputs([loss, accuracy])`"
)]
pub trait Vars<'t> {
    /// All of them, in order.
    fn list(&self) -> &[Var<'t>];
}
impl<'t> Vars<'t> for Var<'t> {
    fn list(&self) -> &[Var<'t>] {
        std::slice::from_ref(self)
    }
}
impl<'t, const N: usize> Vars<'t> for [Var<'t>; N] {
    fn list(&self) -> &[Var<'t>] {
        self
    }
}
impl<'t> Vars<'t> for Vec<Var<'t>> {
    fn list(&self) -> &[Var<'t>] {
        self
    }
}
impl<'t> Vars<'t> for &[Var<'t>] {
    fn list(&self) -> &[Var<'t>] {
        self
    }
}

impl<'p> Tape<'p> {
    /// An input of a traced computation, of the parameters' dtype: its values come with each run, in the order in which
    /// the inputs are named.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let params = Params::f64();
    /// let program = Program::trace(&params, |t| t.outputs(t.input("x", [2]) * t.input("scale", [])))?;
    /// let mut state = program.state();
    /// assert_eq!(program.run(&mut state, &params, ([1.0, 2.0], 10.0))?.slice::<f64>(0), [10.0, 20.0]);
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Panics
    /// If the tape is not one that [`Program::trace`] gives, or there is an input of this name.
    #[track_caller]
    pub fn input<'t>(&'t self, name: &str, shape: impl Into<Shape>) -> Var<'t>
    where
        'p: 't,
    {
        let dtype = self.params().map_or(DType::F64, Params::dtype);
        self.input_of(name, dtype, shape)
    }

    /// As [`input`](Tape::input), of any dtype: labels are `I64`, masks `Bool`.
    ///
    /// ```
    /// use autograd::{DType, Params, Program};
    /// let params = Params::f64();
    /// let program = Program::trace(&params, |t| {
    ///     let (scores, labels) = (t.input("scores", [2, 3]), t.input_of("labels", DType::I64, [2]));
    ///     t.outputs(scores.pick(labels))
    /// })?;
    /// let mut state = program.state();
    /// let run = program.run(&mut state, &params, ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [2i64, 0]))?;
    /// assert_eq!(run.slice::<f64>(0), [3.0, 4.0]);
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Panics
    /// As [`input`](Tape::input).
    #[track_caller]
    pub fn input_of<'t>(&'t self, name: &str, dtype: DType, shape: impl Into<Shape>) -> Var<'t>
    where
        'p: 't,
    {
        let shape = shape.into();
        crate::record::check_size("input", &shape);
        let id = self.list_mut().input(name, Meta::new(shape, dtype));
        Var::new(self, id)
    }

    /// An input that is a [`Key`](crate::Key) of random numbers: each run brings its own.
    ///
    /// ```
    /// use autograd::{Key, Params, Program};
    /// let params = Params::f64();
    /// let program = Program::trace(&params, |t| t.outputs(t.input_key("key").uniform([3])))?;
    /// let mut state = program.state();
    /// let first = program.run(&mut state, &params, (Key::new(1),))?.slice::<f64>(0).to_vec();
    /// assert_eq!(program.run(&mut state, &params, (Key::new(1),))?.slice::<f64>(0), first);
    /// assert_ne!(program.run(&mut state, &params, (Key::new(2),))?.slice::<f64>(0), first);
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Panics
    /// As [`input`](Tape::input).
    #[track_caller]
    pub fn input_key<'t>(&'t self, name: &str) -> Var<'t>
    where
        'p: 't,
    {
        self.input_of(name, DType::I64, [2])
    }

    /// What a traced computation gives when it runs: one variable or several, read from the [`Run`] by number, or by
    /// [name](Outputs::with_names).
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let params = Params::f64();
    /// let program = Program::trace(&params, |t| {
    ///     let x = t.input("x", [4]);
    ///     t.outputs([x.mean(), x.max()])
    /// })?;
    /// let mut state = program.state();
    /// let run = program.run(&mut state, &params, ([1.0, 2.0, 3.0, 6.0],))?;
    /// assert_eq!((run.item(0), run.item(1)), (3.0, 6.0));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Panics
    /// If one is on another tape, or the tape is not one that [`Program::trace`] gives.
    #[track_caller]
    pub fn outputs<'t>(&'t self, outputs: impl Vars<'t>) -> Outputs {
        if !self.list().is_traced() {
            Mistake::new("outputs: on an eager tape")
                .rule("outputs belong to a traced computation, which computes them in each run")
                .hint("use the tape that `Program::trace(&params, |t| …)` gives; an eager value is there: read it")
                .raise();
        }
        let outputs = outputs.list();
        for x in outputs {
            if !std::ptr::eq(x.address(), self.address()) {
                x.mistake("outputs", "a variable of another tape", "x")
                    .rule("a program gives what was recorded on its own tape")
                    .raise();
            }
        }
        Outputs {
            nodes: outputs.iter().map(|x| x.id()).listed(),
            names: vec![],
            first: outputs.first().map(|x| (x.shape().elements(), x.dtype(), x.describe())),
            gradients: false,
            none_is_meant: false,
            budget: None,
        }
    }
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

    /// The plan, as data, for crates that run or print it in another way.
    #[doc(hidden)]
    pub fn plan(&self) -> &Verified<Plan> {
        &self.plan
    }

    /// What was traced, before any pass. The first results are the outputs of the trace.
    #[doc(hidden)]
    pub fn recorded(&self) -> &Graph {
        &self.recorded
    }

    /// What the input of a number reads, in the recorded list.
    #[doc(hidden)]
    pub fn recorded_input(&self, number: u32) -> RecordedInput<'_> {
        (&self.plan.inputs[number as usize]).into()
    }

    /// The state that a run changes, each with the number of the result, among those of the plan, that becomes its values.
    #[doc(hidden)]
    pub fn written(&self) -> impl Iterator<Item = (Buffer, usize)> {
        self.writes.iter().enumerate().map(|(i, &buffer)| (buffer, self.outputs + i))
    }

    /// Gradients of 0 for the parameters that a run computes gradients of; none if it was traced without.
    #[doc(hidden)]
    pub fn zero_gradients(&self) -> Option<Gradients> {
        self.gradients.as_ref().map(|_| self.empty_gradients())
    }

    /// Whether a run gives gradients.
    #[doc(hidden)]
    pub fn gives_gradients(&self) -> bool {
        self.gradients.is_some()
    }

    /// Whether the parameters are those that it was traced for.
    ///
    /// # Errors
    /// As [`run`](Program::run), which asks the same first.
    #[doc(hidden)]
    pub fn check(&self, params: &Params) -> Result<(), ProgramError> {
        self.check_params(params)
    }

    /// The parameters that a step with these parameters changes, and their parts of the slab. None if the program has no gradients.
    #[doc(hidden)]
    pub fn trained(&self, params: &Params) -> Option<Vec<(Param, Range<usize>)>> {
        let all = self.gradients.as_ref()?.iter();
        Some(all.filter(|(param, _)| !params.is_frozen(*param)).cloned().collect())
    }

    /// Whether a step writes state that is not trained.
    #[doc(hidden)]
    pub fn writes_state(&self) -> bool {
        !self.writes.is_empty()
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
