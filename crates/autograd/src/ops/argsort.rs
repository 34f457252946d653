//! Argsort: the order of the elements along an axis, as indices. Equal elements keep their order, and NaN comes last, whether
//! ascending or descending. O(n·log n). No derivative: sorted elements are those at these indices, and so have that of `gather`.

use super::lines::{Lines, contiguous};
use super::prelude::*;
use crate::ir::Argsort;

impl<'t> Var<'t> {
    /// The elements in ascending order along an axis; NaN comes last. Each has the gradient of its place. A negative axis
    /// counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0, 1.0, 2.0]);
    /// assert_eq!(x.sort(0).to_vec::<f64>(), [1.0, 2.0, 3.0]);
    /// let weights = tape.constant([1.0, 10.0, 100.0]);
    /// assert_eq!((x.sort(0) * weights).sum().grad([x])[0].to_vec::<f64>(), [100.0, 1.0, 10.0]);
    /// ```
    #[track_caller]
    pub fn sort(self, axis: isize) -> Var<'t> {
        self.gather(axis, self.argsort(axis))
    }

    /// The elements in descending order along an axis; NaN comes last. Else as [`sort`](Var::sort).
    ///
    /// # Panics
    /// As [`sort`](Var::sort).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([1.0, 3.0, 2.0]).sort_descending(0).to_vec::<f64>(), [3.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn sort_descending(self, axis: isize) -> Var<'t> {
        self.gather(axis, self.argsort_descending(axis))
    }

    /// The indices of the elements in ascending order along an axis, as `I64`. Equal elements keep their order; NaN comes last.
    /// There is no derivative.
    ///
    /// # Panics
    /// As [`sort`](Var::sort).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.constant([3.0, 1.0, 3.0]).argsort(0).to_vec::<i64>(), [1, 0, 2]);
    /// ```
    #[track_caller]
    pub fn argsort(self, axis: isize) -> Var<'t> {
        let axis = self.axis("argsort", axis);
        record(Argsort { axis, descending: false }, &[self])
    }

    /// The indices of the elements in descending order along an axis. Else as [`argsort`](Var::argsort): equal elements keep
    /// their order, and NaN comes last.
    ///
    /// # Panics
    /// As [`sort`](Var::sort).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([3.0, f64::NAN, 1.0, 3.0]);
    /// assert_eq!(x.argsort_descending(0).to_vec::<i64>(), [0, 3, 2, 1]);
    /// ```
    #[track_caller]
    pub fn argsort_descending(self, axis: isize) -> Var<'t> {
        let axis = self.axis("argsort_descending", axis);
        record(Argsort { axis, descending: true }, &[self])
    }
}

/// A whole number that orders as numbers do: zeros of both signs are equal, and NaN comes after every number.
fn rank(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    match bits >> 63 {
        _ if x.is_nan() => u64::MAX,
        0 => bits | 1 << 63,
        _ => !bits,
    }
}

impl Argsort {
    /// The value at a place, as an `f64`, which holds every number exactly.
    fn fill(&self, value: &dyn Fn(usize) -> f64, shape: &[usize], y: &mut [i64]) {
        let lines = Lines::of(shape, self.axis);
        let mut line: Vec<(u64, i64)> = vec![];
        for start in lines.starts() {
            line.clear();
            for i in 0..lines.length {
                let x = value(start + i * lines.step);
                // −x, because the other way round NaN would come first.
                line.push((rank(if self.descending { -x } else { x }), i as i64));
            }
            // Equal elements keep their order: no two pairs are equal.
            line.sort_unstable();
            for (i, &(_, place)) in line.iter().enumerate() {
                y[start + i * lines.step] = place;
            }
        }
    }
}

impl Rule for Argsort {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(Meta::new(x[0].shape.clone(), DType::I64))
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let shape = y.shape;
        with_float!(x[0].meta.dtype, T => {
            let x = x[0].slice::<T>();
            self.fill(&|at| x[at].to_f64(), shape, y.slice());
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let shape = y.shape;
        with_float!(x[0].dtype(), T => {
            let x = contiguous::<T>(&x[0]);
            self.fill(&|at| x[at].to_f64(), shape, y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for Argsort {
    fn rows() -> Vec<Row> {
        let shapes: &[&[usize]] = &[&[2, 3, 4], &[1, 3, 1], &[2, 0, 3], &[40]];
        let mut all = rows("sort along the first", shapes, |x| x.sin().sort(0).square());
        all.extend(rows("sort along the last, descending", shapes, |x| x.sort_descending(-1).exp()));
        all.extend(rows("sort of a transpose", &[&[3, 5]], |x| x.t().sort(0).sin()));
        all.extend(rows("argsort", shapes, |x| {
            x * (x.argsort(0).cast(x.dtype()) - x.argsort_descending(-1).cast(x.dtype()))
        }));
        all.extend(rows("top and bottom k", &[&[3, 4], &[3, 2, 2]], |x| {
            x.sin().top_k(0, 2).0 * x.bottom_k(0, 2).0.exp()
        }));
        all.extend(rows("median, quantile and k-th value", &[&[3, 4], &[5, 1]], |x| {
            x.median(0) * x.sin().quantile(0, 0.3) + x.kth_value(0, 2).0.square()
        }));
        all.extend(large("sort", &[&[320, 500]], |x| x.sin().sort(1).exp()));
        all
    }
}
