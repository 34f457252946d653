//! What tracing and planning cost: a transformer block, twelve of them, and lists of many operations, long ones and wide ones.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nn::TransformerBlock;
use nn::attention::Mask;
use std::hint::black_box;
use wengert::prelude::*;

/// A training step of so many blocks of the width 128 with 4 heads, for 8 sequences of 64.
fn blocks(params: &Params, blocks: &[TransformerBlock]) -> Program {
    let program = Program::trace(params, |t| {
        let x = t.input("x", [8, 64, 128]);
        let y = blocks.iter().fold(x, |x, block| block.forward(x, Mask::Causal));
        t.outputs(y.square().mean()).with_gradients()
    });
    program.expect("a plan")
}

/// v ← sin v · w + v, again and again, on 64 numbers, and the gradient: about so many nodes in all.
fn list(params: &Params, w: Param, nodes: usize) -> Program {
    let program = Program::trace(params, |t| {
        let (x, w) = (t.input("x", [64]), t.param(w));
        // Three nodes a round, and about six of the gradient.
        let y = (0..nodes / 9).fold(x, |v, _| v.sin() * w + v);
        t.outputs(y.sum()).with_gradients()
    });
    program.expect("a plan")
}

/// Σ sin(cᵢ·v)·w, added up in pairs, on 64 numbers, and the gradient: about so many nodes in all, of which any number could be
/// computed at once.
fn wide(params: &Params, w: Param, nodes: usize) -> Program {
    let program = Program::trace(params, |t| {
        let (x, w) = (t.input("x", [64]), t.param(w));
        // Four nodes a term with its sum, and about five of the gradient.
        let mut terms: Vec<Var<'_>> = (1..=nodes / 9).map(|i| (w * i as f64).sin() * x).collect();
        while terms.len() > 1 {
            terms = terms
                .chunks(2)
                .map(|two| two.iter().copied().reduce(|a, b| a + b).expect("a term"))
                .collect();
        }
        t.outputs(terms[0].sum()).with_gradients()
    });
    program.expect("a plan")
}

fn transformers(c: &mut Criterion) {
    let mut group = c.benchmark_group("trace-and-plan");
    group.sample_size(20);
    for depth in [1, 12] {
        let mut params = Params::f32();
        let all: Vec<TransformerBlock> = (0..depth)
            .map(|i| TransformerBlock::new(&mut params.scope(&format!("block{i}")), 128, 4))
            .collect();
        group.bench_function(BenchmarkId::new("blocks", depth), |b| {
            b.iter(|| black_box(blocks(&params, &all).kernels()));
        });
    }
    group.finish();
}

fn lists(c: &mut Criterion) {
    let mut params = Params::f32();
    let w = params.scope("list").param("w", [64], 0.5);
    for (name, of) in
        [("trace-and-plan-list", list as fn(&Params, Param, usize) -> Program), ("trace-and-plan-wide", wide)]
    {
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        for nodes in [1_000, 10_000, 100_000] {
            group.throughput(Throughput::Elements(nodes as u64));
            group.bench_function(BenchmarkId::from_parameter(nodes), |b| {
                b.iter(|| black_box(of(&params, w, nodes).kernels()));
            });
        }
        group.finish();
    }
}

criterion_group!(plan, transformers, lists);
criterion_main!(plan);
