//! W9: a transformer block of width 128 with 4 heads that normalises first, 8 sequences of 64, causal: the mean of the
//! squares of its output, and the gradient of that for all parameters.

use super::Workload;
use super::data::{array, by_fan_in, linear};
use super::setup::{Model, Setup};
use ndarray::ArrayD;
use nn::attention::{Mask, SelfAttention};
use nn::{LayerNorm, TransformerBlock};
use wengert::prelude::*;

const WIDTH: usize = 128;

pub(super) fn workloads() -> Vec<Workload> {
    vec![Workload { name: "W9", expected: &[0.38077992, -0.04515314], runs: Setup::runs(setup) }]
}

struct Block(TransformerBlock);

impl Model for Block {
    type Batch = (ArrayD<f32>,);

    fn loss<'t>(&self, _: &'t Tape<'t>, (x,): (Var<'t>,)) -> Var<'t> {
        self.0.forward(x, Mask::Causal).square().mean()
    }
}

fn setup() -> Setup<Block> {
    let mut params = Params::f32();
    let mut scope = params.scope("block");
    let mut layer = |name, seed, fan_in, fan_out| {
        linear(&mut scope.scope(name), seed, fan_in, fan_out, by_fan_in(fan_in))
    };
    let qkv = layer("qkv", 1, WIDTH, 3 * WIDTH);
    let output = layer("output", 2, WIDTH, WIDTH);
    let expand = layer("expand", 3, WIDTH, 4 * WIDTH);
    let contract = layer("contract", 4, 4 * WIDTH, WIDTH);
    let block = TransformerBlock {
        norm1: LayerNorm::new(&mut scope.scope("norm1"), WIDTH),
        attention: SelfAttention { qkv, output, heads: 4 },
        norm2: LayerNorm::new(&mut scope.scope("norm2"), WIDTH),
        mlp: Mlp { layers: vec![expand, contract], activation: Activation::GeluTanh },
    };
    Setup { model: Block(block), params, batch: (array(70, &[8, 64, WIDTH]),), optimizer: None }
}
