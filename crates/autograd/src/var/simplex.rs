//! Shares that sum to 1: softmax over several axes, with noise, and its sparse relative.

use super::{Keep, Operand, ToAxes, Var};
use crate::shape::{Axis, Shape};

impl<'t> Var<'t> {
    /// Softmax over axes taken together, eˣⁱ / Σ eˣʲ, without overflow: the shares of all elements along them sum to 1.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[0.0, 0.0], [0.0, 0.0]]);
    /// assert_eq!(x.softmax_over([0, 1]).to_vec::<f64>(), [0.25; 4]);
    /// ```
    #[track_caller]
    pub fn softmax_over(self, axes: impl ToAxes) -> Var<'t> {
        let (moved, back) = self.as_one_axis("softmax_over", axes);
        moved.softmax(-1).on_its_axes(&back)
    }

    /// Logarithm of the softmax over axes taken together: see [`softmax_over`](Var::softmax_over).
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([[0.0, 0.0], [0.0, 0.0]]);
    /// assert_eq!(x.log_softmax_over(..).to_vec::<f64>(), [-4f64.ln(); 4]);
    /// ```
    #[track_caller]
    pub fn log_softmax_over(self, axes: impl ToAxes) -> Var<'t> {
        let (moved, back) = self.as_one_axis("log_softmax_over", axes);
        moved.log_softmax(-1).on_its_axes(&back)
    }

    /// These axes made one, the last; and the way back.
    #[track_caller]
    fn as_one_axis(self, op: &str, axes: impl ToAxes) -> (Var<'t>, (Shape, Vec<isize>)) {
        let over = self.axes(op, axes).axes;
        let (others, rank) = (self.rank() - over.len(), self.rank());
        let order: Vec<isize> = (0..rank as Axis)
            .filter(|axis| !over.contains(axis))
            .chain(over.iter().copied())
            .map(isize::from)
            .collect();
        let mut back = vec![0; rank];
        for (i, &axis) in order.iter().enumerate() {
            back[axis as usize] = i as isize;
        }
        let moved = self.permute(&order);
        let shape = moved.shape();
        let length = shape[others..].iter().product();
        (moved.reshape(&[&shape[..others], &[length]].concat()[..]), (shape, back))
    }

    #[track_caller]
    fn on_its_axes(self, (shape, back): &(Shape, Vec<isize>)) -> Var<'t> {
        self.reshape(shape).permute(back)
    }

    /// The point of the simplex that is nearest to the elements along an axis: shares that sum to 1, of which most are 0,
    /// pᵢ = max(0, xᵢ − τ). The derivative is right at any order away from the points where a share becomes 0. A negative axis
    /// counts from the end. Source: Martins and Astudillo 2016, algorithm 1 and equation 9.
    ///
    /// # Panics
    /// If the axis does not exist, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 0.5, -1.0]);
    /// assert_eq!(x.sparsemax(0).to_vec::<f64>(), [0.75, 0.25, 0.0]);
    /// assert_eq!(x.sparsemax(0).index(0, 0).grad([x])[0].to_vec::<f64>(), [0.5, -0.5, 0.0]);
    /// ```
    #[track_caller]
    pub fn sparsemax(self, axis: isize) -> Var<'t> {
        let at = self.axis("sparsemax", axis);
        let n = self.shape()[usize::from(at)];
        if self.shape().contains(&0) {
            return self;
        }
        // Only differences count: without the largest, sums of large elements lose nothing.
        let x = self - self.detach().max_over(Keep(axis));
        // The k largest are kept for the last k with 1 + k·x₍ₖ₎ > Σ x₍ⱼ₎: those are the first ones in order.
        let sorted = x.detach().sort_descending(axis);
        let mut shape = vec![1; self.rank()];
        shape[usize::from(at)] = n;
        let counts: Vec<f64> = (1..=n).map(|k| k as f64).collect();
        let counts = self.tape().constant(&counts[..]).cast(self.dtype()).reshape(&shape[..]);
        let kept = (counts * sorted + 1.0).gt(sorted.cumsum(axis));
        let kept = kept.cast(self.dtype());
        let size = kept.sum_over(Keep(axis));
        let bound = ((kept * sorted).sum_over(Keep(axis)) - 1.0) / size;
        // The same bound once more, of the elements themselves: so the derivative knows what it is made of.
        let inside = x.gt(bound).cast(self.dtype());
        let tau = ((inside * x).sum_over(Keep(axis)) - 1.0) / inside.sum_over(Keep(axis));
        (x - tau).relu()
    }

    /// Shares drawn at random, softmax((x + g)/temperature) along an axis with Gumbel noise g = −ln(−ln u) for numbers u that
    /// are uniform within 0 and 1: near 0 the temperature picks one element, with the probability that the softmax of x gives it.
    /// The same u gives the same shares. Source: Jang et al. 2017, equation 2.
    ///
    /// # Panics
    /// If the axis does not exist or the shapes clash.
    ///
    /// ```
    /// # use autograd::{DType, Key, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0]);
    /// let u = tape.constant(Key::new(5)).uniform_of(DType::F64, x.shape());
    /// let p = x.gumbel_softmax(u, 0.5, 0);
    /// assert!((p.sum().item() - 1.0).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn gumbel_softmax(self, u: impl Operand<'t>, temperature: f64, axis: isize) -> Var<'t> {
        ((self - (-u.like(self).ln()).ln()) / temperature).softmax(axis)
    }
}
