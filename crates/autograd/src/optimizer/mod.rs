//! What changes parameters by their gradients.

mod arithmetic;
mod checks;
mod clip;
mod memory;
mod supply;
mod text;

pub use memory::{NamedTensor, OptimizerState, StateError};
pub use supply::{Prepare, Slices, Supply};
pub use text::{Coefficient, UpdateText};

use crate::error::{HyperparameterError, StepError};
use crate::params::{Gradients, Params};

/// An optimiser: changes parameters by their gradients.
///
/// The crate `optim` has many; a user's own one writes [`update`](Optimizer::update) alone. The trait is object-safe, so
/// that a program can choose one when it runs, as `Box<dyn Optimizer>`.
///
/// ```
/// use autograd::{Gradients, Optimizer, Params, StepError, Tape};
/// /// p ← p − η·sign g.
/// struct SignDescent(f64);
/// impl Optimizer for SignDescent {
///     fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
///         params.each_trained::<f64>(grads, |_, values, gradient| {
///             values.iter_mut().zip(gradient).for_each(|(p, g)| *p -= self.0 * g.signum());
///         });
///         Ok(())
///     }
/// }
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, -1.0]);
/// let mut optimizer: Box<dyn Optimizer> = Box::new(SignDescent(0.5));
/// let grads = Tape::with(&params).param(w).square().sum().backward();
/// optimizer.step(&mut params, &grads)?;
/// assert_eq!(params.get::<f64>(w), [2.5, -0.5]);
/// # Ok::<(), StepError>(())
/// ```
pub trait Optimizer {
    /// Changes the parameters that are [trained](Params::each_trained) by these gradients, which belong to them and are
    /// finite: [`step`](Optimizer::step) has checked it.
    ///
    /// # Errors
    /// If the optimiser refuses them. Then it has changed nothing.
    fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError>;

    /// Updates every parameter that has a gradient and is not frozen, and writes back the state that the step
    /// [wrote](crate::Tape::write). Other parameters do not change.
    ///
    /// # Errors
    /// If the loss or a gradient is not finite (which parameter, which element); if a result would not be; if no trained
    /// parameter has a gradient; if the gradients are of another model, or the optimiser is another model's. Then nothing
    /// is changed.
    fn step(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        self.step_from(params, grads, Supply::default())
    }

    /// Updates a point by its gradient, such as the argument of a function that is minimised.
    ///
    /// # Errors
    /// If the gradient is not finite or not as long as the point, or the optimiser was used for something else, or it
    /// needs the tensors of a model.
    fn step_point(&mut self, point: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        let _ = (point, gradient);
        Err(StepError::Refused(
            "this optimiser updates the parameters of a model, not a bare point".to_owned(),
        ))
    }

    /// The hyper-parameters, by name; none where an optimiser keeps them to itself.
    fn hyperparameters(&self) -> Vec<(String, f64)> {
        vec![]
    }

    /// Changes a hyper-parameter from the next step on.
    ///
    /// # Errors
    /// If there is none of this name, or the value is outside of its range.
    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), HyperparameterError> {
        Err(HyperparameterError {
            name: name.to_owned().into(),
            value,
            expected: "a hyper-parameter that exists",
        })
    }

    /// The learning rate η: the hyper-parameter `learning_rate`.
    ///
    /// # Panics
    /// If the optimiser has none.
    #[track_caller]
    fn learning_rate(&self) -> f64 {
        let mut all = self.hyperparameters().into_iter();
        let found = all.find(|(name, _)| name == "learning_rate");
        found.expect("learning_rate: this optimiser has no such hyper-parameter").1
    }

    /// Changes the learning rate from the next step on.
    ///
    /// # Errors
    /// As [`set_hyperparameter`](Optimizer::set_hyperparameter).
    fn set_learning_rate(&mut self, rate: f64) -> Result<(), HyperparameterError> {
        self.set_hyperparameter("learning_rate", rate)
    }

    /// What the optimiser remembers, as data: hyper-parameters, counters and slabs, by the names of the parameters. With
    /// [`set_state`](Optimizer::set_state), an optimiser of the same kind goes on from there, to the same bits.
    fn state(&self, params: &Params) -> OptimizerState {
        let _ = params;
        OptimizerState { numbers: self.hyperparameters(), ..OptimizerState::default() }
    }

    /// Takes over what an optimiser of the same kind remembered for a model with these names.
    ///
    /// # Errors
    /// If something in it is unknown, or of another shape. Then nothing is changed.
    fn set_state(&mut self, params: &Params, state: &OptimizerState) -> Result<(), StateError> {
        let _ = params;
        memory::numbers_only(state)?;
        for (name, value) in &state.numbers {
            self.set_hyperparameter(name, *value)?;
        }
        Ok(())
    }

    /// The update as text, for a printer of programs.
    ///
    /// # Errors
    /// Why it has none.
    #[doc(hidden)]
    fn update_text(&self, params: &Params) -> Result<UpdateText, &'static str> {
        let _ = params;
        Err("its update is not the formula of one number")
    }

    /// Whether gradients can be taken as they are computed, each while its own parameter is updated, if none is larger
    /// than `largest`: the update of a number depends on nothing else, and its results are certainly finite.
    #[doc(hidden)]
    fn takes_streams(&mut self, params: &Params, prepare: Prepare, largest: f64) -> bool {
        let _ = (params, prepare, largest);
        false
    }

    /// Whether a slice of the parameters can be updated alone, as a model of its own in which a parameter is the part of it that
    /// lies in the slice.
    #[doc(hidden)]
    fn slices(&self) -> Slices {
        Slices::Refused
    }

    /// The step, with threads to share the work with, gradients that are still to be computed, and what is to be done with
    /// each gradient first. No result depends on how they are supplied.
    #[doc(hidden)]
    fn step_from(
        &mut self,
        params: &mut Params,
        grads: &Gradients,
        supply: Supply<'_>,
    ) -> Result<(), StepError> {
        // Before a limit hides what is not finite; and after, because a scale may overflow.
        grads.check_step(params)?;
        if supply.prepare.is_nothing() {
            self.update(params, grads)?;
        } else {
            let prepared = supply.prepare.of_all(grads);
            prepared.check_step(params)?;
            self.update(params, &prepared)?;
        }
        params.write_back(grads);
        Ok(())
    }
}

macro_rules! forward {
    ($Pointer:ty) => {
        impl<O: Optimizer + ?Sized> Optimizer for $Pointer {
            fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
                (**self).update(params, grads)
            }
            fn step(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
                (**self).step(params, grads)
            }
            fn step_point(&mut self, point: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
                (**self).step_point(point, gradient)
            }
            fn hyperparameters(&self) -> Vec<(String, f64)> {
                (**self).hyperparameters()
            }
            fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), HyperparameterError> {
                (**self).set_hyperparameter(name, value)
            }
            #[track_caller]
            fn learning_rate(&self) -> f64 {
                (**self).learning_rate()
            }
            fn set_learning_rate(&mut self, rate: f64) -> Result<(), HyperparameterError> {
                (**self).set_learning_rate(rate)
            }
            fn state(&self, params: &Params) -> OptimizerState {
                (**self).state(params)
            }
            fn set_state(&mut self, params: &Params, state: &OptimizerState) -> Result<(), StateError> {
                (**self).set_state(params, state)
            }
            fn update_text(&self, params: &Params) -> Result<UpdateText, &'static str> {
                (**self).update_text(params)
            }
            fn takes_streams(&mut self, params: &Params, prepare: Prepare, largest: f64) -> bool {
                (**self).takes_streams(params, prepare, largest)
            }
            fn slices(&self) -> Slices {
                (**self).slices()
            }
            fn step_from(
                &mut self,
                params: &mut Params,
                grads: &Gradients,
                supply: Supply<'_>,
            ) -> Result<(), StepError> {
                (**self).step_from(params, grads, supply)
            }
        }
    };
}
forward!(Box<O>);
forward!(&mut O);
