//! Operands of a plan, as views and slices of the memories that they name.

#![expect(
    unsafe_code,
    reason = "the operands of one kernel may lie in one memory: slices are made of starts and lengths"
)]

use crate::Element;
use crate::buffers::Strided;
use crate::code::Operand;
use crate::dtype::{Storable, with_type};
use crate::kernels::bases::Bases;
use crate::view::View;

/// An operand as a view. Its slice reaches from its first element to its last and no further: the result of the same
/// kernel may lie in the same memory beside it.
///
/// # Safety
/// The operand is one of a verified plan, and the memories are those that the plan runs in. Nobody writes to the operand
/// while the view is in use.
pub(super) unsafe fn view<'a, T: Element>(bases: &Bases, x: &'a Operand) -> View<'a, T> {
    let (shape, strides) = (&x.shape[..], &x.strides[..]);
    if shape.contains(&0) {
        return View { data: &[], offset: 0, shape, strides };
    }
    let (mut below, mut above) = (0, 0);
    for (&length, &stride) in shape.iter().zip(strides) {
        let end = (length as isize - 1) * stride;
        below -= end.min(0);
        above += end.max(0);
    }
    let first = bases.start::<T>(x).wrapping_offset(-below);
    // SAFETY: a verified operand lies within its memory, from its first element to its last; the caller's promise.
    let data = unsafe { std::slice::from_raw_parts(first, (below + above) as usize + 1) };
    View { data, offset: below as usize, shape, strides }
}

/// The same, of any type.
///
/// # Safety
/// As for [`view`].
pub(super) unsafe fn strided<'a>(bases: &Bases, x: &'a Operand) -> Strided<'a> {
    with_type!(x.dtype, T => {
        // SAFETY: the caller's promise.
        let View { data, offset, shape, strides } = unsafe { view::<T>(bases, x) };
        Strided { data: T::share(data), offset, shape, strides }
    })
}

/// The elements of a result, to be written.
///
/// # Safety
/// The result is one of a verified plan, and the memories are those that the plan runs in: then so many elements lie there.
/// Nobody else reads or writes a part of them while they are borrowed.
pub(super) unsafe fn whole<'a, T: Element>(bases: &Bases, y: &Operand) -> &'a mut [T] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(bases.start::<T>(y), y.shape.elements()) }
}
