//! Records the ops of kernels that slide, with their costs: for the methods, and for the rules, which name each other's ops.

use super::prelude::*;
use crate::ir::{Conv, ConvTranspose, ConvWeight, Gather, PoolArgmax, PoolMax, PoolMaxBack, Sliding};
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
pub(crate) fn places_of_maxima(x: Var<'_>, over: Arc<Sliding>) -> Var<'_> {
    let flops = over.kernel.elements();
    record(PoolArgmax { over, flops }, &[x])
}

/// The largest elements of such windows.
#[track_caller]
pub(crate) fn maxima(x: Var<'_>, over: Arc<Sliding>) -> Var<'_> {
    let flops = over.kernel.elements();
    record(PoolMax { over, flops }, &[x])
}

/// Cotangents put where the largest elements of windows are.
#[track_caller]
pub(super) fn to_maxima<'t>(x: Var<'t>, g: Var<'t>, over: Arc<Sliding>) -> Var<'t> {
    // A comparison for each element of a window.
    let flops = over.output.elements() * over.kernel.elements() / over.input.elements().max(1);
    record(PoolMaxBack { over, flops }, &[x, g])
}

/// The elements of planes at places that were found there.
#[track_caller]
pub(crate) fn at_places<'t>(x: Var<'t>, index: Var<'t>, over: &Sliding) -> Var<'t> {
    let (plane, positions) = (over.input.elements(), over.output.elements());
    let planes: usize = x.shape()[..x.rank() - over.axes()].iter().product();
    let rows = index.reshape([planes, positions]);
    record(Gather { axis: 1 }, &[x.reshape([planes, plane]), rows]).reshape(index.shape())
}
