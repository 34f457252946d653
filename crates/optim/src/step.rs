//! The step: checks first, then the slab by its rule, as long parts at a time as share a step number.

use crate::error::{self, HyperparameterError, StepError};
use crate::memory::{Memory, Slabs, Subject};
use autograd::loops::{Workers, widest};
use autograd::{DType, Float, Gradients, Params};
use std::ops::Range;

/// What every optimiser has beside hyper-parameters of its own.
#[derive(Clone, Debug)]
pub struct Core {
    pub(crate) learning_rate: f64,
    /// Taken out for the time of a step, since the rule reads its hyper-parameters beside it: in a box, which moves easily.
    memory: Option<Box<Memory>>,
}

impl Core {
    pub(crate) fn new(rate: f64) -> Result<Core, HyperparameterError> {
        Ok(Core { learning_rate: error::learning_rate(rate)?, memory: None })
    }

    /// The memory, unless it is of another subject.
    fn take_memory(&mut self, subject: Subject) -> Result<Box<Memory>, StepError> {
        self.memory.get_or_insert_default().check(subject)?;
        Ok(self.memory.take().expect("it is there"))
    }
}

/// Access to the core.
pub trait HasCore {
    /// The core.
    fn core(&self) -> &Core;
    /// The core, to be changed.
    fn core_mut(&mut self) -> &mut Core;
}

macro_rules! has_core {
    ($($Optimizer:ident)*) => {
        $(impl HasCore for crate::$Optimizer {
            fn core(&self) -> &Core {
                &self.core
            }
            fn core_mut(&mut self) -> &mut Core {
                &mut self.core
            }
        }
        /// What [`Program::step`](autograd::Program::step) calls.
        impl autograd::Update for crate::$Optimizer {
            type Error = StepError;
            fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
                self.step(params, grads)
            }
            fn update_on(
                &mut self,
                workers: &Workers,
                params: &mut Params,
                grads: &Gradients,
            ) -> Result<(), StepError> {
                step(self, workers, params, grads)
            }
        })*
    };
}
has_core! { Sgd Momentum Adam }

/// How numbers are updated, each by its own gradient. Sealed: the methods of [`Optimizer`] are what is public.
pub trait Rule: HasCore + Sync {
    /// How many slabs of memory the rule needs.
    const SLABS: usize;
    /// The update of a part of the slab in its step number `t` (from 1).
    fn update<T: autograd::Float>(&self, t: u64, point: &mut [T], gradient: &[T], memory: [&mut [T]; 2]);
}

/// An optimiser: updates parameters by their gradients.
///
/// Implemented by [`Sgd`](crate::Sgd), [`Momentum`](crate::Momentum) and [`Adam`](crate::Adam). An optimiser is for
/// one model or one point: what it remembers belongs to that.
pub trait Optimizer: Rule + Sized {
    /// Updates every parameter that has a gradient and is not frozen. The others stay, and so do their counters.
    ///
    /// # Errors
    /// If a gradient is not finite (which parameter, which element), or the gradients are of another model, or the
    /// optimiser is another model's. Then nothing is changed.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// use optim::{Optimizer, Sgd, StepError};
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [2], [1.0, 0.0]);
    /// let mut sgd = Sgd::new(0.5)?;
    /// let grads = Tape::with(&params).param(w).ln().sum().backward();
    /// let error = sgd.step(&mut params, &grads).unwrap_err();
    /// assert!(error.to_string().starts_with("the gradient of `net.w` is inf at element 1: nothing was changed"));
    /// assert_eq!(params.get::<f64>(w), [1.0, 0.0]);
    /// # Ok::<(), optim::HyperparameterError>(())
    /// ```
    fn step(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        step(self, &Workers::default(), params, grads)
    }

    /// Updates a bare point, such as the argument of a function to be minimised, by its gradient.
    ///
    /// # Errors
    /// If the gradient is not finite or not as long as the point, or the optimiser was used for something else.
    ///
    /// ```
    /// use optim::{Momentum, Optimizer};
    /// let mut point = [3.0, 2.0];
    /// let mut momentum = Momentum::new(0.1, 0.9)?;
    /// for _ in 0..200 {
    ///     let gradient = [2.0 * point[0], 2.0 * point[1]]; // of x² + y²
    ///     momentum.step_point(&mut point, &gradient)?;
    /// }
    /// assert!(point[0].hypot(point[1]) < 1e-3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn step_point(&mut self, point: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        if point.len() != gradient.len() {
            return Err(StepError::LengthMismatch { point: point.len(), gradient: gradient.len() });
        }
        if !is_finite(gradient) {
            check_finite(gradient, "point")?;
        }
        let mut memory = self.core_mut().take_memory(Subject::Point(point.len()))?;
        memory.grow::<f64>(1, point.len(), Self::SLABS);
        let t = memory.advance(0);
        self.update(t, point, gradient, memory.part(0..point.len()));
        self.core_mut().memory = Some(memory);
        Ok(())
    }

    /// The learning rate η.
    fn learning_rate(&self) -> f64 {
        self.core().learning_rate
    }

    /// Changes the learning rate from the next step on.
    ///
    /// # Errors
    /// If it is negative or not finite.
    fn set_learning_rate(&mut self, rate: f64) -> Result<(), HyperparameterError> {
        self.core_mut().learning_rate = error::learning_rate(rate)?;
        Ok(())
    }
}

fn step<R: Rule>(
    rule: &mut R,
    workers: &Workers,
    params: &mut Params,
    grads: &Gradients,
) -> Result<(), StepError> {
    if !grads.belong_to(params) {
        return Err(StepError::ForeignGradients);
    }
    match params.dtype() {
        DType::F32 => step_typed::<f32, R>(rule, workers, params, grads),
        _ => step_typed::<f64, R>(rule, workers, params, grads),
    }
}

fn step_typed<T: Slabs, R: Rule>(
    rule: &mut R,
    workers: &Workers,
    params: &mut Params,
    grads: &Gradients,
) -> Result<(), StepError> {
    // One pass over the slab says that all is well, as it nearly always is; only else each tensor is looked at.
    let gradient = grads.slab_of::<T>();
    if !all_finite(workers, gradient) {
        for (p, range) in grads.trained(params) {
            check_finite(&gradient[range], params.name(p))?;
        }
    }
    let mut memory = rule.core_mut().take_memory(Subject::Model(params.id(), params.dtype()))?;
    memory.grow::<T>(params.len(), params.elements(), R::SLABS);
    let mut parts = memory.take_parts();
    for (p, range) in grads.trained(params) {
        let t = memory.advance(p.index());
        match parts.last_mut() {
            Some(part) if part.t == t && part.range.end == range.start => part.range.end = range.end,
            _ => parts.push(Part { range, t }),
        }
    }
    for part in &parts {
        part.update(rule, workers, params.slab_mut::<T>(), gradient, &mut memory);
    }
    memory.keep_parts(parts);
    rule.core_mut().memory = Some(memory);
    Ok(())
}

/// Tensors that follow each other in the slab and have been updated equally often.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    range: Range<usize>,
    t: u64,
}

impl Part {
    fn update<T: Slabs>(
        &self,
        rule: &impl Rule,
        workers: &Workers,
        point: &mut [T],
        gradient: &[T],
        memory: &mut Memory,
    ) {
        let (point, gradient) = (&mut point[self.range.clone()], &gradient[self.range.clone()]);
        let memory = memory.part(self.range.clone());
        if workers.threads() == 1 || point.len() <= ALONE {
            return rule.update(self.t, point, gradient, memory);
        }
        share(rule, self.t, workers, point, gradient, memory);
    }
}

/// So many numbers one thread updates alone.
const ALONE: usize = 1 << 13;

/// The most pieces that a part is cut into.
const PIECES: usize = 64;

/// Shares the work out in pieces. Each number has an update of its own, so that it does not matter where the cuts are.
fn share<T: Float>(
    rule: &impl Rule,
    t: u64,
    workers: &Workers,
    point: &mut [T],
    gradient: &[T],
    memory: [&mut [T]; 2],
) {
    let size = point.len().div_ceil(PIECES).max(ALONE).next_multiple_of(LANES);
    let [mut m, mut v] = memory.map(|slab| slab.chunks_mut(size));
    let points = point.chunks_mut(size).zip(gradient.chunks(size));
    // A rule that remembers nothing has no slab to cut.
    let mut pieces =
        points.map(|(x, g)| (x, g, [m.next().unwrap_or_default(), v.next().unwrap_or_default()]));
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| pieces.next());
    workers.each_of(&mut pieces, |piece| {
        if let Some((point, gradient, memory)) = piece.take() {
            rule.update(t, point, gradient, memory);
        }
    });
}

/// Whether all numbers are finite: many of them are looked at by several threads.
fn all_finite<T: Float>(workers: &Workers, numbers: &[T]) -> bool {
    if workers.threads() == 1 || numbers.len() <= ALONE {
        return is_finite(numbers);
    }
    let size = numbers.len().div_ceil(PIECES).max(ALONE).next_multiple_of(LANES);
    let mut pieces = numbers.chunks(size);
    let mut pieces: [_; PIECES] = std::array::from_fn(|_| (pieces.next().unwrap_or_default(), true));
    workers.each_of(&mut pieces, |(piece, finite)| *finite = is_finite(piece));
    pieces.iter().all(|(_, finite)| *finite)
}

/// Numbers that are looked at side by side.
const LANES: usize = 32;

/// Whether all numbers are finite: x·0 is 0 for those and NaN for others, so that one sum tells.
fn is_finite<T: Float>(numbers: &[T]) -> bool {
    let zero = T::default();
    let (rows, rest) = numbers.as_chunks::<LANES>();
    let mut tail = zero;
    for &x in rest {
        tail = tail + x * zero;
    }
    if rows.is_empty() {
        return tail == zero;
    }
    let lanes = widest(
        #[inline(always)]
        || {
            let mut lanes = [zero; LANES];
            for row in rows {
                for i in 0..LANES {
                    lanes[i] = lanes[i] + row[i] * zero;
                }
            }
            lanes
        },
    );
    lanes.iter().fold(tail, |sum, &x| sum + x) == zero
}

/// Names the first element that is not finite.
#[cold]
fn check_finite<T: Float>(gradient: &[T], name: &str) -> Result<(), StepError> {
    match gradient.iter().position(|g| !g.is_finite()) {
        None => Ok(()),
        Some(element) => Err(StepError::NonFiniteGradient {
            parameter: name.to_owned(),
            element,
            value: gradient[element].to_f64(),
        }),
    }
}

/// Runs a loop over so many elements, where they are many with the widest vectors of this CPU. The loop takes its slices
/// by value: behind a reference they would be looked up again for each element.
#[inline(always)]
pub(crate) fn fast(elements: usize, body: impl FnOnce()) {
    if elements < LANES { body() } else { widest(body) }
}
