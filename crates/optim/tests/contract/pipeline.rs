//! Stages before the update.

use crate::{model, some_gradients};
use autograd::{Gradients, Param, Params, Tape};
use optim::{Adam, Momentum, Optimizer, Pipeline, Sgd, StepError};

/// Gradients of a regression over some rows.
fn regression(params: &Params, w: Param, rows: std::ops::Range<usize>) -> Gradients {
    let data: Vec<f64> = (0..24).map(|i| (f64::from(i) * 0.618).fract() - 0.5).collect();
    let tape = Tape::with(params);
    let x = tape.constant(&data[3 * rows.start..3 * rows.end]).reshape([rows.len(), 3]);
    x.matmul(w).tanh().square().mean().backward()
}

#[test]
fn four_micro_batches_are_one_large_batch() {
    let make = || {
        let mut params = Params::f64();
        let w = params.scope("net").param("w", [3, 1], [0.2, -0.4, 0.7]);
        (params, w)
    };
    let ((mut large, w), (mut small, v)) = (make(), make());
    let clipped = |optimizer| Pipeline::new(optimizer).clip_norm(0.1).unwrap();
    let mut whole = clipped(Adam::new(0.01).unwrap());
    let mut parts = clipped(Adam::new(0.01).unwrap()).accumulate(4).unwrap();
    for _ in 0..5 {
        let grads = regression(&large, w, 0..8);
        whole.step(&mut large, &grads).unwrap();
        for part in 0..4 {
            let before = small.get::<f64>(v).to_vec();
            let grads = regression(&small, v, 2 * part..2 * part + 2);
            parts.step(&mut small, &grads).unwrap();
            assert_eq!(small.get::<f64>(v) == before, part < 3);
        }
        let pairs = large.get::<f64>(w).iter().zip(small.get::<f64>(v));
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{a} {b}"));
        assert!((whole.norm().unwrap() / parts.norm().unwrap() - 1.0).abs() < 1e-12);
    }
    // A micro-batch that is refused does not count, and leaves the sum as it is.
    let (mut other, v) = make();
    let mut parts = Pipeline::new(Sgd::new(0.5).unwrap()).accumulate(2).unwrap();
    let good = regression(&other, v, 0..4);
    let mut bad = good.clone();
    bad.get_mut::<f64>(v).unwrap()[1] = f64::INFINITY;
    parts.step(&mut other, &good).unwrap();
    assert!(matches!(parts.step(&mut other, &bad), Err(StepError::NonFiniteGradient { element: 1, .. })));
    parts.step(&mut other, &good).unwrap();
    let (mut once, v) = make();
    let grads = regression(&once, v, 0..4);
    Sgd::new(0.5).unwrap().step(&mut once, &grads).unwrap();
    assert_eq!(other.slab_of::<f64>(), once.slab_of::<f64>());
}

#[test]
fn a_pipeline_scales_clips_reduces_and_can_be_interrupted() {
    let (mut params, weight, _) = model(Params::f64());
    let of = |values: [f64; 5]| {
        let mut grads = Gradients::zeros(&params);
        let (w, b) = values.split_at(3);
        grads.get_mut::<f64>(weight).unwrap().copy_from_slice(w);
        grads.get_mut::<f64>(params.find("net.bias").unwrap()).unwrap().copy_from_slice(b);
        grads
    };
    let grads = of([8.0, -16.0, 0.0, 4.0, 1.0]);
    params.slab_mut::<f64>().fill(0.0);
    let sgd = || Sgd::new(1.0).unwrap();
    // 8 is the scale of the loss; ±1.5 the limit.
    let mut scaled = Pipeline::new(sgd()).unscale(8.0).unwrap().clip_value(1.5).unwrap();
    scaled.step(&mut params, &grads).unwrap();
    assert_eq!(params.slab_of::<f64>(), [-1.0, 1.5, 0.0, -0.5, -0.125]);
    params.slab_mut::<f64>().fill(0.0);
    let mut reduced = Pipeline::new(sgd()).reduce(|grads| {
        *grads *= 0.5;
        Ok(())
    });
    reduced.step(&mut params, &grads).unwrap();
    assert_eq!(params.slab_of::<f64>(), [-4.0, 8.0, 0.0, -2.0, -0.5]);
    let mut failing = Pipeline::new(sgd()).reduce(|_| Err(StepError::Refused("rank 3 is gone".to_owned())));
    assert_eq!(failing.step(&mut params, &grads).unwrap_err().to_string(), "rank 3 is gone");
    assert_eq!(params.slab_of::<f64>(), [-4.0, 8.0, 0.0, -2.0, -0.5]);

    // Interrupted between micro-batches.
    let make = || Pipeline::new(Momentum::new(0.1, 0.9).unwrap()).accumulate(3).unwrap();
    let (mut whole, mut first) = (make(), make());
    let mut copy = params.clone();
    for step in 0..7 {
        let grads = some_gradients(&params, step);
        whole.step(&mut params, &grads).unwrap();
        if step < 5 {
            first.step(&mut copy, &grads).unwrap();
        }
    }
    let data = first.state(&copy);
    assert_eq!(data.counter("accumulated"), Some(2));
    let mut second = make();
    second.set_state(&copy, &data).unwrap();
    for step in 5..7 {
        let grads = some_gradients(&copy, step);
        second.step(&mut copy, &grads).unwrap();
    }
    assert_eq!(params.slab_of::<f64>(), copy.slab_of::<f64>());
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Pipeline::new(sgd()).unscale(wrong).is_err());
    }
    assert!(Pipeline::new(sgd()).accumulate(0).is_err() && Pipeline::new(sgd()).clip_norm(0.0).is_err());
}

/// A limit turns ∞ into a number. The step refuses it all the same, for few parameters and for many, by any optimiser.
#[test]
fn a_limit_hides_no_infinite_gradient() {
    struct Own;
    impl Optimizer for Own {
        fn update(&mut self, _: &mut Params, _: &Gradients) -> Result<(), StepError> {
            Ok(())
        }
    }
    for n in [3, 100] {
        let optimizers: [Box<dyn Optimizer>; 2] = [Box::new(Sgd::new(0.1).unwrap()), Box::new(Own)];
        for optimizer in optimizers {
            let mut params = Params::f64();
            let w = params.scope("net").param("w", [n], 1.0);
            let mut grads = Gradients::zeros(&params);
            grads.get_mut::<f64>(w).unwrap()[1] = f64::INFINITY;
            let mut clipped = Pipeline::new(optimizer).clip_value(1.0).unwrap();
            let error = clipped.step(&mut params, &grads).unwrap_err();
            assert!(matches!(error, StepError::NonFiniteGradient { element: 1, .. }), "{n}: {error}");
        }
    }
}
