//! The cost of a step of each optimiser without its gradient, for parameters that fit the near caches and for far more.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wengert::optim::{
    AdaBelief, Adadelta, Adafactor, Adagrad, AdamW, Adamax, AmsGrad, Asgd, HyperparameterError, Lamb, Lars,
    Lion, Lookahead, Muon, NAdam, NovoGrad, RAdam, RmsProp, Rprop, SignSgd, Yogi,
};
use wengert::prelude::*;

/// A step of an optimiser on the given number of parameters, with their gradient already computed.
fn step(c: &mut Criterion, name: &str, params: Params, n: usize, optimizer: impl Optimizer) {
    step_of(c, name, params, &[n], optimizer);
}

/// The same for parameters of one shape.
fn step_of(
    c: &mut Criterion,
    name: &str,
    mut params: Params,
    shape: &[usize],
    mut optimizer: impl Optimizer,
) {
    let n: usize = shape.iter().product();
    let p = params.scope("model").param("w", shape, 1.0);
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
    of_tensors(c).expect("valid rates");
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

/// Those that look at a tensor as a whole: norms, rows and columns, products.
fn of_tensors(c: &mut Criterion) -> Result<(), HyperparameterError> {
    let shape = [1024, 1024];
    step_of(c, "lamb", Params::f32(), &shape, Lamb::new(1e-3)?);
    step_of(c, "lars", Params::f32(), &shape, Lars::new(1e-3)?);
    step_of(c, "novograd", Params::f32(), &shape, NovoGrad::new(1e-3)?);
    step_of(c, "adafactor", Params::f32(), &shape, Adafactor::new(1e-3)?);
    step_of(c, "muon", Params::f32(), &shape, Muon::new(1e-3)?);
    step_of(c, "lookahead of adam", Params::f32(), &shape, Lookahead::new(Adam::new(1e-3)?, 5, 0.5)?);
    Ok(())
}

criterion_group!(benches, updates);
criterion_main!(benches);
