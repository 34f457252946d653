//! The steps of a loop, as its executors see them.

use crate::buffers::Strided;
use crate::dtype::{DType, Data, DataRef, Storable, with_type};
use crate::ir::{Piece, Scan};
use crate::kernels::elementwise;

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

/// The elements of an operand in row-major order: where they are, or in a copy.
pub(super) fn contiguous<'a>(x: &Strided<'a>, staged: &'a Data) -> DataRef<'a> {
    with_type!(x.dtype(), T => x.view::<T>().as_slice().map_or(staged.borrow(), T::share))
}
