//! Softmax along an axis, yᵢ = eˣⁱ / Σ eˣʲ. It is computed from x − max x to avoid overflow.
//!
//! ẏ = y·(ẋ − Σ y·ẋ),  x̄ = y·(ȳ − Σ ȳ·y)  (the Jacobian diag y − y·yᵀ is symmetric).

use super::prelude::*;
use crate::ir::{Softmax, Sum};
use crate::lists::IntoList;
use crate::math::exp;
use crate::number::{Digits, Num};

impl<'t> Var<'t> {
    /// Softmax along an axis, eˣⁱ / Σ eˣʲ, without overflow. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let p = tape.var([1000.0, 1000.0]).softmax(-1);
    /// assert_eq!(p.to_vec::<f64>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn softmax(self, axis: isize) -> Var<'t> {
        let axis = self.axis("softmax", axis);
        record(Softmax { axis }, &[self])
    }
}

impl Rule for Softmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Softmax { axis: self.axis + 1 })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(self.times_jacobian(at.y, g))
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        Some(self.times_jacobian(at.y, t[0]?))
    }

    fn formula(&self, at: &Sketch<'_>) -> Option<Expr> {
        Some(Expr::Call("softmax", vec![at.x[0].clone()]))
    }

    fn formula_vjp(&self, at: &Sketch<'_>, _operand: usize, g: &Expr) -> Option<Expr> {
        let weighted = symbol::product([g.clone(), at.y.clone()]);
        let mean = symbol::total([self.axis as usize], at.shape, weighted);
        Some(symbol::product([at.y.clone(), symbol::sum([g.clone(), symbol::neg(mean)])]))
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => y.write(along::<T>(&x[0], self.axis, &|row| {
            let (exponentials, total) = exponentials(row);
            exponentials.into_iter().map(|e| e / total).listed()
        })));
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        use kernels::softmax::{along, softmax_row};
        with_float!(y.dtype(), T => {
            let mut differences = Vec::new();
            let mut row = |r: &mut [T]| softmax_row(r, &mut differences);
            along::<T>(x[0].view(), self.axis as usize, y.slice(), &mut row);
        });
        Ok(())
    }
}

impl Softmax {
    fn times_jacobian<'t>(&self, y: Var<'t>, v: Var<'t>) -> Var<'t> {
        y * (v - sum_keeping(v * y, self.axis))
    }
}

/// The sum over an axis, which stays with length 1.
pub(super) fn sum_keeping<'t>(x: Var<'t>, axis: Axis) -> Var<'t> {
    let axes = [axis].into_iter().collect();
    let ones = x.shape().with_ones(&[axis]);
    record(Sum { axes }, &[x]).reshape(ones)
}

pub(super) fn largest<T: Float>(row: &[T]) -> T {
    row.iter().fold(row[0], |m, &x| if x > m { x } else { m })
}

/// The exponentials of a row, shifted by its largest entry, and their sum.
pub(super) fn exponentials<T: Float + Digits>(row: &[T]) -> (Vec<T>, T) {
    let shifted: Vec<T> = row.iter().map(|&x| exp(Num(x - largest(row))).0).listed();
    let total = tree::sum(&shifted);
    (shifted, total)
}

/// Replaces each row along an axis by `f` of the row.
pub(super) fn along<T: Float>(x: &Dense, axis: Axis, f: &dyn Fn(&[T]) -> Vec<T>) -> Vec<T> {
    let (shape, axis) = (&x.meta.shape, axis as usize);
    let values = x.slice::<T>();
    let mut out = values.to_vec();
    for start in indices(shape).filter(|i| i[axis] == 0) {
        let offsets: Vec<usize> = (0..shape[axis])
            .map(|i| {
                let mut index = start.clone();
                index[axis] = i;
                offset(&index, shape)
            })
            .listed();
        let row: Vec<T> = offsets.iter().map(|&p| values[p]).listed();
        offsets.iter().zip(f(&row)).for_each(|(&p, y)| out[p] = y);
    }
    out
}

#[cfg(test)]
impl Tested for Softmax {
    fn rows() -> Vec<Row> {
        let mut all = rows("softmax", &[&[5], &[3, 4], &[2, 3, 1], &[3, 0]], |x| x.softmax(-1));
        all.extend(rows("softmax along the first axis", &[&[5], &[3, 4], &[2, 0, 3]], |x| x.softmax(0)));
        for axis in [0, 1] {
            all.extend(large("softmax", &[&[320, 500]], move |x| x.sin().softmax(axis)));
        }
        all
    }
}
