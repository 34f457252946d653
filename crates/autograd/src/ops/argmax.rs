//! Argmax: the index of the first largest element along an axis, or of the first NaN. The axis disappears. No derivative.

use super::max::require_elements;
use super::prelude::*;
use crate::ir::Argmax;
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// The indices of the largest elements along an axis, as `I64`. Of equal elements the first counts, and the first NaN if
    /// there is one. Over all axes (`..`) the index counts the elements in row-major order. The axis disappears, or stays
    /// with length 1: see [`ToAxes`](crate::ToAxes). There is no derivative.
    ///
    /// # Panics
    /// If the axis does not exist or has no element, or if several but not all axes are named.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let logits = tape.constant([[0.1, 2.0, 2.0], [5.0, 1.0, 0.0]]);
    /// assert_eq!(logits.argmax(-1).to_vec::<i64>(), [1, 0]);
    /// assert_eq!(logits.argmax(..).to_vec::<i64>(), [3]);
    /// ```
    #[track_caller]
    pub fn argmax(self, axis: impl ToAxes) -> Var<'t> {
        self.index_of("argmax", self, axis)
    }

    /// The indices of the smallest elements along an axis. Else as [`argmax`](Var::argmax).
    ///
    /// # Panics
    /// If the axis does not exist or has no element, or if several but not all axes are named.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([3.0, 1.0, 2.0]).argmin(0).to_vec::<i64>(), [1]);
    /// ```
    #[track_caller]
    pub fn argmin(self, axis: impl ToAxes) -> Var<'t> {
        self.index_of("argmin", -self, axis)
    }

    /// The index of the largest element of `x`, which is `self` or its negative.
    #[track_caller]
    fn index_of(self, op: &str, x: Var<'t>, axis: impl ToAxes) -> Var<'t> {
        let over = self.axes(op, axis);
        let y = match over.axes[..] {
            [axis] => record(Argmax { axis }, &[x]),
            _ if over.axes.len() == self.rank() => {
                record(Argmax { axis: 0 }, &[x.reshape([self.shape().elements()])])
            }
            _ => self
                .mistake(op, format!("axes {:?} are several", &over.axes[..]), "x")
                .rule("an index counts along one axis, or all elements")
                .hint("`.reshape(…)` makes one axis of several")
                .raise(),
        };
        over.restored(y, self)
    }
}

impl Rule for Argmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        require_elements(x[0], &[self.axis])?;
        Ok(Meta::new(x[0].shape.without(&[self.axis]), DType::I64))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Argmax { axis: self.axis + 1 })
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (shape, axis) = (&x[0].meta.shape, self.axis as usize);
        with_float!(x[0].meta.dtype, T => {
            let values = x[0].slice::<T>();
            let search = |mut index: Vec<usize>| {
                index.insert(axis, 0);
                let row: Vec<T> = (0..shape[axis]).map(|i| {
                    index[axis] = i;
                    values[offset(&index, shape)]
                }).listed();
                let first_nan = row.iter().position(|x| x.is_nan());
                let beats_all = |&i: &usize| row.iter().all(|x| *x <= row[i]);
                first_nan.or_else(|| (0..row.len()).find(beats_all)).expect("at least one element") as i64
            };
            let found = indices(y.shape).map(search);
            y.write(found);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(x[0].dtype(), T => kernels::max::argmax::<T>(x[0].view(), self.axis as usize, y.slice()));
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Argmax {
    fn rows() -> Vec<Row> {
        let mut all = rows("argmax", &[&[3, 5], &[1, 1], &[40, 0]], |x| {
            x * (x.argmax(0).cast(x.dtype()) + x.t().argmin(-1).cast(x.dtype()))
        });
        all.extend(rows("argmax of all", &[&[3, 5], &[7]], |x| {
            x * x.argmax(crate::Keep(..)).cast(x.dtype())
        }));
        for axis in [0, 1] {
            all.extend(large("argmax", &[&[320, 500]], move |x| {
                x.sin().argmax(axis).cast(x.dtype()).sum() * x.sin()
            }));
        }
        all
    }
}
