//! W15: a language model as GPT: 6 transformer blocks of width 256 with 8 heads, context 128, batch 16, a vocabulary of 4,096;
//! cross entropy, AdamW, gradients clipped by their norm.

use super::Workload;
use super::data::{by_fan_in, lcg, linear};
use super::setup::{Model, Setup};
use ndarray::{ArrayD, IxDyn};
use nn::attention::{Mask, SelfAttention};
use nn::embedding::{Embedding, Positions};
use nn::{LayerNorm, NoBias, TransformerBlock};
use wengert::prelude::*;

const BATCH: usize = 16;
const CONTEXT: usize = 128;
const VOCABULARY: usize = 4096;
const WIDTH: usize = 256;
const LAYERS: u64 = 6;

pub(super) fn workloads() -> Vec<Workload> {
    vec![Workload { name: "W15", expected: &[8.480871], runs: Setup::runs(setup) }]
}

struct Gpt {
    tokens: Embedding,
    positions: Positions,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    head: Linear<NoBias>,
}

impl Model for Gpt {
    type Batch = (ArrayD<i64>, ArrayD<i64>);

    fn loss<'t>(&self, _: &'t Tape<'t>, (words, next): (Var<'t>, Var<'t>)) -> Var<'t> {
        let x = self.positions.forward(self.tokens.forward(words), 0);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, Mask::Causal));
        let logits = self.head.forward(self.norm.forward(x));
        nn::loss::cross_entropy(logits.reshape([BATCH * CONTEXT, VOCABULARY]), next)
    }
}

fn setup() -> Setup<Gpt, Pipeline<AdamW>> {
    let mut params = Params::f32();
    let mut scope = params.scope("gpt");
    let mut table = |name, seed, count| {
        Embedding::new(&mut scope.scope(name), count, WIDTH, &lcg(seed, count * WIDTH, 1.0)[..])
    };
    let tokens = table("tokens", 151, VOCABULARY);
    let positions = Positions { table: table("positions", 152, CONTEXT).table };
    let blocks = (0..LAYERS).map(|i| block(&mut scope.scope(&format!("block{i}")), 160 + 4 * i)).collect();
    let norm = LayerNorm::new(&mut scope.scope("norm"), WIDTH);
    let weights = lcg(153, WIDTH * VOCABULARY, by_fan_in(WIDTH));
    let head = Linear::without_bias_with(&mut scope.scope("head"), WIDTH, VOCABULARY, &weights[..]);
    let optimizer = Pipeline::new(AdamW::new(3e-4).expect("a valid rate"));
    Setup {
        model: Gpt { tokens, positions, blocks, norm, head },
        params,
        batch: (words(0, &[BATCH, CONTEXT]), words(1, &[BATCH * CONTEXT])),
        optimizer: Some(optimizer.clip_norm(1.0).expect("a valid limit")),
    }
}

/// The words of each text from the given one on.
fn words(first: usize, shape: &[usize]) -> ArrayD<i64> {
    let all = (0..BATCH).flat_map(|row| (0..CONTEXT).map(move |i| row * (CONTEXT + 1) + first + i));
    let all = all.map(|i| (i * 104_729 % VOCABULARY) as i64).collect();
    ArrayD::from_shape_vec(IxDyn(shape), all).expect("as many as the shape has")
}

fn block(scope: &mut Scope<'_>, seed: u64) -> TransformerBlock {
    let mut layer = |name, number, fan_in, fan_out| {
        linear(&mut scope.scope(name), seed + number, fan_in, fan_out, by_fan_in(fan_in))
    };
    let qkv = layer("qkv", 0, WIDTH, 3 * WIDTH);
    let output = layer("output", 1, WIDTH, WIDTH);
    let expand = layer("expand", 2, WIDTH, 4 * WIDTH);
    let contract = layer("contract", 3, 4 * WIDTH, WIDTH);
    TransformerBlock {
        norm1: LayerNorm::new(&mut scope.scope("norm1"), WIDTH),
        attention: SelfAttention { qkv, output, heads: 8 },
        norm2: LayerNorm::new(&mut scope.scope("norm2"), WIDTH),
        mlp: Mlp { layers: vec![expand, contract], activation: Activation::GeluTanh },
    }
}
