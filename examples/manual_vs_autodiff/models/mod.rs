//! The four models on the tape: forward passes and losses, no derivatives.

pub(crate) mod mlp;
mod neurons;
pub(crate) mod perceptron;
pub(crate) mod three_one_one;

use wengert::prelude::*;

/// The values of some parameters in one row, in the given order, as the manual code takes them.
fn flat(params: &Params, order: &[Param]) -> Vec<f64> {
    order.iter().flat_map(|&p| params.get::<f64>(p)).copied().collect()
}
