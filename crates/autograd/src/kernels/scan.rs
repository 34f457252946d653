//! Running sums along an axis.

use crate::dtype::Float;
use crate::view::View;

/// `out[…, i, …] = Σ x[…, j, …]` over j ≤ i, or over j ≥ i if `reverse`. Terms are added one by one, from the first end or, if
/// `reverse`, from the last.
pub(crate) fn cumsum<T: Float>(x: View<'_, T>, axis: usize, reverse: bool, out: &mut [T]) {
    super::copy(x, out);
    let (length, inner) = (x.shape[axis], x.shape[axis + 1..].iter().product::<usize>());
    if out.is_empty() {
        return;
    }
    // Along the axis lie rows of `inner` numbers. To each row the one before is added.
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
