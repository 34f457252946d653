//! A method for each row of the table.

use super::{Operand, Var};
use crate::ir::{Binary, Compare, Unary};
use crate::ops::binary_of;
use crate::record::{pull_back, record};
use crate::table::{binary_table, compare_table, unary_table};

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $Row:ident $name:ident($($p:ident)?) |$x:ident, $y:ident| $columns:tt)*) => {
        /// Elementwise functions of one argument, for `F32` and `F64`; any other dtype panics.
        impl<'t> Var<'t> {
            $($crate::var::functions::unary_method!($(#[$doc])* $Row $name($($p)?));)*
        }
    };
}
macro_rules! unary_method {
    // Negation is an operator.
    ($(#[$doc:meta])* Neg neg()) => {};
    // Defined from 1 on.
    ($(#[$doc:meta])* Acosh acosh()) => {
        $crate::var::functions::unary_method!($(#[$doc])* Acosh acosh() at "1.4, 1.7");
    };
    ($(#[$doc:meta])* $Row:ident $name:ident()) => {
        $crate::var::functions::unary_method!($(#[$doc])* $Row $name() at "0.4, 0.7");
    };
    ($(#[$doc:meta])* $Row:ident $name:ident() at $arguments:literal) => {
        $(#[$doc])*
        #[doc = concat!(
            "\n```\nuse autograd::check_grads;\nuse ndarray::arr1;\n",
            "let x = arr1(&[", $arguments, "]).into_dyn();\n",
            "assert!(check_grads(|x| x[0].", stringify!($name), "(), &[x], 2).is_ok());\n```"
        )]
        #[track_caller]
        pub fn $name(self) -> Var<'t> {
            record(Unary::$Row, &[self])
        }
    };
    ($(#[$doc:meta])* $Row:ident $name:ident($p:ident)) => {
        $(#[$doc])*
        #[doc = concat!(
            "\n```\nuse autograd::check_grads;\nuse ndarray::arr1;\n",
            "let x = arr1(&[0.7, 1.3]).into_dyn();\n",
            "assert!(check_grads(|x| x[0].", stringify!($name), "(1.5), &[x], 2).is_ok());\n```"
        )]
        #[track_caller]
        pub fn $name(self, $p: f64) -> Var<'t> {
            record(Unary::$Row($p), &[self])
        }
    };
}
pub(crate) use unary_method;
unary_table!(unary_methods);

impl<'t> Var<'t> {
    /// This times the slope of `f` at `x`, given y = f(x), in one pass where there is a loop for that. The node is a
    /// constant: no derivative leads through it.
    #[track_caller]
    pub(crate) fn pulled_back(self, f: Unary, x: Var<'t>, y: Var<'t>) -> Option<Var<'t>> {
        pull_back(f, x, y, self)
    }
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident, $y:ident| $columns:tt)*) => {
        /// Elementwise functions of two arguments, broadcast against each other.
        impl<'t> Var<'t> {
            $($crate::var::functions::binary_method!($(#[$doc])* $Row $name);)*
        }
    };
}
macro_rules! binary_method {
    // These four are operators.
    ($(#[$doc:meta])* Add add) => {};
    ($(#[$doc:meta])* Sub sub) => {};
    ($(#[$doc:meta])* Mul mul) => {};
    ($(#[$doc:meta])* Div div) => {};
    ($(#[$doc:meta])* $Row:ident $name:ident) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// If shapes clash or dtypes differ.
        #[doc = concat!(
            "\n```\nuse autograd::check_grads;\nuse ndarray::arr1;\n",
            "let (a, b) = (arr1(&[0.7, 1.3]).into_dyn(), arr1(&[0.9, 0.4]).into_dyn());\n",
            "assert!(check_grads(|x| x[0].", stringify!($name), "(x[1]), &[a, b], 2).is_ok());\n```"
        )]
        #[track_caller]
        pub fn $name(self, rhs: impl Operand<'t>) -> Var<'t> {
            binary_of(Binary::$Row, self, rhs.like(self))
        }
    };
}
pub(crate) use binary_method;
binary_table!(binary_methods);

macro_rules! compare_methods {
    ($($(#[$doc:meta])* $Row:ident $name:ident |$a:ident, $b:ident| $columns:tt)*) => {
        /// Elementwise comparisons, broadcast; the result is a mask for [`select`](Var::select). No derivative.
        impl<'t> Var<'t> {
            $(
                $(#[$doc])*
                ///
                /// # Panics
                /// If shapes clash or dtypes differ.
                #[doc = concat!(
                    "\n```\nlet tape = autograd::Tape::new();\n",
                    "let mask = tape.constant([1.0, 2.0, 3.0]).", stringify!($name), "(2.0);\n",
                    "assert_eq!(mask.to_vec::<bool>(), [1.0, 2.0, 3.0].map(|a: f64| a.", stringify!($name), "(&2.0)));\n```"
                )]
                #[track_caller]
                pub fn $name(self, rhs: impl Operand<'t>) -> Var<'t> {
                    binary_of(Compare::$Row, self, rhs.like(self))
                }
            )*
        }
    };
}
compare_table!(compare_methods);
