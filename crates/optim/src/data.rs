//! What an optimiser remembers, as data.

use crate::memory::Subject;
use crate::{Descent, Formula};
use autograd::loops::Slab;
use autograd::{
    DType, Data, Float, NamedTensor, Optimizer, OptimizerState, Param, Params, Program, ProgramError, Shape,
    StateError,
};
use autograd::{Num, Var};

impl<F: Formula<S, C>, const S: usize, const C: usize> Descent<F, S, C> {
    /// What is remembered of a parameter under a name of [`Formula::STATE`], laid out as its values; `None` before its
    /// first step.
    ///
    /// # Panics
    /// If there is no such state, or the memory is another model's or of another type.
    #[track_caller]
    pub fn state_of<T: Float>(&self, params: &Params, param: Param, name: &str) -> Option<&[T]> {
        let k = self.place(params, param, name)?;
        Some(&self.memory.slabs[k].slice::<T>()[params.range(param)])
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// As [`state_of`](Descent::state_of).
    #[track_caller]
    pub fn state_of_mut<T: Float>(&mut self, params: &Params, param: Param, name: &str) -> Option<&mut [T]> {
        let k = self.place(params, param, name)?;
        // What is written may be anything; the next step looks at it.
        self.memory.forget_bounds();
        Some(&mut self.memory.slabs[k].slice_mut::<T>()[params.range(param)])
    }

    /// How many steps a parameter took part in.
    ///
    /// # Panics
    /// If the memory is another model's.
    #[track_caller]
    pub fn steps_of(&self, params: &Params, param: Param) -> u64 {
        self.check_owner(params);
        self.memory.steps.get(param.index()).copied().unwrap_or(0)
    }

    #[track_caller]
    fn check_owner(&self, params: &Params) {
        let foreign = self.memory.check(Subject::Model(params.id(), params.dtype()));
        if let Err(error) = foreign.and_then(|()| self.memory.check_growth(params)) {
            panic!("{error}");
        }
    }

    /// The number of a state, if it is there.
    #[track_caller]
    fn place(&self, params: &Params, param: Param, name: &str) -> Option<usize> {
        let names = F::STATE;
        let Some(k) = names.iter().position(|known| *known == name) else {
            panic!("state `{name}` does not exist: there are {names:?}");
        };
        self.check_owner(params);
        (params.range(param).end <= self.memory.slabs[k].len()).then_some(k)
    }

    pub(crate) fn to_data(&self, params: &Params) -> OptimizerState {
        self.check_owner(params);
        let mut data = OptimizerState { numbers: self.hyperparameters(), ..OptimizerState::default() };
        for (p, &t) in params.iter().zip(&self.memory.steps).filter(|(_, t)| **t > 0) {
            data.counters.push((params.name(p).to_owned(), t));
            let range = params.range(p);
            for (slab, name) in self.memory.slabs.iter().zip(F::STATE) {
                let values = match slab.dtype() {
                    DType::F32 => Data::F32(slab.slice::<f32>()[range.clone()].to_vec()),
                    _ => Data::F64(slab.slice::<f64>()[range.clone()].to_vec()),
                };
                let name = format!("{}/{name}", params.name(p));
                data.tensors.push(NamedTensor { name, shape: params.shape(p).clone(), data: values });
            }
        }
        data
    }

    pub(crate) fn with_data(&self, params: &Params, data: &OptimizerState) -> Result<Self, StateError> {
        let mut new = self.without_memory();
        new.take_numbers(data)?;
        match params.dtype() {
            DType::F32 => new.memory.grow_to::<f32>(params),
            _ => new.memory.grow_to::<f64>(params),
        }
        new.take_counters(params, data)?;
        data.tensors.iter().try_for_each(|tensor| new.take_tensor(params, data, tensor))?;
        new.memory.forget_bounds();
        new.memory.bind(true);
        Ok(new)
    }

    /// Takes over the counters. A parameter that has one has all its states.
    fn take_counters(&mut self, params: &Params, data: &OptimizerState) -> Result<(), StateError> {
        for (name, t) in &data.counters {
            let Some(p) = params.find(name) else {
                return Err(error(name, "a counter", "the name of a parameter"));
            };
            self.memory.steps[p.index()] = *t;
            let missing = F::STATE.map(|state| format!("{name}/{state}"));
            if let Some(missing) = missing.iter().find(|full| data.tensor(full).is_none()) {
                return Err(error(missing, "nothing", params.shape(p)));
            }
        }
        Ok(())
    }

    /// Takes over the state of a parameter.
    fn take_tensor(
        &mut self,
        params: &Params,
        data: &OptimizerState,
        tensor: &NamedTensor,
    ) -> Result<(), StateError> {
        let place = tensor.name.rsplit_once('/').and_then(|(name, state)| {
            let k = F::STATE.iter().position(|known| *known == state)?;
            data.counter(name)?;
            Some((params.find(name)?, k))
        });
        let Some((p, k)) = place else {
            let expected = format!("PARAMETER/STATE with a state of {:?} and a counter", F::STATE);
            return Err(error(&tensor.name, "a tensor", expected));
        };
        let (shape, range) = (params.shape(p), params.range(p));
        let fits = tensor.shape == *shape && tensor.data.len() == range.len();
        let slab = &mut self.memory.slabs[k];
        match &tensor.data {
            Data::F32(v) if fits && slab.dtype() == DType::F32 => {
                slab.slice_mut::<f32>()[range].copy_from_slice(v);
            }
            Data::F64(v) if fits && slab.dtype() == DType::F64 => {
                slab.slice_mut::<f64>()[range].copy_from_slice(v);
            }
            other => {
                let found = format!("{} {}", tensor.shape, other.dtype());
                return Err(error(&tensor.name, found, format!("{shape} {}", params.dtype())));
            }
        }
        Ok(())
    }

    /// Takes over the hyper-parameters: exactly those that there are.
    fn take_numbers(&mut self, data: &OptimizerState) -> Result<(), StateError> {
        let known = self.hyperparameters();
        for (name, value) in &data.numbers {
            self.set_hyperparameter(name, *value)?;
        }
        match known.iter().find(|(name, _)| data.number(name).is_none()) {
            None => Ok(()),
            Some((name, _)) => Err(error(name, "nothing", "a hyper-parameter")),
        }
    }

    /// The formula as recorded data, for tensors of a shape and a type: what another executor runs as one kernel. The
    /// inputs are the coefficients `c0`, `c1`, …, then `p`, `g` and the states by name; the outputs are the new `p` and the
    /// new states. A learning rate is so an input.
    ///
    /// ```
    /// use autograd::{DType, Params};
    /// use optim::{Descent, Sgd};
    /// let program = Sgd::recorded([3], DType::F64)?;
    /// let (params, mut state) = (Params::f64(), program.state());
    /// let (rate, weight_decay) = (0.5, 0.0);
    /// let run = program.run(&mut state, &params, (rate, weight_decay, [1.0, 2.0, 3.0], [2.0, 0.0, -2.0]))?;
    /// assert_eq!(run.slice::<f64>("p"), [0.0, 2.0, 4.0]);
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::trace`].
    pub fn recorded(shape: impl Into<Shape>, dtype: DType) -> Result<Program, ProgramError> {
        let (shape, params) = (shape.into(), Params::of(dtype));
        Program::trace(&params, |t| {
            let c: [Num<Var<'_>>; C] =
                std::array::from_fn(|i| Num::of(t.input_of(&format!("c{i}"), dtype, [])));
            let tensor = |name: &str| Num::of(t.input_of(name, dtype, shape.clone()));
            let (p, g) = (tensor("p"), tensor("g"));
            let state: [Num<Var<'_>>; S] = std::array::from_fn(|k| tensor(F::STATE[k]));
            let (p, state) = F::update(c, p, g, state);
            let outputs: Vec<Var<'_>> = [p].into_iter().chain(state).map(Num::get).collect();
            t.outputs(outputs).with_names(["p"].into_iter().chain(F::STATE))
        })
    }
}

/// What stands in a state, and what is expected there.
pub(crate) fn error(field: &str, found: impl ToString, expected: impl ToString) -> StateError {
    StateError { field: field.to_owned(), found: found.to_string(), expected: expected.to_string() }
}

/// The parts of a slab that is laid out as the parameters, by `PARAMETER` and a suffix.
pub(crate) fn tensors_of(slab: &Slab, params: &Params, suffix: &str) -> Vec<NamedTensor> {
    let known = params.iter().filter(|&p| params.range(p).end <= slab.len());
    let tensor = |p| {
        let data = match slab.dtype() {
            DType::F32 => Data::F32(slab.slice::<f32>()[params.range(p)].to_vec()),
            _ => Data::F64(slab.slice::<f64>()[params.range(p)].to_vec()),
        };
        NamedTensor { name: format!("{}{suffix}", params.name(p)), shape: params.shape(p).clone(), data }
    };
    known.map(tensor).collect()
}

/// The slab of such parts: up to the first parameter that has none.
pub(crate) fn slab_of(params: &Params, state: &OptimizerState, suffix: &str) -> Result<Slab, StateError> {
    let mut slab = Slab::empty(params.dtype());
    for p in params.iter() {
        let name = format!("{}{suffix}", params.name(p));
        let Some(tensor) = state.tensor(&name) else { break };
        let (at, shape) = (slab.len(), params.shape(p));
        if tensor.shape != *shape
            || tensor.data.dtype() != slab.dtype()
            || tensor.data.len() != shape.elements()
        {
            let found = format!("{} {}", tensor.shape, tensor.data.dtype());
            return Err(error(&name, found, format!("{shape} {}", params.dtype())));
        }
        slab.grow(tensor.data.len());
        match &tensor.data {
            Data::F32(values) => slab.slice_mut::<f32>()[at..].copy_from_slice(values),
            data => slab.slice_mut::<f64>()[at..].copy_from_slice(data.slice::<f64>()),
        }
    }
    Ok(slab)
}
