//! Strided views of slices: the operands that kernels read.

/// A strided view of a slice: element (i₀, i₁, …) is `data[offset + Σ iₖ·strides[k]]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) offset: usize,
    pub(crate) shape: &'a [usize],
    pub(crate) strides: &'a [isize],
}

impl<'a, T: Copy> View<'a, T> {
    /// The elements as a slice, if the view is contiguous (in row-major order without gaps).
    pub(crate) fn as_slice(&self) -> Option<&'a [T]> {
        if self.shape.contains(&0) {
            return Some(&[]);
        }
        let mut next = 1;
        for (&d, &s) in self.shape.iter().zip(self.strides).rev() {
            if d != 1 {
                if s != next {
                    return None;
                }
                next *= d as isize;
            }
        }
        Some(&self.data[self.offset..self.offset + next as usize])
    }

    /// Whether every element lies within the slice. For views that have elements.
    #[inline]
    pub(crate) fn is_within(&self) -> bool {
        let (low, high) = self.ends();
        low >= 0 && high < self.data.len() as isize
    }

    /// The part of the slice from the lowest offset of the view to the highest, including gaps.
    pub(crate) fn span(&self) -> &'a [T] {
        let (low, high) = self.ends();
        if self.shape.contains(&0) { &[] } else { &self.data[low as usize..=high as usize] }
    }

    /// The lowest and the highest offset of a view that has elements.
    #[inline]
    fn ends(&self) -> (isize, isize) {
        let (mut low, mut high) = (self.offset as isize, self.offset as isize);
        for (&length, &stride) in self.shape.iter().zip(self.strides) {
            let end = (length as isize - 1) * stride;
            low += end.min(0);
            high += end.max(0);
        }
        (low, high)
    }

    /// The row, if the view repeats one contiguous row, as a bias that is broadcast to a batch does. A number is a row of one.
    pub(crate) fn as_repeated_row(&self) -> Option<&'a [T]> {
        let lead = self.strides.iter().take_while(|s| **s == 0).count();
        let (shape, strides) = (&self.shape[lead..], &self.strides[lead..]);
        View { shape, strides, ..*self }.as_slice().filter(|row| !row.is_empty() && lead > 0)
    }

    /// The values and how often each comes in turn, if they are contiguous, as a factor for each row of a batch is.
    pub(crate) fn as_stretched(&self) -> Option<(&'a [T], usize)> {
        let kept = self.strides.iter().rposition(|s| *s != 0)? + 1;
        let times = self.shape[kept..].iter().product();
        let (shape, strides) = (&self.shape[..kept], &self.strides[..kept]);
        Some((View { shape, strides, ..*self }.as_slice().filter(|_| times > 0)?, times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_contiguous_views_are_slices() {
        let data = [0, 1, 2, 3, 4, 5, 6];
        let slice = |shape: &[usize], strides: &[isize]| {
            View { data: &data, offset: 1, shape, strides }.as_slice().map(<[i32]>::to_vec)
        };
        assert_eq!(slice(&[2, 3], &[3, 1]), Some(vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(slice(&[2, 1, 3], &[3, 99, 1]), Some(vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(slice(&[], &[]), Some(vec![1]));
        assert_eq!(slice(&[0, 2], &[5, 5]), Some(vec![]));
        assert_eq!(slice(&[3, 2], &[1, 3]), None);
        assert_eq!(slice(&[2, 2], &[3, 1]), None);
        assert_eq!(slice(&[4], &[0]), None);
    }

    #[test]
    fn a_repeated_row_is_found_under_leading_broadcasts() {
        let data = [0, 1, 2, 3];
        let row = |shape: &[usize], strides: &[isize]| {
            View { data: &data, offset: 1, shape, strides }.as_repeated_row().map(<[i32]>::to_vec)
        };
        assert_eq!(row(&[5, 3], &[0, 1]), Some(vec![1, 2, 3]));
        assert_eq!(row(&[2, 5, 3], &[0, 0, 1]), Some(vec![1, 2, 3]));
        assert_eq!(row(&[3], &[1]), None, "nothing is repeated");
        assert_eq!(row(&[5, 3], &[0, 0]), Some(vec![1]), "a number");
        assert_eq!(row(&[3, 5], &[1, 0]), None, "a column");
    }
}
