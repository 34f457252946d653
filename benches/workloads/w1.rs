//! W1: a network [2, 16, 16, 1] with tanh, written one scalar at a time: 337 parameters, the sum of squared errors of 100
//! samples, its gradient. The source of the network is the same for all ways: the scalar tape records it sample by sample, and
//! on the tape of tensors each scalar holds its values for all samples.

use super::data::lcg;
use super::hand::widest;
use super::setup::{Model, Setup};
use super::{Run, Show, Step, Workload};
use ndarray::{Array1, ArrayD};
use std::hint::black_box;
use wengert::autograd::Param;
use wengert::autograd::scalar::{self, Real};
use wengert::prelude::*;

const SAMPLES: usize = 100;
const PARAMETERS: usize = 3 * 16 + 17 * 16 + 17;

pub(super) fn workloads() -> Vec<Workload> {
    let mut runs = Setup::runs(setup);
    runs.push(Run::new("scalar", by_scalars));
    runs.push(Run::new("hand", by_hand));
    vec![Workload { name: "W1", expected: &[95.88329273, 41.12005740], runs }]
}

/// (network(a, b) − y)². The parameters in order: each neuron's weights, then its bias.
#[inline(always)]
fn squared_error<T: Real>(params: &[T], [a, b]: [T; 2], y: T) -> T {
    let (first, rest) = params.split_at(3 * 16);
    let (second, last) = rest.split_at(17 * 16);
    let h: [T; 16] = std::array::from_fn(|j| neuron(&first[3 * j..][..3], &[a, b]).tanh());
    let h: [T; 16] = std::array::from_fn(|j| neuron(&second[17 * j..][..17], &h).tanh());
    let error = neuron(last, &h) - y;
    error * error
}

/// b + w·x.
#[inline(always)]
fn neuron<T: Real>(params: &[T], inputs: &[T]) -> T {
    let (&bias, weights) = params.split_last().expect("a bias");
    weights.iter().zip(inputs).fold(bias, |sum, (&w, &x)| sum + w * x)
}

/// Each scalar with its values for all samples.
struct Neurons(Vec<Param>);

impl Model for Neurons {
    type Batch = (ArrayD<f64>, ArrayD<f64>, ArrayD<f64>);

    fn loss<'t>(&self, tape: &'t Tape<'t>, (a, b, y): (Var<'t>, Var<'t>, Var<'t>)) -> Var<'t> {
        let params: Vec<Var<'t>> = self.0.iter().map(|&p| tape.param(p)).collect();
        squared_error(&params, [a, b], y).sum()
    }
}

/// The tape recorded anew each time, sample by sample.
fn by_scalars() -> Step {
    let (values, samples) = (lcg(7, PARAMETERS, 0.5), samples());
    let (mut tape, mut gradient) = (scalar::Tape::new(), vec![0.0; PARAMETERS]);
    Box::new(move |show| {
        tape.clear();
        let params: Vec<scalar::Var<'_>> = black_box(&values).iter().map(|&v| tape.var(v)).collect();
        let mut loss = tape.constant(0.0);
        for (sample, &x) in samples.iter().enumerate() {
            loss = loss + squared_error(&params, x.map(|x| tape.constant(x)), tape.constant(target(sample)));
        }
        loss.grad_into(&params, &mut gradient);
        if show == Show::Loss { loss.value() } else { gradient.iter().sum() }
    })
}

fn setup() -> Setup<Neurons> {
    let mut params = Params::f64();
    let mut scope = params.scope("");
    let values = lcg(7, PARAMETERS, 0.5);
    let neurons = values.iter().enumerate().map(|(i, &v)| scope.param(&i.to_string(), [], v)).collect();
    let column = |value: &dyn Fn(usize) -> f64| Array1::from_shape_fn(SAMPLES, value).into_dyn();
    let x = samples();
    let batch = (column(&|i| x[i][0]), column(&|i| x[i][1]), column(&target));
    Setup { model: Neurons(neurons), params, batch, optimizer: None }
}

fn samples() -> Vec<[f64; 2]> {
    lcg(11, 2 * SAMPLES, 1.0).as_chunks().0.to_vec()
}

fn target(sample: usize) -> f64 {
    if sample.is_multiple_of(2) { 1.0 } else { -1.0 }
}

fn by_hand() -> Step {
    let (params, samples, mut gradient) = (lcg(7, PARAMETERS, 0.5), samples(), vec![0.0; PARAMETERS]);
    Box::new(move |show| {
        let loss = widest(
            #[inline(always)]
            || gradient_by_hand(black_box(&params), &samples, &mut gradient),
        );
        if show == Show::Loss { loss } else { gradient.iter().sum() }
    })
}

/// The loss and its gradient, one sample after the other.
#[inline(always)]
fn gradient_by_hand(params: &[f64], samples: &[[f64; 2]], gradient: &mut [f64]) -> f64 {
    let (first, rest) = params.split_at(3 * 16);
    let (second, last) = rest.split_at(17 * 16);
    gradient.fill(0.0);
    let (d_first, d_rest) = gradient.split_at_mut(3 * 16);
    let (d_second, d_last) = d_rest.split_at_mut(17 * 16);
    let mut loss = 0.0;
    for (sample, &[a, b]) in samples.iter().enumerate() {
        let (mut h1, mut h2) = ([0.0; 16], [0.0; 16]);
        for (h, w) in h1.iter_mut().zip(first.as_chunks::<3>().0) {
            *h = (a * w[0] + b * w[1] + w[2]).tanh();
        }
        for (h, w) in h2.iter_mut().zip(second.as_chunks::<17>().0) {
            *h = neuron_by_hand(&h1, w).tanh();
        }
        let last: &[f64; 17] = last.try_into().expect("sixteen weights and a bias");
        let error = neuron_by_hand(&h2, last) - target(sample);
        loss += error * error;

        let (d, mut d_h1) = (2.0 * error, [0.0; 16]);
        for i in 0..16 {
            d_last[i] += d * h2[i];
        }
        d_last[16] += d;
        for (j, (w, d_w)) in
            second.as_chunks::<17>().0.iter().zip(d_second.as_chunks_mut::<17>().0).enumerate()
        {
            let d = d * last[j] * (1.0 - h2[j] * h2[j]);
            for i in 0..16 {
                d_w[i] += d * h1[i];
                d_h1[i] += d * w[i];
            }
            d_w[16] += d;
        }
        for (j, d_w) in d_first.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let d = d_h1[j] * (1.0 - h1[j] * h1[j]);
            d_w[0] += d * a;
            d_w[1] += d * b;
            d_w[2] += d;
        }
    }
    loss
}

#[inline(always)]
fn neuron_by_hand(inputs: &[f64; 16], params: &[f64; 17]) -> f64 {
    let mut sum = params[16];
    for i in 0..16 {
        sum += inputs[i] * params[i];
    }
    sum
}
