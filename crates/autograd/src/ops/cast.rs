//! Cast: conversion to another dtype, elementwise.
//!
//! Between F32 and F64 linear: ẏ = cast ẋ, x̄ = cast back ȳ. To and from I64 and Bool there is no derivative.

use crate::dense::Dense;
use crate::dtype::{DType, Data, each_dtype};
use crate::ir::{Cast, Meta};
use crate::op::{At, Mismatch, Rule, linear};
use crate::record::record;
use crate::shape::{Layout, Strides};
use crate::var::Var;

impl Rule for Cast {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        Ok(Meta::new(x[0].shape.clone(), self.to))
    }

    fn view(&self, x: &Meta, strides: &[isize]) -> Option<Layout> {
        (x.dtype == self.to).then(|| Strides::from(strides).into())
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        Some(record(Cast { to: at.x().dtype() }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone().into(), t)
    }

    fn reference(&self, x: &[Dense], _y: &Meta) -> Data {
        /// Numbers of any dtype, as the widest of each kind.
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
        each_dtype!(Data, &x[0].data, v => match self.to {
            // An i64 rounds once, straight to f32.
            DType::F32 if x[0].meta.dtype == DType::I64 => Data::F32(v.iter().map(|x| x.int() as f32).collect()),
            DType::F32 => Data::F32(v.iter().map(|x| x.float() as f32).collect()),
            DType::F64 => Data::F64(v.iter().map(|x| x.float()).collect()),
            DType::I64 => Data::I64(v.iter().map(|x| x.int()).collect()),
            DType::Bool => Data::Bool(v.iter().map(|x| x.float() != 0.0).collect()),
        })
    }
}
