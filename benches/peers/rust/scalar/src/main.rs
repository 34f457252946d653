//! Tapes of scalars: reverse and echidna. The network of W1 one scalar at a time, the chain of W7.

use echidna::{BReverse, Reverse, grad, record};
use measure::{Program, Way, lcg};
use num_traits::Float;
use reverse::Gradient;
use std::hint::black_box;
use std::ops::{Add, Mul, Sub};

fn main() {
    let program = Program::of("scalar");
    if program.threads > 1 {
        return;
    }
    if program.wants("W1") {
        program.measure_all("W1", &mut ["reverse", "echidna", "echidna-replay"].map(w1));
    }
    if program.wants("W7") {
        program.measure_all("W7", &mut ["reverse", "echidna"].map(w7));
    }
}

type Step = Box<dyn FnMut()>;

/// What the two libraries' scalars have in common.
trait Scalar:
    Copy + Add<Output = Self> + Mul<Output = Self> + Mul<f64, Output = Self> + Add<f64, Output = Self>
{
    fn minus(self, y: f64) -> Self;
    fn tanh(self) -> Self;
    fn sin(self) -> Self;
}

macro_rules! scalar {
    ($($T:ty: $tanh:path, $sin:path;)*) => {
        $(impl Scalar for $T {
            fn minus(self, y: f64) -> Self {
                Sub::sub(self, y)
            }
            fn tanh(self) -> Self {
                $tanh(self)
            }
            fn sin(self) -> Self {
                $sin(self)
            }
        })*
    };
}
scalar! {
    Reverse<f64>: Float::tanh, Float::sin;
    BReverse<f64>: Float::tanh, Float::sin;
}
impl Scalar for reverse::Var<'_> {
    fn minus(self, y: f64) -> Self {
        self - y
    }
    fn tanh(self) -> Self {
        reverse::Var::tanh(&self)
    }
    fn sin(self) -> Self {
        reverse::Var::sin(&self)
    }
}

/// The network [2, 16, 16, 1] of W1, sample by sample; each neuron's weights are followed by its bias.
fn network<S: Scalar>(params: &[S], samples: &[[f64; 2]]) -> S {
    let (first, rest) = params.split_at(3 * 16);
    let (second, last) = rest.split_at(17 * 16);
    let square = |(i, &[a, b]): (usize, &[f64; 2])| {
        let h =
            first.as_chunks::<3>().0.iter().map(|w| (w[2] + w[0] * a + w[1] * b).tanh()).collect::<Vec<_>>();
        let h = second.as_chunks::<17>().0.iter().map(|w| neuron(&h, w).tanh()).collect::<Vec<_>>();
        let error = neuron(&h, last).minus(if i % 2 == 0 { 1.0 } else { -1.0 });
        error * error
    };
    samples.iter().enumerate().map(square).reduce(|sum, term| sum + term).expect("samples")
}

fn neuron<S: Scalar>(inputs: &[S], params: &[S]) -> S {
    inputs.iter().zip(params).fold(params[inputs.len()], |sum, (&x, &w)| sum + w * x)
}

fn w1(peer: &'static str) -> Way<Step> {
    let (params, samples) = (lcg(7, 337, 0.5), lcg(11, 200, 1.0).as_chunks().0.to_vec());
    let mut gradient: Box<dyn FnMut() -> (f64, Vec<f64>)> = match peer {
        "reverse" => Box::new(move || {
            let tape = reverse::Tape::new();
            let params = tape.add_vars(&params);
            let loss = network(&params, &samples);
            (loss.val(), loss.grad().wrt(&params))
        }),
        "echidna" => Box::new(move || {
            let mut loss = 0.0;
            let value = |params: &[Reverse<f64>]| {
                let result = network(params, &samples);
                loss = num_traits::ToPrimitive::to_f64(&result).expect("a number");
                result
            };
            let gradient = grad(value, &params);
            (loss, gradient)
        }),
        _ => {
            let (mut tape, loss) = record(|params: &[BReverse<f64>]| network(params, &samples), &params);
            let mut buffer = vec![];
            Box::new(move || (loss, tape.gradient_with_buf(&params, &mut buffer)))
        }
    };
    let (loss, sum) = (gradient().0, gradient().1.iter().sum());
    let step = move || {
        black_box(gradient());
    };
    Way { peer, check: vec![loss, sum], steps: 1, step: Box::new(step) }
}

fn chain<S: Scalar>(x: S) -> S {
    (0..333_334).fold(x, |v, _| v.sin() * 0.999999999 + 1e-15)
}

fn w7(peer: &'static str) -> Way<Step> {
    let both = move || match peer {
        "reverse" => {
            let tape = reverse::Tape::new();
            let x = tape.add_var(0.5);
            let v = chain(x);
            (v.val(), v.grad().wrt(&x))
        }
        _ => {
            let mut value = 0.0;
            let gradient = grad(
                |x: &[Reverse<f64>]| {
                    let v = chain(x[0]);
                    value = num_traits::ToPrimitive::to_f64(&v).expect("a number");
                    v
                },
                &[0.5],
            );
            (value, gradient[0])
        }
    };
    let (value, slope) = both();
    let step = move || {
        black_box(both());
    };
    Way { peer, check: vec![value, slope], steps: 1, step: Box::new(step) }
}
