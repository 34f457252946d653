//! What a run gives.

use super::{Program, State};
use crate::dtype::{DataRef, Element};
use crate::params::{Gradients, Params};
use ndarray::{ArrayViewD, IxDyn};

/// The results of a run, in the buffers of the state, which it borrows until they have been read.
///
/// ```
/// use autograd::{Params, Program};
/// let params = Params::f64();
/// let program = Program::trace(&params, |t| {
///     let x = t.input("x", [2, 2]);
///     t.outputs([x.t(), x.sum()])
/// })?;
/// let mut state = program.state();
/// let run = program.run(&mut state, &params, ([[1.0, 2.0], [3.0, 4.0]],))?;
/// assert_eq!(run.get::<f64>(0)[[0, 1]], 3.0);          // an array view of the output's shape
/// assert_eq!(run.slice::<f64>(0), [1.0, 3.0, 2.0, 4.0]); // its elements
/// assert_eq!(run.item(1), 10.0);                       // the only element
/// # Ok::<(), autograd::ProgramError>(())
/// ```
#[derive(Debug)]
pub struct Run<'s> {
    program: &'s Program,
    state: &'s State,
    /// Whether gradients went straight into an update.
    streamed: bool,
}

/// Names an output of a [`Run`]: by number, or by name where [`Outputs::with_names`](super::Outputs::with_names) gave one.
pub trait OutputKey: sealed::OutputNumber {}
impl OutputKey for usize {}
impl OutputKey for &str {}

mod sealed {
    use super::Program;

    pub trait OutputNumber {
        /// The number of the output.
        fn number(self, program: &Program) -> usize;
    }

    impl OutputNumber for usize {
        #[inline]
        #[track_caller]
        fn number(self, program: &Program) -> usize {
            let count = program.outputs;
            assert!(self < count, "output {self} does not exist: the program has {count}");
            self
        }
    }

    impl OutputNumber for &str {
        #[track_caller]
        fn number(self, program: &Program) -> usize {
            let names: Vec<String> = match program.names.iter().position(|name| name == self) {
                Some(number) => return number,
                None => program.names.iter().map(|name| format!("`{name}`")).collect(),
            };
            assert!(
                !names.is_empty(),
                "output `{self}` does not exist: no output has a name\n  hint: `t.outputs(…).with_names([…])`"
            );
            panic!("output `{self}` does not exist: the program has {}", names.join(", "))
        }
    }
}

impl<'s> Run<'s> {
    /// What the last run of a state gave, and whether gradients went straight into an update.
    pub(super) fn of(program: &'s Program, state: &'s State, streamed: bool) -> Run<'s> {
        Run { program, state, streamed }
    }

    /// An output of one element, as `f64`.
    ///
    /// # Panics
    /// If there is no such output, or it has not exactly one element.
    #[inline]
    #[track_caller]
    pub fn item(&self, output: impl OutputKey) -> f64 {
        let output = output.number(self.program);
        let (shape, data) = self.output(output);
        let n: usize = shape.iter().product();
        assert!(
            n == 1,
            "item: output {output} has {n} elements\n  rule: exactly one element can be read as a number\n  hint: read all with `.get::<f64>({output})`"
        );
        crate::plan::number(data)
    }

    /// An output as an array view.
    ///
    /// # Panics
    /// If there is no such output, or `T` is not the type of its elements.
    #[track_caller]
    pub fn get<T: Element>(&self, output: impl OutputKey) -> ArrayViewD<'s, T> {
        let output = output.number(self.program);
        let shape = self.output(output).0;
        ArrayViewD::from_shape(IxDyn(shape), self.slice(output)).expect("an output is contiguous")
    }

    /// The elements of an output, row-major.
    ///
    /// # Panics
    /// As [`get`](Run::get).
    #[track_caller]
    pub fn slice<T: Element>(&self, output: impl OutputKey) -> &'s [T] {
        let output = output.number(self.program);
        let (shape, data) = self.output(output);
        assert!(
            data.dtype() == T::DTYPE,
            "output {output} is {}, asked for as {}\n  hint: read it as it is, or record a `.cast(…)`",
            data.dtype(),
            T::DTYPE
        );
        &T::slice(data)[..shape.iter().product()]
    }

    /// The gradients of the first output with respect to the parameters, laid out as the slab.
    ///
    /// # Panics
    /// If the program was traced without [`with_gradients`](super::Outputs::with_gradients); and after a step that took
    /// gradients as they were computed, which are stored nowhere.
    #[inline]
    #[track_caller]
    pub fn grads(&self) -> &'s Gradients {
        self.program.check_gradients();
        assert!(
            !self.streamed,
            "grads: {} of the gradients went straight into the update\n  rule: a step does not store the gradients of large weights\n  hint: call `program.run(…)`, read them, and then `optimizer.step(…)`",
            self.program.plan.streams
        );
        self.state.machine.gradients()
    }

    /// Stores what the program wrote to [buffers](crate::Buffer): where no optimiser makes the step.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let mut params = Params::f64();
    /// let average = params.scope("run").buffer("average", [2], 0.0);
    /// let program = Program::trace(&params, |t| {
    ///     t.write(average, t.buffer(average) * 0.5 + t.input("x", [2]) * 0.5);
    ///     t.outputs(t.buffer(average).sum())
    /// })?;
    /// let mut state = program.state();
    /// program.run(&mut state, &params, ([2.0, 4.0],))?.write_back(&mut params);
    /// assert_eq!(params.buffer_values::<f64>(average), [1.0, 2.0]);
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Panics
    /// If `params` does not hold the buffers.
    #[track_caller]
    pub fn write_back(&self, params: &mut Params) {
        for (i, &buffer) in self.program.writes.iter().enumerate() {
            let (shape, values) = self.output(self.program.outputs + i);
            params.store(buffer, values.first(shape.iter().product()));
        }
    }

    /// Shape and memory of an output that exists.
    #[inline]
    fn output(&self, output: usize) -> (&'s [usize], DataRef<'s>) {
        let view = &self.program.plan.outputs[output];
        (&view.shape, self.state.machine.output(&self.program.plan, view))
    }
}
