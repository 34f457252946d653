//! Running a program, and what a run gives.

use super::{AnyTensor, Inputs, Program, ProgramError, State};
use crate::dtype::{Data, DataRef, Element, each_dtype};
use crate::error::StepError;
use crate::exec::{Failed, Ran};
use crate::ir::Meta;
use crate::lists::IntoList;
use crate::optimizer::{Optimizer, Prepare, Supply};
use crate::params::{Gradients, Params};
use crate::plan::PlanInput;
use crate::tape::Input;
use ndarray::{ArrayViewD, IxDyn};
use smallvec::SmallVec;

/// The elements of each input; none for an input that was copied.
pub(super) type Pieces<'a> = SmallVec<[Option<DataRef<'a>>; 8]>;

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

impl Program {
    /// Runs the program on inputs, in the order in which they were named. [`Run`] has an example.
    ///
    /// # Errors
    /// If an input is missing, or has another shape or dtype than was traced (the error names it); if parameters or
    /// state belong to something else; if an index is outside of its row.
    pub fn run<'s>(
        &'s self,
        state: &'s mut State,
        params: &Params,
        inputs: impl Inputs,
    ) -> Result<Run<'s>, ProgramError> {
        self.run_first(self.plan.kernels.len(), state, params, &inputs, None)?;
        Ok(Run { program: self, state, streamed: false })
    }

    /// Runs the program and lets an optimiser change the parameters by the gradients; gives the loss, the first output,
    /// as it was before. [`step_outputs`](Program::step_outputs) gives all outputs.
    ///
    /// The optimisers of `optim` take the gradients of large weights as they are computed: these are never stored as a
    /// whole, and [`explain`](Program::explain) tells which. The results are those of [`run`](Program::run) and an update
    /// after it, bit by bit.
    ///
    /// ```
    /// # use autograd::{Gradients, Optimizer, Params, Program, StepError};
    /// # struct Sgd;
    /// # impl Optimizer for Sgd {
    /// #     fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
    /// #         params.each_trained::<f64>(grads, |_, w, g| w.iter_mut().zip(g).for_each(|(w, g)| *w -= 0.25 * g));
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let mut sgd = Sgd;
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, 1.0]);
    /// let program = Program::trace(&params, |t| t.outputs(t.param(w).square().sum()).with_gradients())?;
    /// let mut state = program.state();
    /// let losses = [(); 3].map(|()| program.step(&mut state, &mut params, &mut sgd, ()).unwrap());
    /// assert_eq!(losses, [10.0, 2.5, 0.625]);
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Program::run), and where the optimiser refuses the gradients; then nothing is changed.
    ///
    /// # Panics
    /// If the program was traced without [`with_gradients`](super::Outputs::with_gradients).
    #[track_caller]
    pub fn step(
        &self,
        state: &mut State,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<f64, StepError> {
        self.step_first(state, params, optimizer, &inputs).map(|(loss, _)| loss)
    }

    /// As [`step`](Program::step), and gives all outputs, as they were before the update.
    ///
    /// ```
    /// # use autograd::{Gradients, Optimizer, Params, Program, StepError};
    /// # struct Sgd;
    /// # impl Optimizer for Sgd {
    /// #     fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
    /// #         params.each_trained::<f64>(grads, |_, w, g| w.iter_mut().zip(g).for_each(|(w, g)| *w -= 0.25 * g));
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let mut sgd = Sgd;
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [3.0, 1.0]);
    /// let program = Program::trace(&params, |t| {
    ///     let w = t.param(w);
    ///     t.outputs([w.square().sum(), w.max()]).with_names(["loss", "largest"]).with_gradients()
    /// })?;
    /// let mut state = program.state();
    /// let run = program.step_outputs(&mut state, &mut params, &mut sgd, ()).unwrap();
    /// assert_eq!((run.item("loss"), run.item("largest")), (10.0, 3.0));
    /// let run = program.step_outputs(&mut state, &mut params, &mut sgd, ()).unwrap();
    /// assert_eq!((run.item("loss"), run.item("largest")), (2.5, 1.5));
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Errors
    /// As [`step`](Program::step).
    ///
    /// # Panics
    /// As [`step`](Program::step).
    #[track_caller]
    pub fn step_outputs<'s>(
        &'s self,
        state: &'s mut State,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: impl Inputs,
    ) -> Result<Run<'s>, StepError> {
        let (_, streamed) = self.step_first(state, params, optimizer, &inputs)?;
        Ok(Run { program: self, state, streamed })
    }

    /// A step: the loss, and whether gradients went straight into the update.
    #[inline]
    #[track_caller]
    fn step_first(
        &self,
        state: &mut State,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: &impl Inputs,
    ) -> Result<(f64, bool), StepError> {
        let first = self.plan.kernels.len() - self.plan.streams;
        let ran = self.run_first(first, state, params, inputs, None)?;
        self.check_gradients();
        let accepts = |largest| optimizer.takes_streams(params, Prepare::default(), largest);
        let (grads, workers, streams) = ran.gradients(accepts);
        let streamed = streams.is_some();
        let supply = Supply { workers: Some(workers), streams, ..Supply::default() };
        optimizer.step_from(params, grads, supply)?;
        Ok((grads.loss().expect("a run with gradients has a loss"), streamed))
    }

    /// Runs the kernels, and calls `watch` with the number of each before it, and with their count at the end.
    #[cfg(feature = "clock")]
    pub(super) fn run_watched(
        &self,
        state: &mut State,
        params: &Params,
        inputs: &impl Inputs,
        mut watch: impl FnMut(usize),
    ) -> Result<(), ProgramError> {
        self.run_first(self.plan.kernels.len(), state, params, inputs, Some(&mut watch)).map(|_| ())
    }

    /// Runs the first `kernels` kernels, or the whole program number by number unless somebody watches the kernels.
    #[inline]
    fn run_first<'a>(
        &'a self,
        kernels: usize,
        state: &'a mut State,
        params: &Params,
        inputs: &'a impl Inputs,
        watch: Option<&mut dyn FnMut(usize)>,
    ) -> Result<Ran<'a, 'a>, ProgramError> {
        if !state.machine.is_of(&self.plan) {
            return Err(ProgramError::ForeignState);
        }
        if state.checked != params.layout() {
            self.check_params(params)?;
            state.checked = params.layout();
        }
        let mut pieces = Pieces::new();
        self.bind(state, params, inputs, &mut pieces)?;
        let State { machine, registers, .. } = state;
        let (plan, slab) = (&self.plan, params.slab());
        let mut ran = match &self.small {
            Some(small) if watch.is_none() => small.run(plan, registers, machine, slab, &pieces),
            _ => {
                let ran = match watch {
                    Some(watch) => machine.run(plan, kernels, slab, &pieces, watch),
                    None => machine.run(plan, kernels, slab, &pieces, |_| {}),
                };
                let mut ran = ran.map_err(|failed| self.fault_error(failed))?;
                if self.gradients.is_some() {
                    ran.carry_loss();
                }
                ran
            }
        };
        if self.gradients.is_some() && !self.writes.is_empty() {
            ran.carry_writes(&self.writes);
        }
        Ok(ran)
    }

    #[inline]
    #[track_caller]
    pub(super) fn check_gradients(&self) {
        assert!(
            self.gradients.is_some(),
            "grads: the program gives no gradients\n  hint: end the trace with `t.outputs(loss).with_gradients()`"
        );
    }

    pub(super) fn check_params(&self, params: &Params) -> Result<(), ProgramError> {
        // All that have no parameters are alike.
        let alike = params.dtype() == self.dtype || params.is_empty();
        if params.extent() != self.extent || !alike {
            return Err(ProgramError::ForeignParams { expected: self.elements, given: params.elements() });
        }
        if self.inputs > self.given.len() || !self.writes.is_empty() {
            let buffers = self.traced().filter_map(|input| input.buffer);
            if !buffers.chain(self.writes.iter().copied()).all(|buffer| params.has(buffer)) {
                return Err(ProgramError::ForeignParams {
                    expected: self.elements,
                    given: params.elements(),
                });
            }
        }
        let thawed = || self.frozen.iter().find(|&&p| !params.is_frozen(p));
        match self.gradients.as_ref().and_then(|_| thawed()) {
            Some(&p) => Err(ProgramError::Thawed { parameter: params.name(p).to_owned() }),
            None => Ok(()),
        }
    }

    /// Copies the values of the buffers that the plan reads before the next input that is given: the step may change them
    /// while they are read.
    #[inline]
    fn bind_buffers(&self, state: &mut State, params: &Params, pieces: &mut Pieces<'_>) {
        while pieces.len() < self.inputs {
            let PlanInput::Given(Input { buffer: Some(buffer), .. }) = &self.plan.inputs[pieces.len()] else {
                return;
            };
            let (values, staged) = (params.buffer_data(*buffer), state.machine.staged_mut(pieces.len()));
            if staged.len() == values.len() {
                staged.borrow_mut().copy_from(values);
            } else {
                *staged = values.to_data();
            }
            pieces.push(None);
        }
    }

    /// Checks the inputs. Contiguous inputs are used where they are; the others are copied.
    #[inline]
    pub(super) fn bind<'a>(
        &self,
        state: &mut State,
        params: &Params,
        inputs: &'a impl Inputs,
        pieces: &mut Pieces<'a>,
    ) -> Result<(), ProgramError> {
        let mut wrong = None;
        let mut given = 0;
        let reads_buffers = self.inputs > self.given.len();
        inputs.each(&mut |x| {
            given += 1;
            if given > self.given.len() || wrong.is_some() {
                return;
            }
            if reads_buffers {
                self.bind_buffers(state, params, pieces);
            }
            let (want, elements) = self.input(given - 1);
            let Meta { dtype, shape } = &want.meta;
            // Kernels rely on this, and users may implement the trait.
            let is_whole = |piece: &DataRef<'_>| piece.dtype() == *dtype && piece.len() == elements;
            match x.piece_of(*dtype, shape, elements).filter(is_whole) {
                Some(piece) => pieces.push(Some(piece)),
                None => match bind_other(want, x, state.machine.staged_mut(pieces.len())) {
                    Ok(piece) => pieces.push(piece),
                    Err(error) => wrong = Some(error),
                },
            }
        });
        match wrong {
            Some(error) => Err(error),
            None if given == self.given.len() => {
                if reads_buffers {
                    self.bind_buffers(state, params, pieces);
                }
                Ok(())
            }
            None => {
                let names: Vec<String> = self.given().map(|i| format!("`{}`", i.name)).listed();
                Err(ProgramError::InputCount { expected: self.given.len(), given, names: names.join(", ") })
            }
        }
    }

    fn fault_error(&self, Failed { kernel, fault }: Failed) -> ProgramError {
        let node = self.plan.graph.node(self.plan.kernels[kernel].nodes[0]);
        let (op, site) = (fault.of(node.op.name()), self.plan.graph.scopes.site(&node.origin));
        ProgramError::Fault { op, site, fault }
    }
}

/// Checks an input that is not contiguous with the traced shape. It may be flat, or have to be copied, or be wrong.
#[inline(never)]
fn bind_other<'a>(
    want: &Input,
    x: &'a dyn AnyTensor,
    staged: &mut Data,
) -> Result<Option<DataRef<'a>>, ProgramError> {
    let name = || want.name.clone();
    let Meta { dtype, shape } = &want.meta;
    if x.dtype() != *dtype {
        return Err(ProgramError::InputDType { name: name(), expected: *dtype, given: x.dtype() });
    }
    let elements = shape.elements();
    if !x.fits(shape) && !x.fits(&[elements]) {
        return Err(ProgramError::InputShape {
            name: name(),
            expected: shape.clone(),
            given: x.dimensions(),
        });
    }
    let piece = x.piece();
    if piece.is_none() {
        each_dtype!(Data, &mut *staged, v => v.clear());
        x.copy_to(staged);
    }
    let (given, length) = piece.map_or((staged.dtype(), staged.len()), |piece| (piece.dtype(), piece.len()));
    assert!(
        (given, length) == (*dtype, elements),
        "input `{}`: {length} elements of {given} for {shape} {dtype}\n  rule: a `ToTensor` gives as many elements as its shape has",
        want.name
    );
    Ok(piece)
}

impl<'s> Run<'s> {
    /// What the last run of a state gave.
    pub(super) fn of(program: &'s Program, state: &'s State) -> Run<'s> {
        Run { program, state, streamed: false }
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
