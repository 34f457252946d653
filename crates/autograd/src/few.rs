//! Short lists that every node holds: lengths, strides, axes, operands.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A list that holds up to `N` elements inline, and more in a box. An inline list is copied and compared with all its `N`
/// elements, whatever its length: that costs less than a call that copies exactly as many as there are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Few<T, const N: usize> {
    /// The length and the elements. Unused elements hold the default.
    Inline(u8, [T; N]),
    /// More than `N` elements. Two boxes, so that those that are rare make no list larger.
    Boxed(Box<Box<[T]>>),
}

impl<T: Copy + Default, const N: usize> Few<T, N> {
    #[inline]
    pub(crate) fn new() -> Few<T, N> {
        Few::Inline(0, [T::default(); N])
    }

    /// `n` times the same element.
    #[inline]
    pub(crate) fn repeat(x: T, n: usize) -> Few<T, N> {
        Few::from_fn(n, |_| x)
    }

    /// The results of `f` for each index. `f` is called from the last index to the first. The loop over inline elements has a
    /// fixed length, so it is unrolled and the list is made in registers.
    #[inline]
    pub(crate) fn from_fn(n: usize, mut f: impl FnMut(usize) -> T) -> Few<T, N> {
        if n > N {
            let mut all = vec![T::default(); n];
            all.iter_mut().enumerate().rev().for_each(|(i, x)| *x = f(i));
            return Few::Boxed(Box::new(all.into()));
        }
        let mut elements = [T::default(); N];
        for i in (0..N).rev() {
            if i < n {
                elements[i] = f(i);
            }
        }
        Few::Inline(n as u8, elements)
    }

    #[inline]
    pub(crate) fn push(&mut self, x: T) {
        match self {
            Few::Inline(n, elements) if usize::from(*n) < N => {
                elements[usize::from(*n)] = x;
                *n += 1;
            }
            _ => self.push_boxed(x),
        }
    }

    #[cold]
    fn push_boxed(&mut self, x: T) {
        *self = Few::Boxed(Box::new(self.iter().copied().chain([x]).collect()));
    }
}

impl<T, const N: usize> Deref for Few<T, N> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Few::Inline(n, elements) => &elements[..usize::from(*n)],
            Few::Boxed(all) => all,
        }
    }
}

impl<T, const N: usize> DerefMut for Few<T, N> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Few::Inline(n, elements) => &mut elements[..usize::from(*n)],
            Few::Boxed(all) => all,
        }
    }
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Few<T, N> {
        Few::new()
    }
}

impl<T: Copy + Default, const N: usize> FromIterator<T> for Few<T, N> {
    #[inline]
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Few<T, N> {
        let mut all = Few::new();
        for x in items {
            all.push(x);
        }
        all
    }
}

impl<T: Copy + Default, const N: usize> From<&[T]> for Few<T, N> {
    #[inline]
    fn from(items: &[T]) -> Few<T, N> {
        Few::from_fn(items.len(), |i| items[i])
    }
}

impl<T: Copy + Default, const N: usize, const K: usize> From<[T; K]> for Few<T, N> {
    #[inline]
    fn from(items: [T; K]) -> Few<T, N> {
        Few::from_fn(K, |i| items[i])
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a Few<T, N> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for Few<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_and_boxed_lists_behave_alike() {
        let mut grown: Few<u8, 4> = Few::new();
        for n in 0..9 {
            let whole: Few<u8, 4> = (0..n).collect();
            assert_eq!((&grown, grown.len(), matches!(grown, Few::Inline(..))), (&whole, n as usize, n <= 4));
            assert_eq!(grown.clone()[..], (0..n).collect::<Vec<_>>());
            grown.push(n);
        }
        grown[8] = 1;
        assert_ne!(grown, (0..9).collect());
    }

    #[test]
    fn equality_does_not_depend_on_how_a_list_was_made() {
        let (mut a, b) = (Few::<u8, 4>::from([1, 2]), Few::<u8, 4>::from([1, 2, 0]));
        assert_ne!(a, b);
        a.push(0);
        assert_eq!(a, b);
        assert_eq!(Few::<u8, 4>::repeat(3, 6)[..], [3; 6]);
    }
}
