//! Running sums along an axis.

use crate::dtype::Float;
use crate::view::View;

/// `out[…, i, …] = Σ x[…, j, …]` over j ≤ i, or over j ≥ i in `reverse`, added one after the other from that end.
pub(crate) fn cumsum<T: Float>(x: View<'_, T>, axis: usize, reverse: bool, out: &mut [T]) {
    super::copy(x, out);
    let (length, inner) = (x.shape[axis], x.shape[axis + 1..].iter().product::<usize>());
    if out.is_empty() {
        return;
    }
    // Rows of `inner` numbers follow each other along the axis: each becomes its sum with the one before.
    for block in out.chunks_exact_mut(length * inner) {
        for i in 1..length {
            let (at, before) = if reverse { (length - 1 - i, length - i) } else { (i, i - 1) };
            let (low, high) = block.split_at_mut(at.max(before) * inner);
            let (low, high) = (&mut low[at.min(before) * inner..][..inner], &mut high[..inner]);
            let (y, sum) = if reverse { (low, high) } else { (high, low) };
            y.iter_mut().zip(sum).for_each(|(y, sum)| *y = *sum + *y);
        }
    }
}
