//! What every program of the comparison shares: its arguments, the numbers of the workloads, the clock, the line it prints.
//!
//! A program is called as `PROGRAM THREADS SECONDS WORKLOAD…` and prints a line of JSON for each workload it can compute.

use std::time::Instant;

/// A program of the comparison, as it was called.
pub struct Program {
    peer: &'static str,
    /// As many as the program may use.
    pub threads: usize,
    seconds: f64,
    workloads: Vec<String>,
}

impl Program {
    /// Reads the arguments.
    pub fn of(peer: &'static str) -> Program {
        let mut args = std::env::args().skip(1);
        let mut number = || args.next().and_then(|arg| arg.parse::<f64>().ok());
        let (Some(threads), Some(seconds)) = (number(), number()) else {
            eprintln!("usage: {peer} THREADS SECONDS WORKLOAD…");
            std::process::exit(2);
        };
        Program { peer, threads: threads as usize, seconds, workloads: args.collect() }
    }

    /// Whether a workload was asked for.
    pub fn wants(&self, workload: &str) -> bool {
        self.workloads.iter().any(|wanted| wanted == workload)
    }

    /// Times a step and prints the result. `check` are the values that all programs agree on.
    pub fn measure(&self, workload: &str, check: &[f64], step: impl FnMut()) {
        self.measure_as(self.peer, workload, check, step);
    }

    /// As [`measure`](Program::measure), under another name.
    pub fn measure_as(&self, peer: &str, workload: &str, check: &[f64], mut step: impl FnMut()) {
        let samples = time(self.seconds, &mut step);
        let (median, min, reps) =
            (samples.seconds[samples.seconds.len() / 2], samples.seconds[0], samples.reps);
        println!(
            r#"{{"peer": "{peer}", "workload": "{workload}", "threads": {}, "median_s": {median:e}, "min_s": {min:e}, "reps": {reps}, "check": {check:?}}}"#,
            self.threads
        );
    }
}

struct Samples {
    /// Of one call, ascending.
    seconds: Vec<f64>,
    reps: usize,
}

/// Runs a step until the time is up. Short steps are timed several at once, 50 µs a sample.
fn time(budget: f64, step: &mut impl FnMut()) -> Samples {
    let start = Instant::now();
    let mut calls = 0;
    while calls < 2 || start.elapsed().as_secs_f64() < 0.3 * budget {
        step();
        calls += 1;
    }
    let per_call = start.elapsed().as_secs_f64() / f64::from(calls);
    let at_once = ((50e-6 / per_call) as usize).max(1);
    let (start, mut seconds) = (Instant::now(), vec![]);
    while seconds.len() < 3 || start.elapsed().as_secs_f64() < budget {
        let sample = Instant::now();
        for _ in 0..at_once {
            step();
        }
        seconds.push(sample.elapsed().as_secs_f64() / at_once as f64);
    }
    seconds.sort_by(f64::total_cmp);
    Samples { reps: seconds.len() * at_once, seconds }
}

/// The stream of numbers in [−scale, scale) that the workloads are defined with, the same in every language.
pub fn lcg(seed: u64, n: usize, scale: f64) -> Vec<f64> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0) * scale
    };
    std::iter::repeat_with(next).take(n).collect()
}

/// The stream in single precision.
pub fn lcg_f32(seed: u64, n: usize, scale: f64) -> Vec<f32> {
    lcg(seed, n, scale).into_iter().map(|x| x as f32).collect()
}
