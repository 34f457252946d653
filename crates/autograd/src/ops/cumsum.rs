//! Cumsum: running sums along an axis, yᵢ = Σ xⱼ over j ≤ i, or over j ≥ i in reverse, in double precision. Terms are added in
//! sequence in runs of 8, and the sum of a run to that of all runs before it.
//!
//! Linear: ẏ = cumsum ẋ, and the adjoint runs the other way: x̄ⱼ = Σ ȳᵢ over i ≥ j.

use super::prelude::*;
use crate::ir::Cumsum;
use crate::lists::IntoList;

impl<'t> Var<'t> {
    /// Running sums along an axis, yᵢ = Σ xⱼ over j ≤ i. A negative axis counts from the end. The terms are added in double
    /// precision also for `F32`, and each result is rounded once: in sequence, from the first, in runs of 8, and the sum of a run
    /// to that of the runs before it.
    ///
    /// # Panics
    /// If the axis does not exist, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0]);
    /// assert_eq!(x.cumsum(0).to_vec::<f64>(), [1.0, 3.0, 6.0]);
    /// assert_eq!(x.cumsum(0).sum().grad([x])[0].to_vec::<f64>(), [3.0, 2.0, 1.0]);
    ///
    /// let counts = tape.constant([16_777_216.0f32, 1.0, 1.0, 1.0]); // 2²⁴ + 1 is no f32
    /// assert_eq!(counts.cumsum(0).index(0, -1).item(), 16_777_220.0);
    /// ```
    #[track_caller]
    pub fn cumsum(self, axis: isize) -> Var<'t> {
        let axis = self.axis("cumsum", axis);
        record(Cumsum { axis, reverse: false }, &[self])
    }
}

impl Rule for Cumsum {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Cumsum { axis: self.axis + 1, ..self.clone() })
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(record(Cumsum { axis: self.axis, reverse: !self.reverse }, &[g]))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (shape, axis) = (y.shape, self.axis as usize);
        with_float!(y.dtype(), T => {
            let values = x[0].slice::<T>();
            let sums = indices(shape).map(|mut index| {
                let (i, n) = (index[axis], shape[axis]);
                let terms: Vec<usize> = if self.reverse { (i..n).rev().listed() } else { (0..=i).listed() };
                let mut term = |&j: &usize| {
                    index[axis] = j;
                    values[offset(&index, shape)].to_f64()
                };
                let runs = terms.chunks(tree::RUN);
                let sums = runs.map(|run| run[1..].iter().fold(term(&run[0]), |sum, j| sum + term(j)));
                T::from_f64(sums.reduce(|before, sum| before + sum).expect("a term"))
            });
            y.write(sums);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            kernels::scan::cumsum::<T>(x[0].view(), self.axis as usize, self.reverse, y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Cumsum {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 3, 1], &[2, 0, 3], &[40, 3, 1]];
        let mut all = rows("cumsum along the last", &[&[19, 37]], |x| x.sin().cumsum(1).sin());
        all.extend(rows("cumsum along the first", shapes, |x| x.sin().cumsum(0)));
        all.extend(rows("cumsum along the middle", shapes, |x| x.sin().cumsum(1).square()));
        all.extend(rows("cumsum along the last", shapes, |x| x.cumsum(-1).sin()));
        all.extend(rows("cumsum of a transpose", &[&[3, 5]], |x| x.t().cumsum(0).exp()));
        all.extend(rows("cumsum in reverse", shapes, |x| x.flip(1).cumsum(1).flip(1)));
        all.extend(large("cumsum", &[&[320, 500]], |x| (x.cumsum(1) * 0.01).sin()));
        all
    }
}
