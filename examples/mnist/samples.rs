//! The pictures, of one channel: paper is 0, ink is 1.

use ndarray::{Array1, Array4, Axis};
use std::error::Error;
use wengert::prelude::*;

/// How many digits there are.
pub(crate) const DIGITS: usize = 10;

/// Pictures with their digits.
pub(crate) struct Samples {
    /// \[n, 1, side, side\].
    pub(crate) x: Array4<f32>,
    /// The digits.
    pub(crate) y: Array1<i64>,
}

impl Samples {
    /// Those to learn from and those held out, of the files of MNIST.
    pub(crate) fn of_folder(folder: &str) -> Result<[Samples; 2], Box<dyn Error>> {
        let (train, held_out) = datasets::idx::mnist(folder)?;
        let both = [train, held_out].map(|images| Samples { x: images.x_f32(), y: images.y });
        for samples in &both {
            let (n, _, height, width) = samples.x.dim();
            if n < crate::training::BATCH || height != width || height < 4 {
                return Err(format!("{folder}: {n} pictures of {height}×{width}, expected squares").into());
            }
            if let Some(label) = samples.y.iter().find(|&&digit| digit >= DIGITS as i64) {
                return Err(format!("{folder}: label {label}, expected a digit").into());
            }
        }
        Ok(both)
    }

    /// 1,437 pictures of 8×8 pixels to learn from and 360 held out.
    pub(crate) fn small() -> Result<[Samples; 2], Box<dyn Error>> {
        let digits = datasets::digits();
        let split = datasets::train_test_split(digits.len()).test_size(0.2).stratify(&digits.y);
        let (train, held_out) = split.generate()?.apply(&digits)?;
        Ok([train, held_out].map(|data| {
            let x = data.x.mapv(|ink| (ink / 16.0) as f32).into_shape_with_order((data.y.len(), 1, 8, 8));
            Samples { x: x.expect("64 pixels a picture"), y: data.y }
        }))
    }

    pub(crate) fn len(&self) -> usize {
        self.y.len()
    }

    /// Height and width of a picture.
    pub(crate) fn side(&self) -> usize {
        self.x.len_of(Axis(2))
    }

    /// The digit of a sample, as an index.
    pub(crate) fn digit(&self, sample: usize) -> usize {
        self.y[sample] as usize
    }
}
