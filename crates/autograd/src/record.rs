//! Recording: shape rule, value, node. The one place where the list, the rules and the kernels meet.

mod asked;

pub(crate) use asked::Asked;

use crate::buffers::{Strided, Value};
use crate::dtype::DType;
use crate::exec;
use crate::ir::{Inputs, Meta, NodeId, Op, PerOperand, per_operand};
use crate::mistake::Mistake;
use crate::op::{Clash, Mismatch, one_dtype};
use crate::params::Params;
use crate::shape::{Layout, Shape};
use crate::tape::List;
use crate::var::Var;

/// More axes than anybody uses, few enough to be counted in a byte.
const MAX_AXES: usize = 64;

/// Records `op` on `x`.
#[track_caller]
pub(crate) fn record<'t>(op: impl Into<Op>, x: &[Var<'t>]) -> Var<'t> {
    let (op, tape) = (op.into(), x[0].tape());
    let inputs: Inputs = per_operand(x.iter().map(|v| v.id()));
    for v in &x[1..] {
        x[0].check_same_tape(op.name(), *v);
    }
    let mut list = tape.list_mut();
    let meta = infer(&list, tape.params(), &op, &inputs);
    let value = if list.is_traced() {
        Value::nowhere()
    } else {
        match evaluate(&mut list, tape.params(), &op, &inputs, &meta) {
            Ok(value) => value,
            Err((row, value, columns)) => {
                asked(&list, tape.params(), &op, &inputs).bad_index(row, value, columns).raise()
            }
        }
    };
    let id = list.push(op, inputs, meta, value);
    drop(list);
    tape.trap(id);
    Var::new(tape, id)
}

/// Row, value and number of columns of an index that names no column.
pub(crate) type OutOfRange = (usize, i64, usize);

/// The value of an op: a view of its operand's buffer, or a buffer of its own.
pub(crate) fn evaluate(
    list: &mut List,
    params: Option<&Params>,
    op: &Op,
    inputs: &Inputs,
    meta: &Meta,
) -> Result<Value, OutOfRange> {
    match view(list, op, inputs[0], meta) {
        Some(value) => Ok(value),
        None => compute(list, params, op, inputs, meta),
    }
}

/// The result's shape and dtype; a mismatch is the caller's mistake.
#[track_caller]
fn infer(list: &List, params: Option<&Params>, op: &Op, inputs: &Inputs) -> Meta {
    let metas: PerOperand<&Meta> = per_operand(inputs.iter().map(|&i| &list.node(i).meta));
    let rule = op.rule().expect("leaves are recorded by the tape");
    match rule.infer(&metas) {
        Ok(meta) => {
            check_size(&meta.shape);
            meta
        }
        Err(mismatch) => asked(list, params, op, inputs).misfit(&mismatch).raise(),
    }
}

fn asked<'a>(list: &'a List, params: Option<&'a Params>, op: &'a Op, operands: &'a Inputs) -> Asked<'a> {
    Asked { list, params, op: op.name(), labels: op.labels(), operands }
}

/// The result as a view of its first operand's buffer, where the op is a matter of layout.
fn view(list: &mut List, op: &Op, input: NodeId, meta: &Meta) -> Option<Value> {
    let x = list.node(input);
    let Layout { skip, strides } = op.rule()?.view(&x.meta, &x.value.strides)?;
    debug_assert_eq!(strides.len(), meta.shape.len());
    let (source, offset) = (x.value.source, x.value.offset.wrapping_add_signed(skip));
    Some(Value { source: list.pool.share(source), offset, strides })
}

fn compute(
    list: &mut List,
    params: Option<&Params>,
    op: &Op,
    inputs: &Inputs,
    meta: &Meta,
) -> Result<Value, OutOfRange> {
    let mut out = list.pool.take(meta.dtype, meta.shape.elements());
    let operands: PerOperand<Strided<'_>> = per_operand(inputs.iter().map(|&i| list.strided(i, params)));
    exec::check_indices(op, &operands)?;
    exec::run(op, &operands, exec::Outcome { shape: &meta.shape, dtype: meta.dtype }, &mut out);
    drop(operands);
    debug_assert_eq!(out.len(), meta.shape.elements(), "{}", op.name());
    Ok(list.pool.keep(out, meta.shape.strides()))
}

/// Refuses shapes that no memory can hold.
#[track_caller]
pub(crate) fn check_size(shape: &Shape) {
    if shape.len() > MAX_AXES {
        let axes = shape.len();
        Mistake::new(format!("shape {shape} has {axes} axes; at most {MAX_AXES} are possible")).raise();
    }
    shape.elements();
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
