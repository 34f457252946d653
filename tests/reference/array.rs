//! Arrays with their element type.

use ndarray::{ArrayD, IxDyn};
use safetensors::{Dtype, tensor::TensorView};

/// A stored or computed array with its element type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Array {
    F64(ArrayD<f64>),
    F32(ArrayD<f32>),
    I64(ArrayD<i64>),
    U8(ArrayD<u8>),
    Bool(ArrayD<bool>),
}

macro_rules! from_ndarray {
    ($($variant:ident $element:ty),*) => {$(
        impl From<ArrayD<$element>> for Array {
            fn from(array: ArrayD<$element>) -> Self {
                Array::$variant(array)
            }
        }
    )*};
}
from_ndarray!(F64 f64, F32 f32, I64 i64, U8 u8, Bool bool);

impl Array {
    /// Elements in row-major order, of the given shape.
    pub(crate) fn shaped<T>(shape: &[usize], elements: Vec<T>) -> Self
    where
        Array: From<ArrayD<T>>,
    {
        let array = ArrayD::from_shape_vec(IxDyn(shape), elements);
        array.expect("a handler computes as many elements as its shape has").into()
    }

    pub(crate) fn dtype(&self) -> &'static str {
        match self {
            Array::F64(_) => "F64",
            Array::F32(_) => "F32",
            Array::I64(_) => "I64",
            Array::U8(_) => "U8",
            Array::Bool(_) => "BOOL",
        }
    }

    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Array::F64(a) => a.shape(),
            Array::F32(a) => a.shape(),
            Array::I64(a) => a.shape(),
            Array::U8(a) => a.shape(),
            Array::Bool(a) => a.shape(),
        }
    }

    /// The elements in row-major order, floating point or not, as f64. I64 beyond 2^53 would be
    /// rounded, so comparisons of integers use [`Array::integers`].
    pub(crate) fn floats(&self) -> Vec<f64> {
        match self {
            Array::F64(a) => a.iter().copied().collect(),
            Array::F32(a) => a.iter().map(|&x| f64::from(x)).collect(),
            _ => self.integers().into_iter().map(|x| x as f64).collect(),
        }
    }

    /// Replaces an element of a floating-point array, counted in row-major order.
    pub(crate) fn set(&mut self, at: usize, value: f64) {
        let exists = "the element exists";
        match self {
            Array::F64(a) => *a.iter_mut().nth(at).expect(exists) = value,
            Array::F32(a) => *a.iter_mut().nth(at).expect(exists) = value as f32,
            _ => panic!("{} holds no floating-point numbers", self.dtype()),
        }
    }

    /// The elements of a whole-number array in row-major order; empty for floating point.
    pub(crate) fn integers(&self) -> Vec<i64> {
        match self {
            Array::F64(_) | Array::F32(_) => Vec::new(),
            Array::I64(a) => a.iter().copied().collect(),
            Array::U8(a) => a.iter().map(|&x| i64::from(x)).collect(),
            Array::Bool(a) => a.iter().map(|&x| i64::from(x)).collect(),
        }
    }

    pub(crate) fn is_float(&self) -> bool {
        matches!(self, Array::F64(_) | Array::F32(_))
    }

    pub(crate) fn decode(view: &TensorView<'_>) -> Result<Self, String> {
        fn cut<const N: usize, T>(
            view: &TensorView<'_>,
            read: fn([u8; N]) -> T,
        ) -> Result<ArrayD<T>, String> {
            let (items, rest) = view.data().as_chunks::<N>();
            if !rest.is_empty() {
                return Err(format!("{} bytes left over", rest.len()));
            }
            let items = items.iter().map(|&bytes| read(bytes)).collect();
            ArrayD::from_shape_vec(IxDyn(view.shape()), items).map_err(|e| e.to_string())
        }
        Ok(match view.dtype() {
            Dtype::F64 => Array::F64(cut(view, f64::from_le_bytes)?),
            Dtype::F32 => Array::F32(cut(view, f32::from_le_bytes)?),
            Dtype::I64 => Array::I64(cut(view, i64::from_le_bytes)?),
            Dtype::U8 => Array::U8(cut(view, u8::from_le_bytes)?),
            Dtype::BOOL => {
                let bytes = cut(view, u8::from_le_bytes)?;
                if let Some(odd) = bytes.iter().find(|&&b| b > 1) {
                    return Err(format!("a BOOL byte is {odd}, neither 0 nor 1"));
                }
                Array::Bool(bytes.mapv(|b| b == 1))
            }
            other => return Err(format!("dtype {other:?} is not part of the format")),
        })
    }
}
