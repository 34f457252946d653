//! Overlap: windows added up where they lie, y[…, p·step + k·dilation, …] += x[…, p, …, k]. The adjoint of windows. The
//! terms are added in the order of k.
//!
//! Linear: ẏ = overlap ẋ, x̄ = windows ȳ.

use super::prelude::*;
use super::windows::{steps, windows_along};
use crate::ir::{Overlap, Windows};

impl<'t> Var<'t> {
    /// Windows added up where they lie along an axis of the given length: y\[p·step + k\] += x\[p, k\], where the last axis goes
    /// through each window. The adjoint of [`windows`](Var::windows). A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist or is the last, or if `x.windows(axis, size, step)` of that length would give another number
    /// of windows.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.overlap_add(0, 3, 1).to_vec::<f64>(), [1.0, 5.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn overlap_add(self, axis: isize, length: usize, step: usize) -> Var<'t> {
        let axis = self.axis("overlap_add", axis);
        record(Overlap { axis, length, step, dilation: 1 }, &[self])
    }
}

impl Overlap {
    /// The shape that the windows have a view of, and the strides with which they see it.
    fn strides(&self, to: &Shape) -> Strides {
        let along = to.strides();
        let stride = along[self.axis as usize];
        let mut all: Strides = along.iter().copied().chain([steps(stride, self.dilation)]).collect();
        all[self.axis as usize] = steps(stride, self.step);
        all
    }
}

impl Rule for Overlap {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_float(x)?;
        let (from, axis) = (&x[0].shape, self.axis as usize);
        let Some((&size, lead)) = from.split_last().filter(|(_, lead)| axis < lead.len()) else {
            return Err(Mismatch::new("the last axis goes through the windows, and another one counts them"));
        };
        if self.step == 0 || self.dilation == 0 {
            return Err(Mismatch::new("steps are at least 1"));
        }
        let count = windows_along(self.length, size, self.step, self.dilation);
        if count != Some(lead[axis]) {
            let count = count.map_or_else(|| "no".to_owned(), |count| count.to_string());
            let rule =
                format!("a length of {} has {count} windows of {size}, one every {}", self.length, self.step);
            return Err(Mismatch::new(rule).clash([Clash::Axis(0, axis)]));
        }
        Ok(Meta::new(Shape::from(lead).with_length(axis, self.length), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Overlap { axis: self.axis + 1, ..self.clone() })
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        let size = at.x().shape()[at.x().rank() - 1];
        let &Overlap { axis, step, dilation, .. } = self;
        only(record(Windows { axis, size, step, dilation }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let to = y.shape;
            let out = y.slice::<T>();
            out.fill(T::default());
            let (values, from) = (x[0].slice::<T>(), &x[0].meta.shape);
            let (&size, lead) = from.split_last().expect("the axis of the window");
            // Of no windows there may be any length.
            for k in 0..if values.is_empty() { 0 } else { size } {
                for (i, mut index) in indices(lead).enumerate() {
                    let place = &mut index[self.axis as usize];
                    *place = *place * self.step + k * self.dilation;
                    let y = &mut out[offset(&index, to)];
                    *y += values[i * size + k];
                }
            }
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let strides = self.strides(y.shape);
        with_float!(y.dtype(), T => {
            let out = y.slice::<T>();
            out.fill(T::default());
            if !x[0].shape.contains(&0) {
                kernels::copies::add_into::<T>(x[0].view(), &strides, out);
            }
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Overlap {
    fn rows() -> Vec<Row> {
        let mut all =
            rows("overlap", &[&[4, 3, 2], &[4, 1, 2], &[4, 0, 2]], |x| x.sin().overlap_add(0, 5, 1).exp());
        all.extend(rows("overlap with gaps", &[&[2, 3, 2], &[2, 3, 1]], |x| {
            x.overlap_add(1, 9 + x.shape()[2], 4).square()
        }));
        all.extend(rows("overlap of a transpose", &[&[3, 4]], |x| x.t().overlap_add(0, 6, 1).square()));
        all.extend(rows("overlap of nothing", &[&[0, 3]], |x| x.overlap_add(0, 2, 1).exp()));
        all.extend(large("overlap", &[&[320, 500]], |x| x.overlap_add(0, 819, 1).sin()));
        all
    }
}
