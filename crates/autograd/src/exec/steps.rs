//! The steps of a loop, as its executors see them.

use crate::buffers::Strided;
use crate::dtype::{Data, DataRef, Storable, with_type};
use crate::ir::{Piece, Ports};
use crate::kernels::elementwise;

/// The steps of a loop: the arguments and results of its body, the parts of its result, and the order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps<'a> {
    pub(crate) ports: Ports,
    pub(crate) pieces: &'a [Piece],
    pub(crate) count: usize,
    pub(crate) reverse: bool,
}

impl Steps<'_> {
    pub(super) fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let (count, reverse) = (self.count, self.reverse);
        (0..count).map(move |s| if reverse { count - 1 - s } else { s })
    }
}

/// The elements of an operand in row-major order: where they are, or in a copy.
pub(super) fn contiguous<'a>(x: &Strided<'a>, staged: &'a mut Data) -> DataRef<'a> {
    with_type!(x.dtype(), T => {
        let view = x.view::<T>();
        match view.as_slice() {
            Some(values) => T::share(values),
            None => {
                let values = T::vec(staged);
                values.clear();
                values.resize(x.shape.iter().product(), T::default());
                elementwise::copy(view, values);
                T::share(values)
            }
        }
    })
}
