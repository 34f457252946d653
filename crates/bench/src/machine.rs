//! What the machine can do.

use autograd::{Params, Program};
use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What a machine reaches on so many threads: the most that a model can be measured against.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// How many threads.
    pub threads: usize,
    /// Operations a second in a product of matrices of 1024 × 1024 numbers in single precision.
    pub flops: f64,
    /// Bytes a second, read and written, in a copy of 64 MiB.
    pub bytes: f64,
}

/// The length of the matrices.
const N: usize = 1024;

/// Numbers in the memory that is copied: more than caches hold.
const COPIED: usize = 1 << 24;

/// How long each is tried.
const TRIED: Duration = Duration::from_millis(300);

impl Machine {
    /// Measures it, for about a second: the best of several tries.
    ///
    /// ```no_run
    /// let machine = bench::Machine::measured(1);
    /// assert!(machine.flops > 1e6 && machine.bytes > 1e6);
    /// println!("{machine}");
    /// ```
    pub fn measured(threads: usize) -> Machine {
        let flops = 2.0 * (N * N * N) as f64 / product(threads).as_secs_f64();
        let bytes = (2 * COPIED * size_of::<f32>()) as f64 / copy(threads).as_secs_f64();
        Machine { threads, flops, bytes }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { threads, flops, bytes } = self;
        let s = if *threads == 1 { "" } else { "s" };
        write!(
            f,
            "{threads} thread{s}: {:.1} Gflop/s by products, {:.1} GB/s by copies",
            flops / 1e9,
            bytes / 1e9
        )
    }
}

/// A product of two matrices.
fn product(threads: usize) -> Duration {
    let mut params = Params::f32();
    let mut scope = params.scope("x");
    let [a, b] = ["a", "b"].map(|name| scope.param(name, [N, N], 0.5));
    let program = Program::trace(&params, |t| t.outputs(t.param(a).matmul(b))).expect("a plan");
    let mut state = program.state().with_threads(threads);
    least(|| {
        black_box(program.run(&mut state, &params, ()).expect("a product"));
    })
}

/// A copy that threads share.
fn copy(threads: usize) -> Duration {
    let (from, mut to) = (vec![1.0f32; COPIED], vec![0.0f32; COPIED]);
    let part = COPIED.div_ceil(threads.max(1));
    least(|| {
        std::thread::scope(|scope| {
            for (from, to) in from.chunks(part).zip(to.chunks_mut(part)) {
                scope.spawn(|| to.copy_from_slice(from));
            }
        });
        black_box(&mut to);
    })
}

/// The least time of several tries, after one that is not counted.
fn least(mut f: impl FnMut()) -> Duration {
    f();
    let (begin, mut least) = (Instant::now(), Duration::MAX);
    while least == Duration::MAX || begin.elapsed() < TRIED {
        let start = Instant::now();
        f();
        least = least.min(start.elapsed());
    }
    least
}
