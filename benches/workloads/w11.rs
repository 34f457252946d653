//! W11: a recurrent network, an LSTM of 64 units on 32 sequences of 100 steps and 64 inputs, whose last state a linear layer
//! reads out: mean squared error, Adam.

use super::Workload;
use super::data::{array, by_fan_in, linear};
use super::setup::{Model, Setup};
use ndarray::ArrayD;
use nn::sequence::Direction;
use nn::{Lstm, LstmCell};
use wengert::prelude::*;

const UNITS: usize = 64;

pub(super) fn workloads() -> Vec<Workload> {
    vec![Workload { name: "W11", expected: &[0.35757333], runs: Setup::runs(setup) }]
}

struct Network {
    lstm: Lstm,
    readout: Linear,
}

impl Model for Network {
    type Batch = (ArrayD<f32>, ArrayD<f32>);

    fn loss<'t>(&self, _: &'t Tape<'t>, (x, y): (Var<'t>, Var<'t>)) -> Var<'t> {
        let (_, state) = self.lstm.forward(x, None, None);
        nn::loss::mse(self.readout.forward(state[0].index(0, 0)), y)
    }
}

fn setup() -> Setup<Network, Adam> {
    let mut params = Params::f32();
    let mut scope = params.scope("net");
    let mut layer =
        |name, seed, outputs| linear(&mut scope.scope(name), seed, UNITS, outputs, by_fan_in(UNITS));
    let cell = LstmCell { input: layer("input", 1, 4 * UNITS), hidden: layer("hidden", 2, 4 * UNITS) };
    let model = Network {
        lstm: Lstm { cells: vec![cell], directions: Direction::ONE },
        readout: layer("readout", 3, 1),
    };
    let batch = (array(90, &[100, 32, UNITS]), array(91, &[32, 1]));
    Setup { model, params, batch, optimizer: Some(Adam::new(1e-3).expect("a valid rate")) }
}
