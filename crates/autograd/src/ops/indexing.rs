//! What ops that take indices have in common.

use super::prelude::*;

/// As [`check`], for the oracle.
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
    match indices(index.shape).find(|position| !within(value(position))) {
        Some(position) => Err(Fault::Index { value: value(&position), position, bound }),
        None => Ok(()),
    }
}
