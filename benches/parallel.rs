//! What a step costs that is cut into shards, on one rank and on several, beside one that is not cut.
//!
//! `cargo bench --bench parallel -- W4` measures the classifier, `W5` the wide layers. Ids: `whole` is a program of the whole
//! batch; `ranks-2/8` a step of eight shards on two ranks; `owners` where owners update, `fast` where the world adds as it likes. All
//! have one thread a rank, so on a quiet machine with two cores the efficiency of two ranks is the time of `ranks-1/8` by twice that of
//! `ranks-2/8`.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use wengert::parallel::{Shards, Threads, World};
use wengert::prelude::*;

/// A network with mean squared error.
#[derive(Clone, Copy)]
struct Size {
    name: &'static str,
    units: &'static [usize],
    rows: usize,
}

const SIZES: [Size; 2] = [
    Size { name: "W4", units: &[784, 256, 128, 10], rows: 64 },
    Size { name: "W5", units: &[1024, 4096, 4096, 1024], rows: 256 },
];

/// How a step is cut.
type Cut = for<'w> fn(Shards<'w>) -> Shards<'w>;

impl Size {
    fn model(self) -> (Params, Mlp) {
        let mut params = Params::f32().with_seed(1);
        let net = Mlp::new(&mut params.scope("net"), self.units, Activation::Relu);
        (params, net)
    }

    /// Inputs or targets.
    fn rows(self, rows: usize, units: usize) -> Vec<f32> {
        (0..rows * units).map(|i| (i as f32 * 0.618_034).fract() - 0.5).collect()
    }

    fn ends(self) -> [usize; 2] {
        [self.units[0], self.units[self.units.len() - 1]]
    }

    /// The time of so many steps of a program of the whole batch.
    fn whole(self, steps: u64) -> Duration {
        let ((mut params, net), [first, last]) = (self.model(), self.ends());
        let program = Program::trace(&params, |t| {
            let (x, y) = (t.input("x", [self.rows, first]), t.input("y", [self.rows, last]));
            t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
        });
        let program = program.expect("it is planned");
        let (mut state, mut adam) = (program.state().with_threads(1), Adam::new(1e-3).expect("a valid rate"));
        let (x, y) = (self.rows(self.rows, first), self.rows(self.rows, last));
        let mut step =
            || black_box(program.step(&mut state, &mut params, &mut adam, (&x, &y)).expect("a step"));
        step();
        let begin = Instant::now();
        (0..steps).for_each(|_| {
            step();
        });
        begin.elapsed()
    }

    /// The time of so many steps on ranks, by the slowest of them.
    fn ranks(self, ranks: usize, shards: usize, cut: Cut, steps: u64) -> Duration {
        let slowest = Mutex::new(Duration::ZERO);
        Threads::run(ranks, |world| {
            let ((mut params, net), [first, last]) = (self.model(), self.ends());
            let shards_of = cut(world.shards(shards)).with_threads(1);
            let rows = self.rows / shards;
            let step = shards_of.trace(&params, |t| {
                let (x, y) = (t.input("x", [rows, first]), t.input("y", [rows, last]));
                t.outputs(nn::loss::mse(net.forward(x), y)).with_gradients()
            });
            let (step, mut adam) = (step.expect("it is planned"), Adam::new(1e-3).expect("a valid rate"));
            let rows = shards_of.part().rows(self.rows).len();
            let (x, y) = (self.rows(rows, first), self.rows(rows, last));
            let mut step = || black_box(step.step(&mut params, &mut adam, (&x, &y)).expect("a step"));
            step();
            let begin = Instant::now();
            (0..steps).for_each(|_| {
                step();
            });
            let mut slowest = slowest.lock().expect("no rank panics");
            *slowest = begin.elapsed().max(*slowest);
        });
        slowest.into_inner().expect("no rank panics")
    }
}

fn parallel(c: &mut Criterion) {
    let ways: [(&str, Cut); 3] = [("", |s| s), ("-owners", |s| s.owners_update()), ("-fast", |s| s.fast())];
    for size in SIZES {
        let mut group = c.benchmark_group(size.name);
        group.sample_size(10).warm_up_time(Duration::from_secs(1));
        group.bench_function("whole", |b| b.iter_custom(|steps| size.whole(steps)));
        for (way, cut) in ways {
            for (ranks, shards) in [(1, 1), (1, 2), (2, 2), (1, 8), (2, 8)] {
                let id = format!("ranks-{ranks}/{shards}{way}");
                group.bench_function(id, |b| b.iter_custom(|steps| size.ranks(ranks, shards, cut, steps)));
            }
        }
        group.finish();
    }
}

criterion_group!(benches, parallel);
criterion_main!(benches);
