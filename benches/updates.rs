//! The cost of a step of each optimiser without its gradient, for parameters that fit the near caches and for far more.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wengert::optim::{
    AdaBelief, Adadelta, Adagrad, AdamW, Adamax, AmsGrad, Asgd, HyperparameterError, Lion, NAdam, RAdam,
    RmsProp, Rprop, SignSgd, Yogi,
};
use wengert::prelude::*;

/// A step of an optimiser on the given number of parameters, with their gradient already computed.
fn step(c: &mut Criterion, name: &str, mut params: Params, n: usize, mut optimizer: impl Optimizer) {
    let p = params.scope("model").param("w", [n], 1.0);
    let grads = Tape::with(&params).param(p).square().sum().backward();
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(n as u64));
    group.bench_function(BenchmarkId::new(params.dtype().to_string(), n), |b| {
        b.iter(|| optimizer.step(&mut params, &grads).expect("the gradient is finite"));
    });
    group.finish();
}

fn updates(c: &mut Criterion) {
    for n in [100, 4096, 1 << 20] {
        for new in [Params::f32, Params::f64] {
            step(c, "sgd", new(), n, Sgd::new(1e-3).expect("a valid rate"));
            step(c, "momentum", new(), n, Momentum::new(1e-3, 0.9).expect("a valid rate and momentum"));
            step(c, "adam", new(), n, Adam::new(1e-3).expect("a valid rate"));
        }
    }
    others(c).expect("valid rates");
}

/// The other elementwise optimisers, for one type.
fn others(c: &mut Criterion) -> Result<(), HyperparameterError> {
    let n = 1 << 20;
    step(c, "adamw", Params::f32(), n, AdamW::new(1e-3)?);
    step(c, "amsgrad", Params::f32(), n, AmsGrad::new(1e-3)?);
    step(c, "nadam", Params::f32(), n, NAdam::new(1e-3)?);
    step(c, "radam", Params::f32(), n, RAdam::new(1e-3)?);
    step(c, "adamax", Params::f32(), n, Adamax::new(1e-3)?);
    step(c, "rmsprop", Params::f32(), n, RmsProp::new(1e-3)?);
    step(c, "adagrad", Params::f32(), n, Adagrad::new(1e-3)?);
    step(c, "adadelta", Params::f32(), n, Adadelta::new(1.0)?);
    step(c, "asgd", Params::f32(), n, Asgd::new(1e-3)?);
    step(c, "rprop", Params::f32(), n, Rprop::new(1e-3)?);
    step(c, "lion", Params::f32(), n, Lion::new(1e-3)?);
    step(c, "sign_sgd", Params::f32(), n, SignSgd::new(1e-3)?);
    step(c, "adabelief", Params::f32(), n, AdaBelief::new(1e-3)?);
    step(c, "yogi", Params::f32(), n, Yogi::new(1e-3)?);
    Ok(())
}

criterion_group!(benches, updates);
criterion_main!(benches);
