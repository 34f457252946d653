//! Recording: shape rule, value, node. The one place where the list, the rules and the kernels meet.

use crate::buffers::{Strided, Value};
use crate::dtype::DType;
use crate::exec;
use crate::ir::{Inputs, Meta, NodeId, Op, PerOperand, per_operand};
use crate::op::Mismatch;
use crate::params::Params;
use crate::shape::{Layout, Shape};
use crate::tape::{List, Tape};
use crate::var::Var;

/// More axes than anybody uses, few enough to be counted in a byte.
const MAX_AXES: usize = 64;

/// Records `op` on `x`.
#[track_caller]
pub(crate) fn record<'t>(op: impl Into<Op>, x: &[Var<'t>]) -> Var<'t> {
    let (op, tape) = (op.into(), x[0].tape());
    let inputs: Inputs = per_operand(x.iter().map(|v| v.id()));
    check_same_tape(&op, x);
    let mut list = tape.list_mut();
    let list = &mut *list;
    let meta = infer(list, &op, &inputs);
    let value = if list.is_traced() {
        Value::nowhere()
    } else {
        match view(list, &op, inputs[0], &meta) {
            Some(value) => value,
            None => compute(list, tape.params(), &op, &inputs, &meta),
        }
    };
    Var::new(tape, list.push(op, inputs, meta, value))
}

/// The result's shape and dtype; a mismatch is the caller's mistake.
#[track_caller]
fn infer(list: &List, op: &Op, inputs: &Inputs) -> Meta {
    let metas: PerOperand<&Meta> = per_operand(inputs.iter().map(|&i| &list.node(i).meta));
    let rule = op.rule().expect("leaves are recorded by the tape");
    match rule.infer(&metas) {
        Ok(meta) => {
            check_size(&meta.shape);
            meta
        }
        Err(mismatch) => panic!("{}", explain(op, &metas, &mismatch)),
    }
}

/// The result as a view of its first operand's buffer, where the op is a matter of layout.
fn view(list: &mut List, op: &Op, input: NodeId, meta: &Meta) -> Option<Value> {
    let x = list.node(input);
    let Layout { skip, strides } = op.rule()?.view(&x.meta, &x.value.strides)?;
    debug_assert_eq!(strides.len(), meta.shape.len());
    let (source, offset) = (x.value.source, x.value.offset.wrapping_add_signed(skip));
    Some(Value { source: list.pool.share(source), offset, strides })
}

#[track_caller]
fn compute(list: &mut List, params: Option<&Params>, op: &Op, inputs: &Inputs, meta: &Meta) -> Value {
    let mut out = list.pool.take(meta.dtype, meta.shape.elements());
    let operands: PerOperand<Strided<'_>> = per_operand(inputs.iter().map(|&i| list.strided(i, params)));
    exec::check_values(op, &operands);
    exec::run(op, &operands, exec::Outcome { shape: &meta.shape, dtype: meta.dtype }, &mut out);
    drop(operands);
    debug_assert_eq!(out.len(), meta.shape.elements(), "{}", op.name());
    list.pool.keep(out, meta.shape.strides())
}

/// Refuses shapes that no memory can hold.
#[track_caller]
pub(crate) fn check_size(shape: &Shape) {
    assert!(
        shape.len() <= MAX_AXES,
        "shape {shape} has {} axes; at most {MAX_AXES} are possible",
        shape.len()
    );
    shape.elements();
}

#[track_caller]
fn check_same_tape(op: &Op, x: &[Var<'_>]) {
    for v in &x[1..] {
        assert!(
            std::ptr::eq(x[0].tape().address(), v.tape().address()),
            "{}: the operands are on different tapes\n  rule: a computation is recorded on one tape\n  \
             hint: record the value anew with `tape.constant(…)`",
            op.name()
        );
    }
}

/// The text of a shape or dtype error.
fn explain(op: &Op, x: &[&Meta], mismatch: &Mismatch) -> String {
    let operands: Vec<String> = x.iter().map(|m| format!("{} {}", m.shape, m.dtype)).collect();
    let mut text =
        format!("{}: operands {} do not fit\n  rule: {}", op.name(), operands.join(" and "), mismatch.rule);
    if let Some(hint) = mismatch.hint {
        text += "\n  hint: ";
        text += hint;
    }
    text
}

/// Refuses dtypes that have no derivatives.
pub(crate) fn require_float(x: &[&Meta]) -> Result<DType, Mismatch> {
    let first = x[0].dtype;
    if let Some(other) = x.iter().find(|m| !m.dtype.is_float()) {
        let rule = format!("the op is defined on F32 and F64, not on {}", other.dtype);
        return Err(Mismatch::new(rule).hint("convert with `.cast(DType::F64)`"));
    }
    if x.iter().any(|m| m.dtype != first) {
        return Err(Mismatch::new("all operands have the same dtype; dtypes never mix silently")
            .hint("convert one side with `.cast(…)`"));
    }
    Ok(first)
}

impl Tape<'_> {
    /// Where the tape is: two `Var`s with different addresses are on different tapes.
    pub(crate) fn address(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }
}
