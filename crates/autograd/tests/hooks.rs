//! Hooks on cotangents, gradients of what lies between, and gradients that are added up.

mod caught;

use autograd::{Gradients, Params, Program, Tape, Var};
use caught::mistake_in;
use std::sync::{Arc, Mutex};

fn model<'t>(x: Var<'t>, w: Var<'t>) -> Var<'t> {
    let hidden = (x * w).sin().named("hidden");
    hidden.square().sum()
}

#[test]
fn a_hook_changes_a_cotangent_by_name_at_any_order() {
    let tape = Tape::new();
    tape.hook("hidden", |g| g * -2.0);
    let (x, w) = (tape.var([0.4, 1.0]), tape.var([2.0, 0.5]));
    let [dx] = model(x, w).grad([x]);
    let by_hand = (x * w).sin() * (x * w).cos() * w * -4.0;
    let close = |a: Var<'_>, b: Var<'_>| {
        let pairs = a.to_vec::<f64>().into_iter().zip(b.to_vec::<f64>());
        pairs.into_iter().for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{a} {b}"));
    };
    close(dx, by_hand);
    // The values that the second derivative goes through are the same; their cotangents pass the hook again.
    assert!(dx.sum().grad([w])[0].is_finite());
    // Without the hook, which a reset removes.
    let mut tape = tape;
    tape.reset();
    let (x, w) = (tape.var([0.4, 1.0]), tape.var([2.0, 0.5]));
    close(model(x, w).grad([x])[0], (x * w).sin() * (x * w).cos() * w * 2.0);
}

#[test]
fn programs_have_hooks() {
    let params = Params::f64();
    let trace = |hook: bool| {
        Program::trace(&params, |t| {
            if hook {
                t.hook("hidden", |g| g.maximum(-0.5).minimum(0.5));
            }
            let (x, w) = (t.input("x", [2]), t.input("w", [2]));
            let loss = model(x, w);
            t.outputs([loss, loss.grad([x])[0]])
        })
        .unwrap()
    };
    let run = |program: &Program| {
        let mut state = program.state();
        program.run(&mut state, &params, ([0.4, 1.0], [2.0, 0.5])).unwrap().slice::<f64>(1).to_vec()
    };
    let tape = Tape::new();
    tape.hook("hidden", |g| g.maximum(-0.5).minimum(0.5));
    let (x, w) = (tape.var([0.4, 1.0]), tape.var([2.0, 0.5]));
    assert_eq!(run(&trace(true)), model(x, w).grad([x])[0].to_vec::<f64>());
    assert_ne!(run(&trace(true)), run(&trace(false)));
}

#[test]
fn a_hook_reads_what_passes() {
    let tape = Tape::new();
    let seen = Arc::new(Mutex::new(vec![]));
    let noted = seen.clone();
    tape.hook("hidden", move |g| {
        noted.lock().unwrap().push(g.to_vec::<f64>());
        g
    });
    let (x, w) = (tape.var([0.4, 1.0]), tape.var([2.0, 0.5]));
    model(x, w).grad([x]);
    let expected: Vec<f64> = (x * w).sin().to_vec::<f64>().iter().map(|y| y * 2.0).collect();
    assert_eq!(*seen.lock().unwrap(), [expected]);
}

#[test]
fn backward_keeps_what_is_retained() {
    let mut params = Params::f32();
    let w = params.scope("net").param("w", [2], [0.5, 2.0]);
    let tape = Tape::with(&params);
    let data = tape.constant([1.0f32, 3.0]);
    let input = tape.var([1.0f32, 3.0]).retain();
    let hidden = (input * w).named("hidden").retain();
    let alone = data.exp().retain();
    let loss = (hidden.square() * 0.5).sum();
    let grads = loss.backward();
    assert_eq!(grads.of_name::<f32>("hidden"), Some(&[0.5, 6.0][..]));
    assert_eq!(grads.of_node::<f32>(hidden.id()), grads.of_name("hidden"));
    assert_eq!(grads.of_node::<f32>(input.id()), Some(&[0.25, 12.0][..]));
    assert_eq!((grads.of_node::<f32>(alone.id()), grads.of_name::<f32>("other")), (None, None));
    assert_eq!(grads.get::<f32>(w), Some(&[0.5, 18.0][..]));
    // The same once more, in the memory of the first.
    let kept = loss.backward();
    assert_eq!(kept.of_name::<f32>("hidden"), Some(&[0.5, 6.0][..]));
    let text = mistake_in("hooks.rs", || {
        let params = Params::f64();
        Program::trace(&params, |t| t.outputs(t.input("x", []).retain()))
    });
    assert!(text.starts_with("retain: a program keeps no gradients"), "{text}");
}

#[test]
fn micro_batches_add_up_in_one_slab() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let [w, unused] = [net.param("w", [3], [0.3, -1.0, 2.0]), net.param("unused", [2], 1.0)];
    let batches = [[1.0, 2.0, 3.0], [0.5, -1.0, 4.0], [2.0, 2.0, -2.0]];
    let loss = |t: &Tape<'_>, batch: [f64; 3]| -> Gradients {
        (t.param(w) * t.constant(batch)).tanh().sum().backward()
    };
    let mut sum = Gradients::zeros(&params);
    let mut expected = vec![0.0; 3];
    for batch in batches {
        let tape = Tape::with(&params);
        (tape.param(w) * tape.constant(batch)).tanh().sum().backward_into(&mut sum);
        let each = loss(&Tape::with(&params), batch);
        expected.iter_mut().zip(each.get::<f64>(w).unwrap()).for_each(|(sum, g)| *sum += g);
    }
    assert_eq!(sum.get::<f64>(w), Some(&expected[..]));
    assert!(sum.get::<f64>(unused).is_none_or(|g| g == [0.0, 0.0]));
    // A program: a loop over the batches.
    let program = Program::trace(&params, |t| {
        let all = t.input("batches", [3, 3]);
        let (total, ()) = t.scan(3, t.constant(0.0), all, |sum, x| (sum + (t.param(w) * x).tanh().sum(), ()));
        t.outputs(total).with_gradients()
    })
    .unwrap();
    let mut state = program.state();
    let all = autograd::ndarray::arr2(&batches);
    let run = program.run(&mut state, &params, (&all,)).unwrap();
    let found = run.grads().get::<f64>(w).unwrap();
    found.iter().zip(&expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-14, "{a} {b}"));
    // Another model's gradients are refused.
    let other = Params::f64();
    let text = mistake_in("hooks.rs", || {
        let tape = Tape::with(&params);
        tape.param(w).sum().backward_into(&mut Gradients::zeros(&other));
    });
    assert!(text.starts_with("backward_into: the gradients belong to another model"), "{text}");
}
