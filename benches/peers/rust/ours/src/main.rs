//! Wengert, and the programs by hand: the workloads of the benches, each in every way it can be run.

#[path = "../../../../workloads/all.rs"]
mod all;

use all::{Show, all};
use measure::{Program, Way};
use std::hint::black_box;

fn main() {
    let program = Program::of("program");
    if let Some(bits) = program.vectors {
        wengert::autograd::loops::limit_vectors(bits);
    }
    for workload in all().iter().filter(|workload| program.wants(workload.name)) {
        let way = |run: &all::Run| {
            let (peer, threads) = match run.id.rsplit_once('-') {
                Some((way, threads)) => (way, threads.trim_end_matches('t').parse().expect("a number of threads")),
                None => (run.id, 1),
            };
            // The loops by hand choose their vectors themselves.
            let is_held = program.vectors.is_none() || run.id != "hand";
            (threads == program.threads && is_held).then(|| {
                let (mut step, check) = run.prepare(workload.name, workload.expected);
                let step = move || {
                    black_box(step(Show::Loss));
                };
                Way { peer, check, steps: run.steps, step }
            })
        };
        let mut ways: Vec<_> = workload.runs.iter().filter_map(way).collect();
        program.measure_all(workload.name, &mut ways);
    }
}
