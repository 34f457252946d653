//! The texts of mistakes, and the lines that they point at.

use crate::caught::mistake_without_operands;
use crate::{classifier, every_choice};
use autograd::{DType, Gradients, Optimizer, Params, Program, ProgramError, Run, StepError, Tape, Var};

/// The text of a panic; it has to come from this file.
fn mistake<R>(f: impl FnOnce() -> R) -> String {
    mistake_without_operands("mistakes.rs", f)
}

#[test]
fn wrong_inputs_are_named() {
    let (params, program) = classifier();
    let mut state = program.state();
    let x = [[1.0, 2.0], [3.0, 4.0]];
    let text = |error: Result<Run<'_>, ProgramError>| error.unwrap_err().to_string();
    assert_eq!(
        text(program.run(&mut state, &params, (x,))),
        "inputs: 1 given, the program takes 2 (`x`, `labels`), in this order"
    );
    assert_eq!(
        text(program.run(&mut state, &params, (x, [0i64, 1], 0.1))),
        "inputs: 3 given, the program takes 2 (`x`, `labels`), in this order"
    );
    assert_eq!(
        text(program.run(&mut state, &params, ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [0i64, 1]))),
        "input `x` has shape [2×3], the program was traced for [2×2]: give it that, or trace again for each shape by a `Jit`"
    );
    assert_eq!(
        text(program.run(&mut state, &params, (x, [0i64]))),
        "input `labels` has shape [1], the program was traced for [2]: give it that, or trace again for each shape by a `Jit`"
    );
    assert_eq!(
        text(program.run(&mut state, &params, (x, [0.0, 1.0]))),
        "input `labels` is F64, the program was traced for I64: convert the values, or name the input with `t.input_of(…)` and its dtype"
    );
    assert_eq!(
        text(program.run(&mut state, &params, (x.map(|row| row.map(|x| x as f32)), [0i64, 1]))),
        "input `x` is F32, the program was traced for F64: convert the values, or name the input with `t.input_of(…)` and its dtype"
    );
    // The state can still be used.
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
        "the program was traced for another `Params` (6 numbers) than this one (6 numbers): run it on that one or a \
         clone of it, and trace again where parameters have been added"
    );
    assert_eq!(
        other.run(&mut state, &others, inputs).unwrap_err().to_string(),
        "the state belongs to another program: make one with `program.state()`"
    );
    // A clone has the same handles, so it is accepted.
    assert!(program.run(&mut state, &params.clone(), inputs).is_ok());
    params.scope("later").param("w", [2], 0.0);
    assert_eq!(
        program.run(&mut state, &params, inputs).unwrap_err().to_string(),
        "the program was traced for another `Params` (6 numbers) than this one (8 numbers): run it on that one or a \
         clone of it, and trace again where parameters have been added"
    );
}

#[test]
fn values_do_not_exist_while_tracing() {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [2], 1.0);
    let advice = "a traced computation has no values while it is recorded\n  rule: what a program computes is read from its \
                  run\n  hint: make it an output; choose between values with `mask.select(a, b)` instead of `if`";
    let reads: [for<'t> fn(Var<'t>); 4] = [
        |x| assert!(x.sum().item() > 0.0),
        |x| drop(x.to_vec::<f64>()),
        |x| drop(x.to_array::<f64>()),
        |x| assert!(x.is_finite()),
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
        mistake(|| Program::trace(&params, |t| t.outputs(Vec::<Var<'_>>::new()).with_gradients()))
            .lines()
            .next(),
        Some("with_gradients: the first output is missing")
    );
    assert!(
        mistake(|| Program::trace(&params, |t| t.outputs([t.param(w), elsewhere])))
            .starts_with("outputs: a variable of another tape\n  rule: a program gives what")
    );
    assert!(mistake(|| Program::trace(&params, |t| t.outputs(t.param(w)).with_gradients())).starts_with(
        "with_gradients: the first output has 2 elements of F64\n  rule: gradients are those of one"
    ));
    assert!(
        mistake(|| Program::trace(&params, |t| t.outputs(t.constant(1i64)).with_gradients()))
            .starts_with("with_gradients: the first output has 1 elements of I64")
    );
}

#[test]
fn mistakes_while_reading() {
    let params = Params::f64();
    let program = Program::trace(&params, |t| t.outputs([t.input("x", [2]), t.constant(1.0)])).unwrap();
    let mut state = program.state();
    let run = program.run(&mut state, &params, ([1.0, 2.0],)).unwrap();
    assert_eq!(mistake(|| run.get::<f64>(2)), "output 2 does not exist: the program has 2");
    assert_eq!(
        mistake(|| run.item("x")),
        "output `x` does not exist: no output has a name\n  hint: `t.outputs(…).with_names([…])`"
    );
    assert!(mistake(|| run.item(0)).starts_with("item: output 0 has 2 elements"));
    assert!(mistake(|| run.slice::<f32>(0)).starts_with("output 0 is F64, asked for as F32"));
    assert!(mistake(|| run.grads()).starts_with("grads: the program gives no gradients"));
    struct Nothing;
    impl Optimizer for Nothing {
        fn update(&mut self, _: &mut Params, _: &Gradients) -> Result<(), StepError> {
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
    assert_eq!(error.to_string(), "inputs: 0 given, the program takes 1 (`x`), in this order");
}

#[test]
fn mistakes_with_names_of_outputs() {
    let params = Params::f64();
    let trace = |names: &[&str]| {
        Program::trace(&params, |t| {
            let x = t.input("x", [2]);
            t.outputs([x.sum(), x.max()]).with_names(names.iter().copied())
        })
    };
    assert_eq!(mistake(|| trace(&["sum"])), "with_names: 1 names for 2 outputs");
    assert_eq!(mistake(|| trace(&["sum", "sum"])), "with_names: `sum` stands twice");
    let program = trace(&["sum", "largest"]).unwrap();
    assert!(program.explain().to_string().contains("→ output sum [], output largest []"));
    let mut state = program.state();
    let run = program.run(&mut state, &params, ([1.0, 2.0],)).unwrap();
    assert_eq!((run.item("sum"), run.item("largest"), run.item(1)), (3.0, 2.0, 2.0));
    assert_eq!(
        mistake(|| run.item("smallest")),
        "output `smallest` does not exist: the program has `sum`, `largest`"
    );
}
