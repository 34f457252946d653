//! The face of an optimiser that updates number by number.

use super::Descent;
use crate::group::Group;
use crate::memory::{Part, Subject};
use crate::{Formula, HyperparameterError, StepError};
use autograd::loops::{Bounds, Prepare, Slices, Supply, UpdateText, Workers, bound as bound_of};
use autograd::printed;
use autograd::{DType, Float, Gradients, Optimizer, OptimizerState, Params, StateError};

impl<F: Formula<S, C>, const S: usize, const C: usize> Optimizer for Descent<F, S, C> {
    fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        self.step_from(params, grads, Supply::default())
    }

    fn step_point(&mut self, point: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        if point.len() != gradient.len() {
            return Err(StepError::LengthMismatch { point: point.len(), gradient: gradient.len() });
        }
        let alone = Workers::default();
        let size = bound_of(gradient, &alone);
        if let Some(element) = gradient.iter().position(|g| !g.is_finite()).filter(|_| !size.is_finite()) {
            let value = gradient[element];
            return Err(StepError::NonFiniteGradient { parameter: "point".to_owned(), element, value });
        }
        self.check(DType::F64)?;
        let subject = Subject::Point(point.len());
        self.memory.check(subject)?;
        if self.memory.subject.is_none() {
            self.memory.grow::<f64>(subject, 1, point.len());
        }
        let now = bound_of(point, &alone);
        self.memory.point = Some((0, Bounds::new(-now, now, f64::MAX)));
        self.memory.parts.clear();
        let (range, t) = (0..point.len(), self.memory.steps[0] + 1);
        self.memory.parts.push(Part { range, t, group: 0, streamed: false });
        let name = |i| ("point".to_owned(), i);
        let results = self.results::<f64>(point, gradient, |_| size, Prepare::default(), name);
        self.memory.bind(results.is_ok());
        let (_, state) = results?;
        self.run::<f64>(point, gradient, |g| g, &alone, &mut None);
        self.memory.steps[0] = t;
        self.memory.bounds = state;
        Ok(())
    }

    fn hyperparameters(&self) -> Vec<(String, f64)> {
        self.groups.iter().flat_map(Group::listed).collect()
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), HyperparameterError> {
        crate::group::set(&mut self.groups, name, value)?;
        (self.checked, self.latest) = (None, None);
        Ok(())
    }

    #[track_caller]
    fn learning_rate(&self) -> f64 {
        self.groups[0].rate().expect("learning_rate: this optimiser has no such hyper-parameter")
    }

    fn state(&self, params: &Params) -> OptimizerState {
        self.to_data(params)
    }

    fn set_state(&mut self, params: &Params, state: &OptimizerState) -> Result<(), StateError> {
        *self = self.with_data(params, state)?;
        Ok(())
    }

    fn update_text(&self, params: &Params) -> Result<UpdateText, &'static str> {
        if self.lazy_rows {
            return Err("it updates rows that gradients name");
        }
        let by_step = |group: &Group<F>| group.formula.by_step().map(Vec::from);
        let coefficients: Option<Vec<_>> = self.groups.iter().map(by_step).collect();
        let body = match params.dtype() {
            DType::F32 => printed::update::<false, S, C>(|c, p, g, s| F::update(c, p, g, s)),
            _ => printed::update::<true, S, C>(|c, p, g, s| F::update(c, p, g, s)),
        };
        Ok(UpdateText {
            body: body.ok_or("its formula has too many numbers")?,
            states: F::STATE.to_vec(),
            coefficients: coefficients.ok_or("its coefficients are not given by step")?,
            groups: crate::group::assign(&self.groups, params).map_err(|_| "a group matches no parameter")?,
            prepare: Prepare::default(),
            clip_norm: f64::INFINITY,
        })
    }

    fn takes_streams(&mut self, params: &Params, prepare: Prepare, size: f64) -> bool {
        fn certain<F: Formula<S, C>, T: Float, const S: usize, const C: usize>(
            descent: &mut Descent<F, S, C>,
            params: &Params,
            size: f64,
        ) -> bool {
            if descent.prepare::<T>(params).is_err() {
                return false; // the step tells why
            }
            descent.bound_point::<T>(params);
            let mut last = None;
            for (&t, &group) in descent.memory.steps.iter().zip(&descent.memory.groups) {
                if last != Some((t, group)) {
                    let (p, state) = descent.bounds::<T>(t + 1, group, size);
                    if !p.is_finite() || !state.iter().all(|bounds| bounds.is_finite()) {
                        return false;
                    }
                }
                last = Some((t, group));
            }
            true
        }
        match params.dtype() {
            DType::F32 => certain::<F, f32, S, C>(self, params, prepare.bound(size)),
            _ => certain::<F, f64, S, C>(self, params, prepare.bound(size)),
        }
    }

    fn slices(&self) -> Slices {
        Slices::Own
    }

    fn step_from(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        supply: Supply<'_>,
    ) -> Result<(), StepError> {
        let is_known = self.knows(params, grads, &supply);
        if !is_known {
            grads.check_for(params)?;
        }
        // Streamed parts are other parts, and rows may be.
        let is_usual = supply.streams.is_none() && grads.layout() != 0;
        self.memory.known = None;
        let done = match params.dtype() {
            DType::F32 => self.step_typed::<f32>(params, grads, supply, is_known),
            _ => self.step_typed::<f64>(params, grads, supply, is_known),
        };
        self.memory.bind(done.is_ok());
        done?;
        self.memory.known = is_usual.then(|| (params.layout(), grads.layout()));
        params.write_back(grads);
        Ok(())
    }
}
