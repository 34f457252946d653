//! Gradients derived by hand, in plain `f64` loops that call nothing of the engine.
//!
//! The two source texts are "the notebook" (perceptron, multi-layer perceptron, optimisers) and "the 3-1-1 paper"
//! (one sigmoid neuron on three inputs, its equations numbered). Each file here writes one of their models as the text
//! derives it: the forward pass, the loss, then one factor of the chain rule after the other, with the equation or the
//! line of code in the doc comment. `difference` is a central difference, which is independent of the derivation and of the
//! tape. Matrices are row-major slices, a weight matrix has the shape `[fan_in, fan_out]` and a layer
//! computes `x W + b`, as in both texts.

pub(crate) mod adam;
pub(crate) mod difference;
pub(crate) mod mlp;
pub(crate) mod neuron311;
pub(crate) mod perceptron;
pub(crate) mod sigmoid;
