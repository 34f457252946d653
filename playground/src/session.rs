//! Data, a network and an optimiser: a training that can be stopped anywhere.

use crate::config::Config;
use crate::data::{Points, inputs};
use crate::net::{Net, matrix};
use autograd::{Gradients, Optimizer, Params, Program, State, StepError, Tape, Var};
use datasets::RandomState;
use std::cell::OnceCell;
use std::error::Error;
use std::fmt;

/// How many losses are kept. When there are more, every second one goes.
const LOSSES: usize = 2000;

/// A training, between two steps of it.
pub struct Session {
    pub(crate) config: Config,
    pub(crate) points: Points,
    pub(crate) net: Net,
    pub(crate) params: Params,
    /// The parameters before the first step.
    pub(crate) start: Params,
    optimizer: Box<dyn Optimizer + Send>,
    programs: Option<Programs>,
    order: Vec<usize>,
    /// How many samples of the order are used.
    used: usize,
    random: RandomState,
    pub(crate) steps: usize,
    pub(crate) epochs: usize,
    pub(crate) losses: Vec<f64>,
    /// Every how many steps a loss is kept.
    pub(crate) every: usize,
    /// The largest curvature of the loss at the start, once it was asked for.
    pub(crate) curvature: OnceCell<f64>,
    /// Why no further step is possible.
    pub(crate) stopped: Option<String>,
}

/// A computation that was recorded once, with what it writes to.
struct Recorded {
    program: Program,
    state: State,
}

impl Recorded {
    fn trace(
        params: &Params,
        f: impl for<'t> FnOnce(&'t Tape<'t>) -> autograd::Outputs,
    ) -> Result<Recorded, Box<dyn Error>> {
        let program = Program::trace(params, f)?;
        let state = program.state();
        Ok(Recorded { program, state })
    }
}

struct Programs {
    /// A training step on a batch.
    step: Recorded,
    batch: usize,
    /// All samples: the loss, the output, the z of each layer, and gradients.
    whole: Recorded,
}

/// What all samples give.
pub(crate) struct Whole<'s> {
    pub(crate) loss: f64,
    pub(crate) output: &'s [f64],
    /// For each layer, z of [n, units].
    pub(crate) z: Vec<&'s [f64]>,
    pub(crate) grads: &'s Gradients,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("config", &self.config)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A training before its first step.
    ///
    /// # Errors
    /// If data or hyper-parameters are refused.
    pub fn new(config: Config) -> Result<Session, Box<dyn Error>> {
        let points = Points::of(&config)?;
        let (net, params) = Net::new(&config);
        let optimizer = config.optimizer.optimizer(config.rate)?;
        let programs = match points.len() {
            0 => None,
            n => {
                let batch = if config.batch == 0 { n } else { config.batch.min(n) };
                let step = Recorded::trace(&params, |t| {
                    let (x, y) = (t.input("x", [batch, config.inputs]), t.input("y", [batch, 1]));
                    t.outputs(net.forward(x).loss(net.head, y)).with_gradients()
                })?;
                let whole = Recorded::trace(&params, |t| {
                    let (x, y) = (t.input("x", [n, config.inputs]), t.input("y", [n, 1]));
                    let values = net.forward(x);
                    let mut all = vec![values.loss(net.head, y), *values.a.last().expect("there is a layer")];
                    all.extend(&values.z);
                    t.outputs(all).with_gradients()
                })?;
                Some(Programs { step, batch, whole })
            }
        };
        let order = (0..points.len()).collect();
        let (start, random) = (params.clone(), RandomState::new(config.seed));
        let mut session = Session {
            config,
            points,
            net,
            params,
            start,
            optimizer,
            programs,
            order,
            used: usize::MAX,
            random,
            steps: 0,
            epochs: 0,
            losses: vec![],
            every: 1,
            curvature: OnceCell::new(),
            stopped: None,
        };
        let first = session.whole().map(|whole| whole.loss);
        session.losses.extend(first);
        Ok(session)
    }

    /// Takes up to so many steps, each on the next batch. It stops where a loss, a gradient or a result is not finite.
    pub fn train(&mut self, steps: usize) {
        for _ in 0..steps {
            if self.stopped.is_some() {
                return;
            }
            let batch = self.next_batch();
            let Some(Programs { step: Recorded { program, state }, .. }) = &mut self.programs else { return };
            let (x, y) = batch;
            match program.step(state, &mut self.params, &mut *self.optimizer, (&x, &y)) {
                Ok(loss) => self.keep(loss),
                Err(error) => self.stop(&error),
            }
        }
    }

    /// The inputs and targets of the next batch. A new order begins where too few samples are left.
    fn next_batch(&mut self) -> (Tensor, Tensor) {
        let batch = self.programs.as_ref().map_or(0, |programs| programs.batch);
        if self.used.saturating_add(batch) > self.order.len() {
            self.random.shuffle(&mut self.order);
            self.epochs += usize::from(self.used != usize::MAX);
            self.used = 0;
        }
        let chosen = &self.order[self.used..self.used + batch];
        self.used += batch;
        let x: Vec<[f64; 2]> = chosen.iter().map(|&i| self.points.x[i]).collect();
        let y: Vec<f64> = chosen.iter().map(|&i| self.points.y[i]).collect();
        (tensor(inputs(&x, self.config.inputs), self.config.inputs), tensor(y, 1))
    }

    fn keep(&mut self, loss: f64) {
        self.steps += 1;
        if self.steps.is_multiple_of(self.every) {
            self.losses.push(loss);
        }
        if self.losses.len() > LOSSES {
            self.losses = self.losses.iter().copied().step_by(2).collect();
            self.every *= 2;
        }
    }

    fn stop(&mut self, error: &StepError) {
        self.stopped = Some(error.to_string());
    }

    /// Loss, output, z and gradients of all samples; none if there are no samples.
    pub(crate) fn whole(&mut self) -> Option<Whole<'_>> {
        let Recorded { program, state } = &mut self.programs.as_mut()?.whole;
        let x = tensor(inputs(&self.points.x, self.config.inputs), self.config.inputs);
        let run = program.run(state, &self.params, (&x, &tensor(self.points.y.clone(), 1)));
        let run = run.expect("the shapes are those of the trace");
        let z = (0..self.net.layers.layers.len()).map(|i| run.slice(2 + i)).collect();
        Some(Whole { loss: run.item(0), output: run.slice(1), z, grads: run.grads() })
    }

    /// What each neuron gives on a grid of the shown square, neuron after neuron in the order of the layers, each row by row
    /// from the top. `side` points lie on a side.
    pub fn fields(&self, side: usize) -> Vec<f64> {
        let Points { centre, half, .. } = self.points;
        let at = |i: usize| (2 * i + 1) as f64 / side as f64 - 1.0;
        let grid: Vec<[f64; 2]> = (0..side * side)
            .map(|i| [centre[0] + half * at(i % side), centre[1] - half * at(i / side)])
            .collect();
        let tape = Tape::with(&self.params);
        let values = self.net.forward(matrix(&tape, &inputs(&grid, self.config.inputs), self.config.inputs));
        values.a.iter().flat_map(|a: &Var<'_>| a.t().to_vec::<f64>()).collect()
    }
}

type Tensor = autograd::ndarray::Array2<f64>;

fn tensor(numbers: Vec<f64>, columns: usize) -> Tensor {
    let shape = (numbers.len() / columns, columns);
    Tensor::from_shape_vec(shape, numbers).expect("whole rows")
}
