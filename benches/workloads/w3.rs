//! W3: the textbook's network [2, 10, 5, 1] with sigmoid, batch 200, mean squared error, gradient descent.
#![expect(clippy::needless_range_loop, reason = "the loops by hand run over several columns at once")]

use super::data::{array, lcg, mlp};
use super::hand::{Scalar, dot, sigmoid, widest};
use super::setup::{Model, Setup};
use super::{Run, Step, Workload};
use ndarray::ArrayD;
use std::marker::PhantomData;
use wengert::autograd::Float;
use wengert::prelude::*;

const RATE: f64 = 0.005;

pub(super) fn workloads() -> Vec<Workload> {
    fn workload<T: Scalar>(name: &'static str) -> Workload {
        let mut runs = Setup::runs(setup::<T>);
        runs.push(Run::new("native", || setup::<T>().native()));
        runs.push(Run::new("hand", by_hand::<T>));
        Workload { name, expected: &[0.32684815], runs }
    }
    vec![workload::<f32>("W3-f32"), workload::<f64>("W3-f64")]
}

/// The network, and of which type its data are.
pub(super) struct Regression<T>(pub(super) Mlp, PhantomData<T>);

impl<T: Float> Model for Regression<T> {
    type Batch = (ArrayD<T>, ArrayD<T>);

    fn loss<'t>(&self, _: &'t Tape<'t>, (x, y): (Var<'t>, Var<'t>)) -> Var<'t> {
        nn::loss::mse(self.0.forward(x), y)
    }
}

pub(super) fn setup<T: Float>() -> Setup<Regression<T>> {
    let mut params = if T::DTYPE == DType::F32 { Params::f32() } else { Params::f64() };
    let net = mlp(&mut params, &[2, 10, 5, 1], Activation::Sigmoid, 3, |_| 0.5);
    let batch = (array(20, &[200, 2]), array(21, &[200, 1]));
    let optimizer = Some(Sgd::new(RATE).expect("a valid rate"));
    Setup { model: Regression(net, PhantomData), params, batch, optimizer }
}

/// One value for each sample.
type Column<T> = [T; 200];

/// The network by hand: everything that has a value per sample is a column, so that each loop runs over samples.
struct ByHand<T> {
    x: [Column<T>; 2],
    y: Column<T>,
    w1: [[T; 10]; 2],
    b1: [T; 10],
    w2: [[T; 5]; 10],
    b2: [T; 5],
    w3: [T; 5],
    b3: T,
    a1: [Column<T>; 10],
    a2: [Column<T>; 5],
    d2: [Column<T>; 5],
    ones: Column<T>,
}

fn by_hand<T: Scalar>() -> Step {
    let draw = |seed, n, scale| -> Vec<T> { lcg(seed, n, scale).into_iter().map(T::from_f64).collect() };
    let (x, y) = (draw(20, 400, 1.0), draw(21, 200, 1.0));
    let (w1, w2, w3) = (draw(3, 20, 0.5), draw(4, 50, 0.5), draw(5, 5, 0.5));
    let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
    let mut network = Box::new(ByHand {
        x: std::array::from_fn(|k| std::array::from_fn(|i| x[2 * i + k])),
        y: std::array::from_fn(|i| y[i]),
        w1: std::array::from_fn(|k| std::array::from_fn(|j| w1[10 * k + j])),
        b1: [zero; 10],
        w2: std::array::from_fn(|k| std::array::from_fn(|j| w2[5 * k + j])),
        b2: [zero; 5],
        w3: std::array::from_fn(|k| w3[k]),
        b3: zero,
        a1: [[zero; 200]; 10],
        a2: [[zero; 200]; 5],
        d2: [[zero; 200]; 5],
        ones: [one; 200],
    });
    Box::new(move |_| {
        widest(
            #[inline(always)]
            || network.step(),
        )
        .to_f64()
    })
}

impl<T: Scalar> ByHand<T> {
    #[inline(always)]
    fn step(&mut self) -> T {
        self.hidden();
        let error = self.error();
        let loss = dot(&error, &error) * T::from_f64(1.0 / 200.0);
        self.output_layer(error);
        self.hidden_layers();
        loss
    }

    #[inline(always)]
    fn hidden(&mut self) {
        for j in 0..10 {
            for i in 0..200 {
                let z = self.x[0][i] * self.w1[0][j] + self.x[1][i] * self.w1[1][j] + self.b1[j];
                self.a1[j][i] = sigmoid(z);
            }
        }
        for j in 0..5 {
            let mut z = [self.b2[j]; 200];
            for k in 0..10 {
                add_scaled(&mut z, &self.a1[k], self.w2[k][j]);
            }
            for i in 0..200 {
                self.a2[j][i] = sigmoid(z[i]);
            }
        }
    }

    /// Output minus target.
    #[inline(always)]
    fn error(&self) -> Column<T> {
        let mut error = [self.b3; 200];
        for k in 0..5 {
            add_scaled(&mut error, &self.a2[k], self.w3[k]);
        }
        for i in 0..200 {
            error[i] = error[i] - self.y[i];
        }
        error
    }

    /// The slopes of the second hidden layer, and the update of the output layer.
    #[inline(always)]
    fn output_layer(&mut self, error: Column<T>) {
        let (one, rate) = (T::from_f64(1.0), T::from_f64(RATE));
        let mut d3 = error;
        for d in &mut d3 {
            *d = *d * T::from_f64(2.0 / 200.0);
        }
        for k in 0..5 {
            for i in 0..200 {
                let a = self.a2[k][i];
                self.d2[k][i] = d3[i] * self.w3[k] * a * (one - a);
            }
            self.w3[k] = self.w3[k] - rate * dot(&self.a2[k], &d3);
        }
        self.b3 = self.b3 - rate * dot(&d3, &self.ones);
    }

    /// The slopes of the first hidden layer one column at a time, and the updates of both hidden layers.
    #[inline(always)]
    fn hidden_layers(&mut self) {
        let (one, rate) = (T::from_f64(1.0), T::from_f64(RATE));
        for k in 0..10 {
            let mut d = [T::from_f64(0.0); 200];
            for j in 0..5 {
                add_scaled(&mut d, &self.d2[j], self.w2[k][j]);
            }
            for i in 0..200 {
                let a = self.a1[k][i];
                d[i] = d[i] * a * (one - a);
            }
            for j in 0..5 {
                self.w2[k][j] = self.w2[k][j] - rate * dot(&self.a1[k], &self.d2[j]);
            }
            self.w1[0][k] = self.w1[0][k] - rate * dot(&self.x[0], &d);
            self.w1[1][k] = self.w1[1][k] - rate * dot(&self.x[1], &d);
            self.b1[k] = self.b1[k] - rate * dot(&d, &self.ones);
        }
        for j in 0..5 {
            self.b2[j] = self.b2[j] - rate * dot(&self.d2[j], &self.ones);
        }
    }
}

#[inline(always)]
fn add_scaled<T: Scalar>(sum: &mut Column<T>, column: &Column<T>, factor: T) {
    for i in 0..200 {
        sum[i] = column[i].fused(factor, sum[i]);
    }
}
