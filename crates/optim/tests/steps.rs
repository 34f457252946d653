//! Many steps in one call, and programs that run number by number: the bits of single steps, and of kernels.

use autograd::{Params, Passes, Program, StepError};
use optim::{Adam, Momentum, Optimizer, Pipeline, Sgd};

/// A sigmoid neuron with a few more functions behind it, on batches of so many samples; one of its parameters is frozen.
fn neuron(batch: usize, passes: Passes) -> (Params, Program) {
    let mut params = Params::f32();
    let mut scope = params.scope("neuron");
    let w = scope.param("w", [3, 1], [0.1, 0.2, -0.3]);
    let (b, scale) = (scope.param("b", [1], 0.5), scope.param("scale", [], 1.25));
    params.set_frozen(scale, true);
    let program = Program::trace_with(passes, &params, |t| {
        let (x, y) = (t.input("x", [batch, 3]), t.input("y", [batch, 1]));
        let a = (x.matmul(w) + b).sigmoid() * scale;
        let far = (a - y).abs().gt(0.5);
        t.outputs([far.select((a - y).square(), (a - y).tanh()).mean(), a.sum()]).with_gradients()
    });
    (params, program.expect("a plan"))
}

fn samples(batch: usize) -> (Vec<f32>, Vec<f32>) {
    let numbers = |n: usize| (0..n).map(|i| (i as f32 * 0.618).fract() * 2.0 - 1.0).collect();
    (numbers(40 * 3 * batch), numbers(40 * batch))
}

/// The bits of losses and parameters after 40 steps: one by one, or in one call.
fn trained(
    batch: usize,
    passes: Passes,
    mut optimizer: impl Optimizer,
    at_once: bool,
) -> (Vec<u64>, Vec<u32>) {
    let ((mut params, program), (x, y)) = (neuron(batch, passes), samples(batch));
    let mut state = program.state();
    let batches = x.chunks(3 * batch).zip(y.chunks(batch));
    let losses: Result<Vec<f64>, StepError> = if at_once {
        program.steps(&mut state, &mut params, &mut optimizer, batches).collect()
    } else {
        batches.map(|batch| program.step(&mut state, &mut params, &mut optimizer, batch)).collect()
    };
    let losses = losses.expect("finite numbers").into_iter().map(f64::to_bits).collect();
    (losses, params.slab_of::<f32>().iter().map(|x| x.to_bits()).collect())
}

#[test]
fn many_steps_are_as_many_single_ones_and_numbers_are_kernels() {
    let kernels = Passes::all().without("numbers");
    for batch in [1, 4, 50] {
        let is_small = neuron(batch, Passes::all()).1.explain().to_string().contains("\nnumbers ");
        assert_eq!(is_small, batch == 1);
        macro_rules! same {
            ($optimizer:expr) => {
                let wanted = trained(batch, kernels, $optimizer, false);
                assert_eq!(trained(batch, kernels, $optimizer, true), wanted);
                assert_eq!(trained(batch, Passes::all(), $optimizer, false), wanted);
                assert_eq!(trained(batch, Passes::all(), $optimizer, true), wanted);
                assert_ne!(wanted.0[0], wanted.0[39]);
            };
        }
        same!(Sgd::new(0.1).unwrap());
        same!(Momentum::new(0.1, 0.9).unwrap());
        same!(Adam::new(0.01).unwrap().group("*.b", |adam| adam.learning_rate = 0.1).unwrap());
        same!(Pipeline::new(Sgd::new(0.1).unwrap()).clip_norm(0.05).unwrap());
    }
}

#[test]
fn the_loop_is_left_at_any_step_and_a_bad_batch_changes_nothing() {
    let (mut params, program) = neuron(1, Passes::all());
    let mut others = params.clone();
    let (mut state, mut sgd) = (program.state(), Sgd::new(0.1).unwrap());
    let (x, y) = samples(1);
    let mut bad = x.clone();
    bad[4] = f32::NAN;
    let batches =
        |x: &'_ [f32]| x.chunks(3).map(<[f32]>::to_vec).zip(y.iter().map(|&y| [y])).collect::<Vec<_>>();
    let mut steps = program.steps(&mut state, &mut params, &mut sgd, batches(&bad));
    assert_eq!(steps.size_hint(), (40, Some(40)));
    assert!(steps.next().unwrap().is_ok());
    assert!(matches!(steps.next(), Some(Err(StepError::NonFiniteGradient { .. }))));
    assert!(steps.next().unwrap().is_ok());
    let (mut state, mut sgd) = (program.state(), Sgd::new(0.1).unwrap());
    for from in [0, 2] {
        let rest = batches(&x).split_off(from);
        for loss in program.steps(&mut state, &mut others, &mut sgd, rest).take(1) {
            loss.expect("finite numbers");
        }
    }
    assert_eq!(params.slab_of::<f32>(), others.slab_of::<f32>());
}

/// What a step knows of the one before must not outlive a change of what is trained.
#[test]
fn freezing_between_steps_is_seen() {
    for passes in [Passes::all(), Passes::all().without("numbers")] {
        let (mut params, program) = neuron(1, passes);
        let b = params.find("neuron.b").unwrap();
        let (mut state, mut sgd) = (program.state(), Sgd::new(0.1).unwrap());
        let batch = ([0.5f32, -1.0, 2.0], [1.0f32]);
        let mut step = |params: &mut Params| {
            program.step(&mut state, params, &mut sgd, batch).expect("finite numbers");
            params.get::<f32>(b)[0]
        };
        let (first, second) = (step(&mut params), step(&mut params));
        assert_ne!(first, second);
        params.set_frozen(b, true);
        assert_eq!([step(&mut params), step(&mut params)], [second; 2]);
        params.set_frozen(b, false);
        assert_ne!(step(&mut params), second);
        // A clone that is frozen beside it.
        let mut clone = params.clone();
        clone.set_frozen(b, true);
        let before = clone.get::<f32>(b)[0];
        assert_eq!(step(&mut clone), before);
        assert_ne!(step(&mut params), before);
    }
}

/// A gradient that was kept is not overwritten by the next run.
#[test]
fn gradients_that_are_kept_stay() {
    let (params, program) = neuron(1, Passes::all());
    let w = params.find("neuron.w").unwrap();
    let mut state = program.state();
    let mut run = |x: [f32; 3]| program.run(&mut state, &params, (x, [1.0f32])).unwrap().grads().clone();
    let first = run([0.5, -1.0, 2.0]);
    let kept = first.get::<f32>(w).unwrap().to_vec();
    let second = run([-3.0, 1.0, 0.25]);
    assert_eq!(first.get::<f32>(w).unwrap(), kept);
    assert_ne!(second.get::<f32>(w).unwrap(), kept);
}
