//! Rosenblatt's perceptron on the tape against the weights of a training loop without one, to the last bit.
//!
//! `perceptron/make_perceptron.py` wrote the stored weights with NumPy: one sample at a time, rate 0.01, from zero.

use ndarray::{Array1, Array2, Axis};
use safetensors::{Dtype, SafeTensors};
use std::path::Path;
use wengert::prelude::*;

const LEARNING_RATE: f64 = 0.01;

/// One data set and the weights that are expected.
struct Stored {
    x: Array2<f64>,
    y: Array1<f64>,
    first_pass: Vec<[f64; 3]>,
}

fn fixture() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("perceptron/perceptron.safetensors");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The eight bytes of each element, with the shape.
fn words(file: &SafeTensors<'_>, key: &str, dtype: Dtype) -> (Vec<usize>, Vec<[u8; 8]>) {
    let tensor = file.tensor(key).unwrap_or_else(|error| panic!("{key}: {error}"));
    assert_eq!(tensor.dtype(), dtype, "{key}");
    let (words, rest) = tensor.data().as_chunks();
    assert!(rest.is_empty(), "{key}");
    (tensor.shape().to_vec(), words.to_vec())
}

fn weights(file: &SafeTensors<'_>, key: &str) -> Vec<[f64; 3]> {
    let (shape, words) = words(file, key, Dtype::F64);
    assert_eq!(shape[1..], [3], "{key}");
    let (rows, _) = words.as_chunks();
    rows.iter().map(|row| row.map(f64::from_le_bytes)).collect()
}

fn stored(file: &SafeTensors<'_>, set: &str) -> Stored {
    let (shape, x) = words(file, &format!("{set}/X"), Dtype::F64);
    let x = x.into_iter().map(f64::from_le_bytes).collect();
    let (_, y) = words(file, &format!("{set}/y"), Dtype::I64);
    Stored {
        x: Array2::from_shape_vec((shape[0], shape[1]), x).expect("rows of features"),
        y: y.into_iter().map(|label| i64::from_le_bytes(label) as f64).collect(),
        first_pass: weights(file, &format!("{set}/first_pass")),
    }
}

/// The perceptron in training.
struct Trainer {
    params: Params,
    perceptron: Perceptron,
    sgd: Sgd,
}

impl Trainer {
    fn new() -> Trainer {
        let mut params = Params::f64();
        let perceptron = Perceptron::new(&mut params.scope("perceptron"), 2);
        Trainer { params, perceptron, sgd: Sgd::new(LEARNING_RATE).expect("a good rate") }
    }

    /// One sample: prediction, gradient, step. Gives w₀, w₁, b.
    fn learn(&mut self, data: &Stored, i: usize) -> [f64; 3] {
        let tape = Tape::with(&self.params);
        let x = tape.constant(data.x.row(i).insert_axis(Axis(0)));
        let grads = self.perceptron.loss(x, tape.constant([data.y[i]])).backward();
        self.sgd.step(&mut self.params, &grads).expect("finite gradients");
        self.params.slab_of().try_into().expect("two weights and a bias")
    }

    /// One pass over all samples in stored order.
    fn pass(&mut self, data: &Stored) -> [f64; 3] {
        (0..data.y.len()).map(|i| self.learn(data, i)).last().expect("samples")
    }
}

#[track_caller]
fn assert_same_bits(got: [f64; 3], want: [f64; 3], context: &str) {
    assert_eq!(got.map(f64::to_bits), want.map(f64::to_bits), "{context}: {got:?} for {want:?}");
}

#[test]
fn every_sample_of_the_first_pass_gives_the_stored_weights() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).expect("a file of tensors");
    for set in ["separable", "overlapping"] {
        let data = stored(&file, set);
        assert_eq!((data.y.len(), data.first_pass.len()), (100, 100));
        let mut trainer = Trainer::new();
        for (i, &want) in data.first_pass.iter().enumerate() {
            assert_same_bits(trainer.learn(&data, i), want, &format!("{set}, sample {i}"));
        }
    }
}

#[test]
fn every_pass_over_classes_that_overlap_gives_the_stored_weights() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).expect("a file of tensors");
    let data = stored(&file, "overlapping");
    let passes = weights(&file, "overlapping/passes");
    assert_eq!(passes.len(), 100);
    let mut trainer = Trainer::new();
    for (i, &want) in passes.iter().enumerate() {
        assert_same_bits(trainer.pass(&data), want, &format!("pass {i}"));
    }
}

/// What the learning rule is for: on classes that a line separates it comes to rest with no error left.
#[test]
fn classes_that_a_line_separates_are_separated() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).expect("a file of tensors");
    let data = stored(&file, "separable");
    let mut trainer = Trainer::new();
    for _ in 0..100 {
        trainer.pass(&data);
    }
    let tape = Tape::with(&trainer.params);
    assert_eq!(trainer.perceptron.predict(tape.constant(&data.x)).to_vec::<f64>(), data.y.to_vec());
}
