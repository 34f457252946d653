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

/// An operand of a kernel that writes to a memory: as a view of its own memory, or of its reach alone in that one, where
/// the result lies beside it.
///
/// # Safety
/// The operand is one of a verified plan, and the memories are those that the plan runs in. Nobody writes to the operand
/// while the view is in use, nor to its memory unless it is the one that is written.
#[inline(always)]
pub(super) unsafe fn view<'a, T: Element>(bases: &Bases, x: &'a Operand, written: u32) -> View<'a, T> {
    let (shape, strides) = (&x.shape[..], &x.strides[..]);
    if x.home == written {
        // SAFETY: the caller's promise.
        return unsafe { reach(bases, x) };
    }
    // SAFETY: the memory has a place and as many elements; the caller's promise.
    let data = unsafe { std::slice::from_raw_parts(bases.first(x.home), bases.elements(x.home)) };
    View { data, offset: x.offset, shape, strides }
}

/// From its first element to its last.
///
/// # Safety
/// As for [`view`].
#[inline(never)]
unsafe fn reach<'a, T: Element>(bases: &Bases, x: &'a Operand) -> View<'a, T> {
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

/// As [`view`], of any type.
///
/// # Safety
/// As for [`view`].
#[inline]
pub(super) unsafe fn strided<'a>(bases: &Bases, x: &'a Operand, written: u32) -> Strided<'a> {
    with_type!(x.dtype, T => {
        // SAFETY: the caller's promise.
        let View { data, offset, shape, strides } = unsafe { view::<T>(bases, x, written) };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;
    use crate::dtype::{DType, DataRef};
    use crate::shape::Strides;

    /// Read backwards: from elements 5 to 2 of a memory, of which others are written.
    #[test]
    fn a_view_reaches_no_further_than_its_elements_where_the_result_lies_beside_it() {
        let data: Vec<f64> = (0..8).map(f64::from).collect();
        let mut bases = Bases::new([(DType::F64, 8)].into_iter());
        bases.set(0, DataRef::F64(&data));
        let backwards = |shape: &[usize]| Operand {
            home: 0,
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
