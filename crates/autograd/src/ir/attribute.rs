//! The trait of attributes: how they are compared, hashed and shown.

use super::{Body, Custom, Family, FftPlan, Sliding, body};
use crate::dtype::DType;
use crate::shape::{Axes, Axis, Shape};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A type of attribute: how it is compared, hashed and shown, and which axes it names.
pub(crate) trait Attribute {
    fn same(&self, other: &Self) -> bool;
    fn mix(&self, state: &mut impl Hasher);
    fn text(&self) -> String;

    /// The axes of the operand that it names.
    fn axes(&self) -> &[u8] {
        &[]
    }
}

macro_rules! plain {
    ($($T:ty: |$x:ident| $text:expr $(, axes $axes:expr)?;)*) => {
        $(impl Attribute for $T {
            #[inline]
            fn same(&self, other: &$T) -> bool {
                self == other
            }
            #[inline]
            fn mix(&self, state: &mut impl Hasher) {
                self.hash(state);
            }
            fn text(&self) -> String {
                let $x = self;
                $text
            }
            $(fn axes(&self) -> &[u8] {
                let $x = self;
                $axes
            })?
        })*
    };
}
plain! {
    DType: |x| x.to_string();
    Shape: |x| x.to_string();
    Arc<Sliding>: |x| x.to_string();
    Arc<Shape>: |x| x.to_string();
    usize: |x| x.to_string();
    // A small number that names no axis of the operand.
    u16: |x| x.to_string();
    u32: |x| x.to_string();
    u64: |x| x.to_string();
    bool: |x| x.to_string();
    &'static str: |x| (*x).to_owned();
    Axis: |x| x.to_string(), axes std::slice::from_ref(x);
    Family: |x| x.to_string();
    // Its name is that of the op.
    Custom: |_x| String::new();
    Option<Custom>: |_x| String::new();
    Axes: |x| x.iter().map(u8::to_string).collect::<Vec<_>>().join(" "), axes x;
}

/// Numbers are compared by their bits: 0 and −0 differ, and NaN equals itself.
impl Attribute for f64 {
    fn same(&self, other: &f64) -> bool {
        self.to_bits() == other.to_bits()
    }
    fn mix(&self, state: &mut impl Hasher) {
        self.to_bits().hash(state);
    }
    fn text(&self) -> String {
        crate::text::number(*self, 6)
    }
}

/// A body is shown by its size.
impl Attribute for Arc<Body> {
    fn same(&self, other: &Arc<Body>) -> bool {
        body::same(self, other)
    }
    fn mix(&self, state: &mut impl Hasher) {
        self.hash(state);
    }
    fn text(&self) -> String {
        self.to_string()
    }
}

/// It follows from the length and the direction, and shows nothing.
impl Attribute for FftPlan {
    fn same(&self, _other: &FftPlan) -> bool {
        true
    }
    fn mix(&self, _state: &mut impl Hasher) {}
    fn text(&self) -> String {
        String::new()
    }
}
