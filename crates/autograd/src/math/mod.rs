//! The scalar functions behind the table, for `f32` and `f64`.
//!
//! Those listed as `ours` are free of branches and calls, so that a plain loop over them becomes SIMD code, and within 2
//! units in the last place of the true value (`normal_cdf`: within 5). `sin` and `cos` make an exception, which call the
//! standard library for huge arguments (see [`all_near`]), and so does `powf` of `f64`. Multiply-adds are fused wherever
//! they are written so, on every machine and in every lane: the bits are the same everywhere.

/// c₀ + x·(c₁ + x·(c₂ + …)) in fused steps.
macro_rules! horner {
    ($x:expr; $c:expr) => { $c };
    ($x:expr; $c:expr, $($rest:expr),+ $(,)?) => { $x.mul_add(horner!($x; $($rest),+), $c) };
}

mod erf;
mod exp;
mod log;
mod logistic;
mod power;
mod trigonometric;

pub(crate) use logistic::Logistic;

#[cfg(test)]
mod tests;

macro_rules! vocabulary {
    (ours { $($our:ident($($with:ident),*) in $file:ident;)* } of_std { $($name:ident($($arg:ident),*);)* }) => {
        /// The functions that rows of the table may call.
        pub(crate) trait Scalar: Copy + PartialOrd {
            $(fn $our(self $(, $with: Self)*) -> Self;)*
            $(fn $name(self $(, $arg: Self)*) -> Self;)*
            /// Whether `sin_near` and `cos_near` are right here.
            fn is_near(self) -> bool;
            /// σ of ±|x|.
            fn logistic(self) -> Logistic<Self>;
            /// tanh x, and σ of ±|2x|.
            fn tanh_and_logistic(self) -> (Self, Logistic<Self>);
        }
        scalar! { f32 single, { $($our($($with),*) in $file;)* } { $($name($($arg),*);)* } }
        scalar! { f64 double, { $($our($($with),*) in $file;)* } { $($name($($arg),*);)* } }
        free_functions! { $($our($($with),*);)* $($name($($arg),*);)* }
    };
}

macro_rules! scalar {
    (
        $t:ident $size:ident, { $($our:ident($($with:ident),*) in $file:ident;)* }
        { $($name:ident($($arg:ident),*);)* }
    ) => {
        impl Scalar for $t {
            $(#[inline(always)]
            fn $our(self $(, $with: $t)*) -> $t {
                $file::$size::$our(self $(, $with)*)
            })*
            $(#[inline(always)]
            fn $name(self $(, $arg: $t)*) -> $t {
                $t::$name(self $(, $arg)*)
            })*
            #[inline(always)]
            fn is_near(self) -> bool {
                trigonometric::$size::is_near(self)
            }
            #[inline(always)]
            fn logistic(self) -> Logistic<$t> {
                logistic::$size::logistic(self)
            }
            #[inline(always)]
            fn tanh_and_logistic(self) -> ($t, Logistic<$t>) {
                logistic::$size::tanh_and_logistic(self)
            }
        }
    };
}

macro_rules! free_functions {
    ($($name:ident($($arg:ident),*);)*) => {
        $(#[inline(always)]
        pub(crate) fn $name<T: Scalar>(x: T $(, $arg: T)*) -> T {
            x.$name($($arg),*)
        })*
    };
}

vocabulary! {
    ours {
        exp() in exp;
        exp_m1() in exp;
        ln() in log;
        ln_1p() in log;
        sigmoid() in logistic;
        tanh() in logistic;
        gelu_exponent() in logistic;
        sin() in trigonometric;
        cos() in trigonometric;
        sin_near() in trigonometric;
        cos_near() in trigonometric;
        erf() in erf;
        normal_cdf() in erf;
        powf(p) in power;
    }
    of_std {
        sqrt(); abs(); floor(); ceil(); atan(); asin(); acos(); atan2(x); hypot(b);
    }
}

/// Whether a block may take `sin_near` and `cos_near` in the place of `sin` and `cos`: the bits are the same.
#[inline(always)]
pub(crate) fn all_near<T: Scalar>(block: &[T]) -> bool {
    let mut near = true;
    for x in block {
        near &= x.is_near();
    }
    near
}

macro_rules! conditionals {
    ($($name:ident $op:tt;)*) => {
        $(#[inline(always)]
        pub(crate) fn $name<T: Scalar>(a: T, b: T, then: T, otherwise: T) -> T {
            if a $op b { then } else { otherwise }
        })*
    };
}
conditionals! { if_gt >; if_ge >=; if_lt <; if_le <=; if_eq ==; }
