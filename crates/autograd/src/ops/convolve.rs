//! Records the ops of kernels that slide, with their costs: for the methods, and for the rules, which name each other's ops.

use super::prelude::*;
use crate::ir::{Conv, ConvTranspose, ConvWeight, PoolArgmax, Sliding};
use std::sync::Arc;

/// Records a convolution.
#[track_caller]
pub(crate) fn convolve<'t>(x: Var<'t>, weight: Var<'t>, over: Arc<Sliding>, groups: usize) -> Var<'t> {
    let flops = 2 * weight.shape()[1..].iter().product::<usize>();
    record(Conv { over, groups, flops }, &[x, weight])
}

/// Records a transposed convolution: what `conv` gives is `y`.
#[track_caller]
pub(crate) fn convolve_transposed<'t>(
    y: Var<'t>,
    weight: Var<'t>,
    over: Arc<Sliding>,
    groups: usize,
) -> Var<'t> {
    let [y_elements, weight_elements] = [y, weight].map(|x| x.shape()[1..].iter().product::<usize>());
    let products = y_elements.saturating_mul(weight_elements);
    let elements = weight.shape()[1].saturating_mul(groups).saturating_mul(over.input.elements());
    record(ConvTranspose { over, groups, flops: products / elements.max(1) * 2 }, &[y, weight])
}

/// Records the derivative by the weight.
#[track_caller]
pub(super) fn convolve_weight<'t>(x: Var<'t>, y: Var<'t>, over: Arc<Sliding>, groups: usize) -> Var<'t> {
    let flops = y.shape()[0].saturating_mul(over.output.elements()).saturating_mul(2);
    record(ConvWeight { over, groups, flops }, &[x, y])
}

/// The places of the largest elements, of windows that each have one.
#[track_caller]
pub(crate) fn places_of_maxima(x: Var<'_>, over: Sliding) -> Var<'_> {
    let flops = over.kernel.elements();
    record(PoolArgmax { over: Arc::new(over), flops }, &[x])
}
