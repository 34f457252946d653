//! Memory views of a plan as views and slices of the memories themselves.

#![expect(
    unsafe_code,
    reason = "the operands of one kernel may lie in one memory, so slices are made from addresses and lengths"
)]

use crate::Element;
use crate::buffers::Strided;
use crate::code::MemoryView;
use crate::dtype::{Storable, with_type};
use crate::kernels::bases::Bases;
use crate::view::View;

/// An operand of a kernel that writes the memory `written`. The result is a view of the operand's whole memory. But if that is
/// `written`, the result is a view of the operand's span alone, because the result lies in the same memory.
///
/// # Safety
/// The operand is part of a verified plan, and `bases` are the memories that the plan runs in. While the view is in use, nobody
/// writes the operand, and nobody writes its memory unless that is `written`.
#[inline(always)]
pub(super) unsafe fn view<'a, T: Element>(bases: &Bases, x: &'a MemoryView, written: u32) -> View<'a, T> {
    let (shape, strides) = (&x.shape[..], &x.strides[..]);
    if x.memory == written {
        // SAFETY: the caller's promise.
        return unsafe { span(bases, x) };
    }
    // SAFETY: the address of the memory is set, and it has so many elements; the caller's promise.
    let data = unsafe { std::slice::from_raw_parts(bases.first(x.memory), bases.elements(x.memory)) };
    View { data, offset: x.offset, shape, strides }
}

/// The view of an operand's span: from the lowest to the highest address of its elements.
///
/// # Safety
/// As for [`view`].
#[inline(never)]
unsafe fn span<'a, T: Element>(bases: &Bases, x: &'a MemoryView) -> View<'a, T> {
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

/// As [`view`], for any type.
///
/// # Safety
/// As for [`view`].
#[inline]
pub(super) unsafe fn strided<'a>(bases: &Bases, x: &'a MemoryView, written: u32) -> Strided<'a> {
    with_type!(x.dtype, T => {
        // SAFETY: the caller's promise.
        let View { data, offset, shape, strides } = unsafe { view::<T>(bases, x, written) };
        Strided { data: T::share(data), offset, shape, strides }
    })
}

/// The elements of a result, to be written.
///
/// # Safety
/// The result is part of a verified plan, and `bases` are the memories that the plan runs in, so its elements exist. Nobody
/// else reads or writes them while they are borrowed.
pub(super) unsafe fn whole<'a, T: Element>(bases: &Bases, y: &MemoryView) -> &'a mut [T] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(bases.start::<T>(y), y.shape.elements()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;
    use crate::dtype::{DType, DataRef};
    use crate::shape::Strides;

    /// The operand is read backwards, from element 5 to element 2.
    #[test]
    fn a_view_reaches_no_further_than_its_elements_where_the_result_lies_beside_it() {
        let data: Vec<f64> = (0..8).map(f64::from).collect();
        let mut bases = Bases::new([(DType::F64, 8)].into_iter());
        bases.set(0, DataRef::F64(&data));
        let backwards = |shape: &[usize]| MemoryView {
            memory: 0,
            offset: 5,
            dtype: DType::F64,
            shape: Shape::from(shape),
            strides: Strides::from([-1]),
        };
        for (written, wanted) in [(0, &data[2..6]), (1, &data[..])] {
            let x = backwards(&[4]);
            // SAFETY: the elements lie within the memory, and nobody writes.
            let view = unsafe { view::<f64>(&bases, &x, written) };
            assert_eq!((view.data, view.data[view.offset]), (wanted, 5.0));
        }
        let x = backwards(&[0]);
        // SAFETY: no elements are read.
        assert!(unsafe { view::<f64>(&bases, &x, 0) }.data.is_empty());
    }
}
