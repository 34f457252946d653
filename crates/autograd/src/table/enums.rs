//! The functions of the table by name: what lists and tile programs hold.

use super::{binary_table, cell, compare_table, marked, unary_table};
use std::hash::{Hash, Hasher};
use std::mem::discriminant;

/// The type of a row's parameter, whatever its name.
macro_rules! parameter {
    ($p:ident) => {
        f64
    };
}
/// The value of a row's parameter, if it has one.
macro_rules! given {
    () => {
        None
    };
    ($p:ident) => {
        Some($p)
    };
}

macro_rules! unary_enum {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        /// Elementwise functions of one argument, with their constant parameter where they have one.
        #[derive(Clone, Copy, Debug)]
        pub enum Unary {
            $($(#[$doc])* $Row $((parameter!($p)))?,)*
        }
        impl Unary {
            /// The name that lists show.
            pub fn name(self) -> &'static str {
                match self { $(Unary::$Row { .. } => stringify!($name),)* }
            }

            /// The constant parameter of those that have one.
            pub fn parameter(self) -> Option<f64> {
                match self { $(Unary::$Row $(($p))? => given!($($p)?),)* }
            }

            /// Whether it is one instruction or a few.
            pub(crate) fn is_cheap(self) -> bool {
                match self { $(Unary::$Row { .. } => marked!(cheap $columns),)* }
            }
        }
    };
}
unary_table!(unary_enum);

/// The same function with the same parameter, by its bits.
impl PartialEq for Unary {
    #[inline]
    fn eq(&self, other: &Unary) -> bool {
        let bits = |f: &Unary| f.parameter().map(f64::to_bits);
        discriminant(self) == discriminant(other) && bits(self) == bits(other)
    }
}
impl Eq for Unary {}

impl Hash for Unary {
    fn hash<H: Hasher>(&self, state: &mut H) {
        discriminant(self).hash(state);
        self.parameter().map(f64::to_bits).hash(state);
    }
}

macro_rules! binary_enum {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        /// Elementwise functions of two arguments of equal shape.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Binary { $($(#[$doc])* $Row,)* }
        impl Binary {
            /// The name that lists show.
            pub fn name(self) -> &'static str {
                match self { $(Binary::$Row => stringify!($name),)* }
            }

            /// Whether it is one instruction or a few.
            pub(crate) fn is_cheap(self) -> bool {
                match self { $(Binary::$Row => marked!(cheap $columns),)* }
            }

            /// Whether f(a, b) = f(b, a) to the last bit.
            pub(crate) fn commutes(self) -> bool {
                match self { $(Binary::$Row => marked!(commutes $columns),)* }
            }
        }
    };
}
binary_table!(binary_enum);

macro_rules! compare_enum {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident| $columns:tt)*) => {
        /// Elementwise comparisons.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Compare { $($(#[$doc])* $Row,)* }
        impl Compare {
            /// The name that lists show.
            pub fn name(self) -> &'static str {
                match self { $(Compare::$Row => stringify!($name),)* }
            }

            /// Whether it holds between two values of any type.
            #[inline(always)]
            pub(crate) fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
                match self {
                    $(Compare::$Row => {
                        let ($a, $b) = (a, b);
                        cell!(value $columns)
                    })*
                }
            }
        }
    };
}
compare_table!(compare_enum);
