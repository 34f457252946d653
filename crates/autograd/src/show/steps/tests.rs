//! The steps of small computations, and what drawings make of them.

use super::excerpt::KEPT;
use super::*;
use crate::{Params, Tape};

/// The rule of the step in which the sweep visits the operand-most node of `y`, given as its number.
fn rule_of(y: Var<'_>, node: usize) -> String {
    let steps = y.steps();
    let visit = steps.find(&format!("v{node}")).find(|step| step.phase == StepPhase::Backward).cloned();
    match visit.map(|step| step.kind) {
        Some(StepKind::Backward { rule, .. }) => rule.unwrap_or_default(),
        _ => panic!("v{node} is not visited"),
    }
}

/// The rule of one function of two rows of three numbers.
fn rule_by(f: impl for<'t> Fn(Var<'t>) -> Var<'t>) -> String {
    let tape = Tape::new();
    let x = tape.var([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]);
    let y = f(x);
    rule_of(y.sum(), y.id() as usize)
}

#[test]
fn a_neuron_step_by_step() {
    let tape = Tape::new();
    let (x, w) = (tape.constant(2.0), tape.var(-0.5));
    let y = (x * w + 1.0).sigmoid();
    let line = line!() - 1;
    let site = |line: u32| format!("show/steps/tests.rs:{line}");
    let golden = "
 1  forward   v0 = constant   {0}
        value         2
        no gradient   a constant
 2  forward   v1 = var   {0}
        value   -0.5
 3  forward   v2 = mul(v0, v1)   {1}
        a = v0   2
        b = v1   -0.5
        value    -1
 4  forward   v3 = full 1   {1}
        value         1
        no gradient   a constant
 5  forward   v4 = add(v2, v3)   {1}
        a = v2   -1
        b = v3   1
        value    0
 6  forward   v5 = sigmoid(v4)   {1}
        x = v4   0
        value    0.5
 7  backward  v5 = sigmoid(v4)   {1}
        rule     x̄ += ȳ·y·sigmoid(−x)
        ȳ = v̄5   1   the sweep begins here
        x̄ = v̄4   += 0.25
 8  backward  v4 = add(v2, v3)   {1}
        rule     ā += ȳ
        ȳ = v̄4   0.25
        ā = v̄2   += 0.25
        b = v3   nothing: a constant
 9  backward  v2 = mul(v0, v1)   {1}
        rule     b̄ += ȳ·a
        ȳ = v̄2   0.25
        a = v0   nothing: a constant
        b̄ = v̄1   += 0.5
10  backward  v1 = var   {0}
        v̄1   0.5   complete: ∂v5/∂v1";
    let golden = golden.replace("{0}", &site(line - 1)).replace("{1}", &site(line));
    let text = format!("\n{}", y.steps());
    assert_eq!(text, golden, "\n{text}\n");
}

/// The lines of the README.
#[test]
fn a_gradient_of_two_terms_is_told_so_far() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let y = x * x.sin();
    let steps = y.steps();
    let golden = "
       rule     x̄ += ȳ·cos(x)
       ȳ = v̄1   2
       x̄ = v̄0   += -0.832294   so far 0.0770038\n6  backward";
    let text = steps.to_string();
    assert!(text.contains(golden) && text.contains("\n5  backward  v1 = sin(v0)   show/"), "\n{text}\n");
}

#[test]
fn rules_are_what_the_sweep_recorded() {
    assert_eq!(rule_by(|x| x.exp()), "x̄ += ȳ·y");
    assert_eq!(rule_by(|x| x.ln()), "x̄ += ȳ/x");
    assert_eq!(rule_by(|x| x.tanh()), "x̄ += ȳ·4·sigmoid(2·x)·sigmoid(−2·x)");
    assert_eq!(rule_by(|x| -x), "x̄ += −ȳ");
    assert_eq!(rule_by(|x| x.cos()), "x̄ += ȳ·(−sin(x))");
    assert_eq!(rule_by(|x| x.relu()), "x̄ += ȳ·(1 where y > 0, else 0)");
    assert_eq!(rule_by(|x| x * x), "ā += ȳ·a,  b̄ += ȳ·a");
    assert_eq!(rule_by(|x| x / (x + 1.0)), "ā += ȳ/b,  b̄ += ȳ·(−y/b)");
    assert_eq!(rule_by(|x| x.t()), "x̄ += ȳᵀ");
    assert_eq!(rule_by(|x| x.sum_over(0)), "x̄ += broadcast(reshape(ȳ, to [1×3]), to [2×3])");
    assert_eq!(rule_by(|x| x.matmul(x.t())), "Ā += C̄·Bᵀ,  B̄ += Aᵀ·C̄");
    assert_eq!(rule_by(|x| x.gelu_tanh()), "x̄ += ȳ·gelu_tanh′(x)");
    assert_eq!(rule_by(|x| x.gt(0.2).select(x, 0.0)), "ā += ȳ where mask, else 0");
    let many = rule_by(|x| Var::concat(&[x; 9], 0));
    assert_eq!(rule_by(|x| x.max_over(0)), "x̄ += (∂max/∂x)ᵀ·ȳ");
    assert!(many.starts_with("x̄₁ += slice(ȳ, axis 0, start 0, length 2),  x̄₂ +="), "{many}");
    assert!(many.ends_with(",  … 3 more"), "{many}");
}

/// Each function of the table has a rule that fits a line. Three of them are flat.
#[test]
fn every_function_of_the_table_has_a_rule() {
    macro_rules! every {
        ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
            vec![$((stringify!($name), rule_by(|x| every!(@call x $name($($p)?))))),*]
        };
        (@call $v:ident neg()) => { -$v };
        (@call $v:ident acosh()) => { ($v + 1.0).acosh() };
        (@call $v:ident $name:ident()) => { $v.$name() };
        (@call $v:ident $name:ident($p:ident)) => { $v.$name(1.5) };
    }
    let rules: Vec<(&str, String)> = crate::table::unary_table!(every);
    for (name, rule) in rules {
        let flat = ["floor", "ceil", "sign"].contains(&name);
        assert_eq!(rule.starts_with("x̄ += "), !flat, "{name}: {rule}");
        assert!(rule.chars().count() < 110 && rule.contains('ȳ') != flat, "{name}: {rule}");
    }
}

/// A network of two layers, and a loss in which each parameter is used.
fn loss<'t>(tape: &'t Tape<'t>, params: &Params) -> Var<'t> {
    let [w, b] = [0, 1].map(|i| tape.param(params.iter().nth(i).expect("two parameters")));
    let x = tape.constant([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]]);
    let hidden = (x.matmul(w) + b).tanh();
    (hidden * hidden).mean() + b.square().sum()
}

fn params() -> Params {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    net.param("weight", [2, 2], [0.5, -0.25, 0.75, 1.5]);
    net.param("bias", [2], [0.1, -0.2]);
    params
}

#[test]
fn gradients_are_those_of_grad_and_nothing_stays() {
    let params = params();
    let tape = Tape::with(&params);
    let loss = loss(&tape, &params);
    let nodes = tape.len();
    let steps = loss.steps();
    assert_eq!(tape.len(), nodes);
    for (p, name) in params.iter().zip(["net.weight", "net.bias"]) {
        let [gradient] = loss.grad([tape.param(p)]);
        let last = steps.find(name).last().expect("the sweep visits it");
        let StepKind::Backward { cotangent, operands, .. } = &last.kind else { panic!("{last}") };
        let expected = Excerpt::of(&Words::of(&tape), gradient.id());
        assert_eq!((cotangent, operands.len()), (&expected, 0));
    }
}

/// The cotangent of a node is what its readers have given it, all together.
#[test]
fn the_terms_of_a_node_add_up_to_its_cotangent() {
    let params = params();
    let tape = Tape::with(&params);
    let steps = loss(&tape, &params).steps();
    let mut so_far: std::collections::HashMap<usize, Excerpt> = Default::default();
    let mut several = 0;
    for step in &steps {
        let StepKind::Backward { cotangent, operands, .. } = &step.kind else { continue };
        if let Some(sum) = so_far.get(&step.node) {
            assert_eq!(sum, cotangent, "{step}");
        }
        for receipt in operands {
            let Ok(StepTerm { term, so_far: sum }) = &receipt.received else { continue };
            several += usize::from(so_far.insert(receipt.node, sum.clone()).is_some());
            assert!(term.rms.is_some());
        }
    }
    assert!(several >= 2, "the hidden layer and the bias are used twice");
}

#[test]
fn what_is_not_differentiated_is_said() {
    let mut params = Params::f64();
    let [w, frozen] = ["w", "frozen"].map(|name| params.scope("net").param(name, [2], [0.5, 1.5]));
    params.set_frozen(frozen, true);
    let tape = Tape::with(&params);
    let (w, frozen) = (tape.param(w), tape.param(frozen));
    let fixed = tape.constant([1.0, 2.0]) * frozen;
    let y = (w * fixed + w.exp().detach() + w.ln().floor() + w.gt(0.7).select(w, 0.0)).sum();
    let steps = y.steps();
    let why = |name: &str| steps.find(name).next().and_then(|step| step.not_differentiated);
    let why_of = |op: &str| {
        let step = steps.iter().find(|step| step.equation.contains(op)).expect("a step of this op");
        step.not_differentiated
    };
    assert_eq!((why("net.w"), why("net.frozen")), (None, Some("a frozen parameter")));
    assert_eq!(why_of("constant"), Some("a constant"));
    assert_eq!(why_of("detach("), Some("detached"));
    assert_eq!(why_of("exp("), Some("the loss depends on it only through what has no derivative"));
    assert_eq!(why_of("gt("), Some("whole numbers and truth values have no derivative"));
    assert_eq!(why(&format!("v{}", fixed.id())), Some("it depends on no variable"));
    let text = steps.to_string();
    assert!(text.contains("nothing: the derivative is 0"), "\n{text}\n");
    let constant = tape.constant(3.0).exp().steps();
    assert!(
        constant
            .to_string()
            .ends_with("\n\nno gradients: the loss depends on no variable and on no unfrozen parameter")
    );
    assert_eq!(constant.len(), 2);
}

/// A chain of `n` nodes.
fn chain<'t>(tape: &'t Tape<'t>, n: usize) -> Var<'t> {
    (1..n).fold(tape.var(0.5), |x, _| x.sin())
}

#[test]
fn long_computations_fold_and_say_so() {
    let whole = Tape::new();
    let steps = chain(&whole, FOLD_ABOVE).steps();
    assert_eq!(steps.len(), 2 * FOLD_ABOVE);
    assert!(steps.to_string().len() < 1_000_000);

    let tape = Tape::new();
    let steps = chain(&tape, 5000).steps();
    assert_eq!(steps.len(), 2 * (2 * KEPT + 1));
    let text = steps.to_string();
    assert!(text.starts_with("5000 nodes are more than 2000: the middle of each phase is folded\n"));
    assert!(text.contains("forward   … 4600 steps folded, v200 to v4799"));
    assert!(text.contains("backward  … 4600 steps folded, v4799 to v200"));
    assert!(text.len() < 250_000, "{} bytes", text.len());
    assert_eq!((steps.find("v1000").count(), steps.find("v4999").count()), (0, 2));
    assert!(steps.iter().enumerate().all(|(i, step)| step.index == i));
    // The step after the folded ones has seen all visits before it.
    let after = &steps[3 * KEPT + 2];
    assert_eq!((after.node, after.visited), (199, 4801));
}

#[test]
fn hostile_names_and_large_values_stay_short() {
    let mut params = Params::f32();
    let name = "w\u{1b}[31m\n".repeat(1000);
    let w = params.scope("net").param(&name, [100, 100], 2.0);
    let tape = Tape::with(&params);
    let text = tape.param(w).sum().steps().to_string();
    assert!(!text.contains('\u{1b}') && text.len() < 3000, "\n{text}\n");
    assert!(text.contains("[100×100] 2 2 2 2 … rms 2"), "\n{text}\n");
}

#[test]
fn names_are_told_and_found() {
    let params = params();
    let tape = Tape::with(&params);
    let weight = tape.param(params.iter().next().expect("a parameter")).named("W");
    let z = tape.constant([[1.0, 2.0]]).matmul(weight).named("Z");
    let steps = z.square().sum().steps();
    let found = |name: &str| steps.find(name).map(|step| step.node).collect::<Vec<_>>();
    let [w, z] = [weight, z].map(|x| x.id() as usize);
    assert_eq!((found("Z"), found("W"), found("net.weight")), (vec![z; 2], vec![w; 2], vec![w; 2]));
    assert_eq!((found(""), found("net"), found("v")), (vec![], vec![], vec![]));
    let text = steps.to_string();
    assert!(
        text.contains(&format!("v{z} Z = matmul(")) && text.contains(&format!("B = v{w} W ")),
        "\n{text}\n"
    );
}

#[test]
fn a_drawing_shows_one_step() {
    let params = params();
    let tape = Tape::with(&params);
    let steps = loss(&tape, &params).steps();
    let nodes = tape.len();
    let forward = steps.iter().find(|step| step.equation.contains("tanh(")).expect("a step");
    let backward = steps.iter().rfind(|step| step.equation.contains("tanh(")).expect("a step");
    let drawing = tape.drawing().at_step(forward);
    for text in [drawing.svg(), drawing.dot()] {
        assert_eq!(text.matches("▶").count(), 1);
        assert!(text.contains(&format!("▶ {}", forward.equation)));
        assert!(text.contains("not computed yet") && !text.contains("grad 0"));
        assert!(text.contains("#8b3ff0"));
    }
    assert!(drawing.svg().contains("this step") && drawing.dot().contains("penwidth=4"));
    // The bias has a part of its gradient, from the square; the weight has none.
    let dot = tape.drawing().at_step(backward).dot();
    let card = |name: &str| dot.lines().find(|line| line.contains(name)).expect("a card").to_owned();
    assert!(card(" net.bias").contains("grad 0.2 -0.4 so far"), "{}", card(" net.bias"));
    assert!(card(" net.weight").contains("gradient not computed yet"), "{}", card(" net.weight"));
    assert!(card("= constant").contains("no gradient"), "{}", card("= constant"));
    assert!(card("▶").contains("tanh(") && !card("▶").contains("so far") && !dot.contains("data [] not"));
    // At the end all gradients are there, as in the drawing of all of them.
    let last = tape.drawing().at_step(&steps[steps.len() - 1]);
    let all = tape.drawing().with_gradients(Var::new(&tape, steps[0].output));
    let plain =
        |text: String| text.replace("▶ ", "").replace(", penwidth=4", "").replace("#8b3ff0", "#009e73");
    assert_eq!(plain(last.dot()), all.dot());
    assert_eq!(tape.len(), nodes);
}

/// What is shown one after the other must not jump.
#[test]
fn the_pictures_of_all_steps_have_one_layout() {
    let params = params();
    let tape = Tape::with(&params);
    let steps = loss(&tape, &params).steps();
    let layout = |step: &Step| {
        let svg = tape.drawing().at_step(step).svg();
        let lines = svg.lines().filter(|line| line.starts_with("<svg") || line.starts_with("<path"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let first = layout(&steps[0]);
    assert!(first.len() > tape.len());
    assert!(steps.iter().all(|step| layout(step) == first));
}

#[test]
fn a_folded_drawing_marks_the_card_that_holds_the_step() {
    let tape = Tape::new();
    let steps = chain(&tape, 5000).steps();
    for step in [&steps[0], &steps[KEPT], &steps[KEPT + 1], &steps[steps.len() - 1]] {
        assert_eq!(tape.drawing().at_step(step).dot().matches("▶").count(), 1, "{step}");
    }
}

#[test]
#[should_panic(expected = "at_step: the step is one of another tape")]
fn a_step_of_another_tape_is_refused() {
    let tape = Tape::new();
    let steps = tape.var(2.0).exp().steps();
    let other = Tape::new();
    other.var(2.0).sin();
    _ = other.drawing().at_step(&steps[1]);
}

#[test]
#[should_panic(expected = "steps: y has 2 elements")]
fn the_steps_of_a_vector_are_refused() {
    Tape::new().var([1.0, 2.0]).exp().steps();
}

#[test]
#[should_panic(expected = "steps: a traced computation has no values")]
fn the_steps_of_a_traced_tape_are_refused() {
    let params = Params::f64();
    _ = crate::Program::trace(&params, |t| {
        let y = t.input("x", [2]).sum();
        y.steps();
        t.outputs(y)
    });
}
