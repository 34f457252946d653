//! The 3-1-1 network: three inputs, one hidden neuron, one output.

use crate::{Linear, loss};
use autograd::{Scope, Var};

/// The 3-1-1 network, in two forms.
///
/// * [`as_written`](ThreeOneOne::as_written): one sigmoid neuron on three inputs, A = σ(X·W + b), as the formulas of
///   the paper and their code have it: the hidden neuron is the output.
/// * [`with_output_layer`](ThreeOneOne::with_output_layer): hidden A₁ = σ(X·W₁ + b₁), output A₂ = σ(A₁·W₂ + b₂).
///
/// Weights start from N(0, 2/(n_in + n_out)), whose second argument is a variance; biases from 0.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::teaching::ThreeOneOne;
/// let mut params = Params::f64().with_seed(1);
/// let net = ThreeOneOne::as_written(&mut params.scope("net"));
/// let tape = Tape::with(&params);
/// let (x, y) = (tape.constant([[0.5, -1.0, 2.0]]), tape.constant([[1.0]]));
/// let a = net.forward(x);
/// let grads = net.loss(x, y).backward();
/// let by_hand = (a.item() - 1.0) * a.item() * (1.0 - a.item()); // ∂L/∂b = (A − Y)·A·(1 − A)
/// assert!((grads.get::<f64>(net.hidden.bias).unwrap()[0] - by_hand).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ThreeOneOne {
    /// From the three inputs to the neuron.
    pub hidden: Linear,
    /// From the neuron to the output; absent in the network as written.
    pub output: Option<Linear>,
}

impl ThreeOneOne {
    /// One sigmoid neuron on three inputs, named `hidden`.
    #[track_caller]
    pub fn as_written(scope: &mut Scope<'_>) -> ThreeOneOne {
        ThreeOneOne { hidden: Linear::new(&mut scope.scope("hidden"), 3, 1), output: None }
    }

    /// With a true output layer, named `output`.
    #[track_caller]
    pub fn with_output_layer(scope: &mut Scope<'_>) -> ThreeOneOne {
        let hidden = Linear::new(&mut scope.scope("hidden"), 3, 1);
        ThreeOneOne { hidden, output: Some(Linear::new(&mut scope.scope("output"), 1, 1)) }
    }

    /// The activation A of \[n, 1\] for x of \[n, 3\].
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let a = neuron(self.hidden, x);
        match self.output {
            Some(layer) => neuron(layer, a),
            None => a,
        }
    }

    /// L = ½·(A − Y)², the mean over the rows, for targets of \[n, 1\].
    ///
    /// # Panics
    /// If the targets have another shape.
    #[track_caller]
    pub fn loss<'t>(&self, x: Var<'t>, y: Var<'t>) -> Var<'t> {
        loss::half_mse(self.forward(x), y)
    }
}

/// σ(x·W + b), all in the scope of the layer.
#[track_caller]
fn neuron<'t>(layer: Linear, x: Var<'t>) -> Var<'t> {
    let _layer = x.tape().within([layer.weight, layer.bias]);
    layer.forward(x).sigmoid()
}
