//! A loss of parameters and data, and the ways to run a step of it.

use super::{Run, Show, Step};
use ndarray::ArrayD;
use std::hint::black_box;
use wengert::autograd::{AnyTensor, Element};
use wengert::emit::native::Compiler;
use wengert::prelude::*;

/// A model with its loss, written once for every way to run it.
pub(super) trait Model: 'static {
    /// The data, which vary from step to step.
    type Batch: Batch;
    /// The loss of a batch that was recorded.
    fn loss<'t>(&self, tape: &'t Tape<'t>, batch: <Self::Batch as Batch>::Vars<'t>) -> Var<'t>;
}

/// The arrays that a step reads.
pub(super) trait Batch: 'static {
    /// Their nodes.
    type Vars<'t>;
    /// Records their values.
    fn record<'t>(&self, tape: &'t Tape<'t>) -> Self::Vars<'t>;
    /// Records inputs for such arrays.
    fn declare<'t>(&self, tape: &'t Tape<'t>) -> Self::Vars<'t>;
    /// Passes them to a run.
    fn give<R>(&self, run: impl FnOnce(&[&dyn AnyTensor]) -> R) -> R;
}

macro_rules! batch {
    ($(($($A:ident)*))*) => {
        $(impl<$($A: Element),*> Batch for ($(ArrayD<$A>,)*) {
            type Vars<'t> = ($(batch!(@var $A 't),)*);
            #[allow(non_snake_case, clippy::unused_unit, reason = "one variable per type; there may be none")]
            fn record<'t>(&self, _tape: &'t Tape<'t>) -> Self::Vars<'t> {
                let ($($A,)*) = self;
                ($(_tape.constant($A),)*)
            }
            #[allow(non_snake_case, clippy::unused_unit, reason = "one variable per type; there may be none")]
            fn declare<'t>(&self, _tape: &'t Tape<'t>) -> Self::Vars<'t> {
                let ($($A,)*) = self;
                ($(_tape.input_of(stringify!($A), $A::DTYPE, $A.shape()),)*)
            }
            #[allow(non_snake_case, reason = "one variable per type")]
            fn give<R>(&self, run: impl FnOnce(&[&dyn AnyTensor]) -> R) -> R {
                let ($($A,)*) = self;
                run(&[$($A as &dyn AnyTensor),*])
            }
        })*
    };
    (@var $A:ident $t:lifetime) => { Var<$t> };
}
batch! { () (A) (A B) (A B C) }

/// A model at the start of its training.
pub(super) struct Setup<M: Model, O = Sgd> {
    pub(super) model: M,
    pub(super) params: Params,
    pub(super) batch: M::Batch,
    /// Without one, the step ends with the gradients.
    pub(super) optimizer: Option<O>,
}

/// Optimisers that workloads train with: on a GPU, those that it can.
#[cfg(feature = "cuda")]
pub(super) use super::device::Steps;
#[cfg(not(feature = "cuda"))]
pub(super) trait Steps: Optimizer {}
#[cfg(not(feature = "cuda"))]
impl<O: Optimizer> Steps for O {}

impl<M: Model, O: Steps + 'static> Setup<M, O> {
    /// Every way to run the step.
    pub(super) fn runs(make: fn() -> Setup<M, O>) -> Vec<Run> {
        vec![
            Run::new("program-1t", move || make().program(1)),
            Run::new("program-2t", move || make().program(2)),
            Run::new("program-4t", move || make().program(4)),
            Run::new("eager-1t", move || make().eager()),
            #[cfg(feature = "cuda")]
            Run {
                device: Some(Box::new(make)),
                ..Run::new("gpu", || unreachable!("it is asked for its device"))
            },
        ]
    }

    /// The step recorded and planned once.
    fn program(self, threads: usize) -> Step {
        let Setup { model, mut params, batch, mut optimizer } = self;
        let program = Program::trace(&params, |tape| {
            tape.outputs(model.loss(tape, batch.declare(tape))).with_gradients()
        });
        let program = program.expect("a plan");
        let mut state = program.state().with_threads(threads);
        Box::new(move |show| match &mut optimizer {
            Some(optimizer) => {
                let loss = batch.give(|inputs| program.step(&mut state, &mut params, optimizer, inputs));
                loss.expect("finite gradients")
            }
            None => {
                let run = batch.give(|inputs| program.run(&mut state, &params, inputs)).expect("a run");
                shown(show, run.item(0), black_box(run.grads()))
            }
        })
    }

    /// The step compiled by the machine's C compiler.
    pub(super) fn native(self) -> Step {
        let Setup { model, mut params, batch, mut optimizer } = self;
        let program = Program::trace(&params, |tape| {
            tape.outputs(model.loss(tape, batch.declare(tape))).with_gradients()
        });
        let native = Compiler::default().compile(program.expect("a plan")).expect("a C compiler");
        let mut state = native.state();
        Box::new(move |show| match &mut optimizer {
            Some(optimizer) => {
                let loss = batch.give(|inputs| native.step(&mut state, &mut params, optimizer, inputs));
                loss.expect("finite gradients")
            }
            None => {
                let run = batch.give(|inputs| native.run(&mut state, &params, inputs)).expect("a run");
                shown(show, run.item(0), black_box(run.grads()))
            }
        })
    }

    /// The step recorded anew each time.
    fn eager(self) -> Step {
        let Setup { model, mut params, batch, mut optimizer } = self;
        let mut storage = Storage::default();
        Box::new(move |show| {
            let tape = Tape::reusing(std::mem::take(&mut storage), &params);
            let loss = model.loss(&tape, batch.record(&tape));
            let (value, grads) = (loss.item(), loss.backward());
            storage = tape.into_storage();
            if let Some(optimizer) = &mut optimizer {
                optimizer.step(&mut params, &grads).expect("finite gradients");
            }
            shown(show, value, &black_box(grads))
        })
    }
}

fn shown(show: Show, loss: f64, grads: &Gradients) -> f64 {
    match (show, grads.dtype()) {
        (Show::Loss, _) => loss,
        (_, DType::F32) => grads.slab_of::<f32>().iter().map(|&g| f64::from(g)).sum(),
        _ => grads.slab_of::<f64>().iter().sum(),
    }
}
