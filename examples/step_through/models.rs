//! The networks that can be stepped through, each with one sample or a few.

use wengert::autograd::Steps;
use wengert::prelude::*;

/// The seed of the weights.
const SEED: u64 = 1;

/// A network with its loss.
#[derive(Clone, Copy)]
pub(crate) enum Model {
    Neuron,
    ThreeOneOne,
    Mlp,
}

impl Model {
    const ALL: [(&str, Model); 3] =
        [("neuron", Model::Neuron), ("three_one_one", Model::ThreeOneOne), ("mlp", Model::Mlp)];

    pub(crate) fn named(name: &str) -> Result<Model, String> {
        let found = Model::ALL.iter().find(|(known, _)| *known == name);
        found.map(|&(_, model)| model).ok_or_else(|| {
            let names: Vec<&str> = Model::ALL.iter().map(|&(name, _)| name).collect();
            format!("--model `{name}`: the models are {}", names.join(", "))
        })
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Model::Neuron => "One neuron: L = ½·(σ(w·x + b) − y)²",
            Model::ThreeOneOne => "The 3-1-1 network: A₁ = σ(X·W₁ + b₁), A₂ = σ(A₁·W₂ + b₂), L = ½·(A₂ − Y)²",
            Model::Mlp => "Mlp [2, 3, 1] with tanh on four points: L = mean (output − y)²",
        }
    }

    /// The steps of the loss and of its gradients. They are owned: the tape ends here.
    pub(crate) fn steps(self) -> Steps {
        match self {
            Model::Neuron => neuron(),
            Model::ThreeOneOne => three_one_one(),
            Model::Mlp => mlp(),
        }
    }
}

fn neuron() -> Steps {
    let mut params = Params::f64();
    let mut scope = params.scope("neuron");
    let (w, b) = (scope.param("w", [], -0.5), scope.param("b", [], 0.25));
    let tape = Tape::with(&params);
    let (x, y) = (tape.constant(2.0), tape.constant(1.0));
    let a = tape.scope("neuron", || (x * w + b).sigmoid());
    let loss = tape.scope("loss", || 0.5 * (a - y).square());
    loss.steps()
}

fn three_one_one() -> Steps {
    let mut params = Params::f64().with_seed(SEED);
    let net = ThreeOneOne::with_output_layer(&mut params.scope("net"));
    let tape = Tape::with(&params);
    let loss = net.loss(tape.constant([[0.5, -1.0, 2.0]]), tape.constant([[1.0]]));
    loss.steps()
}

fn mlp() -> Steps {
    let mut params = Params::f64().with_seed(SEED);
    let net = Mlp::new(&mut params.scope("net"), &[2, 3, 1], Activation::Tanh);
    let tape = Tape::with(&params);
    let x = tape.constant([[0.0, 1.0], [1.0, 0.5], [-1.0, 0.2], [0.3, -0.7]]);
    let y = tape.constant([[1.0], [0.0], [1.0], [0.0]]);
    let output = net.forward(x);
    let loss = tape.scope("loss", || nn::loss::mse(output, y));
    loss.steps()
}
