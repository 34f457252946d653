//! W14: a Gaussian process in `f64`: minus the logarithm of its marginal likelihood for 200 and 1,000 observations, up to a
//! constant, and the gradient of that for scale, length and noise, by a Cholesky factor.

use super::Workload;
use super::data::array;
use super::setup::{Model, Setup};
use ndarray::{Array2, ArrayD};
use wengert::autograd::{Param, Triangle};
use wengert::prelude::*;

pub(super) fn workloads() -> Vec<Workload> {
    vec![
        Workload {
            name: "W14-200",
            expected: &[6.82557689228, 18.5149868445],
            runs: Setup::runs(setup::<200>),
        },
        Workload {
            name: "W14-1000",
            expected: &[-20.9776623529, 76.5870796048],
            runs: Setup::runs(setup::<1000>),
        },
    ]
}

struct Process(Param);

impl Model for Process {
    type Batch = (ArrayD<f64>, ArrayD<f64>);

    fn loss<'t>(&self, tape: &'t Tape<'t>, (squares, y): (Var<'t>, Var<'t>)) -> Var<'t> {
        let [scale, length, noise] = [0, 1, 2].map(|i| tape.param(self.0).index(0, i).exp());
        let k = scale * (squares * -0.5 * length).exp() + noise * tape.eye(squares.shape()[0], DType::F64);
        let l = k.cholesky();
        let half = l.solve_triangular(y, Triangle::LOWER);
        let solution = l.solve_triangular(half, Triangle::LOWER.transposed());
        0.5 * (y * solution).sum() + l.diagonal(0).ln().sum()
    }
}

fn setup<const N: usize>() -> Setup<Process> {
    let mut params = Params::f64();
    let parameters = params.scope("").param("logs", [3], [0.1, -0.2, -1.0]);
    let x = array::<f64>(120, &[N, 3]);
    let squares =
        Array2::from_shape_fn((N, N), |(i, j)| (0..3).map(|k| (x[[i, k]] - x[[j, k]]).powi(2)).sum());
    Setup {
        model: Process(parameters),
        params,
        batch: (squares.into_dyn(), array(121, &[N, 1])),
        optimizer: None,
    }
}
