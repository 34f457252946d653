//! The inputs of a run: tuples or slices of tensors.

use crate::dtype::{DType, Data, DataRef, Element, Storable};
use crate::shape::Shape;
use crate::tensor::ToTensor;

/// A tensor of any element type: what every [`ToTensor`] is. For lists of [`Inputs`] that are made while running.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tensor",
    label = "neither a number, an array, a slice, a `Vec` of numbers nor an `ndarray` array",
    note = "elements are `f32`, `f64`, `i64` or `bool`: write `1.0` or `1i64` instead of `1`; labels are `i64`"
)]
pub trait AnyTensor {
    /// The type of its elements.
    fn dtype(&self) -> DType;
    /// Its shape.
    fn dimensions(&self) -> Shape;
    /// Whether this is its shape.
    fn fits(&self, shape: &[usize]) -> bool;
    /// The elements, if they are contiguous in row-major order.
    #[doc(hidden)]
    fn piece(&self) -> Option<DataRef<'_>>;
    /// Writes the elements to an empty buffer, in row-major order.
    #[doc(hidden)]
    fn copy_to(&self, out: &mut Data);
    /// The elements, if they have this dtype and this shape of so many elements, or lie along one axis of as many, and are
    /// contiguous: one call for the usual cases.
    #[doc(hidden)]
    fn piece_of(&self, dtype: DType, shape: &[usize], elements: usize) -> Option<DataRef<'_>>;
}

impl<A: ToTensor> AnyTensor for A {
    fn dtype(&self) -> DType {
        A::Elem::DTYPE
    }
    fn dimensions(&self) -> Shape {
        self.shape()
    }
    #[inline]
    fn fits(&self, shape: &[usize]) -> bool {
        self.has_shape(shape)
    }
    #[inline]
    fn piece(&self) -> Option<DataRef<'_>> {
        self.as_elements().map(A::Elem::share)
    }
    fn copy_to(&self, out: &mut Data) {
        self.write_to(A::Elem::vec(out));
    }
    #[inline]
    fn piece_of(&self, dtype: DType, shape: &[usize], elements: usize) -> Option<DataRef<'_>> {
        let fits = A::Elem::DTYPE == dtype && (self.has_shape(shape) || self.has_shape(&[elements]));
        self.as_elements().filter(|_| fits).map(A::Elem::share)
    }
}

/// The inputs of a run, in the order in which they were named: a tuple such as `(&x, &labels)`, `(&x,)`
/// for a program of one input, `()` for none.
///
/// Each has the shape that was traced; one axis of as many elements, in row-major order, will do as well. Inputs that are
/// not contiguous are copied. A tuple has up to eight inputs; a slice of references, any number.
///
/// ```
/// use autograd::{AnyTensor, Params, Program};
/// let params = Params::f64();
/// let program = Program::trace(&params, |t| t.outputs(t.input("x", [2, 2]) + t.input("y", [2])))?;
/// let mut state = program.state();
/// let (x, y) = (vec![1.0, 2.0, 3.0, 4.0], [10.0, 20.0]);
/// let sum = program.run(&mut state, &params, (&x, &y))?.slice::<f64>(0).to_vec();
/// assert_eq!(sum, [11.0, 22.0, 13.0, 24.0]);
/// let list: [&dyn AnyTensor; 2] = [&x, &y];
/// assert_eq!(program.run(&mut state, &params, &list[..])?.slice::<f64>(0), sum);
/// # Ok::<(), autograd::ProgramError>(())
/// ```
///
/// Parentheses alone make no tuple:
///
/// ```compile_fail,E0277
/// use autograd::{Params, Program};
/// let params = Params::f64();
/// let program = Program::trace(&params, |t| t.outputs(t.input("x", [2]))).unwrap();
/// program.run(&mut program.state(), &params, (&[1.0, 2.0])); // the compiler says: write `(&x,)`
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of inputs",
    label = "neither a tuple of tensors nor a slice `&[&dyn AnyTensor]`",
    note = "a single input is a tuple of one, with a comma: `(&x,)` instead of `(&x)`"
)]
pub trait Inputs {
    /// Calls `f` for each input.
    fn each<'a>(&'a self, f: &mut impl FnMut(&'a dyn AnyTensor));
}

impl Inputs for () {
    fn each<'a>(&'a self, _f: &mut impl FnMut(&'a dyn AnyTensor)) {}
}

macro_rules! tuples {
    ($($($T:ident $i:tt),+;)*) => {
        $(impl<$($T: AnyTensor),+> Inputs for ($($T,)+) {
            #[inline]
            fn each<'a>(&'a self, f: &mut impl FnMut(&'a dyn AnyTensor)) {
                $(f(&self.$i);)+
            }
        })*
    };
}
tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

impl Inputs for &[&dyn AnyTensor] {
    fn each<'a>(&'a self, f: &mut impl FnMut(&'a dyn AnyTensor)) {
        self.iter().for_each(|x| f(*x));
    }
}
