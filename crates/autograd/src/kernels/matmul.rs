//! The product of two matrices, behind one function.

use super::View;
use crate::dtype::Float;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar, ShapeBuilder};

/// Products of fewer multiplications are done by plain loops: a packed kernel costs more than it saves.
const PACKED_FROM: usize = 256;

/// `out = a·b` for a of [m, k] and b of [k, n] with any strides; transposes need no copy.
pub(crate) fn matmul<T: Float + LinalgScalar>(a: View<'_, T>, b: View<'_, T>, out: &mut Vec<T>) {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1]);
    if m * n == 0 {
        return;
    }
    if m * k * n < PACKED_FROM {
        return plain(a, b, out);
    }
    out.resize(m * n, T::default());
    let mut c = ArrayViewMut2::from_shape((m, n), out).expect("m·n elements");
    ndarray::linalg::general_mat_mul(T::one(), &array(a), &array(b), T::zero(), &mut c);
}

/// One dot product per element, from the first term to the last.
fn plain<T: Float + LinalgScalar>(a: View<'_, T>, b: View<'_, T>, out: &mut Vec<T>) {
    let at = |v: &View<'_, T>, i: usize, j: usize| {
        v.data[v.offset.wrapping_add_signed(i as isize * v.strides[0] + j as isize * v.strides[1])]
    };
    for i in 0..a.shape[0] {
        for j in 0..b.shape[1] {
            let mut sum = T::zero();
            for p in 0..a.shape[1] {
                sum = sum + at(&a, i, p) * at(&b, p, j);
            }
            out.push(sum);
        }
    }
}

fn array<'a, T: Float>(v: View<'a, T>) -> ArrayView2<'a, T> {
    let shape = (v.shape[0], v.shape[1]);
    let strides = (v.strides[0] as usize, v.strides[1] as usize);
    ArrayView2::from_shape(shape.strides(strides), &v.data[v.offset..])
        .expect("a view lies within its buffer")
}
