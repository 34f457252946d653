//! Running a program.

use super::{AnyTensor, Inputs, Program, ProgramError, Run, State};
use crate::dtype::{Data, DataRef, each_dtype};
use crate::error::StepError;
use crate::exec::{Failed, Ran};
use crate::ir::Meta;
use crate::lists::IntoList;
use crate::optimizer::{Optimizer, Prepare, Supply};
use crate::params::Params;
use crate::plan::PlanInput;
use crate::tape::Input;
use smallvec::SmallVec;

/// The elements of each input; none for an input that was copied.
pub(super) type Pieces<'a> = SmallVec<[Option<DataRef<'a>>; 8]>;

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
        self.run_first(self.plan.kernels.len(), true, state, params, &inputs, None)?;
        Ok(Run::of(self, state, false))
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
        self.step_first(false, state, params, optimizer, &inputs).map(|(loss, _)| loss)
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
        let (_, streamed) = self.step_first(true, state, params, optimizer, &inputs)?;
        Ok(Run::of(self, state, streamed))
    }

    /// A step: the loss, and whether gradients went straight into the update. Outputs are there only if somebody `reads` them.
    #[inline]
    #[track_caller]
    fn step_first(
        &self,
        reads: bool,
        state: &mut State,
        params: &mut Params,
        optimizer: &mut (impl Optimizer + ?Sized),
        inputs: &impl Inputs,
    ) -> Result<(f64, bool), StepError> {
        let first = self.plan.kernels.len() - self.plan.streams;
        let ran = self.run_first(first, reads, state, params, inputs, None)?;
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
        self.run_first(self.plan.kernels.len(), true, state, params, inputs, Some(&mut watch)).map(|_| ())
    }

    /// Runs the first `kernels` kernels, or the whole program number by number unless somebody watches the kernels.
    #[inline]
    fn run_first<'a>(
        &'a self,
        kernels: usize,
        reads: bool,
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
            Some(small) if watch.is_none() => {
                let reads = reads || !self.writes.is_empty();
                small.run(reads, plan, registers, machine, slab, &pieces)
            }
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
