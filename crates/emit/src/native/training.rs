//! Many steps of training in one call: forward pass, gradients and update are one function of machine code.

use super::compiler::{Compiler, Object};
use super::error::NativeError;
use super::system::{Input, Line, Steps, numbers};
use super::text;
use crate::Refused;
use crate::memory::size;
use crate::source::view;
use crate::training::lines;
use autograd::planned::DataRef;
use autograd::{AnyTensor, DType, Data, Float, Inputs, NamedTensor, Optimizer, OptimizerState, Params};
use autograd::{Program, ProgramError, Shape, StepError};
use std::borrow::Borrow;
use std::ops::Range;

/// Steps of training as machine code: the program, its gradients and the update of an optimiser, many steps in one call, on the
/// caller's thread.
///
/// Parameters, and what the optimiser remembers, have the bits of as many single steps ([`Program::step`]). Hyper-parameters are
/// constants of the code, so an optimiser whose hyper-parameters change has to be compiled again.
///
/// ```
/// use autograd::{Params, Program};
/// use emit::native::Compiler;
/// use optim::Adam;
/// let mut params = Params::f64();
/// let w = params.scope("neuron").param("w", [2], [0.0, 0.0]);
/// let program = Program::trace(&params, |t| {
///     let (x, y) = (t.input("x", [2]), t.input("y", []));
///     t.outputs(((x * w).sum() - y).square()).with_gradients()
/// })?;
/// let mut adam = Adam::new(0.1)?;
/// if let Ok(training) = Compiler::default().compile_training(&program, &params, &adam) {
///     // An axis before those of the trace is that of the steps; what has none is the same in each.
///     let (xs, ys) = ([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [1.0, 2.0, 3.0]);
///     let losses = training.steps(&mut params, &mut adam, 3, (&xs, &ys))?;
///     assert_eq!(losses[0], 1.0);
///     assert_eq!(adam.steps_of(&params, w), 3);
///     let last = training.steps(&mut params, &mut adam, 200, ([1.0, 1.0], 3.0))?[199];
///     assert!(last < 1e-3);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct NativeTraining<P> {
    program: P,
    object: Object<Steps>,
    work: usize,
    /// What was compiled beside the program.
    update: String,
    states: Vec<&'static str>,
}

impl Compiler {
    /// Compiles steps of training for an optimiser as it is, or finds what was compiled before.
    ///
    /// # Errors
    /// As [`compile`](Compiler::compile); and if the program has no gradients or reads or writes state that is not trained, or the
    /// optimiser's update is not the formula of one number.
    pub fn compile_training<P: Borrow<Program>>(
        &self,
        program: P,
        params: &Params,
        optimizer: &dyn Optimizer,
    ) -> Result<NativeTraining<P>, NativeError> {
        let (text, work) =
            text::print_steps(program.borrow(), params, optimizer).map_err(NativeError::Refused)?;
        let refused = |why: &str| Refused { what: "the optimiser".to_owned(), why: why.to_owned() };
        let update = optimizer.update_text(params).map_err(|why| NativeError::Refused(refused(why)))?;
        let states = update.states.clone();
        let update = update_of(program.borrow(), params, optimizer).expect("it was printed");
        Ok(NativeTraining { object: self.load(&text)?, program, work, update, states })
    }
}

/// All that the code depends on beside the program.
fn update_of(program: &Program, params: &Params, optimizer: &dyn Optimizer) -> Result<String, &'static str> {
    Ok(format!("{:?} {:?}", optimizer.update_text(params)?, program.trained(params)))
}

/// What is given as an input, and its elements where they do not lie side by side.
type Tensor<'a> = (&'a dyn AnyTensor, Option<Data>);

/// An input of steps: its elements, how many of them a step reads, and whether each step reads others.
struct Given<'a> {
    data: DataRef<'a>,
    each: usize,
    varies: bool,
}

impl<P: Borrow<Program>> NativeTraining<P> {
    /// Makes so many steps, and gives the loss of each as it was before its update. An input has the shape of the trace, and is then
    /// the same in each step, or an axis of the steps before it.
    ///
    /// # Errors
    /// As [`Program::step`], which makes a step that fails once more, to say why: the steps before it are kept. And if the
    /// optimiser's hyper-parameters, or which parameters are frozen, are not those that were compiled.
    pub fn steps(
        &self,
        params: &mut Params,
        mut optimizer: &mut (impl Optimizer + ?Sized),
        count: usize,
        inputs: impl Inputs,
    ) -> Result<Vec<f64>, StepError> {
        let program = self.program.borrow();
        program.check(params)?;
        if update_of(program, params, &optimizer).as_ref() != Ok(&self.update) {
            let why =
                "hyper-parameters and what is frozen are constants of compiled steps: compile them again";
            return Err(StepError::Refused(why.to_owned()));
        }
        let mut tensors: Vec<Tensor<'_>> = vec![];
        inputs.each(&mut |x| tensors.push((x, copied(x))));
        let given = self.given(&tensors, count)?;
        let (mut losses, mut done) = (vec![0.0; count], 0);
        while done < count {
            let left = &mut losses[done..];
            done += match params.dtype() {
                DType::F32 => self.made::<f32>(params, &mut optimizer, &given, done, left)?,
                _ => self.made::<f64>(params, &mut optimizer, &given, done, left)?,
            };
            // The engine says what is wrong with a step, or makes it.
            if done < count {
                let batch: Vec<Box<dyn AnyTensor>> = given.iter().map(|input| input.of_step(done)).collect();
                let batch: Vec<&dyn AnyTensor> = batch.iter().map(|x| &**x).collect();
                losses[done] = program.step(&mut program.state(), params, &mut optimizer, &batch[..])?;
                done += 1;
            }
        }
        Ok(losses)
    }

    /// The inputs, if they are those of so many steps.
    fn given<'a>(&self, tensors: &'a [Tensor<'_>], count: usize) -> Result<Vec<Given<'a>>, ProgramError> {
        let wanted: Vec<(&str, &Shape, DType)> = self.program.borrow().inputs().collect();
        if wanted.len() != tensors.len() {
            let names: Vec<String> = wanted.iter().map(|(name, ..)| format!("`{name}`")).collect();
            let (expected, given) = (wanted.len(), tensors.len());
            return Err(ProgramError::InputCount { expected, given, names: names.join(", ") });
        }
        let of = |(tensor, want): (&'a Tensor<'_>, &(&str, &Shape, DType))| {
            let ((x, copy), (name, shape, dtype)) = (tensor, want);
            let name = (*name).to_owned();
            let data = copy.as_ref().map_or_else(|| x.piece().expect("it was not copied"), view);
            let (of, length) = kind(data);
            if of != *dtype {
                return Err(ProgramError::InputDType { name, expected: *dtype, given: of });
            }
            let each = shape.elements();
            let of_steps: Vec<usize> = [count].into_iter().chain(shape.iter().copied()).collect();
            let all = count.checked_mul(each);
            let is_flat = |n: Option<usize>| n.is_some_and(|n| x.fits(&[n]));
            let varies = !x.fits(shape) && (x.fits(&of_steps) || is_flat(all));
            let elements = if varies { all } else { Some(each) };
            if !(varies || x.fits(shape) || is_flat(Some(each))) || Some(length) != elements {
                let expected = Shape::from(&of_steps[..]);
                return Err(ProgramError::InputShape { name, expected, given: x.dimensions() });
            }
            Ok(Given { data, each, varies })
        };
        tensors.iter().zip(&wanted).map(of).collect()
    }

    /// Makes the steps that follow `done` others; how many it could make.
    fn made<T: Float>(
        &self,
        params: &mut Params,
        optimizer: &mut dyn Optimizer,
        given: &[Given<'_>],
        done: usize,
        losses: &mut [f64],
    ) -> Result<usize, StepError> {
        let mut memory = self.remembered::<T>(params, optimizer)?;
        let mut work = Line::zeros(self.work);
        let inputs: Vec<Input<'_>> = given.iter().map(|input| input.after(done)).collect();
        let slab = params.slab_mut::<T>();
        let made = self.object.loaded.run(slab, &inputs, losses, [&mut memory, &mut work]);
        self.remember::<T>(params, optimizer, memory)?;
        Ok(made)
    }

    /// The memory of the code, with what the optimiser remembers.
    fn remembered<T: Float>(
        &self,
        params: &Params,
        optimizer: &dyn Optimizer,
    ) -> Result<Vec<Line>, StepError> {
        let lines = lines(params.elements(), params.dtype());
        let mut memory = vec![Line::zeros(64)[0]; 1 + lines * (1 + self.states.len())];
        let state = optimizer.state(params);
        let trained = self.program.borrow().trained(params).unwrap_or_default();
        let steps = |p| state.counter(params.name(p)).unwrap_or(0);
        let made = trained.first().map_or(0, |(p, _)| steps(*p));
        if trained.iter().any(|(p, _)| steps(*p) != made) {
            let why =
                "parameters that took part in different numbers of steps are not trained by compiled ones";
            return Err(StepError::Refused(why.to_owned()));
        }
        numbers::<f64>(&mut memory[..1])[0] = f64::from_bits(made);
        for (k, name) in self.states.iter().enumerate() {
            let from = 1 + lines * (1 + k);
            let slab = numbers::<T>(&mut memory[from..from + lines]);
            for (p, range) in &trained {
                if let Some(tensor) = state.tensor(&format!("{}/{name}", params.name(*p))) {
                    slab[range.clone()].copy_from_slice(tensor.data.slice::<T>());
                }
            }
        }
        Ok(memory)
    }

    /// Gives the optimiser what the code remembers.
    fn remember<T: Float>(
        &self,
        params: &Params,
        optimizer: &mut dyn Optimizer,
        mut memory: Vec<Line>,
    ) -> Result<(), StepError> {
        let lines = lines(params.elements(), params.dtype());
        let mut state: OptimizerState = optimizer.state(params);
        let made = numbers::<f64>(&mut memory[..1])[0].to_bits();
        if made == 0 {
            return Ok(());
        }
        let trained = self.program.borrow().trained(params).unwrap_or_default();
        for (p, range) in &trained {
            let name = params.name(*p);
            state.counters.retain(|(known, _)| known != name);
            state.counters.push((name.to_owned(), made));
            for (k, of) in self.states.iter().enumerate() {
                let from = 1 + lines * (1 + k);
                let values = &numbers::<T>(&mut memory[from..from + lines])[range.clone()];
                let mut data = empty(params.dtype());
                AnyTensor::copy_to(&values, &mut data);
                let name = format!("{name}/{of}");
                state.tensors.retain(|tensor| tensor.name != name);
                let shape = params.shape(*p).clone();
                state.tensors.push(NamedTensor { name, shape, data });
            }
        }
        optimizer.set_state(params, &state).map_err(|error| StepError::Refused(error.to_string()))
    }
}

impl<'a> Given<'a> {
    /// What the steps after so many others read.
    fn after(&self, done: usize) -> Input<'a> {
        match self.varies {
            true => {
                let stride = self.each * size(kind(self.data).0);
                Input { data: from(self.data, done * self.each), stride }
            }
            false => Input { data: self.data, stride: 0 },
        }
    }

    fn of_step(&self, step: usize) -> Box<dyn AnyTensor> {
        let from = if self.varies { step * self.each } else { 0 };
        part(self.data, from..from + self.each)
    }
}

/// What lies behind so many elements.
fn from(data: DataRef<'_>, start: usize) -> DataRef<'_> {
    match data {
        DataRef::F32(x) => DataRef::F32(&x[start..]),
        DataRef::F64(x) => DataRef::F64(&x[start..]),
        DataRef::I64(x) => DataRef::I64(&x[start..]),
        DataRef::Bool(x) => DataRef::Bool(&x[start..]),
    }
}

fn kind(data: DataRef<'_>) -> (DType, usize) {
    match data {
        DataRef::F32(x) => (DType::F32, x.len()),
        DataRef::F64(x) => (DType::F64, x.len()),
        DataRef::I64(x) => (DType::I64, x.len()),
        DataRef::Bool(x) => (DType::Bool, x.len()),
    }
}

fn part(data: DataRef<'_>, range: Range<usize>) -> Box<dyn AnyTensor> {
    match data {
        DataRef::F32(x) => Box::new(x[range].to_vec()),
        DataRef::F64(x) => Box::new(x[range].to_vec()),
        DataRef::I64(x) => Box::new(x[range].to_vec()),
        DataRef::Bool(x) => Box::new(x[range].to_vec()),
    }
}

/// The elements of a tensor that is not contiguous.
fn copied(x: &dyn AnyTensor) -> Option<Data> {
    if x.piece().is_some() {
        return None;
    }
    let mut data = empty(x.dtype());
    x.copy_to(&mut data);
    Some(data)
}

fn empty(dtype: DType) -> Data {
    match dtype {
        DType::F32 => Data::F32(vec![]),
        DType::F64 => Data::F64(vec![]),
        DType::I64 => Data::I64(vec![]),
        _ => Data::Bool(vec![]),
    }
}
