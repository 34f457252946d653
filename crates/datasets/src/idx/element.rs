//! The types of elements.

use crate::FileError;
use ndarray::{ArrayD, IxDyn};

/// An array of one of the types that IDX has.
///
/// # Examples
///
/// ```
/// use datasets::idx::{self, Array};
///
/// let bytes = [0, 0, 9, 2, 0, 0, 0, 1, 0, 0, 0, 2, 255, 3];
/// let array = idx::read_from("signed", &bytes[..], 100)?;
/// assert_eq!(array, Array::I8(ndarray::array![[-1i8, 3]].into_dyn()));
/// assert_eq!((array.shape(), array.to_f64()[[0, 0]]), (&[1, 2][..], -1.0));
/// # Ok::<(), datasets::FileError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Whole numbers from 0 to 255.
    U8(ArrayD<u8>),
    /// Whole numbers of 8 bits with a sign.
    I8(ArrayD<i8>),
    /// Whole numbers of 16 bits.
    I16(ArrayD<i16>),
    /// Whole numbers of 32 bits.
    I32(ArrayD<i32>),
    /// Numbers of single precision.
    F32(ArrayD<f32>),
    /// Numbers of double precision.
    F64(ArrayD<f64>),
}

/// What an IDX file can have as elements: `u8`, `i8`, `i16`, `i32`, `f32`, `f64`.
///
/// # Examples
///
/// ```
/// use datasets::idx::Element;
///
/// assert_eq!((u8::CODE, f64::CODE), (0x08, 0x0e));
/// ```
pub trait Element: Copy + sealed::Bytes {
    /// The third byte of a file of such elements.
    const CODE: u8;
}

pub(super) mod sealed {
    pub trait Bytes {
        /// Appends the bytes, the most significant first.
        fn put(self, bytes: &mut Vec<u8>);
    }
}

macro_rules! elements {
    ($($variant:ident $element:ident $code:literal),*) => {
        $(impl Element for $element {
            const CODE: u8 = $code;
        }

        impl sealed::Bytes for $element {
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_be_bytes());
            }
        })*

        /// How many bytes an element of this code has, if there is such a type.
        pub(super) fn size(code: u8) -> Option<usize> {
            match code {
                $($code => Some(size_of::<$element>()),)*
                _ => None,
            }
        }

        pub(super) fn unknown(file: &str, code: u8) -> FileError {
            let known = [$($code),*].map(|code: u8| format!("{code:#04x}")).join(", ");
            FileError::field(file, "element type", format!("{code:#04x}"), format!("one of {known}"))
        }

        impl Array {
            /// Takes as many bytes as the shape says, unless its lengths overflow beside one that is 0.
            pub(super) fn decode(code: u8, shape: &[usize], bytes: &[u8]) -> Option<Array> {
                Some(match code {
                    $($code => {
                        let elements = bytes.as_chunks().0.iter().map(|&bytes| $element::from_be_bytes(bytes));
                        Array::$variant(ArrayD::from_shape_vec(IxDyn(shape), elements.collect()).ok()?)
                    })*
                    _ => return None,
                })
            }

            /// The lengths of the axes.
            ///
            /// # Examples
            ///
            /// ```
            /// let array = datasets::idx::Array::U8(ndarray::array![[1, 2, 3]].into_dyn());
            /// assert_eq!(array.shape(), [1, 3]);
            /// ```
            #[must_use]
            pub fn shape(&self) -> &[usize] {
                match self {
                    $(Array::$variant(array) => array.shape(),)*
                }
            }

            /// The elements as `f64`, which holds each of them exactly.
            ///
            /// # Examples
            ///
            /// ```
            /// let array = datasets::idx::Array::I16(ndarray::array![-300].into_dyn());
            /// assert_eq!(array.to_f64()[[0]], -300.0);
            /// ```
            #[must_use]
            pub fn to_f64(&self) -> ArrayD<f64> {
                match self {
                    $(Array::$variant(array) => array.mapv(f64::from),)*
                }
            }
        }
    };
}
elements!(U8 u8 0x08, I8 i8 0x09, I16 i16 0x0b, I32 i32 0x0c, F32 f32 0x0d, F64 f64 0x0e);
