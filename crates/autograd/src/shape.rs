//! Shapes, strides and the NumPy broadcasting rule.

use crate::few::Few;
use std::fmt;
use std::ops::Deref;

/// The lengths of a tensor's axes; `[]` is a scalar.
///
/// ```
/// use autograd::Shape;
/// let shape = Shape::from([200, 10]);
/// assert_eq!((shape.len(), shape[1], shape.to_string().as_str()), (2, 10, "[200×10]"));
/// assert_eq!(shape, Shape::from(vec![200, 10])); // arrays, slices and vectors of lengths
/// assert_eq!(Shape::from(7), Shape::from([7])); // or one length
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(Few<usize, 4>);

/// The step along each axis, in elements. A stride of 0 repeats an element, as a broadcast does.
pub(crate) type Strides = Few<isize, 4>;

/// Where a view lies within another one. `skip` is the offset of its first element from the first element of the other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub(crate) skip: isize,
    pub(crate) strides: Strides,
}

impl From<Strides> for Layout {
    /// A layout with the same first element.
    fn from(strides: Strides) -> Layout {
        Layout { skip: 0, strides }
    }
}

/// The number of an axis, counted from the front.
pub(crate) type Axis = u8;

/// Several axes.
pub(crate) type Axes = Few<Axis, 8>;

/// The most elements that a tensor may have. Rust allows no larger allocation.
const MAX_ELEMENTS: usize = isize::MAX as usize / 8;

/// What messages say of a shape beyond it, and the rule.
pub(crate) const TOO_MANY: &str = "more elements than can be addressed";
pub(crate) const LIMIT: &str =
    "as many elements as the lengths that are not 0 multiply to can be addressed, at eight bytes each";

impl Shape {
    /// The number of elements, or `None` if no tensor can have this shape: the lengths that are not 0 multiply to more than can be
    /// addressed. So the product of some of the lengths never overflows, also where another is 0 (NumPy has the same rule).
    ///
    /// ```
    /// # use autograd::Shape;
    /// assert_eq!(Shape::from([2, 3]).checked_elements(), Some(6));
    /// assert_eq!(Shape::from([0, 3]).checked_elements(), Some(0));
    /// assert_eq!(Shape::from([0, usize::MAX]).checked_elements(), None);
    /// ```
    pub fn checked_elements(&self) -> Option<usize> {
        let product = self.0.iter().try_fold(1usize, |n, &d| n.checked_mul(d.max(1)));
        let product = product.filter(|&n| n <= MAX_ELEMENTS)?;
        Some(if self.0.contains(&0) { 0 } else { product })
    }

    /// The number of elements; the product of the lengths, 1 for a scalar.
    ///
    /// # Panics
    /// If no tensor can have this shape: see [`checked_elements`](Shape::checked_elements).
    #[track_caller]
    pub fn elements(&self) -> usize {
        match self.checked_elements() {
            Some(n) => n,
            None => panic!("shape {self} has {TOO_MANY}\n  rule: {LIMIT}"),
        }
    }

    /// Row-major strides.
    pub(crate) fn strides(&self) -> Strides {
        let mut next = 1;
        Strides::from_fn(self.len(), |axis| {
            let stride = next;
            next *= self[axis].max(1) as isize;
            stride
        })
    }

    /// The shape that both broadcast to, aligned at the last axis: equal lengths, or one of the two is 1.
    /// The error is the first axis that clashes, counted from the end: 1 is the last.
    pub(crate) fn broadcast(&self, other: &Shape) -> Result<Shape, usize> {
        let (long, short) = if self.len() >= other.len() { (self, other) } else { (other, self) };
        let mut out = long.clone();
        let lead = long.len() - short.len();
        for (i, (d, &s)) in out.0[lead..].iter_mut().zip(short.iter()).enumerate() {
            *d = match (*d, s) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return Err(short.len() - i),
            };
        }
        Ok(out)
    }

    /// The shape without the given axes.
    pub(crate) fn without(&self, axes: &[u8]) -> Shape {
        let kept = self.0.iter().enumerate().filter(|(i, _)| !axes.contains(&(*i as u8)));
        Shape(kept.map(|(_, &d)| d).collect())
    }

    /// The shape with length 1 at the given axes.
    pub(crate) fn with_ones(&self, axes: &[u8]) -> Shape {
        let mut out = self.clone();
        for &a in axes {
            out.0[a as usize] = 1;
        }
        out
    }

    /// The shape with another length of one axis.
    pub(crate) fn with_length(&self, axis: usize, length: usize) -> Shape {
        let mut out = self.clone();
        out.0[axis] = length;
        out
    }

    /// Axes counted from the front, sorted, without repeats. Negative numbers count from the end. The error is the axis that does
    /// not exist.
    pub(crate) fn normalize_axes(&self, axes: &[isize]) -> Result<Axes, isize> {
        let rank = self.len() as isize;
        let from_front = |a: isize| if a < 0 { a + rank } else { a };
        if let Some(&missing) = axes.iter().find(|&&a| !(0..rank).contains(&from_front(a))) {
            return Err(missing);
        }
        let named = |axis: &u8| axes.iter().any(|&a| from_front(a) == isize::from(*axis));
        Ok((0..rank as u8).filter(named).collect())
    }
}

impl Deref for Shape {
    type Target = [usize];
    #[inline]
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, d) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("×")?;
            }
            write!(f, "{d}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Shape {
        Shape(dims.into())
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Shape {
        Shape(dims.into())
    }
}

impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(dims: &[usize; N]) -> Shape {
        Shape::from(&dims[..])
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Shape {
        Shape::from(&dims[..])
    }
}

impl From<&Vec<usize>> for Shape {
    fn from(dims: &Vec<usize>) -> Shape {
        Shape::from(&dims[..])
    }
}

/// One axis.
impl From<usize> for Shape {
    fn from(length: usize) -> Shape {
        Shape::from([length])
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(dims: I) -> Shape {
        Shape(dims.into_iter().collect())
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Shape {
        shape.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        let b = |a: &[usize], b: &[usize]| Shape::from(a).broadcast(&Shape::from(b)).map(|s| s.to_string());
        assert_eq!(b(&[3, 1], &[4]), Ok("[3×4]".into()));
        assert_eq!(b(&[], &[2, 0]), Ok("[2×0]".into()));
        assert_eq!(b(&[1], &[0]), Ok("[0]".into()));
        assert_eq!(b(&[3], &[2, 4]), Err(1));
        assert_eq!(b(&[2, 3, 4], &[5, 4]), Err(2));
    }

    #[test]
    fn products_that_overflow_are_refused() {
        assert_eq!(Shape::from([usize::MAX, 2]).checked_elements(), None);
        assert_eq!(Shape::from([usize::MAX / 8]).checked_elements(), None);
        assert_eq!(Shape::from([usize::MAX, 0, 7]).checked_elements(), None);
        assert_eq!(Shape::from([1 << 50, 0, 7]).checked_elements(), Some(0));
        assert_eq!(Shape::from([]).checked_elements(), Some(1));
    }

    #[test]
    fn axes_count_from_both_ends() {
        let s = Shape::from([2, 3, 4]);
        assert_eq!(s.normalize_axes(&[-1, 0, 2]).unwrap()[..], [0, 2]);
        assert_eq!(s.normalize_axes(&[3]), Err(3));
        assert_eq!(s.normalize_axes(&[-4]), Err(-4));
    }
}
