//! The network that learns to read digits, and its answers.

use std::error::Error;
use wengert::prelude::*;

/// Pixels of a picture.
pub(crate) const PIXELS: usize = 64;
/// Layers, from pixels to digits.
const SIZES: [usize; 3] = [PIXELS, 24, 10];
/// Pictures that it learns from; the others are held out.
const TRAIN: usize = 1437;
/// Pictures per step.
const BATCH: usize = 32;

/// An answer: the digit, and the bits of the logits that led to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) digit: i64,
    pub(crate) logits: Vec<u32>,
}

/// A network that has learnt, and what it has not seen.
pub(crate) struct Reader {
    pub(crate) params: Params,
    net: Mlp,
    /// Pictures in a row, of values from 0 to 1.
    pub(crate) pictures: Vec<f32>,
    labels: Vec<i64>,
}

impl Reader {
    pub(crate) fn trained(epochs: usize) -> Result<Reader, Box<dyn Error>> {
        let digits = wengert::datasets::digits();
        // The order is that of the writers: held-out pictures are to be of all of them.
        let mut random = wengert::datasets::RandomState::new(1);
        let mixed = random.permutation(digits.y.len())?;
        let pixels: Vec<f32> =
            mixed.iter().flat_map(|&i| digits.x.row(i).to_vec()).map(|x| x as f32 / 16.0).collect();
        let labels: Vec<i64> = mixed.iter().map(|&i| digits.y[i]).collect();
        let mut params = Params::f32().with_seed(1);
        let net = Mlp::new(&mut params.scope("net"), &SIZES, Activation::Relu);
        let step = Program::trace(&params, |t| {
            let (x, y) = (t.input("pictures", [BATCH, PIXELS]), t.input_of("labels", DType::I64, [BATCH]));
            t.outputs(nn::loss::cross_entropy(net.forward(x), y)).with_gradients()
        })?;
        let (mut adam, mut state) = (Adam::new(3e-3)?, step.state());
        for _ in 0..epochs {
            for batch in random.permutation(TRAIN)?.chunks_exact(BATCH) {
                let x: Vec<f32> =
                    batch.iter().flat_map(|&i| pixels[i * PIXELS..][..PIXELS].to_vec()).collect();
                let y: Vec<i64> = batch.iter().map(|&i| labels[i]).collect();
                step.step(&mut state, &mut params, &mut adam, (&x, &y))?;
            }
        }
        let (pictures, labels) = (pixels[TRAIN * PIXELS..].to_vec(), labels[TRAIN..].to_vec());
        Ok(Reader { params, net, pictures, labels })
    }

    /// What the device computes: the logits of one picture, and the digit.
    pub(crate) fn program(&self) -> Result<Program, Box<dyn Error>> {
        Ok(Program::trace(&self.params, |t| {
            let logits = self.net.forward(t.input("picture", [1, PIXELS]));
            t.outputs([logits, logits.argmax(-1)]).with_names(["logits", "digit"])
        })?)
    }

    /// The answers of the engine for all held-out pictures.
    pub(crate) fn read(&self, program: &Program) -> Result<Vec<Answer>, Box<dyn Error>> {
        let mut state = program.state();
        let mut answers = vec![];
        for picture in self.pictures.chunks_exact(PIXELS) {
            let run = program.run(&mut state, &self.params, (picture,))?;
            let logits = run.slice::<f32>("logits").iter().map(|x| x.to_bits()).collect();
            answers.push(Answer { digit: run.slice::<i64>("digit")[0], logits });
        }
        Ok(answers)
    }

    /// The share of answers that are right.
    pub(crate) fn right(&self, answers: &[Answer]) -> f64 {
        let right =
            answers.iter().zip(&self.labels).filter(|(answer, label)| answer.digit == **label).count();
        right as f64 / answers.len() as f64
    }
}
