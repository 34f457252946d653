//! The workloads: each model and its loss written once, and the ways to run a step of it.

mod data;
#[cfg(feature = "cuda")]
pub(crate) mod device;
mod hand;
mod setup;
mod w1;
mod w10;
mod w11;
mod w12;
mod w13;
mod w14;
mod w15;
mod w2;
mod w3;
mod w4;
mod w5;
mod w6;
mod w7;
mod w8;
mod w9;

/// The number that a step returns.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Show {
    /// The loss before the update.
    Loss,
    /// The sum of all entries of the gradient, for steps that update nothing.
    GradientSum,
}

/// A step, ready to be run again and again.
pub(crate) type Step = Box<dyn FnMut(Show) -> f64>;

/// One way to run the step of a workload.
pub(crate) struct Run {
    /// The way to run it, and the number of threads.
    pub(crate) id: &'static str,
    /// How many steps one call makes.
    pub(crate) steps: usize,
    prepare: Box<dyn Fn() -> Step>,
    /// The same on a GPU.
    #[cfg(feature = "cuda")]
    pub(crate) device: Option<Box<dyn device::Workload>>,
}

/// What is computed.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// The loss of the first step and, where the step updates nothing, the sum of the gradient (of the Hessian, or its
    /// product, in W8): the same numbers for everyone who computes this.
    pub(crate) expected: &'static [f64],
    pub(crate) runs: Vec<Run>,
}

/// Every workload, in order.
pub(crate) fn all() -> Vec<Workload> {
    let of_each = [
        w1::workloads(),
        w2::workloads(),
        w3::workloads(),
        w4::workloads(),
        w5::workloads(),
        w6::workloads(),
        w7::workloads(),
        w8::workloads(),
        w9::workloads(),
        w10::workloads(),
        w11::workloads(),
        w12::workloads(),
        w13::workloads(),
        w14::workloads(),
        w15::workloads(),
    ];
    of_each.into_iter().flatten().collect()
}

impl Run {
    fn new(id: &'static str, prepare: impl Fn() -> Step + 'static) -> Run {
        Run {
            id,
            steps: 1,
            prepare: Box::new(prepare),
            #[cfg(feature = "cuda")]
            device: None,
        }
    }

    /// So many steps in one call, which returns the number of the first.
    fn many(id: &'static str, steps: usize, prepare: impl Fn() -> Step + 'static) -> Run {
        Run { steps, ..Run::new(id, prepare) }
    }

    /// The step, after its first results were found to be as expected, and those results.
    pub(crate) fn prepare(&self, workload: &str, expected: &[f64]) -> (Step, Vec<f64>) {
        let mut step = (self.prepare)();
        let check = |(&expected, show): (&f64, Show)| {
            let value = step(show);
            assert!(
                (value - expected).abs() <= 2e-5 * expected.abs(),
                "{workload}, {}: {value} instead of {expected}",
                self.id
            );
            value
        };
        let values = expected.iter().zip([Show::Loss, Show::GradientSum]).map(check).collect();
        (step, values)
    }
}
