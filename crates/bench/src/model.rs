//! A model, and the ways to run a step of it.

use crate::{Input, Machine};
use autograd::{AnyTensor, Optimizer, Params, Program, Storage, Tape, Var};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use std::fmt;
use std::hint::black_box;
use std::sync::OnceLock;

/// A model at the start of its training: what [`training`] times.
pub struct Model<'a, O> {
    /// The name of Criterion's group.
    pub name: &'a str,
    /// The parameters.
    pub params: Params,
    /// The data of a step, in order.
    pub inputs: Vec<Input>,
    /// What changes the parameters.
    pub optimizer: O,
}

impl<O> fmt::Debug for Model<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.name)
            .field("inputs", &self.inputs.len())
            .finish_non_exhaustive()
    }
}

/// Times a step of a model and its parts, recorded anew and as a program, on one thread and on all. `loss` records the loss of the
/// inputs. The first page of this crate lists the ids, and has an example. Every way starts from the same parameters.
///
/// # Panics
/// Where recording, planning or a step does or gives an error: if shapes do not fit, or the loss is not one finite number.
pub fn training<O: Optimizer + Clone>(
    c: &mut Criterion,
    model: &Model<'_, O>,
    loss: impl for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Var<'t>,
) {
    let mut group = c.benchmark_group(model.name);
    let ways = Ways { model, loss };
    ways.eager(&mut group);
    ways.update(&mut group);
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in if all == 1 { vec![1] } else { vec![1, all] } {
        ways.program(&mut group, threads);
    }
    group.finish();
}

/// How far a step goes.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Forward,
    Gradient,
    Step,
}

impl Part {
    const ALL: [Part; 3] = [Part::Forward, Part::Gradient, Part::Step];

    fn name(self) -> &'static str {
        match self {
            Part::Forward => "forward",
            Part::Gradient => "gradient",
            Part::Step => "step",
        }
    }
}

/// A model with its loss.
struct Ways<'a, O, L> {
    model: &'a Model<'a, O>,
    loss: L,
}

impl<O, L> Ways<'_, O, L>
where
    O: Optimizer + Clone,
    L: for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Var<'t>,
{
    /// The loss, with its inputs recorded by `record`.
    fn recorded<'t>(&self, tape: &'t Tape<'t>, record: impl Fn(usize, &Input) -> Var<'t>) -> Var<'t> {
        let inputs: Vec<Var<'t>> =
            self.model.inputs.iter().enumerate().map(|(i, input)| record(i, input)).collect();
        (self.loss)(tape, &inputs)
    }

    fn traced(&self, gradient: bool) -> Program {
        let program = Program::trace(&self.model.params, |t| {
            let loss =
                self.recorded(t, |i, input| t.input_of(&format!("x{i}"), input.dtype(), input.shape()));
            let outputs = t.outputs(loss);
            if gradient { outputs.with_gradients() } else { outputs }
        });
        program.unwrap_or_else(|error| panic!("{}: {error}", self.model.name))
    }

    fn tensors(&self) -> Vec<&dyn AnyTensor> {
        self.model.inputs.iter().map(Input::tensor).collect()
    }

    fn eager(&self, group: &mut BenchmarkGroup<'_, WallTime>) {
        for part in Part::ALL {
            let (mut params, mut optimizer) = (self.model.params.clone(), self.model.optimizer.clone());
            let mut storage = Storage::default();
            let step = || {
                let tape = Tape::reusing(std::mem::take(&mut storage), &params);
                let loss = self.recorded(&tape, |_, input| input.record(&tape));
                black_box(loss.item());
                let gradients = (part != Part::Forward).then(|| loss.backward());
                storage = tape.into_storage();
                match gradients {
                    Some(gradients) if part == Part::Step => {
                        optimizer.step(&mut params, &gradients).expect("finite gradients");
                    }
                    gradients => drop(black_box(gradients)),
                }
            };
            timed(group, BenchmarkId::new("eager", part.name()), step);
        }
    }

    /// The update by gradients that are there.
    fn update(&self, group: &mut BenchmarkGroup<'_, WallTime>) {
        let program = self.traced(true);
        let mut state = program.state();
        let (mut params, mut optimizer) = (self.model.params.clone(), self.model.optimizer.clone());
        let run = program.run(&mut state, &self.model.params, &self.tensors()[..]).expect("a run");
        let gradients = run.grads();
        timed(group, BenchmarkId::from_parameter("update"), || {
            optimizer.step(&mut params, gradients).expect("finite gradients")
        });
    }

    fn program(&self, group: &mut BenchmarkGroup<'_, WallTime>, threads: usize) {
        println!("{}: {}", self.model.name, machine(threads));
        for part in Part::ALL {
            let (mut params, mut optimizer) = (self.model.params.clone(), self.model.optimizer.clone());
            let program = self.traced(part != Part::Forward);
            let explanation = program.explain();
            let (elements, bytes) = (explanation.flops() as u64, explanation.bytes() as u64);
            group.throughput(Throughput::ElementsAndBytes { elements, bytes });
            let (mut state, tensors) = (program.state().with_threads(threads), self.tensors());
            let step = || match part {
                Part::Step => {
                    let loss = program.step(&mut state, &mut params, &mut optimizer, &tensors[..]);
                    black_box(loss.expect("finite gradients"));
                }
                _ => {
                    black_box(program.run(&mut state, &params, &tensors[..]).expect("a run").item(0));
                }
            };
            timed(group, BenchmarkId::new(format!("program/{}", part.name()), threads), step);
        }
    }
}

fn timed(group: &mut BenchmarkGroup<'_, WallTime>, id: BenchmarkId, mut step: impl FnMut()) {
    group.bench_function(id, |b| b.iter(&mut step));
}

/// Measured once for each number of threads.
fn machine(threads: usize) -> Machine {
    static ALONE: OnceLock<Machine> = OnceLock::new();
    static ALL: OnceLock<Machine> = OnceLock::new();
    *if threads == 1 { &ALONE } else { &ALL }.get_or_init(|| Machine::measured(threads))
}
