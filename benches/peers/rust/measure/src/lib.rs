//! What every program of the comparison shares: its arguments, the numbers of the workloads, the clock, the line it prints.
//!
//! A program is called as `PROGRAM [--vectors=BITS] THREADS SECONDS WORKLOAD`. If it can compute the workload, it prints an empty line when
//! it is ready and, for each line that it reads, a line of JSON for each way to compute it and an empty line.

use std::time::Instant;

/// A program of the comparison, as it was called.
pub struct Program {
    peer: &'static str,
    /// As many as the program may use.
    pub threads: usize,
    /// The most bits that a vector may have, if there is a limit.
    pub vectors: Option<usize>,
    seconds: f64,
    workloads: Vec<String>,
    /// Bytes in memory at the start.
    start: u64,
}

/// Bytes of this process in memory: now (`VmRSS`), or at most so far (`VmHWM`); 0 where the system does not tell.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.map_or(0, |kibibytes| 1024 * kibibytes)
}

impl Program {
    /// Reads the arguments.
    pub fn of(peer: &'static str) -> Program {
        let mut args = std::env::args().skip(1).peekable();
        let vectors = args.peek().and_then(|arg| arg.strip_prefix("--vectors=")?.parse().ok());
        if vectors.is_some() {
            args.next();
        }
        let mut number = || args.next().and_then(|arg| arg.parse::<f64>().ok());
        let (Some(threads), Some(seconds)) = (number(), number()) else {
            eprintln!("usage: {peer} [--vectors=BITS] THREADS SECONDS WORKLOAD…");
            std::process::exit(2);
        };
        let workloads = args.collect();
        Program { peer, threads: threads as usize, vectors, seconds, workloads, start: memory("VmRSS") }
    }

    /// Whether a workload was asked for.
    pub fn wants(&self, workload: &str) -> bool {
        self.workloads.iter().any(|wanted| wanted == workload)
    }

    /// Says that a step is ready, and times it whenever it is its turn. `check` are the values that all programs agree on.
    pub fn measure(&self, workload: &str, check: &[f64], step: impl FnMut()) {
        self.measure_all(workload, &mut [Way { peer: self.peer, check: check.to_vec(), steps: 1, step }]);
    }

    /// As [`measure`](Program::measure), for several ways to compute a workload.
    pub fn measure_all<F: FnMut()>(&self, workload: &str, ways: &mut [Way<F>]) {
        println!();
        for _ in std::io::stdin().lines() {
            for Way { peer, check, steps, step } in &mut *ways {
                let Samples { seconds, reps } = time(self.seconds, step);
                let [median, min] = [seconds[seconds.len() / 2], seconds[0]].map(|s| s / *steps as f64);
                let reps = reps * *steps;
                let memory = memory("VmHWM").saturating_sub(self.start);
                println!(
                    r#"{{"peer": "{peer}", "workload": "{workload}", "threads": {}, "median_s": {median:e}, "min_s": {min:e}, "reps": {reps}, "memory_b": {memory}, "check": {check:?}}}"#,
                    self.threads
                );
            }
            println!();
        }
    }
}

/// A way to compute a workload: who does it, what comes out, and a call that makes one step or more.
pub struct Way<F> {
    pub peer: &'static str,
    pub check: Vec<f64>,
    /// How many steps a call makes.
    pub steps: usize,
    pub step: F,
}

/// What was measured.
pub struct Samples {
    /// Of one call, ascending.
    pub seconds: Vec<f64>,
    /// How many calls.
    pub reps: usize,
}

/// Runs a step until the time is up. Short steps are timed several at once, 50 µs a sample.
pub fn time(budget: f64, step: &mut impl FnMut()) -> Samples {
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
