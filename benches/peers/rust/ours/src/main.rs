//! Wengert, and the programs by hand: the workloads of the benches, each in every way it can be run.

#[path = "../../../../workloads/all.rs"]
mod all;

use all::{Show, all};
use measure::Program;
use std::hint::black_box;

fn main() {
    let program = Program::of("program");
    for workload in all().iter().filter(|workload| program.wants(workload.name)) {
        for run in &workload.runs {
            let (way, threads) = match run.id.rsplit_once('-') {
                Some((way, "2t")) => (way, 2),
                Some((way, _)) => (way, 1),
                None => (run.id, 1),
            };
            if threads == program.threads {
                let (mut step, check) = run.prepare(workload.name, workload.expected);
                program.measure_as(way, workload.name, &check, || {
                    black_box(step(Show::Loss));
                });
            }
        }
    }
}
