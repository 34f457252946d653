//! Cumargmax: the index of the largest element so far along an axis; of equal ones the latest. NaN counts as larger than any
//! number. No derivative: running maxima are the elements at these indices, and so have that of `gather`.

use super::lines::{Lines, contiguous};
use super::prelude::*;
use crate::ir::Cumargmax;

impl<'t> Var<'t> {
    /// Running maxima along an axis, yᵢ = max xⱼ over j ≤ i; NaN from the first NaN on. Of equal elements the latest has the
    /// gradient. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 3.0, 2.0, 3.0]);
    /// assert_eq!(x.cummax(0).to_vec::<f64>(), [1.0, 3.0, 3.0, 3.0]);
    /// assert_eq!(x.cummax(0).sum().grad([x])[0].to_vec::<f64>(), [1.0, 2.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn cummax(self, axis: isize) -> Var<'t> {
        self.gather(axis, self.cumargmax(axis))
    }

    /// Running minima along an axis. Else as [`cummax`](Var::cummax).
    ///
    /// # Panics
    /// As [`cummax`](Var::cummax).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([2.0, 3.0, 1.0]).cummin(0).to_vec::<f64>(), [2.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn cummin(self, axis: isize) -> Var<'t> {
        self.gather(axis, self.cumargmin(axis))
    }

    /// The indices of the running maxima along an axis, as `I64`; of equal elements the latest. There is no derivative.
    ///
    /// # Panics
    /// As [`cummax`](Var::cummax).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([1.0, 3.0, 2.0, 3.0]).cumargmax(0).to_vec::<i64>(), [0, 1, 1, 3]);
    /// ```
    #[track_caller]
    pub fn cumargmax(self, axis: isize) -> Var<'t> {
        let axis = self.axis("cumargmax", axis);
        record(Cumargmax { axis }, &[self])
    }

    /// The indices of the running minima along an axis. Else as [`cumargmax`](Var::cumargmax).
    ///
    /// # Panics
    /// As [`cummax`](Var::cummax).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([2.0, 3.0, 1.0]).cumargmin(0).to_vec::<i64>(), [0, 0, 2]);
    /// ```
    #[track_caller]
    pub fn cumargmin(self, axis: isize) -> Var<'t> {
        let axis = self.axis("cumargmin", axis);
        record(Cumargmax { axis }, &[-self])
    }
}

impl Cumargmax {
    fn fill<T: Float>(&self, x: &[T], shape: &[usize], y: &mut [i64]) {
        let lines = Lines::of(shape, self.axis);
        for start in lines.starts() {
            let at = |i: usize| start + i * lines.step;
            let mut largest = 0;
            for i in 0..lines.length {
                let (best, this) = (x[at(largest)], x[at(i)]);
                if this >= best || this.is_nan() {
                    largest = i;
                }
                y[at(i)] = largest as i64;
            }
        }
    }
}

impl Rule for Cumargmax {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(Meta::new(x[0].shape.clone(), DType::I64))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Cumargmax { axis: self.axis + 1 })
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let shape = y.shape;
        with_float!(x[0].meta.dtype, T => self.fill::<T>(x[0].slice(), shape, y.slice()));
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let shape = y.shape;
        with_float!(x[0].dtype(), T => self.fill::<T>(&contiguous(&x[0]), shape, y.slice()));
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Cumargmax {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 3, 1], &[2, 0, 3], &[40]];
        let mut all = rows("cummax along the first", shapes, |x| x.sin().cummax(0).square());
        all.extend(rows("cummin along the last", shapes, |x| x.cummin(-1).exp()));
        all.extend(rows("cummax of a transpose", &[&[3, 5]], |x| x.t().cummax(0).sin()));
        all.extend(rows("cumargmax", shapes, |x| {
            x * (x.cumargmax(0).cast(x.dtype()) - x.cumargmin(-1).cast(x.dtype()))
        }));
        all.extend(large("cummax", &[&[320, 500]], |x| x.sin().cummax(1).exp()));
        all
    }
}
