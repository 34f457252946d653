//! The numbers that the workloads are defined with, the same in every language.

use ndarray::{ArrayD, IxDyn};
use wengert::autograd::Float;
use wengert::prelude::*;

/// A stream of numbers in [−scale, scale): a linear congruential generator of 64 bits (Knuth's MMIX).
pub(super) fn lcg(seed: u64, n: usize, scale: f64) -> Vec<f64> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0) * scale
    };
    std::iter::repeat_with(next).take(n).collect()
}

/// The stream from −1 to 1 in another dtype.
pub(super) fn numbers<T: Float>(seed: u64, n: usize) -> Vec<T> {
    lcg(seed, n, 1.0).into_iter().map(T::from_f64).collect()
}

/// The stream from −1 to 1 as an array.
pub(super) fn array<T: Float>(seed: u64, shape: &[usize]) -> ArrayD<T> {
    ArrayD::from_shape_vec(IxDyn(shape), numbers(seed, shape.iter().product()))
        .expect("as many as the shape has")
}

/// A linear layer with weights from the stream and zero bias.
pub(super) fn linear(scope: &mut Scope<'_>, seed: u64, fan_in: usize, fan_out: usize, scale: f64) -> Linear {
    Linear::with_init(scope, fan_in, fan_out, &lcg(seed, fan_in * fan_out, scale)[..], 0.0)
}

/// A network of such layers; the seeds count up from the first.
pub(super) fn mlp(
    params: &mut Params,
    sizes: &[usize],
    activation: Activation,
    first_seed: u64,
    scale: impl Fn(usize) -> f64,
) -> Mlp {
    let mut scope = params.scope("net");
    let layer = |(i, (seed, size)): (usize, (u64, &[usize]))| {
        linear(&mut scope.scope(&i.to_string()), seed, size[0], size[1], scale(size[0]))
    };
    Mlp { layers: (first_seed..).zip(sizes.windows(2)).enumerate().map(layer).collect(), activation }
}

/// The scale that keeps the variance of a layer's output in bounds.
pub(super) fn by_fan_in(fan_in: usize) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}
