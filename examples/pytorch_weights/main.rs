//! A network that PyTorch trained, run here: the same logits, from its own file.
//!
//! `digits.pt` is what `torch.save(net.state_dict(), …)` wrote: a zip of a pickle, of which nothing is executed. The names of PyTorch's
//! modules come from the layers; only the places in its `Sequential` are said here. Then training goes on for an epoch, and the
//! result is written as a state dict that `load_state_dict(strict=True)` takes. The exit code tells whether the logits agree.
//!
//! `make.py` beside this file trained the network, and wrote the file and the logits of 100 pictures.
//!
//! `cargo run --release --example pytorch_weights`

use ndarray::Array4;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use wengert::files::{npy, torch};
use wengert::nn::{BatchNorm, Conv2d, Pool2d, flatten};
use wengert::prelude::*;

/// The largest distance of a logit from PyTorch's that counts as rounding: in F32, of numbers around 10.
const TOLERANCE: f64 = 1e-4;

/// The layers of `make.py`.
struct Net {
    first: Conv2d,
    norm: BatchNorm,
    second: Conv2d,
    out: Linear,
}

impl Net {
    fn new(params: &mut Params) -> Net {
        let same = || ConvForm::default().same();
        Net {
            first: Conv2d::new(&mut params.scope("first"), 1, 8, 3, same()),
            norm: BatchNorm::new(&mut params.scope("norm"), 8),
            second: Conv2d::new(&mut params.scope("second"), 8, 16, 3, same()),
            out: Linear::new(&mut params.scope("out"), 64, 10),
        }
    }

    /// Logits of \[n, 10\] for pictures of \[n, 1, 8, 8\].
    fn forward<'t>(&self, x: Var<'t>, mode: &Mode<'t>) -> Var<'t> {
        let pool = Pool2d::Max(PoolForm::of(2));
        let h = pool.forward(self.norm.forward(self.first.forward(x), mode).relu());
        let h = pool.forward(self.second.forward(h).relu());
        self.out.forward(flatten(h))
    }
}

/// Every fifth picture, which the network has not seen, and the others.
fn samples(held_out: bool) -> (Array4<f32>, Vec<i64>) {
    let digits = datasets::digits();
    let rows: Vec<usize> = (0..digits.len()).filter(|i| (i % 5 == 0) == held_out).collect();
    let pictures = Array4::from_shape_fn((rows.len(), 1, 8, 8), |(i, _, r, c)| {
        (digits.x[[rows[i], 8 * r + c]] / 16.0) as f32
    });
    (pictures, rows.iter().map(|&i| digits.y[i]).collect())
}

/// The share of pictures that are read right.
fn accuracy(params: &Params, net: &Net, (x, y): &(Array4<f32>, Vec<i64>)) -> f64 {
    let tape = Tape::with(params);
    let read = net.forward(tape.constant(x), &Mode::Eval).argmax(1).to_vec::<i64>();
    read.iter().zip(y).filter(|(a, b)| a == b).count() as f64 / y.len() as f64
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pytorch_weights");
    let mut params = Params::f32();
    let net = Net::new(&mut params);
    let places = [("first", "0"), ("norm", "1"), ("second", "4"), ("out", "8")];
    let names =
        places.into_iter().fold(torch::names(&params), |names, (ours, theirs)| names.prefix(ours, theirs));
    torch::load(&mut params, folder.join("digits.pt"), &names)?;
    println!("{params}\n");

    let held_out = samples(true);
    let tape = Tape::with(&params);
    let logits = net.forward(tape.constant(&held_out.0), &Mode::Eval).to_vec::<f32>();
    drop(tape);
    let theirs = npy::read(folder.join("logits.npy"))?;
    let apart = theirs
        .data
        .slice::<f32>()
        .iter()
        .zip(&logits)
        .map(|(a, b)| f64::from((a - b).abs()))
        .fold(0.0, f64::max);
    println!("largest distance of {} logits from PyTorch's: {apart:.1e}", theirs.shape.elements());
    println!(
        "read right of {} held-out pictures: {:.1} %",
        held_out.1.len(),
        100.0 * accuracy(&params, &net, &held_out)
    );

    let (x, y) = samples(false);
    let mut adam = Adam::new(1e-3)?;
    for start in (0..y.len()).step_by(64) {
        let end = (start + 64).min(y.len());
        let tape = Tape::with(&params);
        let batch = tape.constant(x.slice(ndarray::s![start..end, .., .., ..]));
        let logits = net.forward(batch, &Mode::Train(tape.constant(Key::new(1))));
        let grads = nn::loss::cross_entropy(logits, tape.constant(&y[start..end])).backward();
        adam.step(&mut params, &grads)?;
    }
    println!("after one more epoch here: {:.1} %", 100.0 * accuracy(&params, &net, &held_out));
    let back = Path::new("target/figures/digits.pt");
    std::fs::create_dir_all("target/figures")?;
    torch::save(&params, back, &names)?;
    println!("net.load_state_dict(torch.load(\"{}\"), strict=True) takes it back", back.display());

    // A comparison that is false for NaN.
    let same = apart <= TOLERANCE;
    println!("{}", if same { "The same logits" } else { "OTHER LOGITS" });
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
