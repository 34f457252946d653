//! Element types: the four dtypes and the Rust types that carry them.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Range, Sub};

/// The type of a tensor's elements.
///
/// Dtypes never mix silently: an op on `F32` and `F64` panics, and [`Var::cast`](crate::Var::cast) is an op of its own.
///
/// Numbers are computed with in `F32` and `F64` alone. `I64` and `Bool` are compared, chosen, cut, joined and converted, all of
/// which is exact: nothing can overflow.
///
/// ```
/// use autograd::{DType, Tape};
/// let tape = Tape::new();
/// let labels = tape.constant([i64::MAX, i64::MAX - 1, 0]);
/// let last = labels.eq(tape.constant(i64::MAX));
/// assert_eq!(last.to_vec::<bool>(), [true, false, false]); // as F64 the first two would be the same
/// assert_eq!(labels.to_string(), "[9223372036854775807, 9223372036854775806, 0] [3] I64");
/// ```
///
/// ```should_panic
/// let tape = autograd::Tape::new();
/// tape.constant([i64::MAX]) + 1.0; // add: the op is defined on F32 and F64, not on I64
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DType {
    /// 32-bit IEEE 754 floating point; differentiable.
    F32,
    /// 64-bit IEEE 754 floating point; differentiable.
    F64,
    /// 64-bit signed integers: indices and labels; neither arithmetic nor derivatives.
    I64,
    /// Truth values: masks; neither arithmetic nor derivatives.
    Bool,
}

impl DType {
    /// Whether derivatives exist: true for `F32` and `F64`.
    ///
    /// ```
    /// use autograd::DType;
    /// assert!(DType::F32.is_float() && !DType::I64.is_float());
    /// ```
    pub fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }

    /// The largest finite number.
    #[doc(hidden)]
    #[inline]
    pub fn max(self) -> f64 {
        match self {
            DType::F32 => f64::from(f32::MAX),
            DType::F64 => f64::MAX,
            DType::I64 => i64::MAX as f64,
            DType::Bool => 1.0,
        }
    }

    /// The number of bytes of an element.
    pub(crate) fn size(self) -> usize {
        match self {
            DType::F32 => 4,
            DType::F64 | DType::I64 => 8,
            DType::Bool => 1,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DType::F32 => "F32",
            DType::F64 => "F64",
            DType::I64 => "I64",
            DType::Bool => "Bool",
        })
    }
}

/// A Rust type that can be the element of a tensor: `f32`, `f64`, `i64` or `bool`.
///
/// ```
/// use autograd::{DType, Element};
/// assert_eq!(f32::DTYPE, DType::F32);
/// ```
///
/// No other type is, neither `i32` nor a `Vec` of numbers:
///
/// ```compile_fail,E0277
/// autograd::Tape::new().constant(&[1i32, 0]); // the compiler says: write `&[1i64, 0]`
/// ```
///
/// ```compile_fail,E0277
/// autograd::Tape::new().constant(vec![vec![1.0, 2.0], vec![3.0, 4.0]]); // an array of arrays, or `ndarray`
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an element of a tensor",
    label = "elements are `f32`, `f64`, `i64` or `bool`",
    note = "integers such as labels are `i64`: write `&[1i64, 0]`, or convert with `i64::from`",
    note = "rows are arrays within an array, `[[1.0, 2.0], [3.0, 4.0]]`, or an `ndarray::Array2`, not a `Vec` of a `Vec`"
)]
pub trait Element:
    Send + Sync + Copy + Default + PartialEq + fmt::Debug + fmt::Display + sealed::Storable + 'static
{
    /// The dtype that this type carries.
    const DTYPE: DType;
}

/// A floating-point element: `f32` or `f64`.
pub trait Float:
    Element
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Rounds an `f64` to this type.
    fn from_f64(x: f64) -> Self;
    /// Widens to `f64`, exactly.
    fn to_f64(self) -> f64;
    /// The square root.
    fn sqrt(self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Not a number.
    fn is_nan(self) -> bool;
}

/// Elements of one dtype, owned and contiguous.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Of `F32`.
    F32(Vec<f32>),
    /// Of `F64`.
    F64(Vec<f64>),
    /// Of `I64`.
    I64(Vec<i64>),
    /// Of `Bool`.
    Bool(Vec<bool>),
}

/// Elements of one dtype, borrowed.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub enum DataRef<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    I64(&'a [i64]),
    Bool(&'a [bool]),
}

/// Elements of one dtype, mutably borrowed.
#[derive(Debug)]
#[doc(hidden)]
pub enum DataMut<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    I64(&'a mut [i64]),
    Bool(&'a mut [bool]),
}

pub(crate) use sealed::Storable;

mod sealed {
    use super::{Data, DataMut, DataRef};

    /// Conversions between an element type and the type-erased containers.
    pub trait Storable: Sized {
        fn wrap(values: Vec<Self>) -> Data;
        fn vec(data: &mut Data) -> &mut Vec<Self>;
        fn slice(data: DataRef<'_>) -> &[Self];
        fn slice_mut(data: DataMut<'_>) -> &mut [Self];
        fn share(values: &[Self]) -> DataRef<'_>;
        fn share_mut(values: &mut [Self]) -> DataMut<'_>;
    }
}

macro_rules! element {
    ($t:ty, $variant:ident) => {
        impl Element for $t {
            const DTYPE: DType = DType::$variant;
        }
        impl sealed::Storable for $t {
            fn wrap(values: Vec<Self>) -> Data {
                Data::$variant(values)
            }
            #[inline]
            fn vec(data: &mut Data) -> &mut Vec<Self> {
                match data {
                    Data::$variant(v) => v,
                    other => unreachable!("{} buffer asked for {}", other.dtype(), DType::$variant),
                }
            }
            #[inline]
            fn slice(data: DataRef<'_>) -> &[Self] {
                match data {
                    DataRef::$variant(v) => v,
                    other => unreachable!("{} buffer read as {}", other.dtype(), DType::$variant),
                }
            }
            #[inline]
            fn slice_mut(data: DataMut<'_>) -> &mut [Self] {
                match data {
                    DataMut::$variant(v) => v,
                    other => unreachable!("{} buffer written as {}", other.dtype(), DType::$variant),
                }
            }
            #[inline]
            fn share(values: &[Self]) -> DataRef<'_> {
                DataRef::$variant(values)
            }
            #[inline]
            fn share_mut(values: &mut [Self]) -> DataMut<'_> {
                DataMut::$variant(values)
            }
        }
    };
}
element!(f32, F32);
element!(f64, F64);
element!(i64, I64);
element!(bool, Bool);

macro_rules! float {
    ($t:ident) => {
        impl Float for $t {
            #[inline]
            fn from_f64(x: f64) -> $t {
                x as $t
            }
            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn sqrt(self) -> $t {
                $t::sqrt(self)
            }
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
        }
    };
}
float!(f32);
float!(f64);

/// Runs the same code for the vector or slice of any dtype that a [`Data`] or [`DataRef`] holds.
macro_rules! each_dtype {
    ($enum:ident, $data:expr, $v:ident => $body:expr) => {
        match $data {
            $crate::dtype::$enum::F32($v) => $body,
            $crate::dtype::$enum::F64($v) => $body,
            $crate::dtype::$enum::I64($v) => $body,
            $crate::dtype::$enum::Bool($v) => $body,
        }
    };
}
pub(crate) use each_dtype;

/// Binds a type name to the Rust type of a dtype: `with_type!(dtype, T => f::<T>())`.
macro_rules! with_type {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            $crate::DType::I64 => {
                type $T = i64;
                $body
            }
            $crate::DType::Bool => {
                type $T = bool;
                $body
            }
        }
    };
}
pub(crate) use with_type;

/// As [`with_type!`], for the two floating-point dtypes only. Shape rules refuse the others before.
macro_rules! with_float {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            other => unreachable!("{other} where the shape rule demands a floating-point dtype"),
        }
    };
}
pub(crate) use with_float;

impl Data {
    pub(crate) fn empty(dtype: DType) -> Data {
        with_type!(dtype, T => <T as sealed::Storable>::wrap(Vec::new()))
    }

    /// `len` copies of a number, rounded to the dtype.
    pub(crate) fn splat(dtype: DType, value: f64, len: usize) -> Data {
        match dtype {
            DType::F32 => Data::F32(vec![value as f32; len]),
            DType::F64 => Data::F64(vec![value; len]),
            DType::I64 => Data::I64(vec![value as i64; len]),
            DType::Bool => Data::Bool(vec![value != 0.0; len]),
        }
    }

    /// How many elements there are.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        each_dtype!(Data, self, v => v.len())
    }

    /// Their type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.borrow().dtype()
    }

    /// The elements.
    ///
    /// # Panics
    /// If they are not of type `T`.
    #[track_caller]
    pub fn slice<T: Element>(&self) -> &[T] {
        assert!(T::DTYPE == self.dtype(), "the elements are {}, asked for as {}", self.dtype(), T::DTYPE);
        T::slice(self.borrow())
    }

    /// The elements, to be changed.
    ///
    /// # Panics
    /// If they are not of type `T`.
    #[track_caller]
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        assert!(T::DTYPE == self.dtype(), "the elements are {}, asked for as {}", self.dtype(), T::DTYPE);
        T::vec(self)
    }

    #[inline]
    pub(crate) fn borrow_mut(&mut self) -> DataMut<'_> {
        match self {
            Data::F32(v) => DataMut::F32(v),
            Data::F64(v) => DataMut::F64(v),
            Data::I64(v) => DataMut::I64(v),
            Data::Bool(v) => DataMut::Bool(v),
        }
    }

    #[inline]
    pub(crate) fn borrow(&self) -> DataRef<'_> {
        match self {
            Data::F32(v) => DataRef::F32(v),
            Data::F64(v) => DataRef::F64(v),
            Data::I64(v) => DataRef::I64(v),
            Data::Bool(v) => DataRef::Bool(v),
        }
    }
}

impl DataMut<'_> {
    /// Copies as many elements of the same dtype.
    pub(crate) fn copy_from(self, values: DataRef<'_>) {
        match (self, values) {
            (DataMut::F32(y), DataRef::F32(x)) => y.copy_from_slice(x),
            (DataMut::F64(y), DataRef::F64(x)) => y.copy_from_slice(x),
            (DataMut::I64(y), DataRef::I64(x)) => y.copy_from_slice(x),
            (DataMut::Bool(y), DataRef::Bool(x)) => y.copy_from_slice(x),
            (y, x) => unreachable!("{} copied to {}", x.dtype(), y.dtype()),
        }
    }

    pub(crate) fn dtype(&self) -> DType {
        match self {
            DataMut::F32(_) => DType::F32,
            DataMut::F64(_) => DType::F64,
            DataMut::I64(_) => DType::I64,
            DataMut::Bool(_) => DType::Bool,
        }
    }
}

impl<'a> DataRef<'a> {
    /// The first `n` elements.
    pub(crate) fn first(self, n: usize) -> DataRef<'a> {
        self.part(0..n)
    }

    /// A part of the elements.
    pub(crate) fn part(self, range: Range<usize>) -> DataRef<'a> {
        match self {
            DataRef::F32(v) => DataRef::F32(&v[range]),
            DataRef::F64(v) => DataRef::F64(&v[range]),
            DataRef::I64(v) => DataRef::I64(&v[range]),
            DataRef::Bool(v) => DataRef::Bool(&v[range]),
        }
    }

    pub(crate) fn to_data(self) -> Data {
        match self {
            DataRef::F32(v) => Data::F32(v.to_vec()),
            DataRef::F64(v) => Data::F64(v.to_vec()),
            DataRef::I64(v) => Data::I64(v.to_vec()),
            DataRef::Bool(v) => Data::Bool(v.to_vec()),
        }
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        each_dtype!(DataRef, self, v => v.len())
    }

    /// Whether the elements are the same, to the last bit.
    pub(crate) fn is_same(self, other: DataRef<'_>) -> bool {
        match (self, other) {
            (DataRef::F32(a), DataRef::F32(b)) => {
                a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
            }
            (DataRef::F64(a), DataRef::F64(b)) => {
                a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
            }
            (DataRef::I64(a), DataRef::I64(b)) => a == b,
            (DataRef::Bool(a), DataRef::Bool(b)) => a == b,
            _ => false,
        }
    }

    #[inline]
    pub(crate) fn dtype(self) -> DType {
        match self {
            DataRef::F32(_) => DType::F32,
            DataRef::F64(_) => DType::F64,
            DataRef::I64(_) => DType::I64,
            DataRef::Bool(_) => DType::Bool,
        }
    }
}
