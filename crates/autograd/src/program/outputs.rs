//! What a traced computation takes and gives: inputs by name, outputs, and what is asked of them.

use crate::dtype::DType;
use crate::ir::{Meta, NodeId};
use crate::lists::IntoList;
use crate::mistake::Mistake;
use crate::params::Params;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::var::Var;

/// What a traced computation gives: made by [`Tape::outputs`].
#[derive(Debug)]
pub struct Outputs {
    pub(super) nodes: Vec<NodeId>,
    /// As many as nodes, or none.
    pub(super) names: Vec<String>,
    /// Number of elements and type of the first, and what it is.
    pub(super) first: Option<(usize, DType, String)>,
    pub(super) gradients: bool,
    pub(super) none_is_meant: bool,
    /// How many bytes the buffers may take.
    pub(super) budget: Option<usize>,
}

impl Outputs {
    /// Also gives the gradients of the first output, the loss, with respect to every parameter that was read and is
    /// not frozen: [`Run::grads`](crate::Run::grads). They are recorded by the same sweep as [`Var::grad`](Var::grad), and planned together
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

    /// Lets the buffers between kernels take at most so many bytes ([`Explanation::memory`](crate::Explanation::memory)): of what the gradients read, some
    /// values are not kept but computed again. As little as fits is recomputed, and [`explain`](crate::Program::explain) tells how much
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

    /// The same with a name for each output, by which a [`Run`](crate::Run) gives it too.
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
    /// If the tape is not one that [`Program::trace`](crate::Program::trace) gives, or there is an input of this name.
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

    /// What a traced computation gives when it runs: one variable or several, read from the [`Run`](crate::Run) by number, or by
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
    /// If one is on another tape, or the tape is not one that [`Program::trace`](crate::Program::trace) gives.
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
