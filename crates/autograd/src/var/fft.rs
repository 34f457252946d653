//! Discrete Fourier transforms: of real numbers, and of complex ones as pairs.

use super::Var;
use crate::ir::{Fft, Pad};
use crate::record::record;
use crate::shape::Axis;

/// Where the factor 1/n of a transform and its inverse stands.
///
/// ```
/// use autograd::{FftNorm, Tape};
/// let tape = Tape::new();
/// let x = tape.var([1.0, 1.0, 1.0, 1.0]);
/// let first = |norm| x.rfft(0, norm).index(0, 0).index(0, 0).item();
/// assert_eq!([FftNorm::Backward, FftNorm::Ortho, FftNorm::Forward].map(first), [4.0, 2.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FftNorm {
    /// In the inverse.
    #[default]
    Backward,
    /// 1/√n in both: they are unitary.
    Ortho,
    /// In the transform.
    Forward,
}

impl FftNorm {
    fn factor(self, n: usize, inverse: bool) -> f64 {
        match self {
            FftNorm::Ortho => 1.0 / (n as f64).sqrt(),
            FftNorm::Backward if !inverse => 1.0,
            FftNorm::Forward if inverse => 1.0,
            _ => 1.0 / n as f64,
        }
    }
}

/// Complex numbers are pairs of a real and an imaginary part along the last axis. An axis of a transform is one of those before
/// it: −1 is the last but one of the tensor. The arithmetic is in double precision, without vector instructions, and the same on
/// every machine but for the factors e^(2πi·k/n), which the system's library computes.
impl<'t> Var<'t> {
    /// Discrete Fourier transform of complex numbers along an axis, yₖ = Σ xⱼ·e^(−2πi·jk/n). The shape stays.
    /// Source: Cooley and Tukey 1965.
    ///
    /// # Panics
    /// If the axis does not exist, the last axis is not of length 2, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::{FftNorm, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 0.0], [0.0, 1.0]]); // 1 and i
    /// assert_eq!(x.fft(0, FftNorm::Backward).to_vec::<f64>(), [1.0, 1.0, 1.0, -1.0]); // 1 + i and 1 − i
    /// ```
    #[track_caller]
    pub fn fft(self, axis: isize, norm: FftNorm) -> Var<'t> {
        self.transform("fft", axis, norm, false)
    }

    /// Inverse of [`fft`](Var::fft) with the same norm, xⱼ = 1/n·Σ yₖ·e^(2πi·jk/n).
    ///
    /// # Panics
    /// As [`fft`](Var::fft).
    ///
    /// ```
    /// # use autograd::{FftNorm, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 0.0], [0.0, 1.0]]);
    /// let y = x.fft(0, FftNorm::Ortho).ifft(0, FftNorm::Ortho);
    /// assert!((y - x).abs().max().item() < 1e-15);
    /// ```
    #[track_caller]
    pub fn ifft(self, axis: isize, norm: FftNorm) -> Var<'t> {
        self.transform("ifft", axis, norm, true)
    }

    /// Discrete Fourier transform of real numbers along an axis: of its n frequencies those from 0 to n/2, which determine the
    /// rest. The result has a last axis more, of real and imaginary parts.
    ///
    /// # Panics
    /// If the axis does not exist, or for dtypes other than `F32` and `F64`.
    ///
    /// ```
    /// # use autograd::{FftNorm, Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 0.0, -1.0, 0.0]);
    /// let y = x.rfft(0, FftNorm::Backward);
    /// assert_eq!(y.shape(), Shape::from([3, 2]));
    /// assert_eq!(y.to_vec::<f64>(), [0.0, 0.0, 2.0, 0.0, 0.0, 0.0]);
    /// assert_eq!(y.square().sum().grad([x])[0].to_vec::<f64>(), [4.0, 0.0, -4.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn rfft(self, axis: isize, norm: FftNorm) -> Var<'t> {
        let at = self.axis("rfft", axis);
        let n = self.shape()[usize::from(at)];
        self.with_imaginary_zeros()
            .fft(isize::from(at), norm)
            .slice(isize::from(at), ..if n == 0 { 0 } else { n / 2 + 1 })
    }

    /// The same numbers as complex ones.
    #[track_caller]
    fn with_imaginary_zeros(self) -> Var<'t> {
        let axis = self.rank() as Axis;
        record(Pad { axis, before: 0, after: 1 }, &[self.unsqueeze(-1)])
    }

    /// n real numbers from their frequencies 0 to n/2, the inverse of [`rfft`](Var::rfft) with the same norm. Frequencies
    /// that are missing count as 0, those beyond n/2 do not count, and neither do the imaginary parts of frequency 0 and, for even
    /// n, n/2.
    ///
    /// # Panics
    /// As [`fft`](Var::fft), or if n is 0.
    ///
    /// ```
    /// # use autograd::{FftNorm, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 4.0]);
    /// let y = x.rfft(0, FftNorm::Backward).irfft(0, 3, FftNorm::Backward);
    /// assert!((y - x).abs().max().item() < 1e-15);
    /// ```
    #[track_caller]
    pub fn irfft(self, axis: isize, n: usize, norm: FftNorm) -> Var<'t> {
        let at = self.axis_of_pairs("irfft", axis);
        if n == 0 {
            self.mistake("irfft", "a length of 0".to_owned(), "x").rule("there is a number at least").raise();
        }
        let axis = isize::from(at);
        let half = self.shape()[usize::from(at)].min(n / 2 + 1);
        // The real part of Σ wₖ·yₖ·e^(2πi·jk/n) over these frequencies: each but 0 and n/2 stands for its conjugate as well.
        let weights: Vec<f64> = (0..half).map(|k| if k == 0 || 2 * k == n { 1.0 } else { 2.0 }).collect();
        let mut shape = vec![1; self.rank()];
        shape[usize::from(at)] = half;
        let weights = self.tape().constant(&weights[..]).cast(self.dtype()).reshape(&shape[..]);
        let kept = self.slice(axis, ..half) * weights;
        record(Pad { axis: at, before: 0, after: n - half }, &[kept]).ifft(axis, norm).index(-1, 0)
    }

    /// Products of complex numbers, (a + bi)·(c + di) = (ac − bd) + (ad + bc)i. Shapes are broadcast. The product of two transforms
    /// is that of a circular convolution.
    ///
    /// # Panics
    /// If the last axis of one is not of length 2, or the shapes clash.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let i = tape.var([0.0, 1.0]);
    /// assert_eq!(i.complex_mul(i).to_vec::<f64>(), [-1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn complex_mul(self, other: Var<'t>) -> Var<'t> {
        for (x, label) in [(self, "a"), (other, "b")] {
            if x.shape().last() != Some(&2) {
                x.mistake("complex_mul", format!("{} holds no pairs", x.shape()), label)
                    .rule("the last axis holds a real and an imaginary part")
                    .raise();
            }
        }
        let ([a, b], [c, d]) = ([0, 1].map(|i| self.index(-1, i)), [0, 1].map(|i| other.index(-1, i)));
        Var::stack(&[a * c - b * d, a * d + b * c], -1)
    }

    #[track_caller]
    fn transform(self, op: &str, axis: isize, norm: FftNorm, inverse: bool) -> Var<'t> {
        let axis = self.axis_of_pairs(op, axis);
        let n = self.shape()[usize::from(axis)];
        let y = Fft::record(self, axis, inverse);
        match norm.factor(n, inverse) {
            1.0 => y,
            factor => y * factor,
        }
    }

    /// An axis before that of the parts.
    #[track_caller]
    fn axis_of_pairs(self, op: &str, axis: isize) -> Axis {
        if self.shape().last() != Some(&2) {
            self.mistake(op, format!("{} holds no pairs", self.shape()), "x")
                .rule("the last axis holds a real and an imaginary part")
                .hint("`rfft` takes real numbers")
                .raise();
        }
        let rank = self.rank() as isize - 1;
        if axis >= rank || axis < -rank {
            self.mistake(op, format!("axis {axis} does not exist"), "x")
                .rule(format!("there are {rank} axes before that of the two parts"))
                .raise();
        }
        axis.rem_euclid(rank) as Axis
    }
}
