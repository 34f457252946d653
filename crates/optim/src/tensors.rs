//! Optimisers whose rule needs whole tensors.

use crate::data::error;
use crate::memory::Subject;
use crate::{HyperparameterError, Hyperparameters, Range, StepError};
use autograd::{
    AnyTensor, DType, Data, Float, Gradients, NamedTensor, Optimizer, OptimizerState, Param, Params, Program,
    ProgramError, Shape, State, StateError, Var,
};
use std::fmt::Debug;

/// How a whole tensor is updated by its gradient: where products, norms or state of another shape are needed.
///
/// [`PerTensor`] makes an optimiser of it. The rule is recorded once for each shape, planned, and run as a [`Program`].
///
/// ```
/// use autograd::{Optimizer, Params, Shape, Tape, Var};
/// use optim::{Hyperparameters, PerTensor, Range, TensorRule};
/// /// Gradient descent by the normalised gradient: p ← p − η·g/‖g‖.
/// #[derive(Clone, Debug)]
/// struct Normalised { rate: f64 }
/// impl TensorRule for Normalised {
///     fn coefficients(&self, _t: u64) -> Vec<f64> { vec![self.rate] }
///     fn update<'t>(
///         &self, c: &[Var<'t>], p: Var<'t>, g: Var<'t>, _state: &[Var<'t>],
///     ) -> (Var<'t>, Vec<Var<'t>>) {
///         (p - c[0] * g / g.norm(), vec![])
///     }
/// }
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
/// let grads = Tape::with(&params).param(w).square().sum().backward();
/// PerTensor::of(Normalised { rate: 1.0 })?.step(&mut params, &grads)?;
/// assert!((params.get::<f64>(w)[0] - 2.4).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait TensorRule: Clone + Debug {
    /// Why a tensor of this shape cannot be updated, if it cannot.
    ///
    /// # Errors
    /// The reason. A step then refuses the model.
    fn accepts(&self, shape: &Shape) -> Result<(), String> {
        let _ = shape;
        Ok(())
    }

    /// The state of a tensor of this shape: names and shapes. It begins as zero.
    fn state(&self, shape: &Shape) -> Vec<(&'static str, Shape)> {
        let _ = shape;
        vec![]
    }

    /// The coefficients of step number `t` (from 1) of a tensor: always as many.
    fn coefficients(&self, t: u64) -> Vec<f64>;

    /// The update: (coefficients, p, g, state) ↦ (p′, state′), of the shapes that p and the state have.
    fn update<'t>(&self, c: &[Var<'t>], p: Var<'t>, g: Var<'t>, state: &[Var<'t>])
    -> (Var<'t>, Vec<Var<'t>>);

    /// Shows each hyper-parameter, by its name and with its range.
    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        let _ = each;
    }
}

/// The optimiser of a [`TensorRule`].
#[derive(Debug)]
pub struct PerTensor<R> {
    rule: R,
    subject: Option<Subject>,
    stamp: (usize, Option<u32>),
    /// For each parameter that took part in a step.
    memory: Vec<Option<Tensor>>,
    plans: Vec<Planned>,
}

/// What is remembered of one parameter.
#[derive(Clone, Debug)]
struct Tensor {
    t: u64,
    state: Vec<(&'static str, Shape, Data)>,
}

impl Tensor {
    fn new(rule: &impl TensorRule, shape: &Shape, dtype: DType) -> Tensor {
        let state = rule.state(shape).into_iter();
        let state = state.map(|(name, shape)| (name, shape.clone(), zeros(dtype, shape.elements())));
        Tensor { t: 0, state: state.collect() }
    }
}

/// The rule for one shape.
#[derive(Debug)]
struct Planned {
    shape: Shape,
    program: Program,
    buffers: State,
}

impl<R: TensorRule> PerTensor<R> {
    /// The optimiser of a rule.
    ///
    /// # Errors
    /// If a hyper-parameter is outside of its range.
    pub fn of(rule: R) -> Result<PerTensor<R>, HyperparameterError> {
        let optimizer = PerTensor { rule, subject: None, stamp: (0, None), memory: vec![], plans: vec![] };
        optimizer.each(check).map(|()| optimizer)
    }

    /// The same with other hyper-parameters, as it was before its first step.
    pub(crate) fn changed(
        mut self,
        change: impl FnOnce(&mut R),
    ) -> Result<PerTensor<R>, HyperparameterError> {
        change(&mut self.rule);
        PerTensor::of(self.rule)
    }

    /// The rule.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// Shows each hyper-parameter, until one is refused.
    fn each(
        &self,
        mut f: impl FnMut(&'static str, f64, Range) -> Result<(), HyperparameterError>,
    ) -> Result<(), HyperparameterError> {
        let mut result = Ok(());
        self.rule.clone().hyperparameters(&mut |name, value, range| {
            if result.is_ok() {
                result = f(name, *value, range);
            }
        });
        result
    }

    /// Refuses another model than before.
    fn check_subject(&self, params: &Params) -> Result<(), StepError> {
        let given = Subject::Model(params.id(), params.dtype());
        let (count, stamp) = self.stamp;
        match self.subject {
            Some(used) if used != given || params.stamp(count) != stamp => {
                Err(StepError::ForeignMemory { used: used.to_string(), given: given.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// The number of the plan for a shape.
    fn plan(&mut self, shape: &Shape, params: &Params) -> Result<usize, ProgramError> {
        if let Some(i) = self.plans.iter().position(|plan| plan.shape == *shape) {
            return Ok(i);
        }
        let (dtype, rule) = (params.dtype(), &self.rule);
        let states = rule.state(shape);
        let count = rule.coefficients(1).len();
        let none = Params::of(dtype);
        let program = Program::trace(&none, |t| {
            let c: Vec<Var<'_>> = (0..count).map(|i| t.input_of(&format!("c{i}"), dtype, [])).collect();
            let (p, g) = (t.input_of("p", dtype, shape), t.input_of("g", dtype, shape));
            let old: Vec<Var<'_>> =
                states.iter().map(|(name, shape)| t.input_of(name, dtype, shape)).collect();
            let (new_p, new) = rule.update(&c, p, g, &old);
            let (got, want): (Vec<Shape>, Vec<Shape>) = (
                [new_p].iter().chain(&new).map(|x| x.shape()).collect(),
                [p].iter().chain(&old).map(|x| x.shape()).collect(),
            );
            assert!(
                got == want,
                "update: the rule gives tensors of the shapes {got:?} for {want:?}\n  rule: the parameter and its state keep their shapes"
            );
            t.outputs([vec![new_p], new].concat())
        })?;
        let buffers = program.state();
        self.plans.push(Planned { shape: shape.clone(), program, buffers });
        Ok(self.plans.len() - 1)
    }

    /// What a step gives for a parameter: its next memory, its values.
    fn result<T: Float>(
        &mut self,
        params: &Params,
        param: Param,
        gradient: &[T],
    ) -> Result<(Tensor, Vec<T>), StepError> {
        let shape = params.shape(param).clone();
        let refused = |why| StepError::Refused(format!("`{}`: {why}", params.name(param)));
        self.rule.accepts(&shape).map_err(refused)?;
        let plan = self.plan(&shape, params)?;
        let old = self.memory.get(param.index()).cloned().flatten();
        let mut tensor = old.unwrap_or_else(|| Tensor::new(&self.rule, &shape, params.dtype()));
        tensor.t += 1;
        let c: Vec<T> = self.rule.coefficients(tensor.t).into_iter().map(T::from_f64).collect();
        let (c, point): (Vec<&[T]>, _) = (c.chunks(1).collect(), params.get::<T>(param));
        let old: Vec<&[T]> = tensor.state.iter().map(|(.., data)| data.slice::<T>()).collect();
        let inputs = c.iter().chain([&point, &gradient]).chain(&old).map(|x| x as &dyn AnyTensor);
        let inputs: Vec<&dyn AnyTensor> = inputs.collect();
        let Planned { program, buffers, .. } = &mut self.plans[plan];
        let run = program.run(buffers, &Params::of(params.dtype()), &inputs[..])?;
        let values = run.slice::<T>(0).to_vec();
        let new: Vec<Vec<T>> = (0..old.len()).map(|k| run.slice::<T>(k + 1).to_vec()).collect();
        let names = ["the value"].into_iter().chain(tensor.state.iter().map(|(name, ..)| *name));
        for (what, numbers) in names.zip([&values].into_iter().chain(&new)) {
            if let Some(element) = numbers.iter().position(|x| !x.is_finite()) {
                return Err(StepError::NonFiniteResult {
                    parameter: params.name(param).to_owned(),
                    what: what.to_owned(),
                    element,
                    value: numbers[element].to_f64(),
                    gradient: gradient.get(element).map_or(f64::NAN, |g| g.to_f64()),
                });
            }
        }
        for ((.., data), new) in tensor.state.iter_mut().zip(new) {
            data.slice_mut::<T>().copy_from_slice(&new);
        }
        Ok((tensor, values))
    }

    fn update_typed<T: Float>(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        self.check_subject(params)?;
        self.each(|name, value, range| {
            check(name, value, range)?;
            check(name, T::from_f64(value).to_f64(), range)
        })?;
        let mut results = vec![];
        for (p, range) in grads.trained(params) {
            let (tensor, values) = self.result::<T>(params, p, &grads.slab_of::<T>()[range])?;
            results.push((p, tensor, values));
        }
        for (p, tensor, values) in results {
            if self.memory.len() <= p.index() {
                self.memory.resize(p.index() + 1, None);
            }
            self.memory[p.index()] = Some(tensor);
            params.get_mut::<T>(p).copy_from_slice(&values);
        }
        self.subject = Some(Subject::Model(params.id(), params.dtype()));
        self.stamp = (params.len(), params.stamp(params.len()));
        Ok(())
    }
}

fn zeros(dtype: DType, n: usize) -> Data {
    if dtype == DType::F32 { Data::F32(vec![0.0; n]) } else { Data::F64(vec![0.0; n]) }
}

fn check(name: &'static str, value: f64, range: Range) -> Result<(), HyperparameterError> {
    if (range.within)(value) {
        return Ok(());
    }
    Err(HyperparameterError { name: name.into(), value, expected: range.expected })
}

impl<R: TensorRule> Optimizer for PerTensor<R> {
    fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        match params.dtype() {
            DType::F32 => self.update_typed::<f32>(params, grads),
            _ => self.update_typed::<f64>(params, grads),
        }
    }

    fn hyperparameters(&self) -> Vec<(String, f64)> {
        let mut all = vec![];
        self.rule.clone().hyperparameters(&mut |name, value, _| all.push((name.to_owned(), *value)));
        all
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<(), HyperparameterError> {
        let unknown = "a hyper-parameter that exists";
        let mut result = Err(HyperparameterError { name: name.to_owned().into(), value, expected: unknown });
        self.rule.hyperparameters(&mut |known, place, range| {
            if known == name {
                result = check(known, value, range);
                if result.is_ok() {
                    *place = value;
                }
            }
        });
        result
    }

    fn state(&self, params: &Params) -> OptimizerState {
        let mut state = OptimizerState { numbers: self.hyperparameters(), ..OptimizerState::default() };
        for (p, tensor) in params.iter().zip(&self.memory) {
            let Some(tensor) = tensor else { continue };
            state.counters.push((params.name(p).to_owned(), tensor.t));
            for (name, shape, data) in &tensor.state {
                let name = format!("{}/{name}", params.name(p));
                state.tensors.push(NamedTensor { name, shape: shape.clone(), data: data.clone() });
            }
        }
        state
    }

    fn set_state(&mut self, params: &Params, state: &OptimizerState) -> Result<(), StateError> {
        let mut memory = vec![None; params.len()];
        let mut used = 0;
        for (name, t) in &state.counters {
            let Some(p) = params.find(name) else {
                return Err(error(name, "a counter", "the name of a parameter"));
            };
            let mut tensor = Tensor::new(&self.rule, params.shape(p), params.dtype());
            tensor.t = *t;
            for (part, shape, data) in &mut tensor.state {
                let full = format!("{name}/{part}");
                let expected = format!("{shape} {}", params.dtype());
                let Some(given) = state.tensor(&full) else {
                    return Err(error(&full, "nothing", expected));
                };
                let alike = given.data.dtype() == data.dtype() && given.data.len() == data.len();
                if given.shape != *shape || !alike {
                    return Err(error(&full, format!("{} {}", given.shape, given.data.dtype()), expected));
                }
                data.clone_from(&given.data);
                used += 1;
            }
            memory[p.index()] = Some(tensor);
        }
        if let Some(last) = state.tensors.last().filter(|_| used != state.tensors.len()) {
            return Err(error(&last.name, "a tensor", format!("{used} tensors, of known names")));
        }
        let rule = self.rule.clone();
        for (name, value) in &state.numbers {
            if let Err(wrong) = self.set_hyperparameter(name, *value) {
                self.rule = rule;
                return Err(wrong.into());
            }
        }
        let subject = Some(Subject::Model(params.id(), params.dtype()));
        (self.memory, self.subject, self.stamp) = (memory, subject, (0, None));
        self.plans.clear();
        Ok(())
    }
}
