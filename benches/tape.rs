//! The cost of a node of the tape: a chain of a million scalar operations, recorded and swept.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use wengert::prelude::*;

const NODES: usize = 1_000_000;

/// v ← sin v, a million times.
fn chain<'t>(tape: &'t Tape<'t>) -> (Var<'t>, Var<'t>) {
    let x = tape.var(0.5);
    let mut v = x;
    for _ in 0..NODES {
        v = v.sin();
    }
    (x, v)
}

fn chain_of_a_million(c: &mut Criterion) {
    let mut tape = Tape::new();
    chain(&tape);
    let recorded = tape.bytes();
    {
        let tape = Tape::new();
        let (x, v) = chain(&tape);
        v.grad([x]);
        let per_node = |bytes: usize, nodes: usize| bytes as f64 / nodes as f64;
        println!(
            "{:.0} bytes per node recorded, {:.0} with the nodes of the gradient",
            per_node(recorded, NODES),
            per_node(tape.bytes(), tape.len())
        );
    }
    let mut group = c.benchmark_group("chain-1000000");
    group.throughput(Throughput::Elements(NODES as u64)).sample_size(10);
    group.bench_function("record", |b| {
        b.iter(|| {
            tape.reset();
            black_box(chain(&tape).1.item())
        });
    });
    group.bench_function("record-and-grad", |b| {
        b.iter(|| {
            tape.reset();
            let (x, v) = chain(&tape);
            black_box(v.grad([x])[0].item())
        });
    });
    group.finish();
}

criterion_group!(tape, chain_of_a_million);
criterion_main!(tape);
