//! Types whose values can be recorded as leaves.

use crate::dtype::Element;
use crate::shape::Shape;
use ndarray::{ArrayBase, Data, Dimension};

/// Numbers with a shape: a number, an array or slice (one axis), nested arrays (two axes), or any `ndarray` array.
///
/// The dtype is that of the Rust type: `f32` gives `F32`, `f64` (so a literal such as `2.0`) `F64`, `i64` `I64`,
/// `bool` `Bool`. A slice of a matrix's elements gets its shape with [`Var::reshape`](crate::Var::reshape), which
/// copies nothing.
///
/// ```
/// use autograd::{Shape, Tape};
/// let tape = Tape::new();
/// assert_eq!(tape.constant([[1.0, 2.0], [3.0, 4.0]]).shape(), Shape::from([2, 2]));
/// assert_eq!(tape.constant(&vec![1i64, 2, 3]).shape(), Shape::from([3]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tensor",
    label = "neither a number, an array, a slice, a `Vec` of numbers nor an `ndarray` array",
    note = "elements are `f32`, `f64`, `i64` or `bool`: write `1.0` or `1i64` instead of `1`",
    note = "more axes than two: an `ndarray` array, or `.reshape(…)` of a flat one"
)]
pub trait ToTensor {
    /// The element type.
    type Elem: Element;
    /// The shape; `[]` for a number.
    fn shape(&self) -> Shape;
    /// Appends the elements in row-major order.
    fn write_to(&self, out: &mut Vec<Self::Elem>);
    /// The elements in row-major order, if they are contiguous.
    fn as_elements(&self) -> Option<&[Self::Elem]> {
        None
    }
    /// Whether the tensor has this shape.
    fn has_shape(&self, shape: &[usize]) -> bool {
        same(&self.shape(), shape)
    }
}

/// Equality of shapes. Shapes are short, so a loop costs less than a call of `memcmp`.
#[inline]
fn same(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

macro_rules! number {
    ($($t:ty)*) => {
        $(impl ToTensor for $t {
            type Elem = $t;
            fn shape(&self) -> Shape {
                Shape::default()
            }
            fn write_to(&self, out: &mut Vec<$t>) {
                out.push(*self);
            }
            fn as_elements(&self) -> Option<&[$t]> {
                Some(std::slice::from_ref(self))
            }
        })*
    };
}
number!(f32 f64 i64 bool);

impl<T: Element> ToTensor for [T] {
    type Elem = T;
    fn shape(&self) -> Shape {
        Shape::from([self.len()])
    }
    fn write_to(&self, out: &mut Vec<T>) {
        out.extend_from_slice(self);
    }
    fn as_elements(&self) -> Option<&[T]> {
        Some(self)
    }
}

impl<T: Element> ToTensor for Vec<T> {
    type Elem = T;
    fn shape(&self) -> Shape {
        self.as_slice().shape()
    }
    fn write_to(&self, out: &mut Vec<T>) {
        self.as_slice().write_to(out);
    }
    fn as_elements(&self) -> Option<&[T]> {
        Some(self)
    }
}

impl<T: Element, const N: usize> ToTensor for [T; N] {
    type Elem = T;
    fn shape(&self) -> Shape {
        Shape::from([N])
    }
    fn write_to(&self, out: &mut Vec<T>) {
        out.extend_from_slice(self);
    }
    fn as_elements(&self) -> Option<&[T]> {
        Some(self)
    }
}

impl<T: Element, const M: usize, const N: usize> ToTensor for [[T; N]; M] {
    type Elem = T;
    fn shape(&self) -> Shape {
        Shape::from([M, N])
    }
    fn write_to(&self, out: &mut Vec<T>) {
        out.extend_from_slice(self.as_flattened());
    }
    fn as_elements(&self) -> Option<&[T]> {
        Some(self.as_flattened())
    }
}

impl<T: Element, S: Data<Elem = T>, D: Dimension> ToTensor for ArrayBase<S, D> {
    type Elem = T;
    fn shape(&self) -> Shape {
        Shape::from(ArrayBase::shape(self))
    }
    fn write_to(&self, out: &mut Vec<T>) {
        match self.as_slice() {
            Some(values) => out.extend_from_slice(values),
            None => out.extend(self.iter().copied()),
        }
    }
    fn as_elements(&self) -> Option<&[T]> {
        self.as_slice()
    }
    fn has_shape(&self, shape: &[usize]) -> bool {
        same(ArrayBase::shape(self), shape)
    }
}

impl<A: ToTensor + ?Sized> ToTensor for &A {
    type Elem = A::Elem;
    fn shape(&self) -> Shape {
        (**self).shape()
    }
    fn write_to(&self, out: &mut Vec<A::Elem>) {
        (**self).write_to(out);
    }
    fn as_elements(&self) -> Option<&[A::Elem]> {
        (**self).as_elements()
    }
    fn has_shape(&self, shape: &[usize]) -> bool {
        (**self).has_shape(shape)
    }
}
