//! Largest and smallest elements, medians and quantiles: composed of sorting and reading by index.

use super::Var;
use crate::record::check_memory;
use crate::shape::Shape;

impl<'t> Var<'t> {
    /// The k largest elements along an axis, the largest first, and their indices as `I64`. Of equal elements the first in
    /// `self` comes first; NaN comes after every number. A negative axis counts from the end.
    ///
    /// # Panics
    /// If the axis does not exist or has fewer than k elements, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 4.0, 2.0]);
    /// let (values, indices) = x.top_k(0, 2);
    /// assert_eq!((values.to_vec::<f64>(), indices.to_vec::<i64>()), (vec![4.0, 2.0], vec![1, 2]));
    /// assert_eq!(values.sum().grad([x])[0].to_vec::<f64>(), [0.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn top_k(self, axis: isize, k: usize) -> (Var<'t>, Var<'t>) {
        let indices = self.order("top_k", axis, true, Some(k));
        (self.gather(axis, indices), indices)
    }

    /// The k smallest elements along an axis, the smallest first, and their indices. Else as [`top_k`](Var::top_k).
    ///
    /// # Panics
    /// As [`top_k`](Var::top_k).
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([1.0, 4.0, 2.0]).bottom_k(0, 2).0.to_vec::<f64>(), [1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn bottom_k(self, axis: isize, k: usize) -> (Var<'t>, Var<'t>) {
        let indices = self.order("bottom_k", axis, false, Some(k));
        (self.gather(axis, indices), indices)
    }

    /// The k-th smallest element along an axis, which disappears, and its index as `I64`. k counts from 1. The gradient goes to
    /// this element.
    ///
    /// # Panics
    /// If the axis does not exist or has no k-th element, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (value, index) = tape.var([7.0, 4.0, 9.0]).kth_value(0, 2);
    /// assert_eq!((value.item(), index.item()), (7.0, 0.0));
    /// ```
    #[track_caller]
    pub fn kth_value(self, axis: isize, k: usize) -> (Var<'t>, Var<'t>) {
        let shape = self.shape();
        let along = usize::from(self.axis("kth_value", axis));
        if k == 0 || k > shape[along] {
            self.mistake("kth_value", format!("k = {k} along axis {along} of {shape}"), "x")
                .rule(format!("k is within 1..={}", shape[along]))
                .raise();
        }
        let index = self.order("kth_value", axis, false, Some(k)).slice(axis, k - 1..);
        let [value, index] =
            [self.gather(axis, index), index].map(|y| y.reshape(shape.without(&[along as u8])));
        (value, index)
    }

    /// The median along an axis, which disappears: of an even number of elements the mean of the two middle ones; NaN if any
    /// element is NaN.
    ///
    /// # Panics
    /// If the axis does not exist or has no element, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 8.0, 2.0, 3.0]);
    /// assert_eq!(x.median(0).item(), 2.5);
    /// assert_eq!(x.median(0).grad([x])[0].to_vec::<f64>(), [0.0, 0.0, 0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn median(self, axis: isize) -> Var<'t> {
        self.quantile(axis, 0.5)
    }

    /// The quantile along an axis, which disappears: the element at place q·(n − 1) in ascending order, interpolated between its
    /// two neighbours where that is no whole number; NaN if any element is NaN. The gradient goes to the neighbours. Source:
    /// Hyndman & Fan, *Sample Quantiles in Statistical Packages*, 1996, definition 7.
    ///
    /// # Panics
    /// If the axis does not exist or has no element, if q is not within 0..=1, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([10.0, 30.0, 20.0]);
    /// assert_eq!(x.quantile(0, 0.75).item(), 25.0);
    /// ```
    #[track_caller]
    pub fn quantile(self, axis: isize, q: f64) -> Var<'t> {
        self.each_quantile(axis, &[q], Quantile::Linear)[0]
    }

    /// Several quantiles along an axis, which disappears: their own axis comes first. Place q·(n − 1) in ascending order is that
    /// of an element, or [between](Quantile) two. NaN if any element is NaN. The gradient goes to the elements that are read.
    ///
    /// # Panics
    /// If the axis does not exist or has no element, if a q is not within 0..=1, if there is none, or for dtypes other than
    /// `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::{Quantile, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([10.0, 40.0, 20.0, 30.0]);
    /// assert_eq!(x.quantiles(0, &[0.0, 0.5], Quantile::Lower).to_vec::<f64>(), [10.0, 20.0]);
    /// assert_eq!(x.quantiles(0, &[0.5], Quantile::Midpoint).item(), 25.0);
    /// ```
    #[track_caller]
    pub fn quantiles(self, axis: isize, q: &[f64], how: Quantile) -> Var<'t> {
        Var::stack(&self.each_quantile(axis, q, how), 0)
    }

    #[track_caller]
    fn each_quantile(self, axis: isize, q: &[f64], how: Quantile) -> Vec<Var<'t>> {
        let shape = self.shape();
        let along = usize::from(self.axis("quantile", axis));
        let n = shape[along];
        if n == 0 || q.is_empty() || q.iter().any(|q| !(0.0..=1.0).contains(q)) {
            self.mistake("quantile", format!("q = {q:?} along axis {along} of {shape}"), "x")
                .rule("there is an element, and q is within 0..=1")
                .raise();
        }
        let sorted = self.sort(axis);
        let at = |i: usize| sorted.slice(axis, i..=i);
        // NaN is last.
        let last = at(n - 1).detach();
        let each = |q: &f64| {
            let place = q * (n - 1) as f64;
            let (low, high) = (place.floor() as usize, place.ceil() as usize);
            let y = match how {
                _ if low == high => at(low),
                Quantile::Linear => at(low) * (1.0 - place.fract()) + at(high) * place.fract(),
                Quantile::Lower => at(low),
                Quantile::Higher => at(high),
                Quantile::Midpoint => (at(low) + at(high)) * 0.5,
                Quantile::Nearest => at(place.round_ties_even() as usize),
            };
            last.eq(last).select(y, f64::NAN).reshape(shape.without(&[along as u8]))
        };
        q.iter().map(each).collect()
    }

    /// How many of all elements lie in each of equal bins of an interval, as `I64`, and the edges of the bins, one more than
    /// there are bins. A bin holds its lower edge, the last one also its upper edge. Elements outside, and NaN, are not counted.
    /// No derivative.
    ///
    /// # Panics
    /// If there is no bin, the interval is empty or not finite, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let (counts, edges) = tape.constant([0.0, 0.5, 1.0, 2.0, 3.0]).histogram(2, [0.0, 2.0]);
    /// assert_eq!(counts.to_vec::<i64>(), [2, 2]);
    /// assert_eq!(edges.to_vec::<f64>(), [0.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn histogram(self, bins: usize, [low, high]: [f64; 2]) -> (Var<'t>, Var<'t>) {
        if bins == 0 || !(high - low > 0.0 && (high - low).is_finite()) {
            self.mistake("histogram", format!("{bins} bins from {low} to {high}"), "x")
                .rule("there is a bin, and it has a length")
                .raise();
        }
        check_memory("histogram", &Shape::from([bins]), self.dtype());
        let width = (high - low) / bins as f64;
        let mut edges: Vec<f64> = (0..bins).map(|i| low + i as f64 * width).collect();
        edges.push(high);
        let edges = self.tape().constant(&edges[..]).cast(self.dtype());
        (self.histogram_between(edges), edges)
    }

    /// As [`histogram`](Var::histogram), in bins between given edges, ascending and of the dtype of `self`: a number for each bin.
    ///
    /// # Panics
    /// If the edges are no vector of two elements or more, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let counts = tape.constant([0.5, 1.0, 5.0]).histogram_between(tape.constant([0.0, 1.0, 5.0]));
    /// assert_eq!(counts.to_vec::<i64>(), [1, 2]);
    /// ```
    #[track_caller]
    pub fn histogram_between(self, edges: Var<'t>) -> Var<'t> {
        let shape = edges.shape();
        if shape.len() != 1 || shape[0] < 2 {
            self.mistake("histogram_between", format!("edges {shape}"), "x")
                .rule("the edges are a vector of two elements or more")
                .raise();
        }
        let bins = shape[0] - 1;
        let x = self.reshape([self.shape().elements()]);
        // Place 0 is below all bins, and the last one above them.
        let place = edges.search_sorted(x, true);
        let place = x.eq(edges.index(0, -1)).select(place.full_like(bins as f64), place);
        place.bincount(bins + 2).slice(0, 1..=bins)
    }
}

/// What a [quantile](Var::quantiles) is where its place is between two elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quantile {
    /// Interpolated by the place.
    #[default]
    Linear,
    /// The lower one.
    Lower,
    /// The higher one.
    Higher,
    /// The mean of the two.
    Midpoint,
    /// The nearer one; of two equally near, that at an even place.
    Nearest,
}
