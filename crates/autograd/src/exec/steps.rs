//! The steps of a loop, as its executors see them.

use crate::buffers::Strided;
use crate::dtype::{DType, Data, DataRef, Storable, with_type};
use crate::ir::{Piece, Scan};
use crate::kernels::elementwise;
use crate::view::View;

/// The parts of a loop's result: what they follow from, and what they are. They are kept from run to run.
#[derive(Debug)]
pub(super) struct Parts {
    of: (DType, usize),
    pub(super) pieces: Vec<Piece>,
}

impl Parts {
    pub(super) fn new(scan: &Scan) -> Parts {
        Parts { of: (scan.part, scan.steps), pieces: scan.pieces() }
    }

    /// Whether they are those of this loop, which has the same body.
    pub(super) fn are_of(&self, scan: &Scan) -> bool {
        self.of == (scan.part, scan.steps)
    }
}

/// Copies an operand that is not contiguous, so that [`contiguous`] finds it.
pub(super) fn stage(x: &Strided<'_>, staged: &mut Data) {
    with_type!(x.dtype(), T => {
        let view = x.view::<T>();
        if view.as_slice().is_none() {
            let values = T::vec(staged);
            values.clear();
            values.resize(x.shape.iter().product(), T::default());
            elementwise::copy(view, values);
        }
    })
}

/// Copies the transpose of a matrix.
pub(super) fn stage_turned(x: &Strided<'_>, staged: &mut Data) {
    let (shape, strides) = ([x.shape[1], x.shape[0]], [x.strides[1], x.strides[0]]);
    with_type!(x.dtype(), T => {
        let values = T::vec(staged);
        values.resize(shape[0] * shape[1], T::default());
        elementwise::copy(View { shape: &shape, strides: &strides, ..x.view::<T>() }, values);
    })
}

/// The elements of an operand in row-major order: where they are, or in a copy.
pub(super) fn contiguous<'a>(x: &Strided<'a>, staged: &'a Data) -> DataRef<'a> {
    with_type!(x.dtype(), T => x.view::<T>().as_slice().map_or(staged.borrow(), T::share))
}
