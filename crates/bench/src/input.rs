//! The data of a step.

use autograd::{AnyTensor, DType, Shape, Tape, Var};
use ndarray::ArrayD;

/// An array of data, of any element type.
///
/// ```
/// use bench::Input;
/// let labels = Input::from(ndarray::arr1(&[0i64, 2, 1]).into_dyn());
/// assert_eq!(labels.shape(), autograd::Shape::from([3]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Single precision.
    F32(ArrayD<f32>),
    /// Double precision.
    F64(ArrayD<f64>),
    /// Labels, indices.
    I64(ArrayD<i64>),
    /// Masks.
    Bool(ArrayD<bool>),
}

macro_rules! each {
    ($input:expr, $x:ident => $value:expr) => {
        match $input {
            Input::F32($x) => $value,
            Input::F64($x) => $value,
            Input::I64($x) => $value,
            Input::Bool($x) => $value,
        }
    };
}

macro_rules! from {
    ($($Variant:ident $T:ty),*) => {
        $(impl From<ArrayD<$T>> for Input {
            fn from(x: ArrayD<$T>) -> Input {
                Input::$Variant(x)
            }
        })*
    };
}
from! { F32 f32, F64 f64, I64 i64, Bool bool }

impl Input {
    /// An array of this shape that is filled with one number: enough where time does not depend on values.
    ///
    /// ```
    /// use bench::Input;
    /// assert_eq!(Input::f32([2], 0.5), Input::F32(ndarray::arr1(&[0.5, 0.5]).into_dyn()));
    /// ```
    pub fn f32(shape: impl Into<Shape>, x: f32) -> Input {
        Input::F32(ArrayD::from_elem(&shape.into()[..], x))
    }

    /// The same in double precision.
    pub fn f64(shape: impl Into<Shape>, x: f64) -> Input {
        Input::F64(ArrayD::from_elem(&shape.into()[..], x))
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.tensor().dimensions()
    }

    /// Its element type.
    pub fn dtype(&self) -> DType {
        self.tensor().dtype()
    }

    /// As an input of a run.
    pub(crate) fn tensor(&self) -> &dyn AnyTensor {
        each!(self, x => x)
    }

    /// Its values, recorded.
    pub(crate) fn record<'t>(&self, tape: &'t Tape<'t>) -> Var<'t> {
        each!(self, x => tape.constant(x))
    }
}
