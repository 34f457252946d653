//! The outcome of a single case.

use ndarray::{ArrayD, arr0};
use serde_json::json;

use super::{Scratch, failed_with, outcome, reading_all, stored};
use crate::format::{Case, Group};
use crate::handlers;
use crate::report::Report;
use crate::runner::{Fault, Handler, Outcome, Refusal, Results, run};

#[test]
fn a_panic_is_a_failure_of_its_case() {
    let outcome = |handler| outcome("higher", "sin_x2_exp", Refusal::TypedError, handler);
    failed_with(&outcome(|_, _| panic!("boom {}", 7)), "boom 7");
    failed_with(&outcome(|_, _| panic!("static")), "cases.rs");
    failed_with(&outcome(|_, _| std::panic::panic_any(1)), "without a text");
    failed_with(&outcome(|case, _| Err(Fault::from(case.array("in", "q").unwrap_err()))), "in/q");
    failed_with(&outcome(|_, _| Err(Fault::refused("no"))), "refused: no");
    failed_with(&outcome(|_, _| Err(Fault::Mismatch("1 is not 2".to_owned()))), "1 is not 2");
    failed_with(&outcome(|_, _| Ok(Results::default())), "out/derivatives: not computed");
    let stray = |_: &Case, _: &Group| {
        let mut results = Results::default();
        results.put("out", "stray", arr0(0.0).into_dyn());
        Ok(results)
    };
    failed_with(&outcome(stray), "out/stray: computed");
}

#[test]
fn what_must_be_refused_is_refused_in_the_right_way() {
    use Refusal::{PanicInCaller, TypedError};
    let outcome = |refusal, handler| outcome("ops_broadcast", "error/0", refusal, handler);
    assert_eq!(outcome(TypedError, |_, _| Err(Fault::refused("shapes"))), Outcome::Passed);
    assert_eq!(outcome(PanicInCaller, |_, _| panic!("shapes")), Outcome::Passed);
    failed_with(&outcome(TypedError, |_, _| panic!("shapes")), "shapes");
    failed_with(&outcome(PanicInCaller, |_, _| Err(Fault::refused("shapes"))), "not with a panic");
    failed_with(&outcome(PanicInCaller, |_, _| Ok(Results::default())), "must be refused");
    // Neither a panic deep inside a library nor broken data is a refusal.
    let deep = |_: &Case, _: &Group| {
        json!([0])["x"] = json!(1);
        Ok(Results::default())
    };
    failed_with(&outcome(PanicInCaller, deep), "not at the caller");
    let data = |case: &Case, _: &Group| {
        case.args.need::<f64>("absent");
        Ok(Results::default())
    };
    failed_with(&outcome(PanicInCaller, data), "args.absent: is missing");

    let report = Scratch::of(&["ops_broadcast"]).report();
    let failures: Vec<_> = report.groups[0].failures().collect();
    assert!(!failures.iter().any(|(case, _)| case.starts_with("error/")), "{failures:?}");
}

/// The stored results of a case, with the arrays of one role changed.
fn replayed(case: &Case, role: &str, change: fn(f64) -> f64) -> Result<Results, Fault> {
    let mut results = Results::default();
    for computed in ["out", "grad", "jvp", "hvp"] {
        for label in case.labels(computed) {
            let stored = case.f64(computed, label)?;
            let array = if computed == role { stored.mapv(change) } else { stored.clone() };
            results.put(computed, label, array);
        }
    }
    Ok(results)
}

fn shift(x: f64) -> f64 {
    x + 0.5
}

fn fill(x: f64) -> f64 {
    if x.is_nan() { 7.0 } else { x }
}

#[test]
fn gradients_at_a_kink_are_held_where_the_convention_is_the_same() {
    let edge = |case, handler| outcome("ops_edge", case, Refusal::TypedError, handler);
    let other: fn(&Case, &Group) -> _ = |case, _| replayed(case, "grad", shift);
    assert_eq!(edge("relu/specials", other), Outcome::Passed);
    failed_with(&edge("relu/specials", |case, _| replayed(case, "out", shift)), "out/y[");
    let same = edge("relu/specials", |case, _| {
        let mut results = replayed(case, "grad", shift)?;
        results.same_convention();
        Ok(results)
    });
    failed_with(&same, "grad/x[");
    // Where no convention is in play, the gradient is held in any case.
    failed_with(&edge("sqrt/specials", other), "grad/x[");
}

#[test]
fn a_limit_may_stand_for_a_nan_only_where_the_handler_says_so() {
    let silu = |handler| outcome("ops_edge", "silu/specials", Refusal::TypedError, handler);
    failed_with(&silu(|case, _| replayed(case, "grad", fill)), "got 7.0, want NaN");
    let told = silu(|case, _| {
        let mut results = replayed(case, "grad", fill)?;
        results.takes_limits();
        Ok(results)
    });
    assert_eq!(told, Outcome::Passed);
}

#[test]
fn gradients_at_nan_inputs_are_not_held_but_the_values_are() {
    let exp = |handler| outcome("ops_edge", "exp/specials", Refusal::TypedError, handler);
    assert_eq!(exp(|case, _| replayed(case, "grad", fill)), Outcome::Passed);
    failed_with(&exp(|case, _| replayed(case, "out", fill)), "want NaN");
}

#[test]
fn a_waived_array_is_listed() {
    let (group, case) = stored("higher", "sin_x2_exp");
    let handler = || {
        reading_all(Refusal::TypedError, |_, _| {
            let mut results = Results::default();
            results.waive("out", "derivatives", "not today");
            Ok(results)
        })
    };
    let ran = run(&case, &group, &|_, _| Some(handler()));
    assert_eq!((ran.outcome, ran.notes.len()), (Outcome::Passed, 1));

    let copy = Scratch::of(&["higher"]);
    let report = Report::of(&copy.folder, &|_, _| Some(handler())).to_string();
    assert!(report.contains("  waived higher tanh: out/derivatives: not today\n"), "{report}");
}

#[test]
fn a_replaced_figure_is_held_and_listed() {
    let edge = |figure: f64| {
        let (group, case) = stored("ops_edge", "sign/specials");
        run(&case, &group, &move |_, _| {
            Some(reading_all(Refusal::TypedError, move |case, _| {
                let mut results = replayed(case, "out", |x| if x == 1.0 { 7.0 } else { x })?;
                results.instead("out", "y", "sevens", vec![(2, figure), (3, -1.0), (4, 7.0)]);
                Ok(results)
            }))
        })
    };
    let ran = edge(7.0);
    assert_eq!(ran.outcome, Outcome::Passed);
    assert_eq!(ran.notes, [("replaced", "out/y: 2 elements: sevens".to_owned())]);
    failed_with(&edge(8.0).outcome, "out/y[2]: got 7.0, want 8.0");
}

#[test]
fn a_variant_that_does_not_exist_is_unsupported_with_its_reason() {
    let unsupported: fn(&Case, &Group) -> _ = |_, _| Err(Fault::Unsupported("order 7".to_owned()));
    let higher = outcome("higher", "tanh", Refusal::TypedError, unsupported);
    assert_eq!(higher, Outcome::Unsupported { op: "scalar_derivatives (order 7)".to_owned() });
    // What must be refused has to be refused, not left out.
    failed_with(&outcome("ops_broadcast", "error/0", Refusal::PanicInCaller, unsupported), "order 7");
}

/// One small element off by what the largest element of the array allows.
fn shifted(case: &Case) -> Result<ArrayD<f64>, Fault> {
    let mut array = case.f64("out", "derivatives")?.clone();
    let largest = array.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    array[[0, 0]] += 0.9 * case.rtol * largest;
    Ok(array)
}

#[test]
fn cancelling_results_are_held_by_the_largest_element() {
    let higher = |handler| outcome("higher", "sin_x2_exp", Refusal::TypedError, handler);
    let each = higher(|case, _| {
        let mut results = Results::default();
        results.put("out", "derivatives", shifted(case)?);
        Ok(results)
    });
    failed_with(&each, "out/derivatives[0, 0]");
    let by_largest = higher(|case, _| {
        let mut results = Results::default();
        results.put_by_largest("out", "derivatives", shifted(case)?);
        Ok(results)
    });
    assert_eq!(by_largest, Outcome::Passed);
}

/// The outcome of a stored case with another parameter, under its own handler.
fn with_option(group: &str, case: &str, name: &str, value: serde_json::Value) -> Outcome {
    let copy = Scratch::of(&[group]);
    copy.edit(&format!("{group}.json"), |group| {
        let cases = group["cases"].as_array_mut().unwrap();
        cases.retain(|stored| stored["name"] == case || stored["op"] == "problem");
        let stored = cases.iter_mut().find(|stored| stored["name"] == case).unwrap();
        stored["args"][name] = value;
    });
    let group = Group::read(&copy.folder, group).unwrap();
    run(group.case(case).unwrap(), &group, &handlers::find).outcome
}

#[track_caller]
fn names_option(outcome: &Outcome, op: &str) {
    assert_eq!(*outcome, Outcome::Unsupported { op: op.to_owned() });
}

#[test]
fn an_option_that_nobody_reads_is_unsupported() {
    let training = |case, name, value| with_option("training", case, name, value);
    names_option(&training("ridge_optimum", "solver", json!("lbfgs")), "ridge (args.solver)");
    names_option(&training("iris_mlp_adam", "fused", json!(true)), "mlp_classifier (args.fused)");
    names_option(&training("iris_mlp_adam", "optimizer", json!("lbfgs")), "mlp_classifier (args.optimizer)");
    names_option(&training("transformer_block", "norm", json!("post")), "transformer_block (args.norm)");
    names_option(&training("iris_mlp_adam", "lr", json!("cosine")), "mlp_classifier (args.lr)");
    let groups = json!([{"params": ["w0"], "lr": 0.1}]);
    names_option(&training("iris_mlp_adam", "groups", groups), "mlp_classifier (args.groups)");
    names_option(
        &training("iris_mlp_adam", "activation", json!("maxout")),
        "mlp_classifier (args.activation)",
    );
    names_option(&training("iris_mlp_adam", "betas", json!([0.9])), "mlp_classifier (args.betas)");
    // One that is switched off asks for nothing.
    assert_eq!(training("iris_mlp_adam", "amsgrad", json!(false)), Outcome::Passed);

    let op = |group, case, name, value| with_option(group, case, name, value);
    names_option(&op("ops_unary", "gelu_tanh", "approximate", json!("fast")), "gelu (args.approximate)");
    names_option(&op("ops_unary", "exp", "base", json!(2)), "exp (args.base)");
    names_option(&op("ops_softmax", "softmax/0", "axis", json!([0, 1])), "softmax (args.axis)");
    names_option(&op("ops_broadcast", "error/0", "how", json!("right")), "add (args.how)");
    names_option(&op("optim", "sgd/quadratic", "sparse", json!(true)), "sgd (args.sparse)");
    names_option(&op("functions", "jacobian/polar", "formula", json!("(r, t)")), "polar (args.formula)");
    // A number that is there and wrong is a failure.
    failed_with(&training("iris_mlp_adam", "last_loss", json!(0.5)), "args.last_loss: got 0.0487");

    let nothing: fn(&Case, &Group) -> _ = |case, _| replayed(case, "none", shift);
    let (group, case) = stored("higher", "tanh");
    let ran = run(&case, &group, &|_, _| Some(Handler::new(Refusal::TypedError, nothing)));
    names_option(&ran.outcome, "scalar_derivatives (args.formula, args.orders)");
}
