//! Softmax along an axis, yᵢ = eˣⁱ / Σ eˣʲ, and its logarithm, both computed from x − max x, so without overflow.
//!
//! y = softmax x:      ẏ = y·(ẋ − Σ y·ẋ),     x̄ = y·(ȳ − Σ ȳ·y)       (the Jacobian diag y − y·yᵀ is symmetric)
//! y = log softmax x:  ẏ = ẋ − Σ eʸ·ẋ,        x̄ = ȳ − eʸ·Σ ȳ

use crate::dense::{Dense, indices, place};
use crate::dtype::Storable;
use crate::dtype::{Data, with_float};
use crate::ir::{LogSoftmax, Meta, Softmax, Sum};
use crate::math::{Scalar, exp, ln};
use crate::op::{At, Mismatch, Rule};
use crate::record::{record, require_float};
use crate::tree;
use crate::var::Var;
use crate::{Element, Float};

impl Rule for Softmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(x[0].clone())
    }
    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        Some(at.y * (g - sum_keeping(g * at.y, self.axis)))
    }
    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        self.vjp(at, 0, t[0]?)
    }
    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        with_float!(y.dtype, T => T::wrap(along::<T>(&x[0], self.axis, |row| {
            let (exponentials, total) = exponentials(row);
            exponentials.into_iter().map(|e| e / total).collect()
        })))
    }
}

impl Rule for LogSoftmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(x[0].clone())
    }
    fn vjp<'t>(&self, at: &At<'_, 't>, _i: usize, g: Var<'t>) -> Option<Var<'t>> {
        Some(g - at.y.exp() * sum_keeping(g, self.axis))
    }
    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let t = t[0]?;
        Some(t - sum_keeping(at.y.exp() * t, self.axis))
    }
    fn reference(&self, x: &[Dense], y: &Meta) -> Data {
        with_float!(y.dtype, T => T::wrap(along::<T>(&x[0], self.axis, |row| {
            let (_, total) = exponentials(row);
            row.iter().map(|x| x - largest(row) - ln(total)).collect()
        })))
    }
}

/// The sum over an axis, which stays with length 1.
fn sum_keeping<'t>(x: Var<'t>, axis: u8) -> Var<'t> {
    let axes = [axis].into_iter().collect();
    let ones = x.shape().with_ones(&[axis]);
    record(Sum { axes }, &[x]).reshape(ones)
}

fn largest<T: Scalar>(row: &[T]) -> T {
    row.iter().fold(row[0], |m, &x| if x > m { x } else { m })
}

/// The exponentials of a row, shifted by its largest entry, and their sum.
fn exponentials<T: Float + Scalar>(row: &[T]) -> (Vec<T>, T) {
    let shifted: Vec<T> = row.iter().map(|&x| exp(x - largest(row))).collect();
    let total = tree::sum(&shifted);
    (shifted, total)
}

/// Replaces each row along an axis by `f` of it, element by element.
fn along<T: Element>(x: &Dense, axis: u8, f: impl Fn(&[T]) -> Vec<T>) -> Vec<T> {
    let (shape, axis) = (&x.meta.shape, axis as usize);
    let values = T::slice(x.data.borrow());
    let mut out = values.to_vec();
    for start in indices(shape).filter(|i| i[axis] == 0) {
        let places: Vec<usize> = (0..shape[axis])
            .map(|i| {
                let mut index = start.clone();
                index[axis] = i;
                place(&index, shape)
            })
            .collect();
        let row: Vec<T> = places.iter().map(|&p| values[p]).collect();
        places.iter().zip(f(&row)).for_each(|(&p, y)| out[p] = y);
    }
    out
}
