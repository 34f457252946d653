//! Checks of indices, shared by the ops that take them.

use super::prelude::*;
use crate::ir::RavelIndex;
use crate::lists::IntoList;
use crate::record::check_memory;
use std::ops::Range;

/// As [`check`]; the reference loops use it.
pub(super) fn check_dense(index: &Dense, bound: usize) -> Result<(), Fault> {
    let outside = |i: i64| usize::try_from(i).map_or(true, |i| i >= bound);
    let mut all = indices(&index.meta.shape).zip(index.slice::<i64>());
    match all.find(|(_, value)| outside(**value)) {
        Some((position, &value)) => Err(Fault::Index { position, value, bound }),
        None => Ok(()),
    }
}

/// Refuses the first index, in row-major order, that is not within `0..bound`.
pub(super) fn check(index: &Strided<'_>, bound: usize) -> Result<(), Fault> {
    let within = |i: i64| usize::try_from(i).is_ok_and(|i| i < bound);
    let index = index.view::<i64>();
    if index.as_slice().is_some_and(|all| all.iter().all(|&i| within(i))) {
        return Ok(());
    }
    let value = |position: &[usize]| {
        let steps = position.iter().zip(index.strides).map(|(&i, &s)| i as isize * s).sum::<isize>();
        index.data[index.offset.wrapping_add_signed(steps)]
    };
    // A repeated index is looked at once, at the first of its places.
    let places: Vec<usize> =
        index.shape.iter().zip(index.strides).map(|(&d, &s)| if s == 0 { d.min(1) } else { d }).listed();
    match indices(&places).find(|position| !within(value(position))) {
        Some(position) => Err(Fault::Index { value: value(&position), position, bound }),
        None => Ok(()),
    }
}

/// The slices of an axis of a tensor in row-major order, each of `length` elements, `count` of them in each of `blocks`.
pub(super) struct Slices {
    pub(super) count: usize,
    blocks: usize,
    pub(super) length: usize,
}

impl Slices {
    pub(super) fn of(shape: &[usize], axis: Axis) -> Slices {
        let axis = usize::from(axis);
        let [blocks, length] = [&shape[..axis], &shape[axis + 1..]].map(|axes| axes.iter().product());
        Slices { count: shape[axis], blocks, length }
    }

    /// Calls `f` with the range of each slice that is indexed, in order, and with the range of as many elements in a tensor
    /// that has one slice per index.
    pub(super) fn each(&self, index: &[i64], mut f: impl FnMut(Range<usize>, Range<usize>)) {
        let mut next = 0;
        for block in 0..self.blocks {
            for &i in index {
                let start = (block * self.count + i as usize) * self.length;
                f(start..start + self.length, next..next + self.length);
                next += self.length;
            }
        }
    }
}

/// The indices of a batch, operand 1, along an axis on which the axes of all examples lie one after the other.
#[track_caller]
pub(super) fn places_of_each<'t>(batch: &Batch<'_, 't>, length: usize) -> Var<'t> {
    let index = batch.of_all(1);
    let (tape, shape) = (index.tape(), index.shape());
    check_memory("vmap", &Shape::from(batch.examples), DType::I64);
    let numbers = tape.constant((0..batch.examples as i64).collect::<Vec<i64>>());
    let column: Vec<usize> = (0..shape.len()).map(|axis| if axis == 0 { shape[0] } else { 1 }).collect();
    let numbers = numbers.reshape(column).broadcast_to(shape);
    record(RavelIndex { lengths: [batch.examples, length].into() }, &[numbers, index])
}

/// Checks the operand of indices along an axis of a tensor. It must have as many axes as the tensor and must not be longer
/// along any other axis.
pub(super) fn require_indices_along(axis: Axis, of: &Shape, index: &Meta) -> Result<(), Mismatch> {
    require_i64(1, index)?;
    if index.shape.len() != of.len() {
        let rule = format!("the index has as many axes as {of}, of which it names places along axis {axis}");
        return Err(
            Mismatch::new(rule).hint("`.unsqueeze(…)` and `.broadcast_to(…)` give the index its shape")
        );
    }
    let longer = (0..of.len()).find(|&k| k != usize::from(axis) && index.shape[k] > of[k]);
    match longer {
        Some(k) => Err(Mismatch::new(format!("the index is no longer than {of} along axis {k}"))),
        None => Ok(()),
    }
}

/// Checks the operand of indices, which has this number among the operands.
pub(super) fn require_i64(operand: usize, index: &Meta) -> Result<(), Mismatch> {
    if index.dtype == DType::I64 {
        return Ok(());
    }
    let rule = format!("the indices are I64, not {}", index.dtype);
    let hint = "record them as integers, such as `&[2i64, 0]`, or convert with `.cast(DType::I64)`";
    Err(Mismatch::new(rule).hint(hint).clash([Clash::DType(operand)]))
}
