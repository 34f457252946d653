//! W13: causal attention of 8 heads, 1,024 queries and keys of width 64: the sum of the squares of its output, and the gradient
//! of that for queries, keys and values.

use super::Workload;
use super::data::lcg;
use super::setup::{Model, Setup};
use nn::attention::{Mask, scaled_dot_product};
use wengert::prelude::*;

const SHAPE: [usize; 4] = [1, 8, 1024, 64];

pub(super) fn workloads() -> Vec<Workload> {
    vec![Workload { name: "W13", expected: &[1377.8218, -215.8910], runs: Setup::runs(setup) }]
}

struct Attention([Param; 3]);

impl Model for Attention {
    type Batch = ();

    fn loss<'t>(&self, tape: &'t Tape<'t>, (): ()) -> Var<'t> {
        let [q, k, v] = self.0.map(|x| tape.param(x));
        scaled_dot_product(q, k, v, Mask::Causal).square().sum()
    }
}

fn setup() -> Setup<Attention> {
    let mut params = Params::f32();
    let mut scope = params.scope("attention");
    let operands = [("q", 110), ("k", 111), ("v", 112)]
        .map(|(name, seed)| scope.param(name, SHAPE, &lcg(seed, SHAPE.iter().product(), 1.0)[..]));
    Setup { model: Attention(operands), params, batch: (), optimizer: None }
}
