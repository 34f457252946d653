//! What a step refuses of gradients.

use super::NamedTensor;
use crate::dtype::{Float, with_float};
use crate::error::StepError;
use crate::kernels::unordered;
use crate::kernels::workers::Workers;
use crate::params::{Gradients, Param, Params};
use std::ops::Range;

impl Gradients {
    /// Refuses the parameters of another model, and a step that would train nothing.
    #[inline]
    #[doc(hidden)]
    pub fn check_for(&self, params: &Params) -> Result<(), StepError> {
        if !self.belong_to(params) {
            return Err(StepError::ForeignGradients);
        }
        if !self.none_is_meant() && self.trained(params).next().is_none() {
            return Err(StepError::NothingTrained);
        }
        Ok(())
    }

    /// All that a step refuses: gradients of another model, none, ones that are not finite, and a loss that is not.
    #[doc(hidden)]
    pub fn check_step(&self, params: &Params) -> Result<(), StepError> {
        self.check_for(params)?;
        with_float!(params.dtype(), T => {
            if !unordered::bound(self.slab_of::<T>(), &Workers::default()).is_finite() {
                self.check_finite_in::<T>(params, |_| true)?;
            }
        });
        self.check_loss()
    }

    /// Stores the gradient of a parameter, if it fits; else says what would.
    #[doc(hidden)]
    pub fn insert_data(&mut self, params: &Params, param: Param, given: &NamedTensor) -> Result<(), String> {
        let (shape, range) = (params.shape(param), params.range(param));
        if given.shape != *shape || given.data.dtype() != self.dtype() || given.data.len() != range.len() {
            return Err(format!("{shape} {}", self.dtype()));
        }
        let (slab, range) = self.insert(param, range);
        slab.copy_from(range.start, given.data.borrow());
        Ok(())
    }

    /// Refuses a loss that is not finite: after the gradients, whose errors tell more.
    #[inline]
    #[doc(hidden)]
    pub fn check_loss(&self) -> Result<(), StepError> {
        match self.loss() {
            Some(value) if !value.is_finite() => Err(StepError::NonFiniteLoss { value }),
            _ => Ok(()),
        }
    }

    /// Names the first number of the gradients that is not finite, among the parameters that are trained and whose ranges
    /// are `asked` for.
    #[cold]
    #[doc(hidden)]
    pub fn check_finite_in<T: Float>(
        &self,
        params: &Params,
        asked: impl Fn(&Range<usize>) -> bool,
    ) -> Result<(), StepError> {
        for (param, range) in self.trained(params).filter(|(_, range)| asked(range)) {
            let gradient = &self.slab_of::<T>()[range];
            if let Some(element) = gradient.iter().position(|g| !g.is_finite()) {
                let (parameter, value) = (params.name(param).to_owned(), gradient[element].to_f64());
                return Err(StepError::NonFiniteGradient { parameter, element, value });
            }
        }
        Ok(())
    }
}
