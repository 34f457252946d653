//! Search-sorted: where each value stands among sorted ones, by bisection. Integers: no derivative.

use super::lines::contiguous;
use super::prelude::*;
use crate::ir::SearchSorted;

impl<'t> Var<'t> {
    /// Where each value would stand in `self`, which is sorted in ascending order along its last axis: the number of
    /// elements less than it, or not greater than it if `right`, as `I64`. `self` is a vector, for values of any shape, or has
    /// the same axes before the last as the values. NaN is greater than any number. What is found where `self` is not sorted
    /// is not specified; it is within 0..=n. There is no derivative.
    ///
    /// # Panics
    /// If dtypes differ, or the axes before the last.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (edges, values) = (tape.constant([1.0, 2.0, 2.0]), tape.constant([[0.5, 2.0, 9.0]]));
    /// assert_eq!(edges.search_sorted(values, false).to_vec::<i64>(), [0, 1, 3]);
    /// assert_eq!(edges.search_sorted(values, true).to_vec::<i64>(), [0, 3, 3]);
    /// ```
    #[track_caller]
    pub fn search_sorted(self, values: Var<'t>, right: bool) -> Var<'t> {
        record(SearchSorted { right }, &[self, values])
    }
}

impl SearchSorted {
    fn fill<T: PartialOrd + Copy>(&self, sorted: &[T], values: &[T], [n, m]: [usize; 2], y: &mut [i64]) {
        #[expect(clippy::eq_op, reason = "only NaN differs from itself")]
        let less = |a: T, b: T| a < b || (a == a && b != b);
        for (row, (y, values)) in y.chunks_mut(m.max(1)).zip(values.chunks(m.max(1))).enumerate() {
            let sorted = &sorted[row * n..][..n];
            for (y, &value) in y.iter_mut().zip(values) {
                *y = sorted.partition_point(|&s| if self.right { !less(value, s) } else { less(s, value) })
                    as i64;
            }
        }
    }

    /// The length of a sorted row, and how many values are looked for in it.
    fn lengths(sorted: &[usize], values: &[usize]) -> [usize; 2] {
        let looked_for = if sorted.len() == 1 { values } else { &values[values.len() - 1..] };
        [sorted[sorted.len() - 1], looked_for.iter().product()]
    }
}

impl Rule for SearchSorted {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        one_dtype(x)?;
        let [sorted, values] = [&x[0].shape, &x[1].shape];
        let same =
            sorted.len() == values.len() && sorted.iter().rev().skip(1).eq(values.iter().rev().skip(1));
        if sorted.is_empty() || !(sorted.len() == 1 || same) {
            let rule = "the sorted elements are a vector, or have the axes of the values before the last";
            return Err(Mismatch::new(rule));
        }
        Ok(Meta::new(values.clone(), DType::I64))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        match batch.x[0] {
            // A vector serves values of any shape.
            Each::Same(sorted) if sorted.rank() == 1 => record(self.clone(), &[sorted, batch.of_all(1)]),
            Each::Own(sorted) if sorted.rank() == 2 => {
                let values = batch.of_all(1);
                let shape = values.shape();
                let row = values.reshape([batch.examples, shape[1..].iter().product()]);
                record(self.clone(), &[sorted, row]).reshape(shape)
            }
            _ => batch.record(self.clone()),
        }
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, _g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        none()
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, _t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        None
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let lengths = SearchSorted::lengths(&x[0].meta.shape, &x[1].meta.shape);
        with_type!(x[0].meta.dtype, T => self.fill::<T>(x[0].slice(), x[1].slice(), lengths, y.slice()));
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, _room: &mut Room<'_>) -> Result<(), Fault> {
        let lengths = SearchSorted::lengths(x[0].shape, x[1].shape);
        with_type!(x[0].dtype(), T => {
            let [sorted, values] = [&x[0], &x[1]].map(contiguous::<T>);
            self.fill(&sorted, &values, lengths, y.slice());
        });
        Ok(())
    }
}

#[cfg(test)]
impl Tested for SearchSorted {
    fn rows() -> Vec<Row> {
        let mut all = rows("search sorted", &[&[5], &[2, 3], &[0], &[2, 0]], |x| {
            let edges = x.tape().constant([-1.0, 0.1, 0.1, 1.0]).cast(x.dtype());
            x * (edges.search_sorted(x, true).cast(x.dtype())
                + x.sort(-1).search_sorted(x, false).cast(x.dtype()))
        });
        all.extend(rows("search sorted transposes", &[&[3, 4]], |x| {
            x.t() * x.sort(0).t().search_sorted(x.t(), true).cast(x.dtype())
        }));
        all.extend(large("search sorted", &[&[320, 500]], |x| {
            x.sort(1).search_sorted(x.sin(), false).cast(x.dtype()) * x
        }));
        all
    }
}
