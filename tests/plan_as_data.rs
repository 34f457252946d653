//! A verified plan is data that another crate can read: counted, printed, and run by plain loops over `f64`, which give what
//! the program gives.

use std::iter::repeat_n;
use wengert::autograd::Passes;
use wengert::autograd::planned::{
    Act, Arithmetic, Binary, Code, Compare, Contents, DataRef, Extent, How, Joint, MemoryView, Op, Plan,
    Structure, Unary, Work,
};
use wengert::prelude::*;

/// Two layers, a softmax, a mask and a bias: products, tile programs with rows and totals, and sums by ops.
fn classifier(passes: Passes) -> (Params, Program) {
    let mut params = Params::f64().with_seed(7);
    let net = Mlp::new(&mut params.scope("net"), &[4, 5, 3], Activation::Tanh);
    let program = Program::trace_with(passes, &params, |t| {
        let (x, y) = (t.input("x", [6, 4]), t.input("y", [6, 3]));
        let scores = net.forward(x);
        let (p, large) = (scores.softmax(1), scores.gt(0.1).select(scores, 0.0));
        let loss = -(p.ln() * y).sum() / 6.0 + large.square().mean();
        t.outputs([loss, p, scores.t()]).with_names(["loss", "p", "scores"]).with_gradients()
    });
    (params, program.expect("a plan"))
}

const X: [[f64; 4]; 6] = [
    [0.1, -0.7, 1.3, 0.4],
    [-1.2, 0.3, 0.8, -0.5],
    [0.9, 0.2, -0.4, 1.1],
    [-0.3, -0.9, 0.6, 0.2],
    [1.5, -0.1, 0.7, -0.8],
    [0.4, 1.0, -1.1, 0.5],
];
const Y: [[f64; 3]; 6] =
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];

/// The memories of a plan; truth values are 1 and 0.
struct Memories(Vec<Vec<f64>>);

impl Memories {
    fn of(plan: &Plan, params: &Params) -> Memories {
        let memory = |m: wengert::autograd::planned::Memory<'_>| match m.contents {
            Contents::Parameters => params.slab_of::<f64>().to_vec(),
            Contents::Input("x") => X.as_flattened().to_vec(),
            Contents::Input("y") => Y.as_flattened().to_vec(),
            Contents::Constant(DataRef::F64(values)) => values.to_vec(),
            Contents::Gradients | Contents::Buffer => vec![f64::NAN; m.elements],
            other => panic!("{other:?}"),
        };
        Memories(plan.memories().map(memory).collect())
    }

    /// The elements of an operand, row-major.
    fn read(&self, x: &MemoryView) -> Vec<f64> {
        offsets(x).into_iter().map(|offset| self.0[x.memory as usize][offset]).collect()
    }

    fn write(&mut self, y: &MemoryView, values: impl IntoIterator<Item = f64>) {
        for (offset, value) in offsets(y).into_iter().zip(values) {
            self.0[y.memory as usize][offset] = value;
        }
    }
}

/// The offsets of an operand's elements, in row-major order.
fn offsets(x: &MemoryView) -> Vec<usize> {
    let mut offsets = vec![x.offset as isize];
    for (&length, &stride) in x.shape.iter().zip(x.strides.iter()) {
        offsets = offsets.iter().flat_map(|at| (0..length as isize).map(move |i| at + i * stride)).collect();
    }
    offsets.into_iter().map(|at| at as usize).collect()
}

fn run(plan: &Plan, memories: &mut Memories) {
    for kernel in &plan.kernels {
        match &kernel.work {
            Work::Tile(code) => tile(code, memories),
            Work::Product { a, b, c } => {
                let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1]);
                let (a, b) = (memories.read(a), memories.read(b));
                let at = |i: usize| (0..k).map(|p| a[i / n * k + p] * b[p * n + i % n]).sum();
                memories.write(c, (0..m * n).map(at));
            }
            Work::Op { op, x, y } => {
                let result = other(op, &x.iter().map(|x| memories.read(x)).collect::<Vec<_>>(), &x[0]);
                memories.write(y, result);
            }
        }
    }
}

/// A tile program on all of its elements at once.
fn tile(code: &Code, memories: &mut Memories) {
    let rows = code.elements.checked_div(code.row).unwrap_or(0);
    let count = |extent| if extent == Extent::Tile { code.elements } else { rows };
    let mut slots = vec![vec![]; code.slots];
    for &(slot, number) in &code.fills {
        slots[slot as usize] = vec![number; code.elements];
    }
    for read in &code.reads {
        let values = memories.read(&read.from);
        let values = if read.how == How::Splat { vec![values[0]; count(read.extent)] } else { values };
        slots[read.slot as usize] = values;
    }
    for step in &code.steps {
        let x: Vec<&[f64]> = step.act.reads().iter().map(|&x| &slots[x as usize][..]).collect();
        let each = |f: &dyn Fn(usize) -> f64| (0..count(step.extent)).map(f).collect::<Vec<f64>>();
        let row = |r: usize| &x[0][r * code.row..(r + 1) * code.row];
        let mut more = vec![];
        let y = match step.act {
            Act::Copy(_) => each(&|i| x[0][i]),
            Act::Unary(f, _) => each(&|i| unary(f, x[0][i])),
            Act::Binary(f, ..) => each(&|i| binary(f, x[0][i], x[1][i])),
            Act::Pair(f, g, _) => each(&|i| pair(f, g, [x[0][i], x[1][i], x[2][i]])),
            Act::Compare(Compare::Gt, ..) => each(&|i| f64::from(x[0][i] > x[1][i])),
            Act::Select(..) => each(&|i| if x[0][i] != 0.0 { x[1][i] } else { x[2][i] }),
            Act::Truth(_) => each(&|i| f64::from(x[0][i] != 0.0)),
            Act::TanhAndSlope { slope, .. } => {
                more.push((slope, each(&|i| 1.0 - x[0][i].tanh().powi(2))));
                each(&|i| x[0][i].tanh())
            }
            Act::RowSum(_) => (0..rows).map(|r| row(r).iter().sum()).collect(),
            Act::RowMax(_) => (0..rows).map(|r| row(r).iter().copied().fold(f64::MIN, f64::max)).collect(),
            Act::Spread(_) => x[0][..rows].iter().flat_map(|&x| repeat_n(x, code.row)).collect(),
            Act::Total(_) => {
                memories.write(&code.totals[step.y as usize], [x[0].iter().sum()]);
                continue;
            }
            act => panic!("{act:?}"),
        };
        more.push((step.y, y));
        more.into_iter().for_each(|(slot, values)| slots[slot as usize] = values);
    }
    for write in &code.writes {
        memories.write(&write.to, slots[write.slot as usize].iter().copied());
    }
}

fn unary(f: Unary, x: f64) -> f64 {
    match f {
        Unary::Neg => -x,
        Unary::Exp => x.exp(),
        Unary::Ln => x.ln(),
        Unary::Recip => 1.0 / x,
        Unary::Square => x * x,
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        other => panic!("{}", other.name()),
    }
}

fn binary(f: Binary, a: f64, b: f64) -> f64 {
    match f {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::StrongMul => {
            if a == 0.0 {
                a
            } else {
                a * b
            }
        }
        other => panic!("{}", other.name()),
    }
}

fn pair(f: Arithmetic, g: Joint, [a, b, c]: [f64; 3]) -> f64 {
    let p = match f {
        Arithmetic::Add => a + b,
        Arithmetic::Sub => a - b,
        Arithmetic::Mul => a * b,
    };
    match g {
        Joint::Add => p + c,
        Joint::Sub => p - c,
        Joint::From => c - p,
        Joint::Mul => p * c,
    }
}

/// Ops that are not fused; `like` is the first operand.
fn other(op: &Op, x: &[Vec<f64>], like: &MemoryView) -> Vec<f64> {
    let each = |f: &dyn Fn(usize) -> f64| (0..x[0].len()).map(f).collect::<Vec<f64>>();
    match op {
        Op::Unary(f) => each(&|i| unary(*f, x[0][i])),
        Op::Binary(f) => each(&|i| binary(*f, x[0][i], x[1][i])),
        Op::Compare(Compare::Gt) => each(&|i| f64::from(x[0][i] > x[1][i])),
        Op::Select(_) => each(&|i| if x[0][i] != 0.0 { x[1][i] } else { x[2][i] }),
        Op::Softmax(_) => {
            let rows = x[0].chunks(*like.shape.last().expect("rows"));
            let row = |row: &[f64]| {
                let sum: f64 = row.iter().map(|x| x.exp()).sum();
                row.iter().map(|x| x.exp() / sum).collect::<Vec<f64>>()
            };
            rows.flat_map(row).collect()
        }
        Op::Sum(sum) => {
            // Terms that differ in the summed axes alone go to one offset.
            let mut strides = vec![0; like.shape.len()];
            let mut results = 1;
            for axis in (0..strides.len()).rev().filter(|&axis| !sum.axes.contains(&(axis as u8))) {
                strides[axis] = results as isize;
                results *= like.shape[axis];
            }
            let strides = strides.into_iter().collect();
            let to = offsets(&MemoryView { offset: 0, strides, ..like.clone() });
            let mut y = vec![0.0; results];
            to.into_iter().zip(&x[0]).for_each(|(to, x)| y[to] += x);
            y
        }
        Op::Copy(_) => x[0].clone(),
        view if view.structure() == Structure::View => x[0].clone(),
        other => panic!("{}", other.name()),
    }
}

#[test]
fn plain_loops_over_the_plan_give_what_the_program_gives() {
    for (passes, is_fused) in [(Passes::all(), true), (Passes::none(), false)] {
        let (params, program) = classifier(passes);
        let plan = program.plan();
        let is_long = |work: &Work| matches!(work, Work::Tile(code) if code.steps.len() > 1);
        assert_eq!(plan.kernels.iter().any(|kernel| is_long(&kernel.work)), is_fused);
        let mut memories = Memories::of(plan, &params);
        run(plan, &mut memories);
        let mut state = program.state();
        let wanted = program.run(&mut state, &params, (X, Y)).expect("a run");
        let close = |given: &[f64], wanted: &[f64], what: &str| {
            let is_near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-13;
            let all_near = given.len() == wanted.len() && given.iter().zip(wanted).all(is_near);
            assert!(all_near, "{what}: {given:?}, {wanted:?}");
        };
        for (i, (output, name)) in plan.outputs.iter().zip(["loss", "p", "scores"]).enumerate() {
            close(&memories.read(output), wanted.slice(name), name);
            assert_eq!(wanted.slice::<f64>(name), wanted.slice::<f64>(i));
        }
        close(&memories.0[1], wanted.grads().slab_of(), "gradients");
    }
}

#[test]
fn a_plan_is_counted_and_printed() {
    let (_, program) = classifier(Passes::all());
    let plan = program.plan();
    assert_eq!(plan.kernels.len(), program.kernels());
    let explanation = program.explain();
    assert_eq!(plan.kernels.iter().map(|kernel| kernel.flops()).sum::<usize>(), explanation.flops());
    assert_eq!(plan.kernels.iter().map(|kernel| kernel.bytes()).sum::<usize>(), explanation.bytes());
    let (mut text, mut steps) = (String::new(), 0);
    for (i, kernel) in plan.kernels.iter().enumerate() {
        text += &format!("{i} {}\n", kernel.kind());
        let Work::Tile(code) = &kernel.work else { continue };
        steps += code.steps.len();
        code.steps.iter().for_each(|step| text += &format!("  s{} = {:?}\n", step.y, step.act));
    }
    assert_eq!(text.lines().count(), plan.kernels.len() + steps);
    assert!(text.contains("0 product\n") && text.contains(" = TanhAndSlope { x: "), "{text}");
    let inputs = plan.memories().filter(|memory| matches!(memory.contents, Contents::Input(_)));
    assert_eq!(inputs.map(|memory| memory.elements).collect::<Vec<_>>(), [24, 18]);
}
