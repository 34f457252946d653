//! Max over axes, which disappear, and Argmax, the place of the first largest element along one axis.
//!
//! y = max x:  ẏ = Σ w·ẋ,  x̄ = w·ȳ  with w = 1/m at each of the m largest elements and 0 elsewhere: ties share the
//! gradient equally, as those of `maximum` do. NaN is larger than any number. Argmax has no derivative.

use crate::dense::{Dense, indices, place};
use crate::dtype::Storable;
use crate::dtype::{DType, Data, with_float};
use crate::ir::{Argmax, Compare, Max, Meta, Reshape, Sum};
use crate::op::{At, Clash, Mismatch, Rule};
use crate::record::{record, require_float};
use crate::var::Var;

impl Rule for Max {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        require_elements(x[0], &self.axes)?;
        Ok(Meta::new(x[0].shape.without(&self.axes), dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        Some(self.weights(at) * self.keeping(at, g))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let moved = self.weights(at) * t[0]?;
        Some(record(Sum { axes: self.axes.clone() }, &[moved]))
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let shape = &x[0].meta.shape;
        with_float!(y.dtype, T => {
            let mut out: Vec<Option<T>> = vec![None; y.shape.elements()];
            for (index, &value) in indices(shape).zip(T::slice(x[0].data.borrow())) {
                let kept: Vec<usize> =
                    (0..shape.len()).filter(|&i| !self.axes.contains(&(i as u8))).map(|i| index[i]).collect();
                let largest = &mut out[place(&kept, &y.shape)];
                if largest.is_none_or(|m| value > m || value.is_nan()) && !largest.is_some_and(T::is_nan) {
                    *largest = Some(value);
                }
            }
            T::wrap(out.into_iter().map(|m| m.expect("over at least one element")).collect())
        })
    }
}

impl Max {
    /// The share of each element in the largest.
    fn weights<'t>(&self, at: &At<'_, 't>) -> Var<'t> {
        let (x, y) = (at.x(), self.keeping(at, at.y));
        let largest = super::binary_of(Compare::Eq, x, y).cast(x.dtype());
        let ties = record(Sum { axes: self.axes.clone() }, &[largest]);
        largest * self.keeping(at, ties.recip())
    }

    /// With length 1 at the axes that had disappeared.
    fn keeping<'t>(&self, at: &At<'_, 't>, y: Var<'t>) -> Var<'t> {
        record(Reshape { to: at.x().shape().with_ones(&self.axes) }, &[y])
    }
}

impl Rule for Argmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        require_elements(x[0], &[self.axis])?;
        Ok(Meta::new(x[0].shape.without(&[self.axis]), DType::I64))
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _i: usize, _g: Var<'t>) -> Option<Var<'t>> {
        None
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        let (shape, axis) = (&x[0].meta.shape, self.axis as usize);
        with_float!(x[0].meta.dtype, T => {
            let values = T::slice(x[0].data.borrow());
            let search = |mut index: Vec<usize>| {
                index.insert(axis, 0);
                let row: Vec<T> = (0..shape[axis]).map(|i| {
                    index[axis] = i;
                    values[place(&index, shape)]
                }).collect();
                let first_nan = row.iter().position(|x| x.is_nan());
                let beats_all = |&i: &usize| row.iter().all(|x| *x <= row[i]);
                first_nan.or_else(|| (0..row.len()).find(beats_all)).expect("at least one element") as i64
            };
            i64::wrap(indices(&y.shape).map(search).collect())
        })
    }
}

/// Nothing has no largest element.
fn require_elements(x: &Meta, axes: &[u8]) -> Result<(), Mismatch> {
    match axes.iter().find(|&&a| x.shape[a as usize] == 0) {
        Some(&axis) => Err(Mismatch::new(format!("axis {axis} has an element to take"))
            .clash([Clash::Axis(0, usize::from(axis))])),
        None => Ok(()),
    }
}
