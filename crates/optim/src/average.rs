//! Averages of weights.

use crate::data::{error, slab_of, tensors_of};
use crate::{HyperparameterError, OptimizerState, Range, StateError};
use autograd::loops::Slab;
use autograd::{DType, Float, Param, Params};
use std::fmt;

/// An average of the parameters along the training, which often does better than the last ones.
///
/// All are a ← a + wₖ·(p − a) at the update number k, from 0, and differ in wₖ. The first one is a copy: w₀ = 1.
///
/// ```
/// use autograd::Params;
/// use optim::Average;
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [1], 1.0);
/// let mut average = Average::exponential(0.75)?;
/// average.update(&params);
/// params.set(w, [3.0]);
/// average.update(&params);
/// assert_eq!(average.get::<f64>(&params, w), [1.5]);
/// average.swap(&mut params); // for a test; another swap goes back to the training
/// assert_eq!(params.get::<f64>(w), [1.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Average {
    kind: Kind,
    count: u64,
    /// Laid out as the parameters.
    values: Slab,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Exponential(f64),
    Corrected(f64),
    WarmedUp(f64),
    Equal,
}

/// Which average it is.
///
/// ```
/// assert_eq!(optim::Average::exponential(0.99)?.to_string(), "exponential, 0.99");
/// # Ok::<(), optim::HyperparameterError>(())
/// ```
impl fmt::Display for Average {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Exponential(decay) => write!(f, "exponential, {decay}"),
            Kind::Corrected(decay) => write!(f, "corrected, {decay}"),
            Kind::WarmedUp(decay) => write!(f, "warmed up, {decay}"),
            Kind::Equal => f.write_str("equal"),
        }
    }
}

impl Average {
    /// The exponential average: wₖ = 1 − d for k > 0.
    ///
    /// # Errors
    /// If d is outside of [0, 1).
    pub fn exponential(decay: f64) -> Result<Average, HyperparameterError> {
        Average::of(Kind::Exponential, decay)
    }

    /// The exponential average from zero, corrected as in Adam (Kingma & Ba 2015, section 3): wₖ = (1 − d)/(1 − dᵏ⁺¹).
    ///
    /// # Errors
    /// If d is outside of [0, 1).
    pub fn corrected(decay: f64) -> Result<Average, HyperparameterError> {
        Average::of(Kind::Corrected, decay)
    }

    /// The exponential average with a decay that grows: wₖ = 1 − min(d, (1 + k)/(10 + k)) for k > 0.
    ///
    /// # Errors
    /// If d is outside of [0, 1).
    pub fn warmed_up(decay: f64) -> Result<Average, HyperparameterError> {
        Average::of(Kind::WarmedUp, decay)
    }

    /// The mean, wₖ = 1/(k + 1): stochastic weight averaging (Izmailov et al. 2018, algorithm 1).
    pub fn equal() -> Average {
        Average { kind: Kind::Equal, count: 0, values: Slab::empty(DType::F64) }
    }

    fn of(kind: fn(f64) -> Kind, decay: f64) -> Result<Average, HyperparameterError> {
        let range = Range::DECAY;
        if !(range.within)(decay) {
            return Err(HyperparameterError { name: "decay".into(), value: decay, expected: range.expected });
        }
        Ok(Average { kind: kind(decay), ..Average::equal() })
    }

    /// How much the next update moves the average.
    fn weight(&self) -> f64 {
        let k = self.count as f64;
        match self.kind {
            Kind::Equal => 1.0 / (k + 1.0),
            Kind::Corrected(decay) => (1.0 - decay) / crate::formula::correction(decay, self.count + 1),
            _ if self.count == 0 => 1.0,
            Kind::Exponential(decay) => 1.0 - decay,
            Kind::WarmedUp(decay) => 1.0 - decay.min((1.0 + k) / (10.0 + k)),
        }
    }

    /// How many updates there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes in the parameters as they are now. One that is new enters as it is.
    ///
    /// # Panics
    /// If it is of the parameters of another type.
    #[track_caller]
    pub fn update(&mut self, params: &Params) {
        if self.count == 0 {
            self.values = Slab::empty(params.dtype());
        }
        match params.dtype() {
            DType::F32 => self.update_typed::<f32>(params),
            _ => self.update_typed::<f64>(params),
        }
        self.count += 1;
    }

    #[track_caller]
    fn update_typed<T: Float>(&mut self, params: &Params) {
        let (now, known) = (params.slab_of::<T>(), self.values.len());
        assert!(
            self.values.dtype() == T::DTYPE && known <= now.len(),
            "update: the average is of {known} numbers of {}; the parameters are {} of {}",
            self.values.dtype(),
            now.len(),
            T::DTYPE
        );
        let weight = T::from_f64(self.weight());
        self.values.grow(now.len() - known);
        let values = self.values.slice_mut::<T>();
        for (a, &p) in values[..known].iter_mut().zip(now) {
            *a = *a + weight * (p - *a);
        }
        values[known..].copy_from_slice(&now[known..]);
    }

    /// The average of a parameter.
    ///
    /// # Panics
    /// If there was no update since the parameter was made, or `T` is not its type.
    #[track_caller]
    pub fn get<T: Float>(&self, params: &Params, param: Param) -> &[T] {
        &self.values.slice::<T>()[params.range(param)]
    }

    /// Exchanges the parameters and their average.
    ///
    /// # Panics
    /// If there was no update, or there are new parameters since.
    #[track_caller]
    pub fn swap(&mut self, params: &mut Params) {
        assert!(
            self.values.len() == params.elements() && self.values.dtype() == params.dtype(),
            "swap: the average is of {} numbers, the parameters are {}\n  hint: update first",
            self.values.len(),
            params.elements()
        );
        match params.dtype() {
            DType::F32 => params.slab_mut::<f32>().swap_with_slice(self.values.slice_mut()),
            _ => params.slab_mut::<f64>().swap_with_slice(self.values.slice_mut()),
        }
    }

    /// The averages and their number, as data: `net.weight/average` and the counter `average`.
    pub fn state(&self, params: &Params) -> OptimizerState {
        let (counters, tensors) =
            (vec![(COUNT.to_owned(), self.count)], tensors_of(&self.values, params, "/average"));
        OptimizerState { counters, tensors, ..OptimizerState::default() }
    }

    /// Goes on from the averages of another one of the same kind.
    ///
    /// ```
    /// use autograd::Params;
    /// use optim::Average;
    /// let mut params = Params::f64();
    /// let w = params.scope("net").param("w", [1], 1.0);
    /// let mut first = Average::equal();
    /// first.update(&params);
    /// let mut second = Average::equal();
    /// second.set_state(&params, &first.state(&params))?;
    /// params.set(w, [2.0]);
    /// second.update(&params);
    /// assert_eq!(second.get::<f64>(&params, w), [1.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the counter is missing, or an average is of another shape or type. Then nothing is changed.
    pub fn set_state(&mut self, params: &Params, state: &OptimizerState) -> Result<(), StateError> {
        let Some(count) = state.counter(COUNT) else {
            return Err(error(COUNT, "nothing", "a counter"));
        };
        (self.values, self.count) = (slab_of(params, state, "/average")?, count);
        Ok(())
    }
}

/// The name of the number of updates, in the state.
const COUNT: &str = "average";
