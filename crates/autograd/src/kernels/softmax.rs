//! Softmax and its logarithm along one axis.

use crate::dtype::Float;
use crate::math::{exp, ln};
use crate::number::{Digits, Num};
use crate::tree;
use crate::view::View;

/// eˣⁱ⁻ᵐ / Σ eˣʲ⁻ᵐ with m = max x, so that no exponential overflows.
pub(crate) fn softmax_row<T: Float + Digits>(row: &mut [T]) {
    shift_by_max(row);
    row.iter_mut().for_each(|x| *x = exp(Num(*x)).0);
    let total = tree::sum(row);
    row.iter_mut().for_each(|x| *x = *x / total);
}

/// xᵢ − m − ln Σ eˣʲ⁻ᵐ; `scratch` holds the exponentials.
pub(crate) fn log_softmax_row<T: Float + Digits>(row: &mut [T], scratch: &mut Vec<T>) {
    shift_by_max(row);
    scratch.clear();
    scratch.extend(row.iter().map(|&x| exp(Num(x)).0));
    let log_total = ln(Num(tree::sum(scratch))).0;
    row.iter_mut().for_each(|x| *x = *x - log_total);
}

fn shift_by_max<T: Float + Digits>(row: &mut [T]) {
    if let Some(max) = row.iter().copied().reduce(|m, x| if x > m { x } else { m }) {
        row.iter_mut().for_each(|x| *x = *x - max);
    }
}

/// Applies `f` to each row along `axis`, and writes the result to `out` in row-major order.
pub(crate) fn along<T: Float>(x: View<'_, T>, axis: usize, out: &mut [T], f: &mut dyn FnMut(&mut [T])) {
    super::copy(x, out);
    let length = x.shape[axis];
    let inner: usize = x.shape[axis + 1..].iter().product();
    if out.is_empty() {
        return;
    }
    if inner == 1 {
        out.chunks_exact_mut(length).for_each(f);
        return;
    }
    let mut row = Vec::with_capacity(length);
    for block in out.chunks_exact_mut(length * inner) {
        for j in 0..inner {
            row.clear();
            row.extend((0..length).map(|i| block[i * inner + j]));
            f(&mut row);
            for (i, &y) in row.iter().enumerate() {
                block[i * inner + j] = y;
            }
        }
    }
}
