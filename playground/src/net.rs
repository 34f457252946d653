//! The network: layers of `nn`, and a head that says what the last one gives.

use crate::config::{Config, Head};
use autograd::{Params, Tape, Var};
use nn::{Linear, Mlp};

/// Layers and what stands after the last.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) layers: Mlp,
    pub(crate) head: Head,
}

/// What is computed for a batch, layer by layer: zₗ = aₗ₋₁·Wₗ + bₗ and aₗ = f(zₗ). The last a is the output.
#[derive(Debug)]
pub(crate) struct Values<'t> {
    pub(crate) z: Vec<Var<'t>>,
    pub(crate) a: Vec<Var<'t>>,
}

impl Net {
    pub(crate) fn new(config: &Config) -> (Net, Params) {
        let mut params = Params::f64().with_seed(config.seed.into());
        let (weight, bias) = config.start.inits();
        let sizes = config.sizes();
        let mut scope = params.scope("net");
        let layers = sizes.windows(2).enumerate().map(|(i, pair)| {
            let mut scope = scope.scope(&i.to_string());
            // What gives the output has no function that could die.
            let bias = if i + 2 == sizes.len() { nn::Init::Zeros } else { bias };
            Linear::with_init(&mut scope, pair[0], pair[1], weight, bias)
        });
        let layers = Mlp { layers: layers.collect(), activation: config.activation };
        (Net { layers, head: config.head }, params)
    }

    /// The values for x of [n, inputs], with their names: Z1, A1, Z2, …
    pub(crate) fn forward<'t>(&self, x: Var<'t>) -> Values<'t> {
        let layers = &self.layers.layers;
        let mut values = Values { z: vec![], a: vec![] };
        let mut last = x;
        for (i, layer) in layers.iter().enumerate() {
            let _layer = x.tape().within([layer.weight, layer.bias]);
            let z = layer.forward(last).named(&format!("Z{}", i + 1));
            last = self.after(i, z).named(&format!("A{}", i + 1));
            values.z.push(z);
            values.a.push(last);
        }
        values
    }

    /// What stands after layer i.
    pub(crate) fn after<'t>(&self, i: usize, z: Var<'t>) -> Var<'t> {
        match i + 1 == self.layers.layers.len() {
            true => self.head.output(z),
            false => self.layers.activation.apply(z),
        }
    }
}

impl<'t> Values<'t> {
    /// The mean loss for targets of the output's shape.
    pub(crate) fn loss(&self, head: Head, y: Var<'t>) -> Var<'t> {
        let (z, o) = (self.z.last().expect("a network has layers"), self.a.last().expect("as above"));
        head.loss(*z, *o, y).mean()
    }
}

impl Head {
    /// The output for the last z.
    pub(crate) fn output(self, z: Var<'_>) -> Var<'_> {
        match self {
            Head::Linear => z,
            Head::Sigmoid | Head::CrossEntropy => z.sigmoid(),
            Head::Step => z.ge(0.0).cast(z.dtype()),
        }
    }

    /// The loss of each sample.
    pub(crate) fn loss<'t>(self, z: Var<'t>, output: Var<'t>, y: Var<'t>) -> Var<'t> {
        match self {
            Head::Linear | Head::Sigmoid => 0.5 * (output - y).square(),
            Head::CrossEntropy => z.softplus() - y * z,
            Head::Step => (output - y).detach() * z,
        }
    }
}

/// A batch on a tape: [n, columns].
pub(crate) fn matrix<'t>(tape: &'t Tape<'_>, numbers: &[f64], columns: usize) -> Var<'t> {
    tape.constant(numbers).reshape([numbers.len() / columns, columns])
}
