//! The models for tests of programs, at realistic sizes.

use ndarray::{Array1, ArrayD, IxDyn};
use wengert::autograd::AnyTensor;
use wengert::nn::attention::Mask;
use wengert::nn::{Lstm, TransformerBlock, loss, sequence::Direction};
use wengert::prelude::*;

/// A loss of the inputs, of any lifetime.
type Loss = Box<dyn for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Var<'t>>;

/// A model with a batch of data.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) params: Params,
    batch: Vec<ArrayD<f32>>,
    labels: Option<Array1<i64>>,
    loss: Loss,
}

/// Numbers of −1 to 1 by a linear congruential generator.
fn numbers(seed: u64, shape: &[usize]) -> ArrayD<f32> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    ArrayD::from_shape_simple_fn(IxDyn(shape), next)
}

impl Model {
    pub(crate) fn program(&self) -> Program {
        let program = Program::trace(&self.params, |t| {
            let mut inputs: Vec<Var<'_>> =
                self.batch.iter().enumerate().map(|(i, x)| t.input(&format!("x{i}"), x.shape())).collect();
            let labels = self.labels.iter().map(|l| t.input_of("labels", DType::I64, l.shape()));
            inputs.extend(labels);
            t.outputs((self.loss)(t, &inputs)).with_gradients()
        });
        program.expect("a plan")
    }

    pub(crate) fn inputs(&self) -> Vec<&dyn AnyTensor> {
        let arrays = self.batch.iter().map(|x| x as &dyn AnyTensor);
        arrays.chain(self.labels.iter().map(|l| l as &dyn AnyTensor)).collect()
    }

    /// The loss and the gradients, recorded and computed at once.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn eager(&self, params: &Params) -> (f64, Gradients) {
        let tape = Tape::with(params);
        let inputs = self.batch.iter().map(|x| tape.constant(x));
        let inputs: Vec<Var<'_>> = inputs.chain(self.labels.iter().map(|l| tape.constant(l))).collect();
        let loss = (self.loss)(&tape, &inputs);
        (loss.item(), loss.backward())
    }
}

/// One sigmoid neuron on one sample.
pub(crate) fn neuron() -> Model {
    let mut params = Params::f32();
    let layer = Linear::with_init(&mut params.scope("neuron"), 3, 1, [0.1, 0.2, -0.3], 0.0);
    Model {
        name: "neuron",
        params,
        batch: vec![numbers(1, &[1, 3]), numbers(2, &[1, 1])],
        labels: None,
        loss: Box::new(move |_, x| loss::half_mse(layer.forward(x[0]).sigmoid(), x[1])),
    }
}

/// A network with the mean squared error.
pub(crate) fn regression(name: &'static str, sizes: &[usize], batch: usize, activation: Activation) -> Model {
    let mut params = Params::f32();
    let net = Mlp::new(&mut params.scope("net"), sizes, activation);
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    Model {
        name,
        params,
        batch: vec![numbers(3, &[batch, first]), numbers(4, &[batch, last])],
        labels: None,
        loss: Box::new(move |_, x| loss::mse(net.forward(x[0]), x[1])),
    }
}

/// A classifier of images with the cross entropy.
pub(crate) fn classifier() -> Model {
    let mut params = Params::f32();
    let net = Mlp::new(&mut params.scope("net"), &[784, 256, 128, 10], Activation::Relu);
    Model {
        name: "classifier",
        params,
        batch: vec![numbers(5, &[64, 784])],
        labels: Some((0..64).map(|i| i % 10).collect()),
        loss: Box::new(move |_, x| loss::cross_entropy(net.forward(x[0]), x[1])),
    }
}

/// Σ tanh(x·y + z)·σ(x) + ½x²·e⁻ʸ.
pub(crate) fn elements(n: usize) -> Model {
    let mut params = Params::f32();
    let mut scope = params.scope("f");
    let [x, y, z] = [("x", 6), ("y", 7), ("z", 8)].map(|(name, seed)| {
        let values: Vec<f64> = numbers(seed, &[n]).iter().map(|&x| f64::from(x)).collect();
        scope.param(name, [n], &values[..])
    });
    Model {
        name: "elements",
        params,
        batch: vec![],
        labels: None,
        loss: Box::new(move |t, _| {
            let [x, y, z] = [x, y, z].map(|p| t.param(p));
            ((x * y + z).tanh() * x.sigmoid() + 0.5 * x * x * (-y).exp()).sum()
        }),
    }
}

/// A causal transformer block.
pub(crate) fn transformer(sequences: usize, length: usize, width: usize) -> Model {
    let mut params = Params::f32();
    let block = TransformerBlock::new(&mut params.scope("block"), width, 4);
    Model {
        name: "transformer",
        params,
        batch: vec![numbers(9, &[sequences, length, width])],
        labels: None,
        loss: Box::new(move |_, x| block.forward(x[0], Mask::Causal).square().mean()),
    }
}

/// An LSTM over sequences, which is a loop.
pub(crate) fn recurrent(length: usize, batch: usize, units: usize) -> Model {
    let mut params = Params::f32();
    let lstm = Lstm::stacked(&mut params.scope("lstm"), 3, units, 2, &[Direction::Forward]);
    Model {
        name: "recurrent",
        params,
        batch: vec![numbers(10, &[length, batch, 3])],
        labels: None,
        loss: Box::new(move |_, x| lstm.forward(x[0], None, None).0.square().mean()),
    }
}

/// A solver's steps of a few numbers, which are a loop of scalar instructions.
pub(crate) fn solver(steps: usize) -> Model {
    let mut params = Params::f32();
    let start = params.scope("swing").param("start", [2], [1.0, 0.3]);
    Model {
        name: "solver",
        params,
        batch: vec![],
        labels: None,
        loss: Box::new(move |t, _| {
            let start = t.param(start);
            let ([x, v], path) = t.scan(steps, [start.index(0, 0), start.index(0, 1)], (), |[x, v], ()| {
                let v = v - x.sin() * 0.05;
                let x = x + v * 0.05;
                ([x, v], x)
            });
            (x * v).square() + path.square().mean()
        }),
    }
}
