//! The fast loops. They see slices, shapes and strides only.

pub(crate) mod elementwise;
pub(crate) mod index;
pub(crate) mod matmul;
pub(crate) mod rows;
pub(crate) mod simd;
pub(crate) mod softmax;
pub(crate) mod sum;

/// A strided view of a slice: element (i₀, i₁, …) is `data[offset + Σ iₖ·strides[k]]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) offset: usize,
    pub(crate) shape: &'a [usize],
    pub(crate) strides: &'a [isize],
}

impl<'a, T: Copy> View<'a, T> {
    /// The elements as a slice, where they lie in row-major order without gaps.
    pub(crate) fn as_slice(&self) -> Option<&'a [T]> {
        let mut next = 1;
        for (&d, &s) in self.shape.iter().zip(self.strides).rev() {
            if d == 0 {
                return Some(&[]);
            }
            if d != 1 {
                if s != next {
                    return None;
                }
                next *= d as isize;
            }
        }
        Some(&self.data[self.offset..self.offset + next as usize])
    }

    /// Appends the elements in row-major order.
    pub(crate) fn copy_to(&self, out: &mut Vec<T>) {
        elementwise::map1(*self, out, |x| x);
    }
}
