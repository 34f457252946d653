//! The learning rule, as the notebook runs it: one step per sample, pass after pass.

use std::error::Error;
use wengert::prelude::*;

/// The notebook's learning rate. It only scales the weights, because they start from zero; the errors are the same at any
/// rate.
pub(crate) const LEARNING_RATE: f64 = 0.01;

/// Enough passes to see that nothing changes after a pass without errors.
const SEPARABLE_PASSES: usize = 10;
/// Enough passes to see that the errors do not end.
const OVERLAPPING_PASSES: usize = 100;

/// A perceptron after its training.
pub(crate) struct Training {
    /// The training data.
    pub(crate) data: datasets::Dataset,
    /// Errors made in each pass, each counted before its step.
    pub(crate) errors: Vec<usize>,
    /// w₁, w₂ and b after each pass.
    pub(crate) lines: Vec<[f64; 3]>,
    /// The perceptron.
    pub(crate) model: Perceptron,
    /// Its parameters at the end.
    pub(crate) params: Params,
}

impl Training {
    /// The notebook's data, which a line separates.
    pub(crate) fn separable() -> Result<Training, Box<dyn Error>> {
        Training::run(plane().random_state(42).generate()?, SEPARABLE_PASSES)
    }

    /// Overlapping classes with some flipped labels.
    pub(crate) fn overlapping() -> Result<Training, Box<dyn Error>> {
        let data = plane().class_sep(0.5).flip_y(0.2).random_state(7);
        Training::run(data.generate()?, OVERLAPPING_PASSES)
    }

    /// Trains from zero weights for so many passes.
    fn run(data: datasets::Dataset, passes: usize) -> Result<Training, Box<dyn Error>> {
        let mut params = Params::f64();
        let model = Perceptron::new(&mut params.scope("perceptron"), 2);
        let mut sgd = Sgd::new(LEARNING_RATE)?;
        let (mut errors, mut lines) = (Vec::with_capacity(passes), Vec::with_capacity(passes));
        for _ in 0..passes {
            let mut wrong = 0;
            for (x, &label) in data.x.outer_iter().zip(&data.y) {
                let y = label as f64;
                let tape = Tape::with(&params);
                let row = tape.constant([[x[0], x[1]]]);
                wrong += usize::from(model.predict(row).item() != y);
                let grads = model.loss(row, tape.constant([y])).backward(); // 0 where the class was right
                sgd.step(&mut params, &grads)?;
            }
            errors.push(wrong);
            let (w, b) = (params.get(model.weight), params.get(model.bias));
            lines.push([w[0], w[1], b[0]]);
        }
        Ok(Training { data, errors, lines, model, params })
    }

    /// The line at the end; before any pass all is zero.
    pub(crate) fn last_line(&self) -> [f64; 3] {
        self.lines.last().copied().unwrap_or_default()
    }

    /// The errors of the final perceptron over all samples, without steps in between.
    pub(crate) fn wrong_at_the_end(&self) -> usize {
        let tape = Tape::with(&self.params);
        let classes = self.model.predict(tape.constant(&self.data.x)).to_vec::<f64>();
        classes.iter().zip(&self.data.y).filter(|&(&class, &y)| class != y as f64).count()
    }

    /// Prints the errors of both halves of the training.
    pub(crate) fn print_halves(&self) {
        let (first, second) = self.errors.split_at(self.errors.len() / 2);
        for (name, half) in [("first", first), ("second", second)] {
            let (least, most) = (half.iter().min().unwrap_or(&0), half.iter().max().unwrap_or(&0));
            let mean = half.iter().sum::<usize>() as f64 / half.len() as f64;
            println!("    {name:<6} {} passes: {least} to {most} errors, on average {mean:.1}", half.len());
        }
    }

    /// Prints the errors of each pass and the line.
    pub(crate) fn print(&self) {
        println!("  errors per pass, from the first:");
        for passes in self.errors.chunks(20) {
            let row: String = passes.iter().map(|errors| format!("{errors:>5}")).collect();
            println!("  {row}");
        }
        let ([w1, w2, b], n) = (self.last_line(), self.data.len());
        println!(
            "  at the end w = [{w1:.4}, {w2:.4}], b = {b:.4}: {} of {n} samples wrong",
            self.wrong_at_the_end()
        );
    }
}

/// 100 samples of two classes in the plane.
fn plane() -> datasets::Classification {
    let data = datasets::make_classification(100).n_features(2).n_informative(2).n_redundant(0);
    data.n_clusters_per_class(1)
}

/// The score z = w·x + b of a point; 0 on the line.
pub(crate) fn score([w1, w2, b]: [f64; 3], x1: f64, x2: f64) -> f64 {
    w1 * x1 + w2 * x2 + b
}
