//! The pictures: loading, scaling, splitting and batching.

use ndarray::{Array1, Array2, Axis};
use wengert::prelude::*;

/// Height and width of a picture.
pub(crate) const SIDE: usize = 8;
/// How many digits there are.
pub(crate) const DIGITS: usize = 10;
/// The largest value of a pixel: full ink.
const FULL: f64 = 16.0;

/// Pictures with their digits, in the types that the network reads.
pub(crate) struct Samples {
    /// A picture in each row, 0 paper, 1 ink.
    pub(crate) x: Array2<f32>,
    /// The digits.
    pub(crate) y: Array1<i64>,
}

impl Samples {
    /// Splits into four fifths to train on and one fifth held out. Both have the same share of each digit.
    pub(crate) fn split() -> Result<(Samples, Samples), datasets::Error> {
        let digits = datasets::digits();
        let split = datasets::train_test_split(digits.len()).test_size(0.2).stratify(&digits.y);
        let (train, held_out) = split.generate()?.apply(&digits)?;
        Ok((Samples::new(train), Samples::new(held_out)))
    }

    fn new(data: datasets::Dataset) -> Samples {
        Samples { x: data.x.mapv(|ink| (ink / FULL) as f32), y: data.y }
    }

    pub(crate) fn len(&self) -> usize {
        self.y.len()
    }

    /// The samples at these indices.
    pub(crate) fn at(&self, indices: &[usize]) -> Samples {
        Samples { x: self.x.select(Axis(0), indices), y: self.y.select(Axis(0), indices) }
    }

    /// The digit of a sample, as an index.
    pub(crate) fn digit(&self, sample: usize) -> usize {
        self.y[sample] as usize
    }
}
