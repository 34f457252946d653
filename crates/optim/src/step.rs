//! The step of an optimiser. It checks everything first. Then it updates the slab, one part with equal step counts at a time.

use crate::error::{self, HyperparameterError, StepError};
use crate::loops::{all_finite, share, update};
use crate::memory::{Part, Subject};
use crate::rule::Rule;
use autograd::loops::{Streams, Workers};
use autograd::{DType, Float, Gradients, Params};
use std::ops::Range;

/// An optimiser: updates parameters by their gradients.
///
/// Implemented by [`Sgd`](crate::Sgd), [`Momentum`](crate::Momentum) and [`Adam`](crate::Adam). An optimiser belongs to the
/// model or the point of its first step.
pub trait Optimizer: Rule + Sized {
    /// Updates every parameter that has a gradient and is not frozen. The others and their step counts do not change.
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
        step(self, params, grads, &Workers::default(), None)
    }

    /// Updates a point by its gradient, such as the argument of a function that is minimised.
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
        if !all_finite(&Workers::default(), gradient) {
            check_finite(gradient, "point")?;
        }
        let mut memory = self.core_mut().take_memory(Subject::Point(point.len()))?;
        memory.grow::<f64>(1, point.len(), Self::SLABS);
        let t = memory.advance(0);
        share::<f64, Self>(&self.at(t), &Workers::default(), point, gradient, memory.part(0..point.len()));
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

/// Implements [`Optimizer`] for a type with its core in a field `core`.
macro_rules! optimizer {
    ($Optimizer:ident) => {
        impl $crate::rule::HasCore for $Optimizer {
            fn core(&self) -> &$crate::rule::Core {
                &self.core
            }
            fn core_mut(&mut self) -> &mut $crate::rule::Core {
                &mut self.core
            }
        }
        impl $crate::step::Optimizer for $Optimizer {}
        /// What [`Program::step`](autograd::Program::step) calls.
        impl autograd::Update for $Optimizer {
            type Error = $crate::error::StepError;
            fn update(
                &mut self,
                params: &mut autograd::Params,
                grads: &autograd::Gradients,
            ) -> Result<(), Self::Error> {
                $crate::step::Optimizer::step(self, params, grads)
            }
            const STREAMS: bool = true;
            fn update_from(
                &mut self,
                params: &mut autograd::Params,
                grads: &autograd::Gradients,
                workers: &autograd::loops::Workers,
                streams: Option<autograd::loops::Streams<'_>>,
            ) -> Result<(), Self::Error> {
                $crate::step::step(self, params, grads, workers, streams)
            }
        }
    };
}
pub(crate) use optimizer;

pub(crate) fn step<R: Rule>(
    rule: &mut R,
    params: &mut Params,
    grads: &Gradients,
    workers: &Workers,
    streams: Option<Streams<'_>>,
) -> Result<(), StepError> {
    if !grads.belong_to(params) {
        return Err(StepError::ForeignGradients);
    }
    match params.dtype() {
        DType::F32 => step_typed::<f32, R>(rule, params, grads, workers, streams),
        _ => step_typed::<f64, R>(rule, params, grads, workers, streams),
    }
}

fn step_typed<T: Float, R: Rule>(
    rule: &mut R,
    params: &mut Params,
    grads: &Gradients,
    workers: &Workers,
    mut streams: Option<Streams<'_>>,
) -> Result<(), StepError> {
    let gradient = grads.slab_of::<T>();
    // Usually one pass over the slab shows that all gradients are finite.
    if streams.is_some() || !all_finite(workers, gradient) {
        check_all_finite(workers, params, grads, gradient, &streams)?;
    }
    let mut memory = rule.core_mut().take_memory(Subject::Model(params.id(), params.dtype()))?;
    memory.grow::<T>(params.len(), params.elements(), R::SLABS);
    let mut parts = memory.take_parts();
    for (p, range) in grads.trained(params) {
        let (t, streamed) = (memory.advance(p.index()), is_streamed(&streams, &range));
        match parts.last_mut() {
            Some(part) if part.goes_on(t, streamed, &range) => part.range.end = range.end,
            _ => parts.push(Part { range, t, streamed }),
        }
    }
    for Part { range, t, streamed } in &parts {
        let (point, memory) = (&mut params.slab_mut::<T>()[range.clone()], memory.part(range.clone()));
        let by = rule.at::<T>(*t);
        match &mut streams {
            Some(streams) if *streamed => streams.update(
                range,
                point,
                memory,
                #[inline(always)]
                |point, gradient, memory| update::<T, R>(&by, point, gradient, memory),
            ),
            _ => share::<T, R>(&by, workers, point, &gradient[range.clone()], memory),
        }
    }
    memory.keep_parts(parts);
    rule.core_mut().memory = Some(memory);
    Ok(())
}

/// Whether the gradient of a part of the slab is still to come.
#[inline]
fn is_streamed(streams: &Option<Streams<'_>>, range: &Range<usize>) -> bool {
    streams.as_ref().is_some_and(|streams| streams.contain(range))
}

/// Refuses gradients that are not finite, except those that are still to come.
fn check_all_finite<T: Float>(
    workers: &Workers,
    params: &Params,
    grads: &Gradients,
    gradient: &[T],
    streams: &Option<Streams<'_>>,
) -> Result<(), StepError> {
    let (mut start, mut finite) = (0, true);
    for (_, range) in grads.trained(params).filter(|(_, range)| is_streamed(streams, range)) {
        finite &= all_finite(workers, &gradient[start..range.start]);
        start = range.end;
    }
    if finite && all_finite(workers, &gradient[start..]) {
        return Ok(());
    }
    let mut others = grads.trained(params).filter(|(_, range)| !is_streamed(streams, range));
    others.try_for_each(|(p, range)| check_finite(&gradient[range], params.name(p)))
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
