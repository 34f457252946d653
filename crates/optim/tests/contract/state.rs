//! State that is not trained.

use autograd::{Buffer, Key, Param, Params, Program, Scope, Tape, Var};
use optim::{Optimizer, Sgd};

/// Batch normalisation (Ioffe & Szegedy 2015, algorithms 1 and 2), as a user writes it.
struct BatchNorm {
    weight: Param,
    bias: Param,
    mean: Buffer,
    variance: Buffer,
}

impl BatchNorm {
    fn new(scope: &mut Scope<'_>, width: usize) -> BatchNorm {
        BatchNorm {
            weight: scope.param("weight", [width], 1.0),
            bias: scope.param("bias", [width], 0.0),
            mean: scope.buffer("mean", [width], 0.0),
            variance: scope.buffer("variance", [width], 1.0),
        }
    }

    fn forward<'t>(&self, x: Var<'t>, train: bool) -> Var<'t> {
        let t = x.tape();
        let (mean, variance) = if train {
            let mean = x.mean_over([0]);
            let variance = (x - mean).square().mean_over([0]);
            t.write(self.mean, t.buffer(self.mean) * 0.9 + mean * 0.1);
            t.write(self.variance, t.buffer(self.variance) * 0.9 + variance * 0.1);
            (mean, variance)
        } else {
            (t.buffer(self.mean), t.buffer(self.variance))
        };
        (x - mean) / (variance + 1e-5).sqrt() * self.weight + self.bias
    }
}

#[test]
fn a_users_batch_norm_keeps_its_statistics_eagerly_and_in_a_program() {
    let x = [[1.0, 10.0], [3.0, 30.0]];
    let make = || {
        let mut params = Params::f64();
        let norm = BatchNorm::new(&mut params.scope("norm"), 2);
        (params, norm)
    };
    fn loss<'t>(norm: &BatchNorm, x: Var<'t>) -> Var<'t> {
        norm.forward(x, true).tanh().sum()
    }
    let (mut eager, norm) = make();
    let mut sgd = Sgd::new(0.1).unwrap();
    for _ in 0..3 {
        let grads = loss(&norm, Tape::with(&eager).constant(x)).backward();
        sgd.step(&mut eager, &grads).unwrap();
    }
    let (mut planned, norm) = make();
    let mut sgd = Sgd::new(0.1).unwrap();
    let program =
        Program::trace(&planned, |t| t.outputs(loss(&norm, t.input("x", [2, 2]))).with_gradients()).unwrap();
    assert_eq!((program.inputs().count(), program.outputs().count()), (1, 1));
    let mut state = program.state();
    for _ in 0..3 {
        program.step(&mut state, &mut planned, &mut sgd, (x,)).unwrap();
    }
    // 0.9³ of the start, and the batch's own statistics for the rest.
    let kept = 0.9f64.powi(3);
    for (params, norm) in [(&eager, &norm), (&planned, &norm)] {
        let names = |b: Buffer| params.buffers().find(|c| c.index() == b.index()).unwrap();
        let (mean, variance) = (names(norm.mean), names(norm.variance));
        let near = |got: &[f64], want: [f64; 2]| {
            got.iter().zip(want).for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{got:?} {want:?}"));
        };
        near(params.buffer_values::<f64>(mean), [2.0, 20.0].map(|m| (1.0 - kept) * m));
        near(params.buffer_values::<f64>(variance), [1.0, 100.0].map(|v| kept + (1.0 - kept) * v));
        assert_eq!(params.find_buffer("norm.mean"), Some(mean));
    }
    assert_eq!(eager.slab_of::<f64>(), planned.slab_of::<f64>());
    // A step that is refused stores no state either.
    let before = planned.buffer_values::<f64>(norm.mean).to_vec();
    let broken = [[f64::NAN, 1.0], [2.0, 3.0]];
    program.step(&mut state, &mut planned, &mut sgd, (broken,)).unwrap_err();
    assert_eq!(planned.buffer_values::<f64>(norm.mean), before);
    // And a run by hand stores it with the optimiser's step.
    let run = program.run(&mut state, &planned, (x,)).unwrap();
    sgd.step(&mut planned, run.grads()).unwrap();
    assert_ne!(planned.buffer_values::<f64>(norm.mean), before);
    let eval = Program::trace(&planned, |t| t.outputs(norm.forward(t.input("x", [1, 2]), false))).unwrap();
    let y = eval.run(&mut eval.state(), &planned, ([[2.0, 20.0]],)).unwrap().slice::<f64>(0).to_vec();
    let tape = Tape::with(&planned);
    assert_eq!(y, norm.forward(tape.constant([[2.0, 20.0]]), false).to_vec::<f64>());
}

/// A generator's key is state: a program draws from it and writes the next one back, so that no step repeats another, and a
/// copy of the model goes on with the same numbers.
#[test]
fn a_generators_key_is_written_back() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let (w, key) = (net.param("w", [4], 0.0), net.buffer_of("key", Key::new(7)));
    let program = Program::trace(&params, |t| {
        let key_now = t.buffer(key);
        t.write(key, key_now.fold_in(1));
        let noise = key_now.fold_in(0).uniform([4]);
        t.outputs((t.param(w) * noise).sum()).with_gradients()
    })
    .unwrap();
    let text = program.explain().to_string();
    assert!(
        text.starts_with(
            "no inputs; 1 output; gradients of 1 parameter; state net.key, of which 1 written back"
        ),
        "{text}"
    );
    assert!(text.contains("→ state net.key"), "{text}");
    let (mut state, mut sgd) = (program.state(), Sgd::new(1.0).unwrap());
    let mut step = |params: &mut Params| {
        let before = params.get::<f64>(w).to_vec();
        program.step(&mut state, params, &mut sgd, ()).unwrap();
        before.iter().zip(params.get::<f64>(w)).map(|(a, b)| (a - b).to_bits()).collect::<Vec<_>>()
    };
    step(&mut params);
    let mut copy = params.clone();
    let (second, again) = (step(&mut params), step(&mut copy));
    let third = step(&mut params);
    assert_eq!(second, again);
    assert_ne!(second, third);
    let expected = Key::new(7).fold_in(1).fold_in(1).fold_in(1);
    assert_eq!(params.buffer_values::<i64>(key), expected.words());
}
