//! Many steps in one call.

use super::{Inputs, Program, State};
use crate::error::StepError;
use crate::optimizer::Optimizer;
use crate::params::Params;

impl Program {
    /// A [step](Program::step) for each of the batches, one after the other: an iterator that makes a step when it is asked for the
    /// next loss, so that each can be looked at, and the loop be left at any. The bits are those of as many single steps.
    ///
    /// A batch is what [`step`](Program::step) takes: a tuple of tensors, such as slices of a large array. It costs no allocation.
    ///
    /// ```
    /// # use autograd::{Gradients, Optimizer, Params, Program, StepError};
    /// # struct Sgd;
    /// # impl Optimizer for Sgd {
    /// #     fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
    /// #         params.each_trained::<f64>(grads, |_, w, g| w.iter_mut().zip(g).for_each(|(w, g)| *w -= 0.05 * g));
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let mut sgd = Sgd;
    /// let mut params = Params::f64();
    /// let w = params.scope("neuron").param("w", [2], [0.0, 0.0]);
    /// let program = Program::trace(&params, |t| {
    ///     let (x, y) = (t.input("x", [2]), t.input("y", []));
    ///     t.outputs(((x * w).sum() - y).square()).with_gradients()
    /// })?;
    /// let (xs, ys) = ([1.0, 0.0, 0.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0]);
    /// let samples = xs.chunks(2).zip(ys);
    /// let mut state = program.state();
    /// // All of an epoch; the last loss.
    /// let loss = program.steps(&mut state, &mut params, &mut sgd, samples.clone()).last();
    /// assert!(loss.unwrap()? < 9.0);
    /// // Or with an eye on each.
    /// for (i, loss) in program.steps(&mut state, &mut params, &mut sgd, samples.cycle()).enumerate() {
    ///     if loss? < 1e-6 || i == 1000 {
    ///         break;
    ///     }
    /// }
    /// assert!((params.get::<f64>(w)[1] - 2.0).abs() < 0.1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The iterator gives those of [`step`](Program::step). A step that fails changes nothing, and the next goes on behind it.
    ///
    /// # Panics
    /// As [`step`](Program::step).
    #[track_caller]
    pub fn steps<'a, O: Optimizer + ?Sized, B: IntoIterator<Item: Inputs>>(
        &'a self,
        state: &'a mut State,
        params: &'a mut Params,
        optimizer: &'a mut O,
        batches: B,
    ) -> TrainingSteps<'a, O, B::IntoIter> {
        self.check_gradients();
        TrainingSteps { program: self, state, params, optimizer, batches: batches.into_iter() }
    }
}

/// Steps that are made when they are asked for: what [`Program::steps`] gives.
#[derive(Debug)]
#[must_use = "a step is made when the iterator is asked for its loss"]
pub struct TrainingSteps<'a, O: ?Sized, B> {
    program: &'a Program,
    state: &'a mut State,
    params: &'a mut Params,
    optimizer: &'a mut O,
    batches: B,
}

impl<O: Optimizer + ?Sized, B: Iterator<Item: Inputs>> Iterator for TrainingSteps<'_, O, B> {
    type Item = Result<f64, StepError>;

    #[inline]
    fn next(&mut self) -> Option<Result<f64, StepError>> {
        let inputs = self.batches.next()?;
        Some(self.program.step(self.state, self.params, self.optimizer, inputs))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.batches.size_hint()
    }
}
