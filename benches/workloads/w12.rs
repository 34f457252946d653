//! W12: memory rather than arithmetic. Rows of a table at 4,096 indices, Σ (table\[index\]·c)², and running sums and a sort of a
//! million elements, Σ y·w; with gradients, which are as large as the table and the million.

use super::Workload;
use super::data::{array, lcg};
use super::setup::{Model, Setup};
use ndarray::{Array1, ArrayD};
use nn::Embedding;
use wengert::autograd::Param;
use wengert::prelude::*;

const ROWS: usize = 50_000;
const WIDTH: usize = 64;
const READ: usize = 4096;
const ELEMENTS: usize = 1_000_000;

pub(super) fn workloads() -> Vec<Workload> {
    vec![
        Workload { name: "W12-embedding", expected: &[29124.1738, 123.883959], runs: Setup::runs(embedding) },
        Workload {
            name: "W12-cumsum",
            expected: &[-249012.406, 137320662.0],
            runs: Setup::runs(|| weighted(|x| x.cumsum(0))),
        },
        Workload {
            name: "W12-sort",
            expected: &[288.034339, -12.9629836],
            runs: Setup::runs(|| weighted(|x| x.sort(0))),
        },
    ]
}

struct Table(Embedding);

impl Model for Table {
    type Batch = (ArrayD<i64>, ArrayD<f32>);

    fn loss<'t>(&self, _: &'t Tape<'t>, (index, c): (Var<'t>, Var<'t>)) -> Var<'t> {
        (self.0.forward(index) * c).square().sum()
    }
}

fn embedding() -> Setup<Table> {
    let mut params = Params::f32();
    let table = &lcg(100, ROWS * WIDTH, 1.0)[..];
    let table = Embedding::new(&mut params.scope("words"), ROWS, WIDTH, table);
    let index = Array1::from_iter((0..READ).map(|i| (i * 7919 % ROWS) as i64)).into_dyn();
    Setup { model: Table(table), params, batch: (index, array(101, &[READ, WIDTH])), optimizer: None }
}

/// A function of a million elements that gives as many.
struct Elements {
    x: Param,
    function: for<'t> fn(Var<'t>) -> Var<'t>,
}

impl Model for Elements {
    type Batch = (ArrayD<f32>,);

    fn loss<'t>(&self, tape: &'t Tape<'t>, (w,): (Var<'t>,)) -> Var<'t> {
        ((self.function)(tape.param(self.x)) * w).sum()
    }
}

fn weighted(function: for<'t> fn(Var<'t>) -> Var<'t>) -> Setup<Elements> {
    let mut params = Params::f32();
    let x = params.scope("").param("x", [ELEMENTS], &lcg(102, ELEMENTS, 1.0)[..]);
    Setup { model: Elements { x, function }, params, batch: (array(103, &[ELEMENTS]),), optimizer: None }
}
