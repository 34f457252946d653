//! What a program does at its edges: what a mistake says and where it points, results that are no kernel's, inputs of
//! every dtype and layout, several users at once.

use autograd::{
    DType, Gradients, Params, Passes, Program, ProgramError, Run, Shape, State, StepError, Tape, Update, Var,
};
use ndarray::{Array2, array, s};
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static LAST: RefCell<(String, String)> = RefCell::default();
}

/// The text of a panic; it has to come from this file.
fn mistake<R>(f: impl FnOnce() -> R) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().cloned();
            let text =
                text.or_else(|| Some((*payload.downcast_ref::<&str>()?).to_owned())).unwrap_or_default();
            let file = info.location().map(|l| l.file().to_owned()).unwrap_or_default();
            LAST.set((text, file));
        }));
    });
    assert!(panic::catch_unwind(AssertUnwindSafe(f)).is_err(), "no mistake was noticed");
    let (text, file) = LAST.take();
    assert!(
        file.ends_with("program.rs") && !file.contains("src"),
        "`{text}` points at {file}, not at the caller"
    );
    text
}

/// Every choice of one pass less, all, and none.
fn every_choice() -> Vec<Passes> {
    let mut all = vec![Passes::all(), Passes::none()];
    let switches: [fn(&mut Passes); 9] = [
        |p| p.dead = false,
        |p| p.fold = false,
        |p| p.cse = false,
        |p| p.algebra = false,
        |p| p.orient = false,
        |p| p.fuse = false,
        |p| p.share = false,
        |p| p.pair = false,
        |p| p.pool = false,
    ];
    for off in switches {
        let mut passes = Passes::all();
        off(&mut passes);
        all.push(passes);
    }
    all
}

fn classifier() -> (Params, Program) {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [2, 3], [0.1, 0.2, 0.3, -0.4, 0.5, -0.6]);
    let program = Program::trace(&params, |t| {
        let (x, labels) = (t.input("x", [2, 2]), t.input_of("labels", DType::I64, [2]));
        t.outputs(-x.matmul(w).log_softmax(-1).pick(labels).mean()).with_gradients()
    });
    (params, program.unwrap())
}

#[test]
fn wrong_inputs_are_named() {
    let (params, program) = classifier();
    let mut state = program.state();
    let x = [[1.0, 2.0], [3.0, 4.0]];
    let mut text = |error: Result<Run<'_>, ProgramError>| error.unwrap_err().to_string();
    assert_eq!(
        text(program.run(&mut state, &params, (x,))),
        "the program has 2 inputs (`x`, `labels`), 1 are given"
    );
    assert_eq!(
        text(program.run(&mut state, &params, (x, [0i64, 1], 0.1))),
        "the program has 2 inputs (`x`, `labels`), 3 are given"
    );
    assert_eq!(
        text(program.run(&mut state, &params, ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [0i64, 1]))),
        "input `x` has shape [2×3], the program was traced for [2×2]"
    );
    assert_eq!(
        text(program.run(&mut state, &params, (x, [0i64]))),
        "input `labels` has shape [1], the program was traced for [2]"
    );
    assert_eq!(
        text(program.run(&mut state, &params, (x, [0.0, 1.0]))),
        "input `labels` is F64, the program was traced for I64"
    );
    assert_eq!(
        text(program.run(&mut state, &params, (x.map(|row| row.map(|x| x as f32)), [0i64, 1]))),
        "input `x` is F32, the program was traced for F64"
    );
    // The state is as good as before.
    assert!(program.run(&mut state, &params, (x, [0i64, 1])).unwrap().item(0).is_finite());
}

#[test]
fn an_index_outside_of_its_row_points_at_its_source() {
    let mut params = Params::f64();
    params.scope("net").param("w", [1], 0.0);
    for passes in every_choice() {
        let line = line!() + 3;
        let program = Program::trace_with(passes, &params, |t| {
            let (x, labels) = (t.input("x", [2, 3]), t.input_of("labels", DType::I64, [2]));
            t.outputs(x.pick(labels).sum())
        });
        let program = program.unwrap();
        let mut state = program.state();
        let x = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        for (labels, row, value) in [([0i64, 3], 1, 3), ([-1, 0], 0, -1)] {
            let error = program.run(&mut state, &params, (x, labels)).unwrap_err().to_string();
            let (start, end) = (
                format!("pick at {}:{line}:", file!()),
                format!(": index {value} in row {row} is outside of 0..3"),
            );
            assert!(error.starts_with(&start) && error.ends_with(&end), "{error}");
        }
        assert_eq!(program.run(&mut state, &params, (x, [2i64, 1])).unwrap().item(0), 8.0);
    }
}

#[test]
fn parameters_and_states_of_something_else() {
    let (mut params, program) = classifier();
    let (others, other) = classifier();
    let inputs = ([[1.0, 2.0], [3.0, 4.0]], [0i64, 1]);
    let mut state = program.state();
    assert_eq!(
        program.run(&mut state, &others, inputs).unwrap_err().to_string(),
        "the program was traced for another `Params` (6 numbers) than these (6 numbers)"
    );
    assert_eq!(
        other.run(&mut state, &others, inputs).unwrap_err().to_string(),
        "the state belongs to another program: make one with `program.state()`"
    );
    // A clone has the same handles, and will do.
    assert!(program.run(&mut state, &params.clone(), inputs).is_ok());
    params.scope("later").param("w", [2], 0.0);
    assert_eq!(
        program.run(&mut state, &params, inputs).unwrap_err().to_string(),
        "the program was traced for another `Params` (6 numbers) than these (8 numbers)"
    );
}

#[test]
fn values_do_not_exist_while_tracing() {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [2], 1.0);
    let advice = "a traced computation has no values while it is recorded\n  rule: what a program computes is read from its \
                  run\n  hint: make it an output; choose between values with `mask.select(a, b)` instead of `if`";
    let reads: [for<'t> fn(Var<'t>); 4] = [
        |x| drop(x.sum().item()),
        |x| drop(x.to_vec::<f64>()),
        |x| drop(x.to_array::<f64>()),
        |x| drop(x.is_finite()),
    ];
    for read in reads {
        let text = mistake(|| {
            Program::trace(&params, |t| {
                let y = t.param(w) * t.input("x", [2]);
                read(y);
                t.outputs(y)
            })
        });
        assert!(text.ends_with(advice), "{text}");
    }
    let text = mistake(|| {
        Program::trace(&params, |t| {
            let y = (t.param(w) * t.input("x", [2])).sum();
            y.backward();
            t.outputs(y)
        })
    });
    assert_eq!(
        text,
        "backward: a traced computation has no values yet\n  rule: a program gives its gradients when it runs\n  hint: end \
         the trace with `t.outputs(loss).with_gradients()`, or make `loss.grad([x])` an output"
    );
    // Leaves have values, but numbers that were read would be constants of the program: those of parameters are refused.
    assert!(
        mistake(|| Program::trace(&params, |t| t.outputs(t.input("x", [2]) * t.param(w).sum().item())))
            .ends_with(advice)
    );
}

#[test]
fn mistakes_while_tracing() {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [2], 1.0);
    assert_eq!(
        mistake(|| Program::trace(&params, |t| t.outputs(t.input("x", [2]) + t.input("x", [2])))),
        "input `x`: there is one of this name already\n  rule: each input has a name of its own"
    );
    let eager = Tape::with(&params);
    assert_eq!(
        mistake(|| eager.input("x", [2])),
        "input `x`: this tape computes at once\n  rule: inputs belong to the tape that `Program::trace` gives\n  hint: \
         record the values with `tape.constant(…)`"
    );
    assert!(
        mistake(|| Program::trace(&params, |t| t.outputs(t.input("x", [usize::MAX, 2]))))
            .contains("more elements than can be addressed")
    );
    let elsewhere = eager.param(w);
    assert_eq!(
        mistake(|| Tape::new().outputs(Vec::<Var<'_>>::new()).with_gradients()).lines().next(),
        Some("with_gradients: the first output is missing")
    );
    let here = Tape::with(&params);
    assert!(mistake(|| here.outputs([here.param(w), elsewhere])).ends_with("is on another tape"));
    assert!(mistake(|| Program::trace(&params, |t| t.outputs(t.param(w)).with_gradients())).starts_with(
        "with_gradients: the first output is 2 elements of F64\n  rule: gradients are those of one"
    ));
    assert!(
        mistake(|| Program::trace(&params, |t| t.outputs(t.constant(1i64)).with_gradients()))
            .starts_with("with_gradients: the first output is 1 elements of I64")
    );
}

#[test]
fn mistakes_while_reading() {
    let params = Params::f64();
    let program = Program::trace(&params, |t| t.outputs([t.input("x", [2]), t.constant(1.0)])).unwrap();
    let mut state = program.state();
    let run = program.run(&mut state, &params, ([1.0, 2.0],)).unwrap();
    assert_eq!(mistake(|| run.get::<f64>(2)), "output 2 does not exist: the program has 2");
    assert!(mistake(|| run.item(0)).starts_with("item: output 0 has 2 elements"));
    assert!(mistake(|| run.slice::<f32>(0)).starts_with("output 0 is F64, asked for as F32"));
    assert!(mistake(|| run.grads()).starts_with("grads: the program gives no gradients"));
    struct Nothing;
    impl Update for Nothing {
        type Error = std::convert::Infallible;
        fn update(&mut self, _: &mut Params, _: &Gradients) -> Result<(), Self::Error> {
            Ok(())
        }
    }
    let mut params = params;
    assert!(
        mistake(|| program.step(&mut state, &mut params, &mut Nothing, ([1.0, 2.0],)))
            .starts_with("grads: the program gives no gradients")
    );
    let error = program.step(&mut state, &mut params, &mut Nothing, ()).unwrap_err();
    assert!(matches!(&error, StepError::Program(ProgramError::InputCount { given: 0, .. })));
    assert_eq!(error.to_string(), "the program has 1 inputs (`x`), 0 are given");
}

#[test]
fn programs_and_states_travel_between_threads() {
    fn shared<T: Send + Sync>() {}
    fn moved<T: Send>() {}
    shared::<Program>();
    shared::<ProgramError>();
    moved::<State>();

    let (params, program) = classifier();
    let (program, params) = (&program, &params);
    let all = |threads: usize| {
        let mut state = program.state().with_threads(threads);
        let mut seen = vec![];
        for i in 0..50 {
            let x = [[f64::from(i) * 0.1, 2.0], [-1.0, f64::from(i).sin()]];
            let run = program.run(&mut state, params, (x, [i64::from(i % 3), 1])).unwrap();
            seen.push(run.item(0).to_bits());
            seen.extend(run.grads().slab_of::<f64>().iter().map(|g| g.to_bits()));
        }
        seen
    };
    let alone = all(1);
    std::thread::scope(|scope| {
        let users: Vec<_> = [1, 2].map(|threads| scope.spawn(move || all(threads))).into_iter().collect();
        for user in users {
            assert_eq!(user.join().unwrap(), alone);
        }
    });
}

/// Runs `f` of one input as a program, with every choice of passes, and as a tape; outputs are equal to the last bit.
fn as_eager(shape: impl Into<Shape>, f: impl for<'t> Fn(&'t Tape<'t>, Var<'t>) -> Vec<Var<'t>>) {
    let params = Params::f64();
    let shape = shape.into();
    let values: Vec<f64> = (0..shape.elements()).map(|i| (i as f64 * 0.7).sin()).collect();
    let tape = Tape::with(&params);
    let want = f(&tape, tape.constant(&values).reshape(&shape));
    for passes in every_choice() {
        let program =
            Program::trace_with(passes, &params, |t| t.outputs(f(t, t.input("x", &shape)))).unwrap();
        let mut state = program.state();
        for _ in 0..2 {
            let run = program.run(&mut state, &params, (&values,)).unwrap();
            for (i, want) in want.iter().enumerate() {
                match want.dtype() {
                    DType::F64 => assert_eq!(run.get::<f64>(i), want.to_array(), "output {i}, {passes:?}"),
                    DType::I64 => assert_eq!(run.get::<i64>(i), want.to_array(), "output {i}, {passes:?}"),
                    DType::Bool => assert_eq!(run.get::<bool>(i), want.to_array(), "output {i}, {passes:?}"),
                    DType::F32 => assert_eq!(run.get::<f32>(i), want.to_array(), "output {i}, {passes:?}"),
                }
            }
        }
    }
}

#[test]
fn outputs_that_no_kernel_computes() {
    as_eager([2, 3], |t, x| {
        let table = t.constant([[1.0, 2.0], [3.0, 4.0]]);
        let (whole, mask) = (t.constant([1i64, 2, 3]), t.constant([true, false]));
        let y = x.sin();
        vec![
            x,
            x,
            x.t(),
            x.reshape([3, 2]),
            x.slice(1, 1..3),
            x.unsqueeze(0).broadcast_to([2, 2, 3]),
            table,
            table.t(),
            t.constant(2.5),
            t.full(0.5, [2, 2], DType::F64),
            whole,
            whole.broadcast_to([2, 3]),
            t.full(3.0, [2], DType::I64),
            mask,
            t.full(1.0, [3], DType::Bool),
            y,
            y,
            y.t(),
            y.slice(0, ..1),
            y.slice(0, 1..),
            y.detach(),
            y.gt(0.0),
            y.gt(0.0).t(),
            y.cast(DType::F32),
            x.cast(DType::I64).t(),
        ]
    });
    as_eager([0, 3], |_, x| vec![x, x.t(), x.exp(), x.sum(), x.sum_over(&[0])]);
    as_eager([], |_, x| vec![x, x.reshape([1, 1]), x.broadcast_to([3])]);
}

#[test]
fn parameters_as_outputs() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let (_, w) = (net.param("a", [2], 9.0), net.param("w", [2, 2], [1.0, 2.0, 3.0, 4.0]));
    for passes in every_choice() {
        let program = Program::trace_with(passes, &params, |t| {
            let p = t.param(w);
            t.outputs([p, p.t(), p.slice(0, 1..), p.sum()])
        });
        let program = program.unwrap();
        let mut state = program.state();
        let run = program.run(&mut state, &params, ()).unwrap();
        assert_eq!(run.slice::<f64>(0), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(run.slice::<f64>(1), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(run.slice::<f64>(2), [3.0, 4.0]);
        assert_eq!(run.item(3), 10.0);
        // The parameters are read where they are.
        let mut other = params.clone();
        other.get_mut::<f64>(w)[0] = 7.0;
        assert_eq!(program.run(&mut state, &other, ()).unwrap().item(3), 16.0);
    }
}

#[test]
fn gradients_that_are_views_shared_or_absent() {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let a = net.param("a", [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let b = net.param("b", [3, 2], [1.0, -2.0, 3.0, -4.0, 5.0, -6.0]);
    let c = net.param("c", [2, 3], 0.5);
    let (frozen, unread) = (net.param("frozen", [1], 2.0), net.param("unread", [1], 3.0));
    let idle = net.param("idle", [3], 1.0);
    params.set_frozen(frozen, true);
    for passes in every_choice() {
        let program = Program::trace_with(passes, &params, |t| {
            // ∂a = bᵀ and ∂b = aᵀ are views of parameters, ∂c and ∂frozen a number each; idle is multiplied by nothing.
            let joint = (t.param(a) * t.param(b).t()).sum();
            let lines = (t.param(c) * t.param(frozen)).sum() + t.param(idle).detach().sum();
            t.outputs([joint + lines, joint]).with_gradients()
        });
        let program = program.unwrap();
        let mut state = program.state();
        let run = program.run(&mut state, &params, ()).unwrap();
        let grads = run.grads();
        assert_eq!(grads.get::<f64>(a), Some(&[1.0, 3.0, 5.0, -2.0, -4.0, -6.0][..]), "{passes:?}");
        assert_eq!(grads.get::<f64>(b), Some(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0][..]), "{passes:?}");
        assert_eq!(grads.get::<f64>(c), Some(&[2.0; 6][..]), "{passes:?}");
        assert_eq!(grads.get::<f64>(frozen), None);
        assert_eq!(grads.get::<f64>(unread), None);
        assert_eq!(grads.get::<f64>(idle), None);
        assert_eq!((run.item(1), run.item(0)), (-42.0, -42.0 + 6.0 + 3.0));
    }
}

#[test]
fn gradients_of_gradients_as_outputs() {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [3], [0.3, -0.7, 1.1]);
    fn outputs<'t>(t: &'t Tape<'t>, w: autograd::Param, x: Var<'t>) -> [Var<'t>; 4] {
        let y = (x * w).tanh().sum();
        let [dx, dw] = y.grad([x, t.param(w)]);
        let [dxx, dxw] = (dx * x).sum().grad([x, t.param(w)]);
        [dx, dw, dxx, dxw]
    }
    let at = [0.5, -1.5, 0.25];
    let tape = Tape::with(&params);
    let want = outputs(&tape, w, tape.var(at));
    let loss = (want[2] * want[3]).sum();
    let grads = loss.backward();
    for passes in every_choice() {
        let program = Program::trace_with(passes, &params, |t| {
            let all = outputs(t, w, t.input("x", [3]));
            let loss = (all[2] * all[3]).sum();
            t.outputs([loss, all[0], all[1], all[2], all[3]]).with_gradients()
        });
        let program = program.unwrap();
        let mut state = program.state();
        let run = program.run(&mut state, &params, (at,)).unwrap();
        let close = |a: &[f64], b: &[f64]| {
            assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-13), "{a:?} {b:?}");
        };
        for (i, want) in want.iter().enumerate() {
            close(run.slice(i + 1), &want.to_vec::<f64>());
        }
        close(run.grads().get(w).unwrap(), grads.get(w).unwrap());
    }
}

#[test]
fn inputs_in_any_layout() {
    let params = Params::f64();
    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [3, 2]), t.input("y", [2]));
        t.outputs(x * 10.0 + y)
    });
    let program = program.unwrap();
    let mut state = program.state();
    let square: Array2<f64> = array![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]];
    let y = [0.25, 0.5];
    let offsets = array![[0.25, 0.5], [0.25, 0.5], [0.25, 0.5]];
    let transposed = square.slice(s![..2, ..3]);
    for x in
        [square.slice(s![.., 1..3]), square.slice(s![.., ..;2]), square.slice(s![..;-1, 2..]), transposed.t()]
    {
        for _ in 0..2 {
            let run = program.run(&mut state, &params, (x, y)).unwrap();
            assert_eq!(run.get::<f64>(0), (&x * 10.0 + &offsets).into_dyn());
        }
    }
    // One axis of as many elements will do; another shape of as many will not.
    let run = program.run(&mut state, &params, (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &y[..])).unwrap();
    assert_eq!(run.slice::<f64>(0), [10.25, 20.5, 30.25, 40.5, 50.25, 60.5]);
    let wide = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert!(matches!(program.run(&mut state, &params, (wide, y)), Err(ProgramError::InputShape { .. })));
    // A list that is made while running.
    let (x, y): (Vec<f64>, Vec<f64>) = (vec![0.0; 6], vec![1.0, 2.0]);
    let list: [&dyn autograd::AnyTensor; 2] = [&x, &y];
    let run = program.run(&mut state, &params, &list[..]).unwrap();
    assert_eq!(run.slice::<f64>(0), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn inputs_of_every_dtype() {
    let mut params = Params::new();
    let w = params.scope("net").param("w", [2], [2.0, 3.0]);
    for passes in every_choice() {
        let program = Program::trace_with(passes, &params, |t| {
            let (x, wide) = (t.input("x", [3, 2]), t.input_of("wide", DType::F64, [3]));
            let (labels, mask) =
                (t.input_of("labels", DType::I64, [3]), t.input_of("mask", DType::Bool, [3, 1]));
            let entries = (mask.broadcast_to([3, 2]).select(x * w, -1.0)).pick(labels);
            let joint = entries.cast(DType::F64) + wide;
            t.outputs([entries.sum(), joint, labels, mask, mask.cast(DType::F32).sum()]).with_gradients()
        });
        let program = program.unwrap();
        let mut state = program.state();
        let x = [[1.0f32, 10.0], [2.0, 20.0], [3.0, 30.0]];
        for (mask, want, slopes) in [
            ([true, true, false], [2.0, 60.0, -1.0], [1.0, 20.0]),
            ([false, true, true], [-1.0, 60.0, 90.0], [0.0, 50.0]),
        ] {
            let run = program.run(&mut state, &params, (x, [0.5, 0.25, 0.125], [0i64, 1, 1], mask)).unwrap();
            assert_eq!(run.item(0), want.iter().sum::<f64>());
            assert_eq!(run.slice::<f64>(1), [want[0] + 0.5, want[1] + 0.25, want[2] + 0.125]);
            assert_eq!((run.slice::<i64>(2), run.slice::<bool>(3)), (&[0, 1, 1][..], &mask[..]));
            assert_eq!((run.item(4), run.grads().get::<f32>(w)), (2.0, Some(&slopes[..])), "{passes:?}");
        }
    }
}

#[test]
fn cross_entropy_of_labels() {
    let (params, program) = classifier();
    let w = params.iter().next().unwrap();
    let mut state = program.state();
    let x = array![[1.0, 2.0], [3.0, -4.0]];
    for labels in [[0i64, 1], [2, 2]] {
        let tape = Tape::with(&params);
        let loss = -tape.constant(&x).matmul(w).log_softmax(-1).pick(tape.constant(labels)).mean();
        let grads = loss.backward();
        let run = program.run(&mut state, &params, (&x, labels)).unwrap();
        assert!((run.item(0) - loss.item()).abs() < 1e-15);
        let pairs = run.grads().slab_of::<f64>().iter().zip(grads.slab_of::<f64>());
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-15));
    }
}

#[test]
fn a_program_without_inputs_or_without_outputs() {
    let params = Params::f64();
    let constant = Program::trace(&params, |t| t.outputs(t.constant([1.0, 2.0]).exp().sum())).unwrap();
    let mut state = constant.state();
    assert_eq!(constant.run(&mut state, &params, ()).unwrap().item(0), 1f64.exp() + 2f64.exp());
    let nothing = Program::trace(&params, |t| t.outputs(Vec::new())).unwrap();
    assert_eq!(nothing.kernels(), 0);
    let mut state = nothing.state();
    assert!(nothing.run(&mut state, &params, ()).is_ok());
    assert!(nothing.explain().to_string().starts_with("no inputs; 0 outputs\n"));
}
