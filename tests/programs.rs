//! Programs of whole models: the same bits for any number of threads, the same numbers as eager execution within
//! rounding, and eager execution repeats itself.

mod models;

use models::Model;
use wengert::autograd::{Passes, StepError};
use wengert::prelude::*;

/// Every model, at the size of the workloads or large enough for several threads.
fn all() -> Vec<Model> {
    vec![
        models::neuron(),
        models::regression("textbook", &[2, 10, 5, 1], 200, Activation::Sigmoid),
        models::regression("wide", &[256, 512, 512, 256], 128, Activation::Relu),
        models::classifier(),
        models::elements(100_000),
        models::transformer(8, 64, 128),
        models::recurrent(20, 16, 24),
        models::solver(200),
    ]
}

fn bits(numbers: &[f32]) -> impl Iterator<Item = u32> {
    numbers.iter().map(|x| x.to_bits())
}

/// Losses, the gradients of every step, and the parameters after the last.
#[derive(PartialEq)]
struct Training {
    losses: Vec<u64>,
    gradients: Vec<Vec<u32>>,
    parameters: Vec<u32>,
}

impl Training {
    fn of(
        model: &Model,
        mut optimizer: impl Optimizer,
        mut step: impl FnMut(&Params) -> (f64, Gradients),
    ) -> Training {
        let mut params = model.params.clone();
        let mut training = Training { losses: vec![], gradients: vec![], parameters: vec![] };
        for _ in 0..3 {
            let (loss, grads) = step(&params);
            training.losses.push(loss.to_bits());
            training.gradients.push(bits(grads.slab_of::<f32>()).collect());
            optimizer.step(&mut params, &grads).expect("finite gradients");
        }
        training.parameters = bits(params.slab_of::<f32>()).collect();
        training
    }

    fn planned(model: &Model, program: &Program, threads: usize) -> Training {
        let mut state = program.state().with_threads(threads);
        let inputs = model.inputs();
        Training::of(model, Adam::new(1e-3).expect("a valid rate"), |params| {
            let run = program.run(&mut state, params, &inputs[..]).expect("a run");
            (run.item(0), run.grads().clone())
        })
    }
}

#[test]
fn what_is_not_finite_is_refused_on_any_number_of_threads() {
    let mut params = Params::f32();
    params.scope("net").param("w", [100_000], 1.0);
    let w = params.find("net.w").expect("just added");
    let program =
        Program::trace(&params, |t| t.outputs((t.param(w) * t.input("x", [100_000])).sum()).with_gradients())
            .expect("a plan");
    for threads in [1, 2, 3] {
        let mut state = program.state().with_threads(threads);
        let mut sgd = Sgd::new(1.0).expect("a valid rate");
        let mut x = vec![1f32; 100_000];
        x[99_999] = f32::NEG_INFINITY;
        let before = params.slab_of::<f32>().to_vec();
        let refused = program.step(&mut state, &mut params, &mut sgd, (&x,)).unwrap_err();
        assert!(refused.to_string().contains("`net.w` is -inf at element 99999"), "{refused}");
        assert_eq!(params.slab_of::<f32>(), before);
        x[99_999] = 1.0;
        program.step(&mut state, &mut params, &mut sgd, (&x,)).expect("finite gradients");
        assert!(params.slab_of::<f32>().iter().zip(before).all(|(now, before)| *now == before - 1.0));
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut shared = 0;
    for model in all() {
        let program = model.program();
        shared += usize::from(program.state().with_threads(7).threads() > 1);
        let one = Training::planned(&model, &program, 1);
        assert_ne!(one.gradients[0], one.gradients[1], "{} does not learn", model.name);
        for threads in [1, 2, 3, 7] {
            let many = Training::planned(&model, &program, threads);
            assert!(many == one, "{} with {threads} threads", model.name);
        }
    }
    // The neuron and the textbook's network are for one thread alone.
    assert!(shared >= 4 || !cfg!(feature = "threads"), "{shared} models share their work");
}

#[test]
fn eager_execution_repeats_itself() {
    for model in all() {
        let train = || Training::of(&model, Adam::new(1e-3).expect("a valid rate"), |p| model.eager(p));
        assert!(train() == train(), "{}", model.name);
    }
}

/// Products and sums of another order: the bound is relative to the largest number of each tensor.
#[test]
fn programs_give_what_eager_execution_gives() {
    for model in all() {
        let program = model.program();
        let mut state = program.state();
        let run = program.run(&mut state, &model.params, &model.inputs()[..]).expect("a run");
        let (loss, grads) = model.eager(&model.params);
        assert!(
            (run.item(0) - loss).abs() <= 1e-6 * loss.abs().max(1.0),
            "{}: {} {loss}",
            model.name,
            run.item(0)
        );
        for p in model.params.iter() {
            let (planned, eager) = (run.grads().get::<f32>(p).unwrap(), grads.get::<f32>(p).unwrap());
            let largest = eager.iter().fold(0.0, |m: f32, g| m.max(g.abs()));
            // The softmax does not feel the biases of the keys, whose gradient is rounding alone.
            let bound = 2e-5 * largest.max(1e-4);
            let far = planned.iter().zip(eager).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(far <= bound, "{} {}: {far:e}, {bound:e}", model.name, model.params.name(p));
        }
    }
}

/// A gradient is NaN: parameters, optimiser and the next step are as if the step had not been tried.
#[test]
fn a_refused_step_changes_nothing() {
    let model = models::neuron();
    let program = model.program();
    let (mut state, mut params) = (program.state(), model.params.clone());
    let mut adam = Adam::new(0.1).expect("a valid rate");
    let before = params.slab_of::<f32>().to_vec();
    let broken = ([[f32::NAN, 0.0, 0.0]], [[1.0f32]]);
    let error = program.step(&mut state, &mut params, &mut adam, broken).unwrap_err();
    assert!(matches!(error, StepError::NonFiniteGradient { .. }), "{error}");
    assert_eq!(params.slab_of::<f32>(), before);
    program.step(&mut state, &mut params, &mut adam, &model.inputs()[..]).expect("a step");
    let mut fresh = model.params.clone();
    let mut other = Adam::new(0.1).expect("a valid rate");
    program.step(&mut state, &mut fresh, &mut other, &model.inputs()[..]).expect("a step");
    assert_eq!(params.slab_of::<f32>(), fresh.slab_of::<f32>());
}

/// Losses and parameters of three steps, by `step` or by a run and the update after it.
fn three_steps(
    model: &Model,
    threads: usize,
    mut optimizer: impl Optimizer,
    at_once: bool,
) -> (Vec<u64>, Vec<u32>) {
    let program = model.program();
    let (mut state, mut params) = (program.state().with_threads(threads), model.params.clone());
    let inputs = model.inputs();
    let losses = (0..3).map(|_| {
        if at_once {
            return program
                .step(&mut state, &mut params, &mut optimizer, &inputs[..])
                .expect("a step")
                .to_bits();
        }
        let run = program.run(&mut state, &params, &inputs[..]).expect("a run");
        optimizer.step(&mut params, run.grads()).expect("finite gradients");
        run.item(0).to_bits()
    });
    (losses.collect(), bits(params.slab_of::<f32>()).collect())
}

/// A step streams the gradients: whole rows or tiles update the parameters as soon as they are computed, by every rule.
#[test]
fn gradients_that_are_never_stored_change_no_bit() {
    let wide = models::regression("wide", &[256, 512, 512, 256], 128, Activation::Relu);
    for model in [wide, models::classifier()] {
        assert!(model.program().explain().to_string().contains("streams  "), "{}", model.name);
        for threads in [1, 2, 3, 7] {
            let same = |by: &str, [at_once, in_two]: [(Vec<u64>, Vec<u32>); 2]| {
                assert!(at_once == in_two, "{} by {by} with {threads} threads", model.name);
            };
            let ways = [true, false];
            same("SGD", ways.map(|way| three_steps(&model, threads, Sgd::new(1e-2).unwrap(), way)));
            let momentum = || Momentum::new(1e-2, 0.9).unwrap();
            same("momentum", ways.map(|way| three_steps(&model, threads, momentum(), way)));
            same("Adam", ways.map(|way| three_steps(&model, threads, Adam::new(1e-3).unwrap(), way)));
        }
    }
}

/// The weights are read transposed, so their order in the slab differs; so does that of their gradients.
#[test]
fn weights_may_be_read_in_any_order() {
    let mut params = Params::f32();
    let all =
        [0, 1, 2].map(|i| params.scope("net").param(&format!("w{i}"), [128, 128], 0.01 * f64::from(i + 1)));
    let program = Program::trace(&params, |t| {
        let x = t.input("x", [64, 128]);
        t.outputs(x.matmul(all[2]).relu().matmul(all[0]).relu().matmul(all[1]).square().mean())
            .with_gradients()
    });
    let program = program.expect("a plan");
    assert!(program.explain().to_string().contains("streams  3 gradients"));
    let (mut state, x) = (program.state(), vec![0.5f32; 64 * 128]);
    let (mut at_once, mut in_two) = (params.clone(), params);
    let mut sgd = Sgd::new(1.0).expect("a valid rate");
    program.step(&mut state, &mut at_once, &mut sgd, (&x,)).expect("a step");
    let mut sgd = Sgd::new(1.0).expect("a valid rate");
    let run = program.run(&mut state, &in_two, (&x,)).expect("a run");
    sgd.step(&mut in_two, run.grads()).expect("finite gradients");
    assert!(bits(at_once.slab_of::<f32>()).eq(bits(in_two.slab_of::<f32>())));
    assert!(all.iter().all(|&w| at_once.get::<f32>(w)[0] != 0.01 * (w.index() + 1) as f32));
}

/// The gradient of w in Σ x·w·s is xᵀ·s, a product of the inputs.
#[test]
fn gradients_that_might_overflow_are_looked_at_first() {
    let mut params = Params::f32();
    let w = params.scope("net").param("w", [128, 128], 1.0);
    let program = Program::trace(&params, |t| {
        let (x, s) = (t.input("x", [64, 128]), t.input("s", [64, 128]));
        t.outputs((x.matmul(w) * s).sum()).with_gradients()
    });
    let program = program.expect("a plan");
    assert!(program.explain().to_string().contains("streams  1 gradient"));
    let mut state = program.state();
    let mut sgd = Sgd::new(1.0).expect("a valid rate");
    let (mut x, mut s) = (vec![0f32; 64 * 128], vec![0f32; 64 * 128]);
    // Large numbers that never meet: the bound is infinite, the gradient is not.
    (x[0], s[128]) = (3e38, 3e38);
    program.step(&mut state, &mut params, &mut sgd, (&x, &s)).expect("a finite gradient");
    assert!(params.get::<f32>(w).iter().all(|&w| w == 1.0));
    // And some that do.
    s[0] = 3e38;
    let refused = program.step(&mut state, &mut params, &mut sgd, (&x, &s)).unwrap_err();
    assert!(refused.to_string().contains("`net.w` is inf at element 0"), "{refused}");
    assert!(params.get::<f32>(w).iter().all(|&w| w == 1.0));
}

/// A step shares the update too; tensors that were frozen for a while count their steps by themselves.
#[test]
fn steps_with_any_number_of_threads_give_the_same_bits() {
    let model = models::regression("wide", &[256, 512, 512, 256], 128, Activation::Relu);
    let program = model.program();
    let train = |threads| {
        let (mut state, mut params) = (program.state().with_threads(threads), model.params.clone());
        let mut adam = Adam::new(1e-3).expect("a valid rate");
        for round in 0..3 {
            assert!(params.set_scope_frozen("net.1", round == 1) > 0);
            program.step(&mut state, &mut params, &mut adam, &model.inputs()[..]).expect("a step");
        }
        bits(params.slab_of::<f32>()).collect::<Vec<_>>()
    };
    let one = train(1);
    for threads in [2, 3, 7] {
        assert!(train(threads) == one, "{threads} threads");
    }
}

/// A step gives all outputs, as a run does; of gradients that it has not stored it says so.
#[test]
fn a_step_gives_all_outputs_by_name() {
    let mut params = Params::f32();
    let w = params.scope("net").param("w", [128, 128], 0.01);
    let trace = |passes: Passes| {
        let program = Program::trace_with(passes, &params, |t| {
            let y = t.input("x", [64, 128]).matmul(w).relu();
            t.outputs([y.square().mean(), y.max(), y.gt(0.64).cast(DType::F32).mean()])
                .with_names(["loss", "largest", "share"])
                .with_gradients()
        });
        program.expect("a plan")
    };
    let x: Vec<f32> = (0..64 * 128).map(|i| (i % 97) as f32 / 97.0).collect();
    for (passes, streams) in [(Passes::all(), 1), (Passes::none(), 0)] {
        let program = trace(passes);
        assert_eq!(program.plan().streams, streams);
        let (mut state, mut other) = (program.state(), program.state());
        let (mut at_once, mut in_two) = (params.clone(), params.clone());
        let [mut sgd, mut rule] = [1.0, 1.0].map(|rate| Sgd::new(rate).expect("a valid rate"));
        for _ in 0..2 {
            let run = program.run(&mut other, &in_two, (&x,)).expect("a run");
            let step = program.step_outputs(&mut state, &mut at_once, &mut sgd, (&x,)).expect("a step");
            for name in ["loss", "largest", "share"] {
                assert_eq!(step.item(name).to_bits(), run.item(name).to_bits(), "{name}");
            }
            let grads = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| step.grads().norm()));
            match grads {
                Ok(norm) => assert_eq!((norm.to_bits(), streams), (run.grads().norm().to_bits(), 0)),
                Err(text) => {
                    let text = text.downcast_ref::<String>().expect("a text");
                    assert!(
                        streams == 1 && text.starts_with("grads: 1 of the gradients went straight"),
                        "{text}"
                    );
                }
            }
            rule.step(&mut in_two, run.grads()).expect("finite gradients");
            assert!(bits(at_once.slab_of::<f32>()).eq(bits(in_two.slab_of::<f32>())));
        }
        assert_eq!(
            program.outputs().map(|y| y.0).collect::<Vec<_>>(),
            ["loss", "largest", "share"].map(Some)
        );
    }
}

/// A gradient that is an output too, or read by one, is stored before the update: it is not streamed.
#[test]
fn a_gradient_that_others_need_is_not_streamed() {
    let mut params = Params::f32();
    let w = params.scope("net").param("w", [128, 128], 0.01);
    let plans = [0, 1, 2].map(|which| {
        let program = Program::trace(&params, |t| {
            let w = t.param(w);
            let loss = t.input("x", [64, 128]).matmul(w).relu().square().mean();
            let [slope] = loss.grad([w]);
            let outputs = [vec![loss], vec![loss, slope], vec![loss, slope.square().sum()]];
            t.outputs(&outputs[which][..]).with_gradients()
        });
        program.expect("a plan").plan().streams
    });
    assert_eq!(plans, [1, 0, 0]);
}

/// The gradient of d is a product that the gradients of a and b are products of: all lie in one slab.
#[test]
fn gradients_are_read_beside_those_that_are_written() {
    let mut params = Params::f64();
    let [a, b, d] = ["a", "b", "d"].map(|name| {
        let numbers: Vec<f64> = (0..64).map(|i| (f64::from(i) * 0.7 + name.len() as f64).sin()).collect();
        params.scope("net").param(name, [8, 8], &numbers[..])
    });
    let x: Vec<f64> = (0..32).map(|i| (f64::from(i) * 0.3).cos()).collect();
    let program = Program::trace(&params, |t| {
        let w = t.param(a).matmul(b) + d;
        t.outputs(t.input("x", [4, 8]).matmul(w).square().sum()).with_gradients()
    });
    let program = program.expect("a plan");
    let reads = program.plan().kernels.iter().flat_map(|kernel| kernel.reads());
    assert!(reads.filter(|x| x.memory == 1).count() >= 2, "a gradient is read");
    let mut state = program.state();
    let planned = program.run(&mut state, &params, (&x,)).expect("a run").grads().clone();
    let tape = Tape::with(&params);
    let w = tape.param(a).matmul(b) + d;
    let eager = tape.constant(&x).reshape([4, 8]).matmul(w).square().sum().backward();
    for p in [a, b, d] {
        let pairs = planned.get::<f64>(p).unwrap().iter().zip(eager.get::<f64>(p).unwrap());
        assert!({ pairs }.all(|(p, e)| (p - e).abs() <= 1e-12 * e.abs().max(1.0)));
    }
}
