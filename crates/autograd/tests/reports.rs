//! The reports of a program, and closures that are traced once per shape.

use autograd::{
    Gradients, Jit, Optimizer, Outputs, Param, Params, Passes, Program, ProgramError, StepError, Tape, Var,
};
use std::cell::Cell;

/// Parameters of two layers, 2-3-1.
fn net() -> (Params, [Param; 4]) {
    let mut params = Params::f64();
    let mut net = params.scope("net");
    let a = net.scope("0").param("weight", [2, 3], [0.1, -0.4, 0.3, 0.2, 0.5, -0.6]);
    let b = net.scope("0").param("bias", [3], 0.1);
    let c = net.scope("1").param("weight", [3, 1], [0.7, -0.2, 0.4]);
    let d = net.scope("1").param("bias", [1], 0.0);
    (params, [a, b, c, d])
}

/// The line where [`loss`] begins.
const LINE: u32 = line!() + 4;

/// A mean squared error.
fn loss<'t>(t: &'t Tape<'t>, [a, b, c, d]: [Param; 4], x: Var<'t>, y: Var<'t>) -> Outputs {
    let hidden = (x.matmul(a) + b).tanh();
    let output = hidden.matmul(c) + d;
    t.outputs((output - y).square().mean()).with_gradients()
}

fn training_step() -> (Params, Program) {
    let (params, layers) = net();
    let program = Program::trace(&params, |t| {
        let (x, y) = (t.input("x", [8, 2]), t.input("y", [8, 1]));
        loss(t, layers, x, y)
    });
    (params, program.unwrap())
}

const X: [[f64; 2]; 8] =
    [[0.0, 1.0], [0.5, -1.0], [1.0, 2.0], [-1.5, 0.25], [2.0, 0.0], [0.1, 0.2], [-0.3, 0.4], [1.5, -0.5]];
const Y: [f64; 8] = [0.0, 1.0, 0.5, -0.5, 0.25, 1.0, 0.75, -1.0];

#[test]
fn a_program_explains_itself() {
    let (_, program) = training_step();
    let text = program.explain().to_string();
    let golden = GOLDEN.replace("{1}", &LINE.to_string());
    let golden = golden.replace("{2}", &(LINE + 1).to_string()).replace("{3}", &(LINE + 2).to_string());
    assert_eq!(text, golden, "\n{text}\n");
}

const GOLDEN: &str = "\
inputs x [8×2] F64, y [8×1] F64; 1 output; gradients of 4 parameters

  #  kind     elements  rows  steps  tile  task  flops  bytes  ops                                                     writes                                  source
  0  product        24     –      –     –     –     96  368 B  matmul                                                  → b0 [8×3]                              autograd/tests/reports.rs:{1}
  1  fused          24   8×3      9    24    24    280  824 B  add tanh mul sum add sub square mul×4 sigmoid … 5 more  → b1 [8×3], b2 [8×1], b3 [8×1], 1 more  autograd/tests/reports.rs:{1}–{3}
  2  fused           8   1×8      3     8     8     17  144 B  sum mul sum                                             → output 0 [], ∂net.1.bias [1]          autograd/tests/reports.rs:{2}–{3}
  3  fused          24   3×8      2    24    24     48  280 B  mul sum                                                 → ∂net.1.weight [3]                     autograd/tests/reports.rs:{2}
  4  op              3     –      –     –     –     24  216 B  sum                                                     → ∂net.0.bias [3]                       autograd/tests/reports.rs:{1}
  5  product         6     –      –     –     –     96  368 B  matmul                                                  → ∂net.0.weight [2×3]                   autograd/tests/reports.rs:{1}

kernels  6: 561 flops, 2.20 kB read and written
buffers  5: 704 B; 712 B if no two values shared one
held     0 constants: 0 B
nodes    recorded 42 → dead 42 → history 42 → inline 42 → expand 42 → fold 42 → algebra 44 → assemble 44 → cse 42 → orient 42 → spell_out 52 → sink 52 → algebra 52 → assemble 52 → cse 50 → make_contiguous 50 → dead 48 → stream 48 → rematerialise 48
also     fuse, share, slope, pair, pool, numbers";

/// Methods that record several nodes: the line of each is that of the call.
#[test]
fn every_kernel_points_at_the_users_source() {
    let mut params = Params::f64();
    let w = params.scope("net").param("w", [3], 2.0);
    let program = Program::trace_with(Passes::none(), &params, |t| {
        let x = t.input("x", [4, 6]);
        let parts = x.split(1, 2);
        let y = Var::stack(&[parts[0] + w, w * parts[1], 2.0 - parts[0]], 0).index(0, 1).tril(0);
        let z = y.std_over([0], 1) + y.logsumexp_over([0]) + y.standardize([1], 1e-5).norm_over(3.0, [0]);
        let all = z.softmax(-1).gt(0.1).select(z.min_over([0]).unsqueeze(0), 0.5)
            + y.t().matmul(y.pad(0, 1, 0).slice(0, 1..));
        let loss = all.mean() + z.max() + x.argmax(1).cast(autograd::DType::F64).norm();
        let [dx] = loss.grad([x]);
        t.outputs([loss, dx.square().sum()]).with_gradients()
    });
    let text = program.unwrap().explain().to_string();
    let kernels: Vec<&str> =
        text.lines().filter(|line| line.contains(" → ") && !line.starts_with("nodes")).collect();
    assert!(kernels.len() > 100, "{text}");
    assert!(kernels.iter().all(|line| line.contains("reports.rs:")), "{text}");
}

#[test]
fn the_costs_of_a_plan_without_passes_can_be_counted_by_hand() {
    let params = Params::f32();
    let program = Program::trace_with(Passes::none(), &params, |t| {
        let x = t.input("x", [4, 5]);
        t.outputs(x.matmul(t.constant([[1.0f32; 3]; 5])).exp().sum())
    });
    let program = program.unwrap();
    let explanation = program.explain();
    assert_eq!(explanation.kernels(), 3);
    assert_eq!(explanation.flops(), 2 * 4 * 5 * 3 + 12 + 12);
    assert_eq!(explanation.bytes(), 4 * ((20 + 15 + 12) + (12 + 12) + (12 + 1)));
    assert_eq!(explanation.memory(), 4 * (12 + 12 + 1));
    let text = explanation.to_string();
    assert!(text.contains("held     1 constant: 60 B"), "{text}");
    assert!(text.contains("buffers  3: 100 B; 100 B if no two values shared one"), "{text}");
    assert!(text.ends_with("nodes    recorded 5"), "{text}");
}

#[test]
fn values_that_share_a_buffer_need_less_memory() {
    let params = Params::f64();
    let memory = |passes| {
        let program = Program::trace_with(passes, &params, |t| {
            t.outputs(t.input("x", [100]).sin().sin().sin().sin().sin().sin())
        });
        program.unwrap().explain().memory()
    };
    assert_eq!((memory(Passes::none()), memory(Passes::none().with("pool"))), (6 * 800, 2 * 800));
}

#[cfg(feature = "clock")]
#[test]
fn a_profile_has_a_time_for_each_kernel() {
    let (params, program) = training_step();
    let mut state = program.state();
    for runs in [0, 1, 4] {
        let profile = program.profile(&mut state, &params, (X, Y), runs).unwrap();
        assert_eq!(profile.kernels().len(), program.kernels());
        assert!(profile.total() >= profile.overhead());
        let text = profile.to_string();
        assert_eq!(text.lines().count(), program.kernels() + 4, "{text}");
        assert!(text.contains(&format!("medians of {} runs, 1 thread", runs.max(1))), "{text}");
        assert!(text.contains("reports.rs:"), "{text}");
    }
    let error = program.profile(&mut state, &params, (X,), 1).unwrap_err();
    assert!(matches!(error, ProgramError::InputCount { given: 1, .. }));
}

#[test]
fn a_tiny_program_as_a_picture() {
    let mut params = Params::f64();
    let w = params.scope("a\"b\\").param("w", [2, 1], 1.0);
    let program = Program::trace(&params, |t| {
        let (x, c) = (t.input("x", [3, 2]), t.constant([[1.0], [2.0], [3.0]]));
        t.outputs([(x.matmul(w) * c).exp().sum(), x.t()])
    });
    let dot = program.unwrap().dot();
    assert_eq!(dot, DOT, "\n{dot}\n");
}

const DOT: &str = r#"digraph program {
  node [fontname="monospace"];
  k0 [shape=box, label="0 fused\nmul sum mul exp"];
  x0 [shape=ellipse, label="x\n[3×2] F64"];
  p0 [shape=ellipse, label="a\"b\\.w\n[2×1] F64"];
  c1 [shape=ellipse, label="constant\n[3] F64"];
  k1 [shape=box, label="1 fused\nsum"];
  k2 [shape=box, label="2 copy"];
  y0 [shape=ellipse, label="output 0"];
  y1 [shape=ellipse, label="output 1"];
  c1 -> k0 [label="[3]"];
  p0 -> k0 [label="[2×1]"];
  x0 -> k0 [label="[3×2]"];
  k0 -> k1 [label="[3×1]"];
  x0 -> k2 [label="[3×2]"];
  k1 -> y0 [label="[]"];
  k2 -> y1 [label="[2×3]"];
}
"#;

/// The lines of a drawing: nodes have distinct names, edges join nodes, quotation marks are closed.
#[test]
fn every_picture_is_well_formed() {
    let (_, program) = training_step();
    let deep = |passes| {
        let (params, layers) = net();
        Program::trace_with(passes, &params, |t| {
            let (x, y) = (t.input("x \"in\"", [8, 2]), t.input("y\n", [8, 1]));
            loss(t, layers, x, y)
        })
    };
    for program in [program, deep(Passes::none()).unwrap(), deep(Passes::all()).unwrap()] {
        let dot = program.dot();
        let lines: Vec<&str> = dot.lines().collect();
        assert_eq!((lines[0], *lines.last().unwrap()), ("digraph program {", "}"));
        let mut nodes = vec![];
        let mut edges = 0;
        for line in &lines[2..lines.len() - 1] {
            let line = line.trim();
            assert!(line.ends_with("\"];"), "{line}");
            let quotes = line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
            assert_eq!(quotes, 2, "{line}");
            let (head, _) = line.split_once(" [").unwrap();
            match head.split_once(" -> ") {
                Some((from, to)) => {
                    edges += 1;
                    assert!(nodes.contains(&from) && nodes.contains(&to), "{line}");
                }
                None => {
                    assert!(!nodes.contains(&head), "{line}");
                    nodes.push(head);
                }
            }
        }
        assert!(nodes.iter().filter(|n| n.starts_with('k')).count() == program.kernels());
        assert!(nodes.iter().filter(|n| n.starts_with('g')).count() == 4, "{dot}");
        assert!(edges >= program.kernels());
    }
}

/// Sees that `f` is `Fn(&Tape, &[Var]) -> Outputs` of any lifetime.
fn any_tape<F: for<'t> Fn(&'t Tape<'t>, &[Var<'t>]) -> Outputs>(f: F) -> F {
    f
}

#[test]
fn a_closure_is_traced_once_per_shape_and_gives_what_the_tape_gives() {
    let (params, layers) = net();
    let traces = Cell::new(0);
    let mut jit = Jit::new(|t, x| {
        traces.set(traces.get() + 1);
        loss(t, layers, x[0], x[1])
    });
    for (call, n) in [8, 3, 8, 1, 3, 8].into_iter().enumerate() {
        let x: Vec<f64> = X.iter().flatten().copied().cycle().skip(call).take(2 * n).collect();
        let x = ndarray::Array2::from_shape_vec((n, 2), x).unwrap();
        let y = ndarray::Array2::from_shape_fn((n, 1), |(i, _)| Y[(i + call) % 8]);
        let tape = Tape::with(&params);
        let hidden = (tape.constant(&x).matmul(layers[0]) + layers[1]).tanh();
        let eager = (hidden.matmul(layers[2]) + layers[3] - tape.constant(&y)).square().mean();
        let grads = eager.backward();
        let run = jit.run(&params, (&x, &y)).unwrap();
        assert!((run.item(0) - eager.item()).abs() <= 1e-14 * eager.item());
        for p in layers {
            for (a, b) in run.grads().get::<f64>(p).unwrap().iter().zip(grads.get::<f64>(p).unwrap()) {
                assert!((a - b).abs() < 1e-14, "{a} {b}");
            }
        }
    }
    assert_eq!(traces.get(), 3);
    let shapes: Vec<String> =
        jit.plans().map(|p| p.inputs().map(|(n, s, d)| format!("{n} {s} {d};")).collect()).collect();
    assert_eq!(
        shapes,
        ["x0 [8×2] F64;x1 [8×1] F64;", "x0 [3×2] F64;x1 [3×1] F64;", "x0 [1×2] F64;x1 [1×1] F64;"]
    );
}

#[test]
fn a_closure_is_traced_for_so_many_shapes_at_most() {
    let params = Params::f64();
    let mut jit =
        Jit::new(|t, x| t.outputs(x[0].cast(autograd::DType::F64).sum())).with_limit(2).with_threads(1);
    assert_eq!(jit.run(&params, ([1.0, 2.0],)).unwrap().item(0), 3.0);
    assert_eq!(jit.run(&params, ([1i64, 2],)).unwrap().item(0), 3.0); // another dtype is another program
    let error = jit.run(&params, ([1.0],)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the closure was traced for 2 combinations of input shapes already, its limit: pad the inputs to fewer shapes, or raise it"
    );
    assert_eq!(jit.run(&params, ([5.0, 2.0],)).unwrap().item(0), 7.0); // what there is goes on
    assert_eq!(jit.plans().len(), 2);
    let mut by_default = Jit::new(|t, x| t.outputs(x[0].sum()));
    for n in 1..=8 {
        by_default.run(&params, (vec![1.0; n],)).unwrap();
    }
    assert_eq!(
        by_default.run(&params, (vec![1.0; 9],)).unwrap_err(),
        ProgramError::TooManyPlans { limit: 8 }
    );
}

#[test]
fn inputs_of_a_closure_have_names() {
    let params = Params::f64();
    let f = any_tape(|t, x| t.outputs(x[0] + x[1]));
    let mut jit = Jit::new(f).with_names(["left", "right"]);
    jit.run(&params, (1.0, 2.0)).unwrap();
    let names: Vec<&str> = jit.plans().next().unwrap().inputs().map(|(name, ..)| name).collect();
    assert_eq!(names, ["left", "right"]);
    let error = jit.run(&params, (1.0, 2.0, 3.0)).unwrap_err();
    assert_eq!(error.to_string(), "inputs: 3 given, the program takes 2 (`left`, `right`), in this order");
}

struct Sgd(f64);
impl Optimizer for Sgd {
    fn update(&mut self, params: &mut Params, grads: &Gradients) -> Result<(), StepError> {
        for p in params.iter() {
            if let Some(g) = grads.get::<f64>(p) {
                params.get_mut::<f64>(p).iter_mut().zip(g).for_each(|(w, g)| *w -= self.0 * g);
            }
        }
        Ok(())
    }
}

#[test]
fn a_closure_trains_and_notices_what_is_frozen() {
    let (mut params, layers) = net();
    let traces = Cell::new(0);
    let mut jit = Jit::new(|t, x| {
        traces.set(traces.get() + 1);
        loss(t, layers, x[0], x[1])
    });
    let y = ndarray::Array2::from_shape_fn((8, 1), |(i, _)| Y[i]);
    let losses: Vec<f64> = (0..50).map(|_| jit.step(&mut params, &mut Sgd(0.1), (X, &y)).unwrap()).collect();
    assert!(losses.windows(2).all(|w| w[1] < w[0]), "{losses:?}");
    let last = jit.step_outputs(&mut params, &mut Sgd(0.1), (X, &y)).unwrap();
    assert!(last.item(0) < losses[49]);
    let before = params.get::<f64>(layers[0]).to_vec();
    params.set_frozen(layers[0], true);
    jit.step(&mut params, &mut Sgd(0.1), (X, &y)).unwrap();
    assert_eq!(params.get::<f64>(layers[0]), before);
    assert!(jit.run(&params, (X, &y)).unwrap().grads().get::<f64>(layers[0]).is_none());
    assert_eq!((traces.get(), jit.plans().len()), (2, 1));
    let (foreign, _) = net();
    assert!(matches!(jit.run(&foreign, (X, &y)), Err(ProgramError::ForeignParams { .. })));
}
