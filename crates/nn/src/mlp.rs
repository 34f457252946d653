//! The multi-layer perceptron.

use crate::{Activation, Init, Linear};
use autograd::{Mistake, Scope, Var};

/// A multi-layer perceptron: linear layers with an activation after each but the last.
///
/// a₀ = x,  zᵢ = aᵢ·Wᵢ + bᵢ,  aᵢ₊₁ = f(zᵢ),  and the last z is the result. The parameters are named `0.weight`,
/// `0.bias`, `1.weight`, … in the scope.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::{Activation, Mlp};
/// let mut params = Params::f32();
/// let net = Mlp::new(&mut params.scope("net"), &[2, 10, 1], Activation::Tanh);
/// let tape = Tape::with(&params);
/// let x = tape.constant([[0.5f32, -1.0], [2.0, 0.0], [1.0, 1.0]]);
/// assert_eq!(net.forward(x).shape()[..], [3, 1]);
/// assert_eq!(params.name(net.layers[1].weight), "net.1.weight");
/// ```
#[derive(Clone, Debug)]
pub struct Mlp {
    /// The linear layers, from input to output.
    pub layers: Vec<Linear>,
    /// The function between them.
    pub activation: Activation,
}

impl Mlp {
    /// Layers of the given sizes, input first, with Xavier-normal weights and zero biases.
    ///
    /// # Panics
    /// If there are fewer than two sizes, or the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, sizes: &[usize], activation: Activation) -> Mlp {
        Mlp::with_init(scope, sizes, activation, Init::XavierNormal)
    }

    /// As [`new`](Mlp::new), with another distribution of the initial weights, the same for every layer.
    ///
    /// # Panics
    /// If there are fewer than two sizes, or the scope has parameters of these names.
    #[track_caller]
    pub fn with_init(scope: &mut Scope<'_>, sizes: &[usize], activation: Activation, weight: Init) -> Mlp {
        if sizes.len() < 2 {
            Mistake::new(format!("Mlp: sizes {sizes:?}"))
                .rule("there are at least two, those of input and output")
                .raise();
        }
        let mut layers = Vec::with_capacity(sizes.len() - 1);
        for (i, pair) in sizes.windows(2).enumerate() {
            let mut scope = scope.scope(&i.to_string());
            layers.push(Linear::with_init(&mut scope, pair[0], pair[1], weight, Init::Zeros));
        }
        Mlp { layers, activation }
    }

    /// The output for x of \[n, first size\]: \[n, last size\].
    ///
    /// # Panics
    /// If x has another shape or dtype, or is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let (last, hidden) = self.layers.split_last().expect("two sizes make a layer");
        let mut a = x;
        for layer in hidden {
            // The activation belongs to the layer before it.
            let _layer = x.tape().within([layer.weight, layer.bias]);
            a = self.activation.apply(layer.forward(a));
        }
        last.forward(a)
    }
}
