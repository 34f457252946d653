//! What optimisers promise: a user's own rule, groups, state as data, refusals that change nothing, one rule in several readings.

mod data;
mod pipeline;
mod readings;
mod refusals;
mod rules;
mod state;

use autograd::{DType, Gradients, Num, Number, Param, Params};
use optim::{Formula, Hyperparameters, Range};

/// AMSGrad (Reddi et al. 2018, algorithm 2) with decoupled weight decay (Loshchilov & Hutter 2019):
/// v̂ = max(v̂, v),  p ← p − η·(m/(√v̂ + ε) + λ·p).
#[derive(Clone, Debug)]
pub(crate) struct AmsGrad {
    pub(crate) rate: f64,
    pub(crate) decay: f64,
}

impl Formula<3, 6> for AmsGrad {
    const STATE: [&'static str; 3] = ["m", "v", "largest"];
    fn coefficients(&self, _t: u64) -> [f64; 6] {
        [self.rate, self.decay, 0.9, 0.1, 0.99, 0.01]
    }
    fn update<N: Number>(
        [rate, decay, beta1, rest1, beta2, rest2]: [Num<N>; 6],
        p: Num<N>,
        g: Num<N>,
        [m, v, largest]: [Num<N>; 3],
    ) -> (Num<N>, [Num<N>; 3]) {
        let (m, v) = (beta1 * m + rest1 * g, beta2 * v + rest2 * g.square());
        let largest = largest.maximum(v);
        (p - rate * (m / (largest.sqrt() + 1e-8) + decay * p), [m, v, largest])
    }
    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.rate, Range::NOT_NEGATIVE);
        each("weight_decay", &mut self.decay, Range::NOT_NEGATIVE);
    }
}

pub(crate) fn model(mut params: Params) -> (Params, Param, Param) {
    let mut net = params.scope("net");
    let (weight, bias) = (net.param("weight", [3], [1.0, -2.0, 0.5]), net.param("bias", [2], [0.25, 4.0]));
    (params, weight, bias)
}

/// Gradients made from numbers, other ones for each seed.
pub(crate) fn some_gradients(params: &Params, seed: usize) -> Gradients {
    let mut grads = Gradients::zeros(params);
    let mut k = seed;
    let mut next = || {
        k = (k * 37 + 11) % 101;
        k as f64 / 25.0 - 2.0
    };
    for p in params.iter() {
        match params.dtype() {
            DType::F32 => grads.get_mut::<f32>(p).unwrap().iter_mut().for_each(|g| *g = next() as f32),
            _ => grads.get_mut::<f64>(p).unwrap().iter_mut().for_each(|g| *g = next()),
        }
    }
    grads
}
