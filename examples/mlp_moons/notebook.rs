//! The notebook's run, its result, and the reason for it.

use super::samples::Samples;
use super::training::{EPOCHS, SIZES, Training};
use indicatif::ProgressBar;
use std::error::Error;
use wengert::prelude::*;

/// The notebook's learning rate.
pub(crate) const LEARNING_RATE: f64 = 0.01;
/// The number of epochs of the longer run, which shows whether the network would learn later.
pub(crate) const PATIENT_EPOCHS: usize = 30_000;

/// The run at its end, and after many more epochs.
pub(crate) struct Notebook {
    /// Data of the notebook.
    pub(crate) samples: Samples,
    /// After 1,000 epochs.
    pub(crate) training: Training,
    /// After [`PATIENT_EPOCHS`], or as many as were asked for.
    pub(crate) patient: Training,
    start: Params,
}

/// Trains as the notebook does, then on until the given epoch.
pub(crate) fn run(patient_epochs: usize, bar: &ProgressBar) -> Result<Notebook, Box<dyn Error>> {
    let samples = Samples::of_the_notebook()?;
    let (net, start) = network();
    let mut sgd = Sgd::new(LEARNING_RATE)?;
    let mut training = Training::new(net, start.clone());
    training.train(&samples, &mut sgd, EPOCHS, bar)?;
    let mut patient = training.clone();
    patient.train(&samples, &mut sgd, patient_epochs - EPOCHS, bar)?;
    Ok(Notebook { samples, training, patient, start })
}

/// The weights are those that NumPy draws as `randn(...) * 0.1` after `np.random.seed(0)`.
fn network() -> (Mlp, Params) {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("mlp"), &SIZES, Activation::Sigmoid);
    let mut numpy = datasets::RandomState::new(0);
    for layer in &net.layers {
        params.get_mut::<f64>(layer.weight).fill_with(|| 0.1 * numpy.standard_normal());
    }
    (net, params)
}

impl Notebook {
    /// Prints the run and the reason.
    pub(crate) fn print(&self) {
        println!("The two moons with a network {SIZES:?} of sigmoids, mean squared error, full batches");
        heading("The notebook as written: weights from N(0, 0.1²), gradient descent at rate 0.01");
        for (epoch, seen) in self.training.epochs.iter().enumerate().step_by(100) {
            println!("  Epoch {epoch}, Loss: {:.4}", seen.error);
        }
        println!("  after {EPOCHS} epochs: {}", self.state(&self.training));
        println!();
        println!(
            "  {:<18}{:>24}{:>12}{:>24}{:>11}",
            "from the tape",
            "‖∂L/∂W‖, epoch 0",
            EPOCHS,
            format!("W moved by {EPOCHS}"),
            PATIENT_EPOCHS
        );
        let (first, last) = (self.training.epochs[0].gradients, self.patient.epochs[EPOCHS].gradients);
        for i in 0..first.len() {
            let layer = format!("layer {}, {:>2} → {}", i + 1, SIZES[i], SIZES[i + 1]);
            let [soon, late] = [&self.training, &self.patient].map(|training| self.moved(training, i));
            println!("    {layer:<16}{:>22.2e}{:>12.2e}{soon:>24.4}{late:>11.4}", first[i], last[i]);
        }
        println!("  (moved: the largest change of a weight)");
        self.print_reason();
    }

    fn print_reason(&self) {
        let [first, second, last] = self.training.epochs[0].gradients;
        println!();
        println!(
            "  Why: on its way back the gradient meets small weights and, in each sigmoid, a slope of at most ¼. At"
        );
        println!(
            "  the start the second layer's is {:.0} times smaller than the last's, the first layer's {:.0} times.",
            last / second,
            last / first
        );
        println!(
            "  The last layer soon finds the best constant, o = ½ with the error ¼; as long as the output is flat, all"
        );
        println!(
            "  gradients are of the order of 1e-3, and at rate 0.01 a step moves the weights by some 1e-5. 1,000 such"
        );
        println!("  steps are too few:");
        for epoch in [10_000, 20_000] {
            println!(
                "    the same run after {epoch} epochs: mean (o − y)² = {:.4}",
                self.patient.epochs[epoch].error
            );
        }
        println!("    the same run after {PATIENT_EPOCHS} epochs: {}", self.state(&self.patient));
    }

    /// Where a training stands.
    fn state(&self, Training { net, params, .. }: &Training) -> String {
        let (error, right) = (self.samples.error(net, params), 100.0 * self.samples.accuracy(net, params));
        format!("mean (o − y)² = {error:.4}, {right:.0} % of the {} points right", self.samples.len())
    }

    /// The largest change of a weight of a layer.
    fn moved(&self, training: &Training, layer: usize) -> f64 {
        let weight = training.net.layers[layer].weight;
        let (from, to) = (self.start.get::<f64>(weight), training.params.get::<f64>(weight));
        from.iter().zip(to).fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs()))
    }
}

/// A section of what is printed.
pub(crate) fn heading(title: &str) {
    println!("\n{title}\n{}", "─".repeat(title.chars().count()));
}
