//! A network that C alone trains: forward pass, gradients and update are one header, whose losses and parameters have the bits of
//! the engine.

use crate::draw::Draw;
use crate::host::{PRINT, has, run};
use autograd::{DType, Optimizer, Params, Program, Tape};
use emit::Emit;
use nn::{Activation, Mlp};
use optim::{Adagrad, Adam, AdamW, Momentum, Muon, NAdam, Pipeline, RmsProp, Sgd, Yogi};

const STEPS: usize = 60;

/// The classes of two half circles, without randomness.
fn data() -> (Vec<f32>, Vec<f32>) {
    let mut draw = Draw(5);
    let (mut x, mut y) = (vec![], vec![]);
    for i in 0..200 {
        let angle = std::f64::consts::PI * draw.number().abs();
        let (across, up) = (angle.cos(), angle.sin());
        let point = if i % 2 == 0 { [across, up] } else { [1.0 - across, 0.5 - up] };
        x.extend(point.map(|x| (x + 0.1 * draw.number()) as f32));
        y.push((i % 2) as f32);
    }
    (x, y)
}

fn traced(params: &Params, net: &Mlp) -> Program {
    Program::trace(params, |t: &Tape<'_>| {
        let (x, y) = (t.input("x", [200, 2]), t.input("y", [200, 1]));
        t.outputs(nn::loss::mse(net.forward(x), y)).with_names(["loss"]).with_gradients()
    })
    .expect("a loss of parameters")
}

fn list(x: &[f32]) -> String {
    x.iter().map(|x| format!("{x:?}f")).collect::<Vec<_>>().join(", ")
}

/// A loop in C that trains by the header's step, and prints each loss and the last parameters. A step by what is no number is
/// refused.
fn driver(name: &str) -> String {
    let upper = name.to_uppercase();
    format!(
        "static void {name}_main(void) {{\n  static _Alignas(64) char work[{upper}_WORK], memory[{upper}_MEMORY];\n  static float \
         p[{upper}_PARAMETERS], before[{upper}_PARAMETERS], odd[400];\n  memcpy(p, {name}_parameters, sizeof p);\n  for (int step = 0; \
         step < {STEPS}; ++step) {{\n    if ({name}_step(p, x, y, memory, work)) printf(\"refused\\n\");\n    \
         print_float({name}_loss(work), 1);\n    memcpy(before, p, sizeof p);\n    odd[step] = NAN;\n    if (step % 20 == 0 && \
         ({name}_step(p, odd, y, memory, work) != 2 || memcmp(before, p, sizeof p))) printf(\"changed\\n\");\n  }}\n  print_float(p, \
         {upper}_PARAMETERS);\n  printf(\"end\\n\");\n}}\n"
    )
}

/// Optimisers of every kind of coefficient, in groups, after clipping.
fn optimizers() -> Vec<Box<dyn Optimizer>> {
    fn all() -> Result<Vec<Box<dyn Optimizer>>, Box<dyn std::error::Error>> {
        let adamw = AdamW::new(0.01)?.weight_decay(0.1)?;
        let grouped = adamw.group("*.bias", |adam| (adam.weight_decay, adam.learning_rate) = (0.0, 0.03))?;
        Ok(vec![
            Box::new(Sgd::new(0.5)?),
            Box::new(Momentum::new(0.1, 0.9)?.dampening(0.3)?),
            Box::new(Adam::new(0.01)?),
            Box::new(Pipeline::new(grouped).clip_norm(0.3)?.unscale(2.0)?),
            Box::new(Pipeline::new(Momentum::pytorch(0.1, 0.9)?.nesterov()?).clip_value(0.01)?),
            Box::new(Adagrad::new(0.1)?),
            Box::new(Yogi::new(0.01)?),
            Box::new(RmsProp::new(0.01)?),
        ])
    }
    all().expect("these are within their ranges")
}

/// The losses and the last parameters of the engine.
fn expected(program: &Program, params: &Params, optimizer: &mut dyn Optimizer) -> Vec<String> {
    let ((x, y), mut params, mut state) = (data(), params.clone(), program.state());
    let bits = |x: f32| format!("{:08x}", x.to_bits());
    let step = |_| bits(program.step(&mut state, &mut params, optimizer, (&x, &y)).expect("a step") as f32);
    let mut lines: Vec<String> = (0..STEPS).map(step).collect();
    assert_ne!(lines[0], lines[STEPS - 1]);
    lines.extend(params.slab_of::<f32>().iter().map(|&x| bits(x)));
    lines
}

#[test]
fn c_alone_trains_a_network() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let mut params = Params::f32().with_seed(3);
    let net = Mlp::new(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Sigmoid);
    let program = traced(&params, &net);
    let (x, y) = data();
    let mut source = String::from("#include <stdio.h>\n#include <math.h>\n");
    let (mut calls, mut results) = (String::new(), vec![]);
    for (i, mut optimizer) in optimizers().into_iter().enumerate() {
        let name = format!("n{i}");
        let header = program.emit_c_training(&params, &*optimizer, &name).expect("a step has a text");
        source += &format!("#define N{i}_VALUES\n{header}");
        if i == 0 {
            source += PRINT;
            source += &format!("static const float x[] = {{{}}}, y[] = {{{}}};\n", list(&x), list(&y));
        }
        source += &driver(&name);
        calls += &format!("  {name}_main();\n");
        results.push(expected(&program, &params, &mut *optimizer));
    }
    source += &format!("int main(void) {{\n{calls}  return 0;\n}}\n");
    for options in [&["-O0"][..], &["-O2", "-march=native"]] {
        assert_eq!(run("trained", "cc", options, &source), results);
    }
}

/// The rule alone, as a program of its own: coefficients are inputs.
#[test]
fn a_rule_is_a_program() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let rule = Sgd::recorded([3], DType::F32).expect("a rule");
    let rule = rule.emit_c(&Params::f32(), "rule").expect("a rule has a text");
    let source = format!(
        "#include <stdio.h>\n{rule}{PRINT}int main(void) {{\n  static _Alignas(64) char work[RULE_WORK];\n  rule_run(0, (float[]) {{0.5f}}, \
         (float[]) {{0.0f}}, (float[]) {{1, 2, 3}}, (float[]) {{2, 0, -2}}, work);\n  print_float(rule_p(work), 3);\n  \
         printf(\"end\\n\");\n  return 0;\n}}\n"
    );
    let expected = [0.0f32, 2.0, 4.0].map(|x| format!("{:08x}", x.to_bits()));
    assert_eq!(run("rule", "cc", &["-O0"], &source), [expected]);
}

/// What has no text is told before a header is written.
#[test]
fn steps_without_a_text_are_refused() {
    let mut params = Params::f32();
    let w = params.scope("net").param("w", [4, 4], 1.0);
    let program = Program::trace(&params, |t| t.outputs(t.param(w).square().sum()).with_gradients());
    let program = program.expect("a loss of parameters");
    let refused = |optimizer: &dyn Optimizer| {
        program.emit_c_training(&params, optimizer, "net").expect_err("it has no text").to_string()
    };
    let text = refused(&Muon::new(0.1).expect("a rate"));
    assert_eq!(text, "the optimiser has no source: its update is not the formula of one number");
    let text = refused(&Pipeline::new(Sgd::new(0.1).expect("a rate")).accumulate(2).expect("a number"));
    assert!(text.contains("it accumulates"), "{text}");
    let text = refused(&NAdam::new(0.1).expect("a rate"));
    assert!(text.contains("coefficients are not given by step"), "{text}");
    let program = Program::trace(&params, |t| t.outputs(t.param(w).sum())).expect("a program");
    let sgd = Sgd::new(0.1).expect("a rate");
    let text = program.emit_c_training(&params, &sgd, "net").expect_err("no gradients").to_string();
    assert!(text.contains("gives no gradients"), "{text}");
}
