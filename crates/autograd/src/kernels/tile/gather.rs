//! Copies elements: a range of a strided view, in row-major order, or elements that lie side by side.

#![expect(
    unsafe_code,
    reason = "reads by strides that the planner's verifier has checked against the memory"
)]

use crate::tree::LANES;
use smallvec::SmallVec;

/// Fills `to` with f of the view's elements, starting with element `start` in row-major order.
///
/// # Safety
/// Every element of the view lies within the memory that `from` points into, and the view has at least
/// `start + to.len()` elements.
#[inline(always)]
pub(super) unsafe fn gather<A: Copy, T: Copy>(
    from: *const A,
    shape: &[usize],
    strides: &[isize],
    start: usize,
    to: &mut [T],
    f: impl Fn(A) -> T,
) {
    let Some((&length, outer)) = shape.split_last() else {
        // SAFETY: a view without axes has one element, at its start.
        return to.fill(f(unsafe { *from }));
    };
    let step = strides[outer.len()];
    let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, outer.len());
    let (mut line, mut column) = (start / length, start % length);
    let mut at = 0isize;
    for axis in (0..outer.len()).rev() {
        index[axis] = line % outer[axis];
        line /= outer[axis];
        at += index[axis] as isize * strides[axis];
    }
    let mut filled = 0;
    while filled < to.len() {
        let n = (length - column).min(to.len() - filled);
        let part = &mut to[filled..filled + n];
        // SAFETY: these are n elements of one innermost row of the view.
        unsafe {
            let from = from.offset(at + column as isize * step);
            match step {
                1 => {
                    let line = std::slice::from_raw_parts(from, n);
                    for (y, &x) in part.iter_mut().zip(line) {
                        *y = f(x);
                    }
                }
                0 => part.fill(f(*from)),
                // Known steps, those of narrow matrices: the compiler makes vectors of them.
                2 => each(from, 2, part, &f),
                3 => each(from, 3, part, &f),
                4 => each(from, 4, part, &f),
                _ => each(from, step, part, &f),
            }
        }
        filled += n;
        column = 0;
        for axis in (0..outer.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < outer[axis] {
                break;
            }
            at -= index[axis] as isize * strides[axis];
            index[axis] = 0;
        }
    }
}

/// Fills `to` with f of elements that are `step` apart.
///
/// # Safety
/// The elements lie within the memory that `from` points into.
#[inline(always)]
unsafe fn each<A: Copy, T>(from: *const A, step: isize, to: &mut [T], f: &impl Fn(A) -> T) {
    for (i, y) in to.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *y = f(unsafe { *from.offset(i as isize * step) });
    }
}

/// Copies elements. Fewer than [`LANES`] are copied without a call.
///
/// # Safety
/// As `std::ptr::copy_nonoverlapping`.
#[inline(always)]
pub(super) unsafe fn copy<T: Copy>(mut from: *const T, mut to: *mut T, n: usize) {
    if n >= LANES {
        // SAFETY: the caller's promise.
        return unsafe { std::ptr::copy_nonoverlapping(from, to, n) };
    }
    macro_rules! few {
        ($($count:literal)*) => {
            $(if n & $count != 0 {
                // SAFETY: the copied parts follow each other, and the bits of `n` add up to n elements.
                unsafe {
                    *to.cast::<[T; $count]>() = *from.cast();
                    (from, to) = (from.add($count), to.add($count));
                }
            })*
        };
    }
    const { assert!(LANES == 16) };
    few! { 8 4 2 1 }
    let _ = (from, to);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_of_a_view_is_what_its_walk_gives() {
        let data: Vec<f32> = (0..60).map(|i| i as f32).collect();
        for (shape, strides) in [
            (vec![3, 4, 5], vec![20, 5, 1]),
            (vec![5, 4, 3], vec![1, 5, 20]),
            (vec![2, 3, 4], vec![0, 1, 0]),
            (vec![6], vec![10]),
            (vec![20], vec![2]),
            (vec![3, 10], vec![1, 3]),
            (vec![15], vec![4]),
            (vec![], vec![]),
        ] {
            let all: Vec<f32> = crate::dense::indices(&shape)
                .map(|i| data[i.iter().zip(&strides).map(|(i, s)| i * *s as usize).sum::<usize>()])
                .collect();
            for start in 0..all.len() {
                for n in 0..=all.len() - start {
                    let mut to = vec![-1.0; n];
                    // SAFETY: every element of these views is one of the 60.
                    unsafe { gather(data.as_ptr(), &shape, &strides, start, &mut to, |x| x) };
                    assert_eq!(to, all[start..start + n]);
                }
            }
        }
    }
}
