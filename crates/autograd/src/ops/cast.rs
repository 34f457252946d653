//! Cast: conversion to another dtype, elementwise.
//!
//! Between F32 and F64 it is linear: ẏ = cast ẋ, x̄ = cast back ȳ. To and from I64 and Bool there is no derivative.

use super::prelude::*;
use crate::dtype::{DataMut, each_dtype};
use crate::ir::Cast;
use kernels::elementwise::tiles;
use kernels::simd::widest;

impl<'t> Var<'t> {
    /// `self` converted to another dtype. Differentiable between `F32` and `F64`.
    ///
    /// * To `F32` and `F64`: the nearest number, of two equally near the one with an even last bit; beyond the range of `F32`
    ///   an infinity. Subnormal numbers are kept. True is 1, false is 0.
    /// * To `I64`: rounded towards zero. NaN gives 0; numbers beyond −2⁶³ ≤ n < 2⁶³ and infinities give the nearest end,
    ///   `i64::MIN` or `i64::MAX`. True is 1, false is 0.
    /// * To `Bool`: true for all but zeros, so for NaN and 0.5.
    ///
    /// ```
    /// # use autograd::{DType, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([1.5, -2.5]);
    /// assert_eq!(x.cast(DType::I64).to_vec::<i64>(), [1, -2]);
    /// assert_eq!(x.gt(0.0).cast(DType::F64).sum().item(), 1.0);
    ///
    /// let ends = tape.constant([f64::NAN, 9.3e18, f64::NEG_INFINITY, 0.5]);
    /// assert_eq!(ends.cast(DType::I64).to_vec::<i64>(), [0, i64::MAX, i64::MIN, 0]);
    /// assert_eq!(ends.cast(DType::Bool).to_vec::<bool>(), [true; 4]);
    /// let single = tape.constant([1e39, 1e-40, 1.0 + 1e-9]).cast(DType::F32);
    /// assert_eq!(single.to_vec::<f32>(), [f32::INFINITY, 1e-40, 1.0]);
    /// ```
    #[track_caller]
    pub fn cast(self, to: DType) -> Var<'t> {
        if self.dtype() == to { self } else { record(Cast { to }, &[self]) }
    }
}

impl Rule for Cast {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        Ok(Meta::new(x[0].shape.clone(), self.to))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(self.clone())
    }

    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        (x.dtype == self.to).then(|| Strides::from(strides).into())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(Cast { to: at.x().dtype() }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(at.x[0].clone())
    }

    fn formula_vjp(&self, _at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        Some(g.clone())
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        each_dtype!(Data, &x[0].data, v => match self.to {
            // An i64 rounds once, straight to f32.
            DType::F32 if x[0].meta.dtype == DType::I64 => y.write(v.iter().map(|x| x.int() as f32)),
            DType::F32 => y.write(v.iter().map(|x| x.float() as f32)),
            DType::F64 => y.write(v.iter().map(|x| x.float())),
            DType::I64 => y.write(v.iter().map(|x| x.int())),
            DType::Bool => y.write(v.iter().map(|x| x.float() != 0.0)),
        });
        Ok(())
    }

    /// Rounds as [`Var::cast`] says.
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        // Wide vectors only from one float to the other, which is cast again and again: each loop for them is three.
        fn plain(f: impl FnOnce()) {
            f();
        }
        macro_rules! to {
            ($out:ident, $($from:ident $T:ident $run:ident: |$v:ident| $e:expr;)*) => {
                match x[0].dtype() {
                    $(DType::$from => tiles([x[0].view::<$T>()], $out, |[x], out| $run(#[inline(always)] || {
                        for (o, &$v) in out.iter_mut().zip(x) {
                            *o = $e;
                        }
                    })),)*
                }
            };
        }
        match y.data {
            DataMut::F32(o) => to! { o,
                F32 f32 plain: |v| v;
                F64 f64 widest: |v| v as f32;
                I64 i64 plain: |v| v as f32;
                Bool bool plain: |v| f32::from(v);
            },
            DataMut::F64(o) => to! { o,
                F32 f32 widest: |v| f64::from(v);
                F64 f64 plain: |v| v;
                I64 i64 plain: |v| v as f64;
                Bool bool plain: |v| f64::from(v);
            },
            DataMut::I64(o) => to! { o,
                F32 f32 plain: |v| v as i64;
                F64 f64 plain: |v| v as i64;
                I64 i64 plain: |v| v;
                Bool bool plain: |v| i64::from(v);
            },
            DataMut::Bool(o) => to! { o,
                F32 f32 plain: |v| v != 0.0;
                F64 f64 plain: |v| v != 0.0;
                I64 i64 plain: |v| v != 0;
                Bool bool plain: |v| v;
            },
        }
        Ok(())
    }
}

/// Numbers of any dtype, converted to the widest float and the widest integer.
trait Wide: Copy {
    fn float(self) -> f64;
    fn int(self) -> i64;
}
macro_rules! wide {
    ($($t:ty: |$x:ident| $float:expr, $int:expr;)*) => {
        $(impl Wide for $t {
            fn float(self) -> f64 { let $x = self; $float }
            fn int(self) -> i64 { let $x = self; $int }
        })*
    };
}
wide! {
    f32: |x| f64::from(x), x as i64;
    f64: |x| x, x as i64;
    i64: |x| x as f64, x;
    bool: |x| f64::from(x), i64::from(x);
}

#[cfg(test)]
impl Tested for Cast {
    fn rows() -> Vec<Row> {
        let mut all = rows("cast", &[&[2, 3]], |x| x.cast(DType::F64).square().cast(x.dtype()));
        all.extend(rows("cast to F32", &[&[4]], |x| (x.cast(DType::F32) * 0.0).cast(x.dtype()) + x));
        all.extend(rows("cast to I64 and Bool", &[&[2, 3]], |x| {
            let (whole, truth) = (x.cast(DType::I64), x.cast(DType::Bool).cast(DType::I64));
            x * (whole.cast(x.dtype()) + truth.cast(x.dtype()))
        }));
        all.extend(large("cast", &[&[160_000]], |x| x * x.cast(DType::Bool).cast(x.dtype()).sin()));
        all
    }
}
