//! A network that C alone trains: forward pass, gradients and update from emitted text, the losses of the interpreter to the last
//! bit.

use crate::draw::Draw;
use crate::host::{has, run};
use autograd::{DType, Optimizer, Params, Program, Tape};
use emit::Emit;
use nn::{Activation, Mlp};
use optim::{Adam, Sgd};

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

/// A loop in C: `update` are the lines that change the parameters by the gradients.
fn driver(update: &str) -> String {
    let (x, y) = data();
    format!(
        "static const float x[] = {{{}}}, y[] = {{{}}};\nint main(void) {{\n  static _Alignas(64) char work[NET_WORK], \
         more[RULE_WORK];\n  static float p[NET_PARAMETERS], g[NET_PARAMETERS], m[NET_PARAMETERS], v[NET_PARAMETERS];\n  \
         memcpy(p, net_parameters, sizeof p);\n  for (int step = 1; step <= {STEPS}; ++step) {{\n    net_run(p, g, x, y, work);\n    \
         unsigned bits; memcpy(&bits, net_loss(work), 4); printf(\"%08x\\n\", bits);\n{update}    memcpy(p, rule_p(more), sizeof \
         p);\n  }}\n  printf(\"end\\n\");\n  return (int) (m[0] * 0 + v[0] * 0);\n}}\n",
        list(&x),
        list(&y)
    )
}

fn compare(optimizer: &mut dyn Optimizer, rule: &Program, update: &str) {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let mut params = Params::f32().with_seed(3);
    let net = Mlp::new(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Sigmoid);
    let program = traced(&params, &net);
    let header = program.emit_c(&params, "net").expect("an MLP has a text");
    let rule = rule.emit_c(&Params::f32(), "rule").expect("a rule has a text");
    let source = format!("#include <stdio.h>\n#define NET_VALUES\n{header}{rule}{}", driver(update));
    let (x, y) = data();
    let mut state = program.state();
    let mut losses = vec![];
    for _ in 0..STEPS {
        let out = program.run(&mut state, &params, (&x, &y)).expect("the inputs fit");
        losses.push(format!("{:08x}", (out.item("loss") as f32).to_bits()));
        optimizer.step(&mut params, out.grads()).expect("finite gradients");
    }
    assert_ne!(losses[0], losses[STEPS - 1]);
    for options in [&["-O0"][..], &["-O2", "-march=native"]] {
        assert_eq!(run("trained", "cc", options, &source), [losses.clone()]);
    }
}

#[test]
fn c_alone_trains_a_network_by_gradient_descent() {
    let rule = Sgd::recorded([elements()], DType::F32).expect("a rule");
    compare(
        &mut Sgd::new(0.5).expect("a rate"),
        &rule,
        "    rule_run(0, (float[]) {0.5f}, (float[]) {0.0f}, p, g, more);\n",
    );
}

#[test]
fn c_alone_trains_a_network_by_adam() {
    let rule = Adam::recorded([elements()], DType::F32).expect("a rule");
    let update = "    double b1 = 1, b2 = 1;\n    for (int i = 0; i < step; ++i) b1 *= 0.9, b2 *= 0.999;\n    const float c[9] = {0.9f, \
                  (float) (1 - 0.9), 0.999f, (float) (1 - 0.999), (float) (0.01 / (1 - b1)), (float) (1 / (1 - b2)), 1e-8f, 0, 1};\n    \
                  rule_run(0, c, c + 1, c + 2, c + 3, c + 4, c + 5, c + 6, c + 7, c + 8, p, g, m, v, more);\n    \
                  memcpy(m, rule_m(more), sizeof m);\n    memcpy(v, rule_v(more), sizeof v);\n";
    compare(&mut Adam::new(0.01).expect("a rate"), &rule, update);
}

/// The numbers of the network's parameters.
fn elements() -> usize {
    let mut params = Params::f32();
    let _ = Mlp::new(&mut params.scope("net"), &[2, 10, 5, 1], Activation::Sigmoid);
    params.elements()
}
