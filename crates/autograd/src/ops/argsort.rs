//! Argsort: the order of the elements along an axis, as indices. Equal elements keep their order, and NaN comes last, whether
//! ascending or descending, or the first k of them. O(n·log n), and O(n) for a few. No derivative: sorted elements are those at these indices, and so have that of `gather`.

use super::lines::{Lines, contiguous};
use super::prelude::*;
use crate::ir::Argsort;
use crate::kernels::order::Order;
use crate::lists::IntoList;

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
        self.order("argsort", axis, false, None)
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
        self.order("argsort_descending", axis, true, None)
    }

    /// The indices of the elements in order, or of the first of them only.
    #[track_caller]
    pub(crate) fn order(self, op: &str, axis: isize, descending: bool, first: Option<usize>) -> Var<'t> {
        let axis = self.axis(op, axis);
        let length = self.shape()[usize::from(axis)];
        let first = first.unwrap_or(length);
        if first > length {
            self.mistake(op, format!("k = {first} along axis {axis} of {}", self.shape()), "x")
                .rule(format!("k is within 0..={length}"))
                .raise();
        }
        record(Argsort { axis, descending, first }, &[self])
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
    fn fill<T: Float>(&self, x: &[T], shape: &[usize], y: &mut [i64]) {
        let (from, to) = (Lines::of(shape, self.axis), Lines::of(&self.shape(shape), self.axis));
        let mut order = Order::default();
        for (start, y_start) in from.starts().zip(to.starts()) {
            let element = |i: usize| x[start + i * from.step];
            let put = |i: usize, place: usize| y[y_start + i * to.step] = place as i64;
            // −x, because the other way round NaN would come first.
            match self.descending {
                true => order.of(from.length, self.first, |i| -element(i), put),
                false => order.of(from.length, self.first, element, put),
            }
        }
    }

    /// Where an element comes. An `f64` holds every number exactly.
    fn rank<T: Float>(&self, x: T) -> u64 {
        rank(if self.descending { -x.to_f64() } else { x.to_f64() })
    }

    fn shape(&self, x: &[usize]) -> Shape {
        Shape::from(x).with_length(usize::from(self.axis), self.first)
    }
}

impl Rule for Argsort {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        Ok(Meta::new(self.shape(&x[0].shape), DType::I64))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Argsort { axis: self.axis + 1, ..self.clone() })
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let (from, to) = (Lines::of(&x[0].meta.shape, self.axis), Lines::of(y.shape, self.axis));
        with_float!(x[0].meta.dtype, T => {
            let (x, y) = (x[0].slice::<T>(), y.slice::<i64>());
            for (start, y_start) in from.starts().zip(to.starts()) {
                let mut places: Vec<usize> = (0..from.length).listed();
                places.sort_by_key(|i| self.rank(x[start + i * from.step]));
                for (i, &place) in places[..self.first].iter().enumerate() {
                    y[y_start + i * to.step] = place as i64;
                }
            }
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        with_float!(x[0].dtype(), T => self.fill(&contiguous::<T>(&x[0]), x[0].shape, y.slice()));
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
        all.extend(rows("top k of many", &[&[2, 100], &[60]], |x| {
            (x * 3.0).floor().top_k(-1, 7).0.sin() * x.sum()
        }));
        all.extend(rows("median, quantile and k-th value", &[&[3, 4], &[5, 1]], |x| {
            x.median(0) * x.sin().quantile(0, 0.3) + x.kth_value(0, 2).0.square()
        }));
        all.extend(large("top k", &[&[320, 500]], |x| x.sin().top_k(0, 5).0.exp()));
        all.extend(large("sort", &[&[320, 500]], |x| x.sin().sort(1).exp()));
        all
    }
}
