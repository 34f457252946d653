//! The search for the origin of a NaN or an infinity: on a tape, in gradients, by a trap, and in a program.

#[path = "../crates/autograd/tests/caught/mod.rs"]
mod caught;

use caught::{mistake_in, mistake_line};
use wengert::autograd::{Fault, NonFinite, ProgramError};
use wengert::nn::attention::Mask;
use wengert::prelude::*;

/// Eight linear layers with tanh between them; in the middle of the sixth something else, a mistake perhaps.
struct Deep {
    layers: Vec<Linear>,
    middle: for<'t> fn(Var<'t>) -> Var<'t>,
}

const X: [[f64; 4]; 3] = [[0.5, -1.0, 0.25, 2.0], [1.0, 0.0, -0.5, 0.125], [-1.5, 1.0, 0.75, -0.25]];

impl Deep {
    fn new(middle: for<'t> fn(Var<'t>) -> Var<'t>) -> (Params, Deep) {
        let mut params = Params::f64().with_seed(3);
        let mut scope = params.scope("deep");
        let layers = (0..8).map(|i| Linear::new(&mut scope.scope(&i.to_string()), 4, 4)).collect();
        (params, Deep { layers, middle })
    }

    fn loss<'t>(&self, x: Var<'t>) -> Var<'t> {
        let mut a = x;
        for (i, layer) in self.layers.iter().enumerate() {
            let _layer = x.tape().within([layer.weight, layer.bias]);
            a = layer.forward(a).tanh();
            if i == 5 {
                a = (self.middle)(a);
            }
        }
        a.square().mean()
    }

    /// The result of the eager search. A trap and the search in a program must find the same.
    fn found(&self, params: &Params) -> Option<NonFinite> {
        let tape = Tape::with(params);
        let found = self.loss(tape.constant(X)).find_nonfinite();

        let tape = Tape::with(params);
        tape.trap_nonfinite(true);
        let trapped =
            found.is_some().then(|| mistake_in("nonfinite.rs", || self.loss(tape.constant(X)).backward()));
        if found.is_none() {
            self.loss(tape.constant(X)).backward();
        }
        assert_eq!(trapped, found.as_ref().map(|found| found.to_string()));

        let program = Program::trace(params, |t| t.outputs(self.loss(t.input("x", [3, 4]))).with_gradients())
            .expect("a plan");
        let in_program = program.find_nonfinite(params, (X,)).expect("a run");
        let key = |f: &NonFinite| (f.op, f.line, f.scope.clone(), f.element.clone(), f.count, f.derivative);
        assert_eq!(in_program.as_ref().map(key), found.as_ref().map(key));
        found
    }
}

#[test]
fn a_planted_logarithm_of_a_negative_number_is_found_at_its_line() {
    const LINE: u32 = line!() + 1;
    let (params, deep) = Deep::new(|a| (a - 2.0).ln() * 0.5);
    let found = deep.found(&params).expect("a NaN");
    assert_eq!((found.op, found.line, found.scope.as_deref()), ("ln", LINE, Some("deep.5")));
    assert!(found.file.ends_with("nonfinite.rs") && found.value.is_nan() && !found.derivative);
    assert_eq!((&found.element[..], found.count), (&[0, 0][..], 12));
    let text = found.to_string();
    let first = "ln in `deep.5` made NaN at [0, 0]\n  found: 12 of 12 elements are not finite\n  y: v";
    assert!(text.starts_with(first), "{text}");
    assert!(text.contains(&format!("nonfinite.rs:{LINE}:")) && text.contains(" in `deep.5`\n"), "{text}");
    // The operand, with the number whose logarithm it was.
    let operand = text.lines().last().expect("a line");
    let number = operand.rsplit_once("; ").expect("a number").1;
    let number: f64 = number.strip_suffix(" at [0, 0]").expect("its place").parse().expect("a number");
    assert!((-3.0..-1.0).contains(&number), "{text}");
}

#[test]
fn a_finite_computation_is_left_alone() {
    let (params, deep) = Deep::new(|a| (a + 2.0).ln() * 0.5);
    assert_eq!(deep.found(&params), None);
}

#[test]
fn an_overflow_is_found_as_an_infinity() {
    let (params, deep) = Deep::new(|a| (a * 1e3 + 1e3).exp().recip());
    let found = deep.found(&params).expect("an infinity");
    assert_eq!((found.op, found.value), ("exp", f64::INFINITY));
}

#[test]
fn a_gradient_alone_can_be_at_fault() {
    const LINE: u32 = line!() + 1;
    let (params, deep) = Deep::new(|a| (a - a).sqrt());
    let found = deep.found(&params).expect("a slope of the root at 0");
    assert_eq!((found.line, found.scope.as_deref(), found.derivative), (LINE, Some("deep.5"), true));
    assert!(found.to_string().lines().next().expect("a line").ends_with(", in a derivative"), "{found}");

    // All values on the tape are finite, and the search leaves nothing there.
    let tape = Tape::with(&params);
    let loss = deep.loss(tape.constant(X));
    let nodes = tape.len();
    assert_eq!(tape.find_nonfinite(), None);
    assert!(loss.find_nonfinite().is_some());
    assert_eq!(tape.len(), nodes);
    // Adjoints that are recorded stay, and are found as all else.
    loss.grads(&[tape.param(deep.layers[0].weight)]);
    assert_eq!(tape.find_nonfinite().map(|found| (found.line, found.derivative)), Some((LINE, true)));
}

#[test]
fn what_came_in_with_data_or_parameters_is_named() {
    let (mut params, deep) = Deep::new(|a| a);
    let weight = deep.layers[6].weight;
    params.get_mut::<f64>(weight)[5] = f64::NAN;
    let found = deep.found(&params).expect("a NaN");
    assert_eq!((found.op, found.name.as_deref()), ("param", Some("deep.6.weight")));
    assert_eq!((&found.element[..], found.count), (&[1, 1][..], 1));
    let first =
        "param `deep.6.weight` in `deep.6` holds NaN at [1, 1]\n  found: 1 of 16 elements is not finite\n";
    assert!(found.to_string().starts_with(first), "{found}");

    params.get_mut::<f64>(weight)[5] = 0.0;
    let mut x = X;
    x[2][3] = f64::NEG_INFINITY;
    let tape = Tape::with(&params);
    let found = deep.loss(tape.constant(x)).find_nonfinite().expect("an infinity");
    assert_eq!((found.op, found.line, found.value), ("constant", line!() - 1, f64::NEG_INFINITY));
    let program =
        Program::trace(&params, |t| t.outputs(deep.loss(t.input("samples", [3, 4])))).expect("a plan");
    let found = program.find_nonfinite(&params, (x,)).expect("a run").expect("an infinity");
    assert_eq!(
        (found.op, found.name.as_deref(), &found.element[..]),
        ("input", Some("samples"), &[2, 3][..])
    );
}

/// Minus infinity, written as a number, says that a key is not attended to. A query without a key gives zeros; a row of minus
/// infinities that is written by hand gives NaN.
#[test]
fn masks_are_no_mistakes_and_rows_of_minus_infinity_are() {
    let mut params = Params::f32().with_seed(1);
    let block = TransformerBlock::new(&mut params.scope("block"), 8, 2);
    let program = Program::trace(&params, |t| {
        t.outputs(block.forward(t.input("x", [5, 8]), Mask::Causal).square().mean()).with_gradients()
    })
    .expect("a plan");
    let x = [[0.5f32; 8]; 5];
    assert_eq!(program.find_nonfinite(&params, (x,)).expect("a run"), None);
    let tape = Tape::with(&params);
    tape.trap_nonfinite(true);
    block.forward(tape.constant(x), Mask::Causal).square().mean().backward();

    let nothing = tape.constant(ndarray::Array2::from_elem((5, 5), false));
    block.forward(tape.constant(x), Mask::Where(nothing)).square().mean().backward();

    let scores = nothing.select(tape.full(0.0, [5, 5], DType::F32), f64::NEG_INFINITY);
    let text = mistake_in("nonfinite.rs", || scores.softmax(-1));
    assert!(text.starts_with("softmax made NaN at [0, 0]"), "{text}");
    assert!(text.lines().last().expect("an operand").ends_with("; from -inf to -inf"), "{text}");
}

#[test]
fn a_trap_stops_at_the_caller_and_can_be_switched_off() {
    let mut tape = Tape::new();
    let x = tape.var([4.0, 0.0]);
    tape.trap_nonfinite(true);
    let (text, line) = mistake_line("nonfinite.rs", || x.recip());
    assert_eq!(line, line!() - 1);
    assert!(text.starts_with("recip made inf at [1]\n  found: 1 of 2 elements is not finite\n"), "{text}");
    assert!(text.ends_with("; 0.0 at [1]"), "{text}");
    assert_eq!(mistake_line("nonfinite.rs", || tape.constant([1.0, f64::NAN])).1, line!());

    let y = x.sqrt().sum();
    let line_of_y = line!() - 1;
    let caught = [
        (mistake_line("nonfinite.rs", || y.grad([x])), line!()),
        (mistake_line("nonfinite.rs", || y.jvp(&[x], &[x.full_like(1.0)])), line!()),
    ];
    for ((text, line), here) in caught {
        assert_eq!(line, here, "{text}");
        assert!(text.contains(", in a derivative\n") && text.contains(&format!("rs:{line_of_y}:")), "{text}");
    }
    tape.trap_nonfinite(false);
    assert!(!y.grad([x])[0].is_finite());
    // It is a setting of the tape, kept through `reset`; another tape in the same memory begins without.
    tape.trap_nonfinite(true);
    tape.reset();
    mistake_in("nonfinite.rs", || tape.var(0.0).ln());
    let params = Params::f64();
    assert!(!Tape::reusing(tape.into_storage(), &params).var(0.0).ln().is_finite());
}

#[test]
fn the_search_in_a_program_refuses_what_a_run_refuses() {
    let mut params = Params::f64();
    let net = Mlp::new(&mut params.scope("net"), &[2, 3], Activation::Tanh);
    let program = Program::trace(&params, |t| {
        let labels = t.input_of("labels", DType::I64, [1]);
        t.outputs(nn::loss::cross_entropy(net.forward(t.input("x", [1, 2])), labels))
    })
    .expect("a plan");
    let x = [[0.5, 1.0]];
    assert_eq!(program.find_nonfinite(&params, ([2i64], x)), Ok(None));
    let error = program.find_nonfinite(&params, ([3i64], x));
    let fault = Fault::Label { asked: "cross_entropy", row: 0, label: 3, classes: 3 };
    assert!(
        matches!(error, Err(ProgramError::Fault { op: "cross_entropy", fault: ref found, .. }) if *found == fault)
    );
    let mut state = program.state();
    assert_eq!(error.unwrap_err(), program.run(&mut state, &params, ([3i64], x)).unwrap_err());
    assert!(matches!(program.find_nonfinite(&params, ()), Err(ProgramError::InputCount { .. })));
    assert!(matches!(program.find_nonfinite(&Params::f64(), ()), Err(ProgramError::ForeignParams { .. })));
}
