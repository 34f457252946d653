//! Short lists that every node holds: lengths, strides, axes, operands.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A list whose first `N` places lie in itself. While it is no longer than that, it is copied and compared as a whole, in a
/// few words and without a look at its length, which costs less than a call that copies exactly what is there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Few<T, const N: usize> {
    /// How many, and the places: those beyond hold the default.
    Here(u8, [T; N]),
    /// More than `N`.
    Beyond(Box<[T]>),
}

impl<T: Copy + Default, const N: usize> Few<T, N> {
    #[inline]
    pub(crate) fn new() -> Few<T, N> {
        Few::Here(0, [T::default(); N])
    }

    /// So many times the same.
    #[inline]
    pub(crate) fn repeat(x: T, n: usize) -> Few<T, N> {
        Few::from_fn(n, |_| x)
    }

    /// What `f` gives for each of the places, asked from the last to the first. The loop over the places here is of a
    /// fixed length: it is unrolled, and the list is made in registers.
    #[inline]
    pub(crate) fn from_fn(n: usize, mut f: impl FnMut(usize) -> T) -> Few<T, N> {
        if n > N {
            let mut all = vec![T::default(); n];
            all.iter_mut().enumerate().rev().for_each(|(i, x)| *x = f(i));
            return Few::Beyond(all.into());
        }
        let mut places = [T::default(); N];
        for i in (0..N).rev() {
            if i < n {
                places[i] = f(i);
            }
        }
        Few::Here(n as u8, places)
    }

    #[inline]
    pub(crate) fn push(&mut self, x: T) {
        match self {
            Few::Here(n, places) if usize::from(*n) < N => {
                places[usize::from(*n)] = x;
                *n += 1;
            }
            _ => self.push_beyond(x),
        }
    }

    #[cold]
    fn push_beyond(&mut self, x: T) {
        *self = Few::Beyond(self.iter().copied().chain([x]).collect());
    }
}

impl<T, const N: usize> Deref for Few<T, N> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Few::Here(n, places) => &places[..usize::from(*n)],
            Few::Beyond(all) => all,
        }
    }
}

impl<T, const N: usize> DerefMut for Few<T, N> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Few::Here(n, places) => &mut places[..usize::from(*n)],
            Few::Beyond(all) => all,
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
    fn a_list_is_the_same_list_here_and_beyond() {
        let mut grown: Few<u8, 4> = Few::new();
        for n in 0..9 {
            let whole: Few<u8, 4> = (0..n).collect();
            assert_eq!((&grown, grown.len(), matches!(grown, Few::Here(..))), (&whole, n as usize, n <= 4));
            assert_eq!(grown.clone()[..], (0..n).collect::<Vec<_>>());
            grown.push(n);
        }
        grown[8] = 1;
        assert_ne!(grown, (0..9).collect());
    }

    #[test]
    fn equal_lists_are_equal_whatever_they_were() {
        let (mut a, b) = (Few::<u8, 4>::from([1, 2]), Few::<u8, 4>::from([1, 2, 0]));
        assert_ne!(a, b);
        a.push(0);
        assert_eq!(a, b);
        assert_eq!(Few::<u8, 4>::repeat(3, 6)[..], [3; 6]);
    }
}
