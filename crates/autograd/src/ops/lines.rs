//! Lines of elements along an axis of a tensor in row-major order.

use super::prelude::*;
use crate::dtype::Element;
use std::borrow::Cow;

/// The lines along one axis. The elements of a line are `step` apart.
pub(super) struct Lines {
    pub(super) length: usize,
    pub(super) step: usize,
    count: usize,
}

impl Lines {
    pub(super) fn of(shape: &[usize], axis: Axis) -> Lines {
        let axis = usize::from(axis);
        let [outer, step] = [&shape[..axis], &shape[axis + 1..]].map(|axes| axes.iter().product::<usize>());
        Lines { length: shape[axis], step, count: outer * step }
    }

    /// The offset of the first element of each line.
    pub(super) fn starts(&self) -> impl Iterator<Item = usize> + use<> {
        let (step, block) = (self.step, self.length * self.step);
        (0..self.count).map(move |i| i / step * block + i % step)
    }
}

/// The elements in row-major order: as they lie, or copied.
pub(super) fn contiguous<'a, T: Element>(x: &Strided<'a>) -> Cow<'a, [T]> {
    let view = x.view::<T>();
    match view.as_slice() {
        Some(elements) => Cow::Borrowed(elements),
        None => {
            let mut elements = vec![T::default(); x.shape.iter().product()];
            kernels::copy(view, &mut elements);
            Cow::Owned(elements)
        }
    }
}
