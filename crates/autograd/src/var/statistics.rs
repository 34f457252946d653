//! Mean, variance, norms and log-sum-exp, composed of other ops.

use super::Var;
use super::axes::{Reduced, ToAxes};
use crate::dtype::DType;
use crate::ir::{Max, Sum};

impl<'t> Var<'t> {
    /// The mean of all elements, Σ x / n; NaN if there are none.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// assert_eq!(x.mean().grad([x])[0].to_vec::<f64>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn mean(self) -> Var<'t> {
        self.mean_over(..)
    }

    /// The mean over some axes, which disappear, or stay with length 1: see [`ToAxes`](crate::ToAxes).
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.mean_over(0).to_vec::<f64>(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn mean_over(self, axes: impl ToAxes) -> Var<'t> {
        self.mean_of(self.axes("mean_over", axes))
    }

    /// The variance over some axes, which disappear: Σ (x − x̄)² / (n − `correction`). With 0 it is that of the n
    /// elements themselves, with 1 the unbiased estimate from a sample; NaN where n ≤ `correction`.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 3.0], [2.0, 8.0]]);
    /// assert_eq!(x.var_over(&[-1], 0).to_vec::<f64>(), [1.0, 9.0]);
    /// assert_eq!(x.var_over(&[-1], 1).to_vec::<f64>(), [2.0, 18.0]);
    /// ```
    #[track_caller]
    pub fn var_over(self, axes: impl ToAxes, correction: usize) -> Var<'t> {
        let over = self.axes("var_over", axes);
        let terms = self.terms(&over);
        let squares = self.centred(&over).square().reduce(over, |axes| Sum { axes });
        squares / degrees(terms, correction)
    }

    /// The standard deviation over some axes, which disappear: the root of [`var_over`](Var::var_over), with the
    /// derivative 0 where all elements are equal. It is finite also where the variance overflows.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// assert_eq!(tape.var([2.0, 8.0]).std_over(&[0], 0).item(), 3.0);
    /// ```
    #[track_caller]
    pub fn std_over(self, axes: impl ToAxes, correction: usize) -> Var<'t> {
        let over = self.axes("std_over", axes);
        let terms = self.terms(&over);
        let (centred, scale) = self.centred(&over).scaled(&over, 2.0, true);
        let squares = centred.square().reduce(over.dropped(), |axes| Sum { axes });
        let y = (squares / degrees(terms, correction)).root(2.0) * scale;
        over.restored(y, self)
    }

    /// With mean 0 and variance 1 over some axes, (x − x̄) / √(σ² + ε) for the mean x̄ and the variance
    /// σ² = Σ (x − x̄)² / n over them. Source: Ba, Kiros & Hinton, *Layer Normalization*, 2016, equation 4, with ε as
    /// Ioffe & Szegedy 2015 have it.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 3.0], [2.0, 8.0]]);
    /// assert_eq!(x.standardize(&[-1], 0.0).to_vec::<f64>(), [-1.0, 1.0, -1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn standardize(self, axes: impl ToAxes, epsilon: f64) -> Var<'t> {
        let over = self.axes("standardize", axes);
        // Beside ε, small elements may vanish.
        let (centred, scale) = self.centred(&over).scaled(&over, 2.0, epsilon == 0.0);
        let variance = centred.square().mean_of(over.dropped());
        let inverse = scale.recip();
        let deviation = (variance + inverse * epsilon * inverse).sqrt();
        centred * deviation.recip().keeping(self, &over.axes)
    }

    /// ln Σ eˣ over some axes, which disappear, without overflow. It is −∞ for no elements.
    ///
    /// # Panics
    /// If an axis does not exist.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1000.0, 1000.0]);
    /// let y = x.logsumexp_over(&[0]);
    /// assert_eq!(y.item(), 1000.0 + 2f64.ln());
    /// assert_eq!(y.grad([x])[0].to_vec::<f64>(), [0.5, 0.5]); // the softmax
    /// ```
    #[track_caller]
    pub fn logsumexp_over(self, axes: impl ToAxes) -> Var<'t> {
        let over = self.axes("logsumexp_over", axes);
        if self.terms(&over) == 0 {
            return self.exp().reduce(over, |axes| Sum { axes }).ln();
        }
        // The maximum is subtracted and added again, so it does not change the derivative.
        let largest = self.detach().reduce(over.dropped(), |axes| Max { axes });
        let shift = largest.abs().lt(f64::INFINITY).select(largest, 0.0);
        let shifted = (self - shift.keeping(self, &over.axes)).exp();
        let y = shifted.reduce(over.dropped(), |axes| Sum { axes }).ln() + shift;
        over.restored(y, self)
    }

    /// The Euclidean norm of all elements, √Σ x², with the derivative 0 where all are 0. No square overflows or vanishes.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([3.0, 4.0]);
    /// assert_eq!(x.norm().item(), 5.0);
    /// let [slope] = x.norm().grad([x]);
    /// assert!((slope - tape.constant([0.6, 0.8])).abs().max().item() < 1e-15);
    /// ```
    #[track_caller]
    pub fn norm(self) -> Var<'t> {
        self.norm_over(2.0, ..)
    }

    /// The p-norm over some axes, which disappear: (Σ |x|ᵖ)^(1/p), Σ |x| for p = 1 and max |x| for p = ∞. The
    /// derivative where all are 0 is 0. For p above 1 no power overflows or vanishes.
    ///
    /// # Panics
    /// If an axis does not exist, or p is not positive.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[3.0, -4.0], [0.0, 2.0]]);
    /// assert_eq!(x.norm_over(2.0, &[1]).to_vec::<f64>(), [5.0, 2.0]);
    /// assert_eq!(x.norm_over(1.0, &[1]).to_vec::<f64>(), [7.0, 2.0]);
    /// assert_eq!(x.norm_over(f64::INFINITY, &[1]).to_vec::<f64>(), [4.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn norm_over(self, p: f64, axes: impl ToAxes) -> Var<'t> {
        if p.is_nan() || p <= 0.0 {
            self.mistake("norm_over", format!("p = {p}"), "x").rule("p is positive").raise();
        }
        match p {
            1.0 => self.abs().sum_over(axes),
            f64::INFINITY => self.abs().max_over(axes),
            p if p < 1.0 => self.abs().powf(p).sum_over(axes).root(p),
            p => {
                let over = self.axes("norm_over", axes);
                let (x, scale) = self.scaled(&over, p, true);
                let powers = if p == 2.0 { x.square() } else { x.abs().powf(p) };
                let y = powers.reduce(over.dropped(), |axes| Sum { axes }).root(p) * scale;
                over.restored(y, self)
            }
        }
    }

    /// x^(1/p), with the derivative 0 at 0.
    #[track_caller]
    fn root(self, p: f64) -> Var<'t> {
        let zero = self.eq(0.0);
        let x = zero.select(1.0, self);
        zero.select(0.0, if p == 2.0 { x.sqrt() } else { x.powf(1.0 / p) })
    }

    /// x divided by a number for each group of elements, so that no sum of p-th powers overflows, or vanishes if `small`; and
    /// that number.
    /// It is 1, and changes no bit, where none would. It has no derivative: whoever multiplies by it again takes the p-th
    /// root, and it cancels.
    #[track_caller]
    fn scaled(self, over: &Reduced, p: f64, small: bool) -> (Var<'t>, Var<'t>) {
        const ROUGH: f64 = 1.0 / (1 << 20) as f64;
        let (max, min) = match self.dtype() {
            DType::F32 => (f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE / f32::EPSILON)),
            _ => (f64::MAX, f64::MIN_POSITIVE / f64::EPSILON),
        };
        // Of the size of the largest, or of the sum of all.
        let size = (self.detach().abs() * ROUGH).reduce(over.dropped(), |axes| Sum { axes });
        let scale = if p > 5.0 { size / ROUGH } else { size };
        let high = max.powf(1.0 / p) * ROUGH / 16.0;
        let low = min.powf(1.0 / p) * ROUGH * 16.0 * self.terms(over) as f64;
        let large = scale.lt(f64::INFINITY).select(scale, 1.0);
        let otherwise = size.full_like(1.0);
        let otherwise = match small {
            true => size.lt(low).select(size.gt(0.0).select(scale, otherwise), otherwise),
            false => otherwise,
        };
        let scale = size.gt(high).select(large, otherwise);
        (self * scale.recip().keeping(self, &over.axes), scale)
    }

    /// x − x̄.
    #[track_caller]
    fn centred(self, over: &Reduced) -> Var<'t> {
        self - self.mean_of(over.dropped()).keeping(self, &over.axes)
    }

    #[track_caller]
    fn mean_of(self, over: Reduced) -> Var<'t> {
        let terms = self.terms(&over);
        self.reduce(over, |axes| Sum { axes }) / terms as f64
    }
}

/// n − correction, and at least 0, so that too few terms give 0/0.
fn degrees(terms: usize, correction: usize) -> f64 {
    terms.saturating_sub(correction) as f64
}
