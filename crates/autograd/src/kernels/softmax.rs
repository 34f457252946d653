//! Softmax and its logarithm along one axis.

use super::loops::{self, Lane};
use crate::dtype::Float;
use crate::ir::Unary;
use crate::math::ln;
use crate::number::Num;
use crate::tree;
use crate::view::View;

/// eˣⁱ⁻ᵐ / Σ eˣʲ⁻ᵐ with m = max x, so that no exponential overflows. `scratch` holds the differences.
pub(crate) fn softmax_row<T: Lane>(row: &mut [T], scratch: &mut Vec<T>) {
    shift_by_max(row);
    scratch.clear();
    scratch.extend_from_slice(row);
    loops::fill(T::unary(Unary::Exp), 0.0, [scratch], row);
    let total = tree::sum(row);
    row.iter_mut().for_each(|x| *x = *x / total);
}

/// xᵢ − m − ln Σ eˣʲ⁻ᵐ; `scratch` holds the exponentials.
pub(crate) fn log_softmax_row<T: Lane>(row: &mut [T], scratch: &mut Vec<T>) {
    shift_by_max(row);
    scratch.resize(row.len(), T::default());
    loops::fill(T::unary(Unary::Exp), 0.0, [row], scratch);
    let log_total = ln(Num(tree::sum(scratch))).0;
    row.iter_mut().for_each(|x| *x = *x - log_total);
}

fn shift_by_max<T: Lane>(row: &mut [T]) {
    let Some(&first) = row.first() else { return };
    let larger = |m: T, x: T| if x > m { x } else { m };
    // Eight side by side. Where one is NaN the sum of exponentials is too, whatever is subtracted.
    let mut lanes = [first; 8];
    for x in row.chunks(8) {
        lanes.iter_mut().zip(x).for_each(|(m, &x)| *m = larger(*m, x));
    }
    let max = lanes.into_iter().fold(first, larger);
    row.iter_mut().for_each(|x| *x = *x - max);
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
