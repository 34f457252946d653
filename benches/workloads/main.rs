//! Whole steps of the workloads, as a user writes them: forward pass, loss, gradients, update.
//!
//! `cargo bench --bench workloads -- W3` runs one group. Groups are the workloads; ids say how the step is run: recorded
//! anew each time (`eager-1t`), as a compiled program (`program-1t`, `program-2t`), as many steps of it in one call
//! (`steps-1t`: the rate is that of single steps), or by loops written by hand (`hand`).

// By path, since the peers' benchmark shares these files.
#[path = "all.rs"]
#[cfg_attr(feature = "cuda", expect(dead_code, reason = "the bench `gpu` asks for devices"))]
mod all;

use all::{Show, all};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

fn workloads(c: &mut Criterion) {
    for workload in all() {
        let mut group = c.benchmark_group(workload.name);
        group.sample_size(20).warm_up_time(Duration::from_secs(1));
        for run in workload.runs {
            group.throughput(Throughput::Elements(run.steps as u64));
            let mut step = None; // prepared when first wanted: a filter may leave it out
            group.bench_function(run.id, |b| {
                let (step, _) = step.get_or_insert_with(|| run.prepare(workload.name, workload.expected));
                b.iter(|| black_box(step(Show::Loss)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, workloads);
criterion_main!(benches);
