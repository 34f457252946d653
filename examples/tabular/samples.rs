//! The tumours: reading, splitting, scaling.

use datasets::{Dataset, Scaler, csv, standard_scaler, train_test_split};
use ndarray::{Array1, Array2, Axis};
use std::error::Error;
use wengert::prelude::*;

/// The file, which `datasets::breast_cancer()` has as well.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/datasets/data/breast_cancer.csv.gz");
/// The column with 1 for a benign tumour and 0 for a malignant one.
const LABEL: &str = "benign";

/// Tumours in the form that the network reads.
pub(crate) struct Part {
    /// Scaled measurements, `[n, features]`.
    pub(crate) x: Array2<f64>,
    /// 1 for a malignant tumour, which is what is looked for, and 0 for a benign one.
    pub(crate) y: Array1<f64>,
}

impl Part {
    fn new(data: &Dataset, scaler: &Scaler) -> Result<Part, datasets::Error> {
        Ok(Part { x: scaler.transform(&data.x)?, y: data.y.mapv(|benign| 1.0 - benign as f64) })
    }

    /// The tumours at these indices.
    pub(crate) fn at(&self, indices: &[usize]) -> Part {
        Part { x: self.x.select(Axis(0), indices), y: self.y.select(Axis(0), indices) }
    }

    pub(crate) fn len(&self) -> usize {
        self.y.len()
    }

    pub(crate) fn malignant(&self) -> f64 {
        self.y.sum()
    }
}

/// Three fifths to learn from, a fifth to stop by and a fifth held out.
pub(crate) struct Samples {
    pub(crate) train: Part,
    pub(crate) validation: Part,
    pub(crate) test: Part,
}

impl Samples {
    /// Reads the file and splits it. All parts have the same share of malignant tumours. Mean and deviation are those of the part
    /// that is learnt from: the others stay unseen.
    pub(crate) fn read(seed: u32) -> Result<Samples, Box<dyn Error>> {
        let all = csv::options().label(LABEL).read(FILE)?;
        let (rest, test) = fifth(&all, 0.2, seed)?;
        let (train, validation) = fifth(&rest, 0.25, seed)?;
        let scaler = standard_scaler().fit(&train.x)?;
        let [train, validation, test] = [&train, &validation, &test].map(|data| Part::new(data, &scaler));
        Ok(Samples { train: train?, validation: validation?, test: test? })
    }

    pub(crate) fn sizes(&self) -> [usize; 3] {
        [&self.train, &self.validation, &self.test].map(Part::len)
    }
}

fn fifth(data: &Dataset, share: f64, seed: u32) -> Result<(Dataset, Dataset), datasets::Error> {
    let split = train_test_split(data.len()).test_size(share).stratify(&data.y).random_state(seed);
    split.generate()?.apply(data)
}
