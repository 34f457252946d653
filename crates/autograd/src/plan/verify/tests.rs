//! Breaks each rule in a good plan, and expects the verifier to name it.

use super::*;
use crate::code::{Act, Code, Extent, How, Read, Step, Write};
use crate::dtype::DType;
use crate::ir::Sum;
use crate::plan::{Buffer, GRADIENTS, PARAMETERS};
use crate::shape::Strides;
use crate::{Params, Program, Shape};
use std::panic::catch_unwind;

/// A plan with all that a plan can have: products, two of them streamed; ops; tile programs with rows, totals, numbers,
/// every way to read, results over operands and results of truth values.
fn sample() -> Plan {
    let mut params = Params::f32();
    let mut net = params.scope("net");
    let [w, v] = ["w", "v"].map(|name| net.param(name, [128, 128], 0.1));
    let [b, c] = ["b", "c"].map(|name| net.param(name, [128], 0.5));
    let program = Program::trace(&params, |t| {
        let (x, scale) = (t.input("x", [64, 128]), t.input("scale", []));
        let labels = t.input_of("labels", DType::I64, [64]);
        let h = ((x.matmul(w) + b).tanh().matmul(v) + c).tanh() * scale;
        let p = h.softmax(1);
        let loss = -p.pick(labels).ln().mean();
        t.outputs([loss, p, h.gt(0.0), (h * h).sum(), h.t()]).with_gradients()
    });
    Plan::clone(program.expect("a plan").plan())
}

/// The first tile program of some kind.
fn tile(plan: &mut Plan, is_it: impl Fn(&Code) -> bool) -> &mut Code {
    let codes = plan.kernels.iter_mut().filter_map(|kernel| match &mut kernel.work {
        Work::Tile(code) => Some(code),
        _ => None,
    });
    { codes }.find(|code| is_it(code)).expect("the sample has one")
}

/// With rows, all ways to read, a number, and results of two dtypes.
fn rows(plan: &mut Plan) -> &mut Code {
    tile(plan, |code| code.steps.iter().any(|step| matches!(step.act, Act::RowMax(_))))
}

/// With a total, without rows.
fn total(plan: &mut Plan) -> &mut Code {
    tile(plan, |code| !code.totals.is_empty())
}

/// With one result per row.
fn per_row(plan: &mut Plan) -> &mut Code {
    tile(plan, |code| code.writes.iter().any(|write| write.extent == Extent::Rows))
}

fn read(code: &mut Code, how: How) -> &mut Read {
    code.reads.iter_mut().find(|read| read.how == how).expect("the sample has one")
}

/// The write over an operand, and those straight to memory.
fn write(code: &mut Code, direct: bool) -> &mut Write {
    let dtype = code.dtype;
    let is_it = |write: &&mut Write| write.direct == direct && write.to.dtype == dtype;
    code.writes.iter_mut().find(is_it).expect("the sample has one")
}

fn product(plan: &mut Plan, number: usize) -> [&mut MemoryView; 3] {
    let products = plan.kernels.iter_mut().filter_map(|kernel| match &mut kernel.work {
        Work::Product { a, b, c } => Some([a, b, c]),
        _ => None,
    });
    { products }.nth(number).expect("the sample has one")
}

/// The sum that is a gradient: its number, op, operand and result.
fn sum(plan: &mut Plan) -> (usize, &mut Op, &mut MemoryView, &mut MemoryView) {
    let sums = plan.kernels.iter_mut().enumerate().filter_map(|(i, kernel)| match &mut kernel.work {
        Work::Op { op: op @ Op::Sum(_), x, y } if y.memory == GRADIENTS => Some((i, op, &mut x[0], y)),
        _ => None,
    });
    { sums }.next().expect("the sample has one")
}

fn step(code: &mut Code, is_it: impl Fn(&Act) -> bool) -> &mut Step {
    code.steps.iter_mut().find(|step| is_it(&step.act)).expect("the sample has one")
}

fn with_slope(act: Act, slope: u16) -> Act {
    match act {
        Act::TanhAndSlope { x, .. } => Act::TanhAndSlope { x, slope },
        other => other,
    }
}

fn buffer(plan: &mut Plan, dtype: DType, elements: usize) -> u32 {
    plan.buffers.push(Buffer { dtype, elements });
    plan.first_buffer() + plan.buffers.len() as u32 - 1
}

fn put(x: &mut MemoryView, shape: &[usize], strides: &[isize]) {
    (x.shape, x.strides) = (Shape::from(shape), Strides::from_fn(strides.len(), |i| strides[i]));
}

/// What of the sample breaks which rule, and how.
type Planted = (Rule, fn(&mut Plan));

const OPERANDS: &[Planted] = &[
    (Rule::Memory, |plan| product(plan, 0)[0].memory = 99),
    (Rule::Memory, |plan| read(rows(plan), How::Direct).from.dtype = DType::F64),
    (Rule::Memory, |plan| product(plan, 0)[0].strides.push(1)),
    (Rule::Within, |plan| product(plan, 0)[0].offset += 1),
    (Rule::Within, |plan| product(plan, 0)[0].strides[0] = -128),
    (Rule::Within, |plan| product(plan, 0)[0].offset = usize::MAX),
    (Rule::Within, |plan| product(plan, 0)[0].strides[0] = isize::MAX),
    (Rule::Within, |plan| write(rows(plan), true).to.offset += 1),
    (Rule::Result, |plan| product(plan, 0)[2].memory = PARAMETERS),
    (Rule::Result, |plan| *product(plan, 0)[2] = product(plan, 0)[0].clone()),
    (Rule::Result, |plan| put(&mut write(rows(plan), true).to, &[128, 64], &[1, 128])),
    (Rule::Result, |plan| put(sum(plan).3, &[128], &[0])),
    (Rule::ResultsApart, |plan| {
        let twice = write(rows(plan), true).to.clone();
        rows(plan).writes.iter_mut().filter(|write| write.direct).for_each(|write| write.to = twice.clone());
    }),
    (Rule::ResultsApart, |plan| {
        let code = total(plan);
        let to = MemoryView {
            shape: Shape::from([8192]),
            strides: Shape::from([8192]).strides(),
            ..code.totals[0].clone()
        };
        let slot = step(code, |act| !matches!(act, Act::Total(_))).y;
        code.writes.push(Write::new(to, slot, Extent::Tile));
        plan.buffers.iter_mut().for_each(|buffer| buffer.elements = buffer.elements.max(8192));
    }),
    (Rule::ResultsApart, |plan| {
        let code = total(plan);
        code.totals.push(code.totals[0].clone());
        let first = *step(code, |act| matches!(act, Act::Total(_)));
        code.steps.push(Step { y: 1, ..first });
    }),
    (Rule::Disjoint, |plan| {
        let over = product(plan, 0)[2].memory;
        let [_, b, _] = product(plan, 0);
        (b.memory, b.strides[0]) = (over, 0);
    }),
    (Rule::Disjoint, |plan| {
        let (.., x, y) = sum(plan);
        (x.memory, x.offset) = (GRADIENTS, y.offset + 128 - 8192);
    }),
    // Over an operand that is not read tile by tile, is read from memory until the end, or is one number for all.
    (Rule::Disjoint, |plan| read(rows(plan), How::Direct).how = How::Gather),
    (Rule::Disjoint, |plan| write(rows(plan), false).direct = true),
    (Rule::Disjoint, |plan| read(rows(plan), How::Splat).from.memory = write(rows(plan), false).to.memory),
    (Rule::Disjoint, |plan| {
        let number = total(plan).totals[0].memory;
        let code = total(plan);
        let from =
            MemoryView { shape: Shape::from([8192]), strides: Strides::from([0]), ..code.totals[0].clone() };
        assert_eq!(from.memory, number);
        read(code, How::Direct).from = from;
        read(code, How::Direct).how = How::Splat;
    }),
];

const WORK: &[Planted] = &[
    (Rule::Product, |plan| product(plan, 0)[0].dtype = DType::F64),
    (Rule::Product, |plan| put(product(plan, 0)[1], &[127, 128], &[128, 1])),
    (Rule::Product, |plan| put(product(plan, 0)[2], &[8192], &[1])),
    (Rule::Product, |plan| put(product(plan, 0)[0], &[1, 64, 128], &[0, 128, 1])),
    (Rule::Product, |plan| product(plan, 0).into_iter().for_each(|x| put(x, &[1], &[1]))),
    (Rule::Op, |plan| *sum(plan).1 = Sum { axes: [1].into_iter().collect() }.into()),
    (Rule::Op, |plan| *sum(plan).1 = Op::Full(1.0)),
    (Rule::Op, |plan| sum(plan).3.dtype = DType::F64),
    (Rule::Cut, |plan| rows(plan).tile = 1000),
    (Rule::Cut, |plan| rows(plan).tile = 0),
    (Rule::Cut, |plan| rows(plan).task = 1024 + 512),
    (Rule::Cut, |plan| rows(plan).task = 512),
    (Rule::Cut, |plan| rows(plan).elements -= 1),
    (Rule::Cut, |plan| rows(plan).dtype = DType::I64),
    (Rule::Cut, |plan| rows(plan).slots = 1 << 16),
    (Rule::Length, |plan| put(&mut read(rows(plan), How::Direct).from, &[4096], &[1])),
    (Rule::Length, |plan| put(&mut write(rows(plan), true).to, &[32, 128], &[128, 1])),
    (Rule::How, |plan| read(rows(plan), How::Direct).from.strides[0] = 0),
    (Rule::How, |plan| read(rows(plan), How::Gather).how = How::Splat),
    (Rule::How, |plan| read(rows(plan), How::Gather).how = How::Direct),
    (Rule::How, |plan| put(&mut read(rows(plan), How::Splat).from, &[0], &[0])),
    (Rule::How, |plan| {
        let mask = rows(plan).writes.iter().find(|write| write.to.dtype == DType::Bool);
        let mask = mask.expect("the sample has one").to.clone();
        read(rows(plan), How::Direct).from = mask;
    }),
    (Rule::How, |plan| {
        let memory = buffer(plan, DType::I64, 1);
        let from = &mut read(rows(plan), How::Splat).from;
        (from.memory, from.dtype) = (memory, DType::I64);
    }),
    (Rule::Write, |plan| {
        rows(plan).writes.iter_mut().for_each(|write| write.direct |= write.to.dtype == DType::Bool)
    }),
    (Rule::Write, |plan| {
        per_row(plan).writes.iter_mut().for_each(|write| write.direct |= write.extent == Extent::Rows)
    }),
    (Rule::Write, |plan| {
        let memory = buffer(plan, DType::F64, 8192);
        let to = &mut write(rows(plan), true).to;
        (to.memory, to.dtype) = (memory, DType::F64);
    }),
];

const SLOTS: &[Planted] = &[
    (Rule::SlotRange, |plan| rows(plan).fills[0].0 = rows(plan).slots as u16),
    (Rule::SlotRange, |plan| read(rows(plan), How::Splat).slot = 200),
    (Rule::SlotRange, |plan| write(rows(plan), true).slot = 200),
    (Rule::SlotRange, |plan| rows(plan).steps[0].y = 200),
    (Rule::SlotRange, |plan| rows(plan).steps[0].act = Act::Copy(200)),
    (Rule::SlotRange, |plan| total(plan).steps.iter_mut().for_each(|step| step.y += 7)),
    (Rule::SlotRange, |plan| {
        let step = step(rows(plan), |act| matches!(act, Act::TanhAndSlope { .. }));
        step.act = with_slope(step.act, 200);
    }),
    (Rule::SlotOwner, |plan| rows(plan).fills[0].0 = read(rows(plan), How::Direct).slot),
    (Rule::SlotOwner, |plan| read(rows(plan), How::Splat).slot = read(rows(plan), How::Direct).slot),
    (Rule::SlotOwner, |plan| write(rows(plan), true).slot = write(rows(plan), false).slot),
    (Rule::SlotOwner, |plan| write(rows(plan), true).slot = read(rows(plan), How::Direct).slot),
    // A step that writes the slot of a constant, of an operand, and of a result.
    (Rule::SlotOwner, |plan| step(rows(plan), |act| matches!(act, Act::RowMax(_))).y = rows(plan).fills[0].0),
    (Rule::SlotOwner, |plan| {
        step(rows(plan), |act| matches!(act, Act::RowMax(_))).y = read(rows(plan), How::Direct).slot
    }),
    (Rule::SlotOwner, |plan| {
        let result = write(rows(plan), false).slot;
        step(rows(plan), |act| matches!(act, Act::RowSum(_))).y = result;
    }),
    (Rule::Defined, |plan| rows(plan).steps.swap(0, 1)),
    (Rule::Defined, |plan| _ = rows(plan).steps.pop()),
    (Rule::Defined, |plan| {
        let spread = step(rows(plan), |act| matches!(act, Act::Spread(_)));
        spread.act = Act::Copy(spread.act.reads()[0]);
    }),
    (Rule::Defined, |plan| {
        let whole = read(rows(plan), How::Direct).slot;
        step(rows(plan), |act| matches!(act, Act::Spread(_))).act = Act::Spread(whole);
    }),
    (Rule::StepApart, |plan| {
        let first = &mut rows(plan).steps[0];
        first.y = first.act.reads()[0];
    }),
    (Rule::StepApart, |plan| {
        let step = step(rows(plan), |act| matches!(act, Act::TanhAndSlope { .. }));
        step.act = with_slope(step.act, step.y);
    }),
    (Rule::StepApart, |plan| {
        let step = step(rows(plan), |act| matches!(act, Act::TanhAndSlope { .. }));
        step.act = with_slope(step.act, step.act.reads()[0]);
    }),
    (Rule::Rows, |plan| total(plan).steps[0].extent = Extent::Rows),
    (Rule::Rows, |plan| total(plan).steps[0].act = Act::RowSum(read(total(plan), How::Direct).slot)),
    (Rule::Rows, |plan| read(total(plan), How::Direct).extent = Extent::Rows),
    (Rule::Total, |plan| {
        let code = total(plan);
        let again = *step(code, |act| matches!(act, Act::Total(_)));
        code.steps.push(again);
    }),
    (Rule::Total, |plan| total(plan).steps.retain(|step| !matches!(step.act, Act::Total(_)))),
    (Rule::Total, |plan| (total(plan).tile, total(plan).task) = (2048, 8192)),
    (Rule::Total, |plan| (total(plan).tile, total(plan).task) = (512, 1536)),
    (Rule::Total, |plan| total(plan).row = 128),
    (Rule::Total, |plan| put(&mut total(plan).totals[0], &[0], &[1])),
];

const WHOLE: &[Planted] = &[
    (Rule::Written, |plan| plan.kernels.swap(0, 1)),
    (Rule::Written, |plan| drop(plan.kernels.remove(0))),
    // More than the value that a buffer holds.
    (Rule::Written, |plan| {
        let copies = plan.kernels.iter_mut().filter_map(|kernel| match &mut kernel.work {
            Work::Op { op: Op::Copy(_), x, .. } => Some(&mut x[0]),
            _ => None,
        });
        { copies }.next().expect("the sample has one").offset = 1;
        plan.buffers.iter_mut().for_each(|buffer| buffer.elements += 1);
    }),
    // A gradient that is streamed, which others would need before.
    (Rule::Written, |plan| {
        let (.., x, _) = sum(plan);
        (x.memory, x.offset) = (GRADIENTS, 0);
    }),
    (Rule::Written, |plan| plan.outputs[0].memory = buffer(plan, DType::F32, 1)),
    (Rule::Gradient, |plan| {
        let (number, ..) = sum(plan);
        plan.kernels.remove(number);
    }),
    (Rule::Gradient, |plan| {
        let (number, ..) = sum(plan);
        plan.kernels.insert(number, plan.kernels[number].clone());
    }),
    (Rule::Gradient, |plan| sum(plan).3.offset -= 1),
    (Rule::Gradient, |plan| plan.gradients[0].end += 1),
    (Rule::Gradient, |plan| {
        plan.gradients.iter_mut().for_each(|range| *range = range.start + 1..range.end + 1)
    }),
    (Rule::Output, |plan| plan.outputs[0].memory = GRADIENTS),
    (Rule::Output, |plan| (plan.outputs[0].memory, plan.outputs[0].offset) = (plan.outputs[1].memory, 1)),
    (Rule::Streamed, |plan| plan.streams = 3),
    (Rule::Streamed, |plan| plan.streams = 100),
    (Rule::Streamed, |plan| {
        let last = plan.kernels.len() - 1;
        plan.kernels.swap(last - 1, last);
    }),
    // They run while parameters change, and need no gradient.
    (Rule::Streamed, |plan| product(plan, 4)[0].memory = PARAMETERS),
    (Rule::Streamed, |plan| {
        let there = sum(plan).3.clone();
        *product(plan, 4)[1] =
            MemoryView { shape: Shape::from([64, 128]), strides: Strides::from([0, 1]), ..there };
    }),
    (Rule::Streamed, |plan| product(plan, 4)[2].memory = buffer(plan, DType::F32, 2 * 128 * 128)),
    // As long as one chain of additions, and not empty.
    (Rule::Streamed, |plan| {
        let [a, b, _] = product(plan, 4);
        put(a, &[128, 257], &[1, 0]);
        put(b, &[257, 128], &[0, 1]);
    }),
    (Rule::Streamed, |plan| {
        let [a, b, _] = product(plan, 4);
        put(a, &[128, 0], &[1, 1]);
        put(b, &[0, 128], &[1, 1]);
    }),
];

#[test]
fn every_rule_is_kept_by_the_planner_and_a_break_of_it_is_told() {
    assert_eq!(check(&sample()), Ok(()));
    let planted = || [OPERANDS, WORK, SLOTS, WHOLE].into_iter().flatten();
    let told = planted().enumerate().filter_map(|(number, (rule, plant))| {
        let mut plan = sample();
        plant(&mut plan);
        match check(&plan) {
            Err(fault) if fault.rule == *rule => None,
            other => Some(format!("number {number}, {rule:?}: {other:?}")),
        }
    });
    let otherwise: Vec<String> = told.collect();
    assert!(
        otherwise.is_empty(),
        "{}",
        otherwise.join(
            "
"
        )
    );
    for rule in Rule::ALL {
        assert!(planted().any(|(planted, _)| planted == rule), "nothing breaks {rule:?}");
    }
}

#[test]
fn a_fault_names_kernel_rule_and_what_was_found() {
    let mut plan = sample();
    product(&mut plan, 0)[0].offset = 1;
    let text = check(&plan).expect_err("beyond the input").to_string();
    assert_eq!(
        text,
        "kernel 0 (product): every element of an operand lies within its memory, found MemoryView { memory: 2, offset: 1, \
         dtype: F32, shape: [64×128], strides: [128, 1] } in 8192 elements"
    );
    let panic = catch_unwind(|| super::plan(plan)).expect_err("a wrong plan");
    assert_eq!(panic.downcast_ref::<String>(), Some(&format!("the planner made a wrong plan: {text}")));
    let mut plan = sample();
    plan.outputs[0].memory = GRADIENTS;
    let text = check(&plan).expect_err("no buffer").to_string();
    assert!(
        text.starts_with("an output is contiguous and at the beginning of a buffer, found MemoryView {"),
        "{text}"
    );
}

/// What is allowed, close to what is not.
#[test]
fn a_good_plan_may_read_backwards_and_write_over_what_it_reads_as_it_walks() {
    let mut plan = sample();
    let [a, ..] = product(&mut plan, 0);
    (a.offset, a.strides[0]) = (63 * 128, -128);
    assert_eq!(check(&plan), Ok(()));
    let code = rows(&mut plan);
    let over = write(code, false).to.clone();
    assert_eq!(read(code, How::Direct).from.memory, over.memory, "the sample writes over an operand");
    // Not over it but beside it.
    let beside = buffer(&mut plan, DType::F32, 8192);
    let code = rows(&mut plan);
    let read = code.reads[0].clone();
    code.reads.push(Read { slot: code.slots as u16, how: How::Gather, ..read });
    code.slots += 1;
    assert_eq!(check(&plan).map_err(|fault| fault.rule), Err(Rule::Disjoint));
    write(rows(&mut plan), false).to.memory = beside;
    assert_eq!(check(&plan), Ok(()));
}
