//! Recording an op: shape rule, value, node. The list, the rules and the kernels meet only here.

mod asked;
mod batch;
mod body;

pub(crate) use asked::Asked;
pub(crate) use batch::{for_each_of_batch, of_each};
pub(crate) use body::{Given, Recording, recorded};

use crate::buffers::Value;
use crate::call::{Fault, Fill, Room};
use crate::dtype::{DType, Storable, with_float};
use crate::ir::{Inputs, Meta, Op, Unary, for_operands};
use crate::kernels::functions;
use crate::mistake::Mistake;
use crate::op::{Clash, Mismatch, one_dtype};
use crate::pages::can_be_had;
use crate::params::Params;
use crate::shape::{LIMIT, Layout, Shape, TOO_MANY};
use crate::tape::{List, Node};
use crate::var::Var;

/// The most axes of a shape: more than anybody uses, and few enough for a byte.
const MAX_AXES: usize = 64;

/// Records `op` on `x`.
#[track_caller]
pub(crate) fn record<'t>(op: impl Into<Op>, x: &[Var<'t>]) -> Var<'t> {
    record_op(op.into(), x)
}

#[track_caller]
fn record_op<'t>(op: Op, x: &[Var<'t>]) -> Var<'t> {
    let tape = x[0].tape();
    for v in &x[1..] {
        x[0].check_same_tape(op.name(), *v);
    }
    let inputs = Inputs::from_fn(x.len(), |i| x[i].id());
    let mut guard = tape.list_mut();
    let list = &mut *guard;
    if list.may_lack_values()
        && let Some(&left) = inputs.iter().find(|&&x| list.node(x).op == Op::Argument(u32::MAX))
    {
        list.left_its_loop(left, tape.params());
    }
    let origin = list.origin();
    if list.nodes.repeats(&op, &inputs) {
        list.nodes.keep_prepared(origin);
    } else {
        let meta = infer(list, tape.params(), &op, &inputs);
        list.nodes.prepare(op, inputs, meta, origin);
    }
    if !list.is_traced()
        && let Err(fault) = evaluate(list, tape.params())
    {
        let Node { op, inputs, .. } = list.nodes.next();
        asked(list, tape.params(), op, inputs).impossible(&fault).raise();
    }
    let id = list.append();
    drop(guard);
    tape.trap(id);
    Var::new(tape, id)
}

/// The value of the next node: a view of its operand's buffer, or a buffer of its own.
pub(crate) fn evaluate(list: &mut List, params: Option<&Params>) -> Result<(), Fault> {
    match view(list) {
        Some(value) => {
            list.pool.share(value.source);
            list.nodes.fill(value);
            Ok(())
        }
        None => compute(list, params),
    }
}

/// The result's shape and dtype; a mismatch is the caller's mistake.
#[track_caller]
fn infer(list: &List, params: Option<&Params>, op: &Op, inputs: &Inputs) -> Meta {
    let rule = op.rule().expect("leaves are recorded by the tape");
    match for_operands(inputs, |i| &list.node(i).meta, |x| rule.infer(x)) {
        Ok(meta) => {
            check_size(op.name(), &meta.shape);
            meta
        }
        Err(mismatch) => asked(list, params, op, inputs).misfit(&mismatch).raise(),
    }
}

fn asked<'a>(list: &'a List, params: Option<&'a Params>, op: &'a Op, operands: &'a Inputs) -> Asked<'a> {
    Asked { list, params, op: op.name(), labels: op.labels(), operands }
}

/// The result as a view of its first operand's buffer, if the op only changes the layout.
fn view(list: &List) -> Option<Value> {
    let next = list.nodes.next();
    let x = list.node(next.inputs[0]);
    let Layout { skip, strides } = next.op.rule()?.view(&x.meta, &x.strides)?;
    debug_assert_eq!(strides.len(), next.meta.shape.len());
    Some(Value { source: x.source.skip(skip), strides })
}

fn compute(list: &mut List, params: Option<&Params>) -> Result<(), Fault> {
    let Meta { shape, dtype } = &list.nodes.next().meta;
    let mut out = list.pool.take(*dtype, shape.elements()).map_err(|_| no_memory(&list.nodes.next().meta))?;
    let mut scratch = std::mem::take(&mut list.scratch);
    let mut room = Room { scratch: &mut scratch, workers: &list.workers };
    let next = list.nodes.next();
    let y = Fill { shape: &next.meta.shape, data: out.elements() };
    let done = for_operands(&next.inputs, |i| list.strided(i, params), |x| next.op.compute(x, y, &mut room));
    list.scratch = scratch;
    if done.is_err() {
        list.pool.give(out);
        return done;
    }
    let next = list.nodes.next_mut();
    debug_assert_eq!(next.strides, next.meta.shape.strides(), "{}", next.op.name());
    next.source = list.pool.source(out, next.strides.is_empty());
    Ok(())
}

/// The fault of a result whose buffer cannot be had.
#[cold]
pub(crate) fn no_memory(meta: &Meta) -> Fault {
    Fault::Memory { shape: meta.shape.clone(), dtype: meta.dtype }
}

/// The cotangent of a function of one argument: g·f′(x), given y = f(x), in one loop; none if there is no such loop. The node
/// is a constant, so it cannot be differentiated: it is for sweeps whose nodes are removed afterwards.
#[track_caller]
pub(crate) fn pull_back<'t>(f: Unary, x: Var<'t>, y: Var<'t>, g: Var<'t>) -> Option<Var<'t>> {
    let tape = x.tape();
    let list = &mut *tape.list_mut();
    let meta = list.node(x.id()).meta.clone();
    let Ok(mut out) = list.pool.take(meta.dtype, meta.shape.elements()) else {
        let op = Op::from(f);
        asked(list, tape.params(), &op, &Inputs::from_fn(1, |_| x.id()))
            .impossible(&no_memory(&meta))
            .raise();
    };
    let done = with_float!(meta.dtype, T => {
        let operands = [x, y, g].map(|v| list.strided(v.id(), tape.params()).view::<T>());
        functions::pull_back(f, operands, T::slice_mut(out.elements()))
    });
    if !done {
        list.pool.give(out);
        return None;
    }
    let value = list.pool.keep(out, meta.shape.strides());
    Some(Var::new(tape, list.leaf(Op::Constant, meta, value)))
}

/// Refuses shapes that no memory can hold.
#[track_caller]
pub(crate) fn check_size(op: &str, shape: &Shape) {
    if shape.len() > MAX_AXES {
        let axes = shape.len();
        Mistake::new(format!("{op}: shape {shape} has {axes} axes"))
            .rule(format!("at most {MAX_AXES} axes are possible"))
            .raise();
    }
    if shape.checked_elements().is_none() {
        Mistake::new(format!("{op}: shape {shape} has {TOO_MANY}"))
            .rule(LIMIT)
            .hint("is an axis repeated that was meant to meet another one?")
            .raise();
    }
}

/// Refuses data that an op would make for itself, such as an index for each place, if no memory can hold them.
#[track_caller]
pub(crate) fn check_memory(op: &str, shape: &Shape, dtype: DType) {
    check_size(op, shape);
    if !can_be_had(shape.elements().saturating_mul(dtype.size())) {
        let fault = no_memory(&Meta::new(shape.clone(), dtype));
        Mistake::new(format!("{op}: {fault}")).rule(fault.rule()).hint(fault.hint()).raise();
    }
}

/// Refuses dtypes that have no derivatives.
pub(crate) fn require_float(x: &[&Meta]) -> Result<DType, Mismatch> {
    let dtype = x[0].dtype;
    if let Some(i) = x.iter().position(|m| !m.dtype.is_float()) {
        let rule = format!("the op is defined on F32 and F64, not on {}", x[i].dtype);
        return Err(Mismatch::new(rule).hint("convert with `.cast(DType::F64)`").clash([Clash::DType(i)]));
    }
    one_dtype(x).map(|()| dtype)
}
