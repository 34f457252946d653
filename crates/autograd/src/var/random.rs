//! Random numbers of other distributions than the uniform one, composed of it. `self` is a key: the two words of a
//! [`Key`](crate::Key). The numbers follow from the key alone, and there is no derivative by it; what is composed of parameters
//! has their derivative.

use super::Var;
use crate::dtype::DType;
use crate::record::check_size;
use crate::shape::Shape;
use std::f64::consts::TAU;

/// Random numbers, given by a key.
impl<'t> Var<'t> {
    /// Normal random numbers of mean 0 and variance 1. The dtype is that of the parameters that the tape reads, or `F64` without
    /// parameters. The numbers of a shorter result begin like those of a longer one.
    ///
    /// Of two uniform numbers u and v come two normal ones, √(−2·ln(1 − u))·cos 2πv and √(−2·ln(1 − u))·sin 2πv. None is larger
    /// than 8.6, in `F32` than 5.8. Source: Box & Muller, *A note on the generation of random normal deviates*, 1958.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\].
    ///
    /// ```
    /// # use autograd::{Key, Tape};
    /// let tape = Tape::new();
    /// let key = tape.constant(Key::new(1));
    /// let z = key.normal([100, 100]);
    /// assert!(z.mean().item().abs() < 0.03 && (z.var_over(.., 0).item() - 1.0).abs() < 0.05);
    /// assert_eq!(key.normal([3]).to_vec::<f64>(), z.to_vec::<f64>()[..3]);
    /// ```
    #[track_caller]
    pub fn normal(self, shape: impl Into<Shape>) -> Var<'t> {
        self.normal_of(self.dtype_of_numbers(), shape)
    }

    /// As [`normal`](Var::normal), of the given dtype.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\], or the dtype is neither `F32` nor `F64`.
    #[track_caller]
    pub fn normal_of(self, dtype: DType, shape: impl Into<Shape>) -> Var<'t> {
        let shape = shape.into();
        check_size("normal", &shape);
        let n = shape.elements();
        let pairs = self.uniform_of(dtype, [n.div_ceil(2), 2]);
        let radius = ((-pairs.index(1, 0)).ln_1p() * -2.0).sqrt();
        let angle = pairs.index(1, 1) * TAU;
        let both = Var::stack(&[radius * angle.cos(), radius * angle.sin()], 1);
        both.reshape([2 * n.div_ceil(2)]).slice(0, 0..n).reshape(shape)
    }

    /// Exponential random numbers of mean 1, −ln(1 − u) for uniform u. The dtype is that of the parameters that the tape reads,
    /// or `F64` without parameters.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\].
    ///
    /// ```
    /// # use autograd::{Key, Tape};
    /// let tape = Tape::new();
    /// let x = tape.constant(Key::new(1)).exponential([100, 100]);
    /// assert!((x.mean().item() - 1.0).abs() < 0.03 && x.min().item() >= 0.0);
    /// ```
    #[track_caller]
    pub fn exponential(self, shape: impl Into<Shape>) -> Var<'t> {
        self.exponential_of(self.dtype_of_numbers(), shape)
    }

    /// As [`exponential`](Var::exponential), of the given dtype.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\], or the dtype is neither `F32` nor `F64`.
    #[track_caller]
    pub fn exponential_of(self, dtype: DType, shape: impl Into<Shape>) -> Var<'t> {
        -(-self.uniform_of(dtype, shape)).ln_1p()
    }

    /// Random numbers of Gumbel's distribution, −ln(−ln u) for uniform u: the largest of x + g is the i-th with probability
    /// softmax(x)ᵢ. The dtype is that of the parameters that the tape reads, or `F64` without parameters. Source: Gumbel,
    /// *Statistical Theory of Extreme Values and Some Practical Applications*, 1954.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\].
    ///
    /// ```
    /// # use autograd::{Key, Tape};
    /// let tape = Tape::new();
    /// let x = tape.constant(Key::new(1)).gumbel([100, 100]);
    /// assert!((x.mean().item() - 0.5772).abs() < 0.04);
    /// ```
    #[track_caller]
    pub fn gumbel(self, shape: impl Into<Shape>) -> Var<'t> {
        self.gumbel_of(self.dtype_of_numbers(), shape)
    }

    /// As [`gumbel`](Var::gumbel), of the given dtype.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\], or the dtype is neither `F32` nor `F64`.
    #[track_caller]
    pub fn gumbel_of(self, dtype: DType, shape: impl Into<Shape>) -> Var<'t> {
        // A uniform number of 0 stands for those below the next one, so it counts as half of that.
        let half_a_step =
            if dtype == DType::F32 { f64::from(f32::EPSILON) / 4.0 } else { f64::EPSILON / 4.0 };
        -self.exponential_of(dtype, shape).maximum(half_a_step).ln()
    }

    /// Truth values, each true with its probability: u < p for uniform u. The result has the shape of p.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\], or p is neither `F32` nor `F64`.
    ///
    /// ```
    /// # use autograd::{DType, Key, Tape};
    /// let tape = Tape::new();
    /// let p = tape.constant([0.0, 1.0, 0.25]).broadcast_to([1000, 3]);
    /// let share = tape.constant(Key::new(1)).bernoulli(p).cast(DType::F64).mean_over(0);
    /// assert_eq!(share.to_vec::<f64>()[..2], [0.0, 1.0]);
    /// assert!((share.index(0, 2).item() - 0.25).abs() < 0.05);
    /// ```
    #[track_caller]
    pub fn bernoulli(self, p: Var<'t>) -> Var<'t> {
        self.uniform_of(p.dtype(), p.shape()).lt(p)
    }

    /// Indices along an axis, each i with probability softmax(logits)ᵢ. The axis disappears. Several draws of the same
    /// logits come from logits that are broadcast.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\], the logits are neither `F32` nor `F64`, or the axis does not exist or is empty.
    ///
    /// ```
    /// # use autograd::{DType, Key, Tape};
    /// let tape = Tape::new();
    /// let logits = tape.constant([0.25f64.ln(), 0.75f64.ln()]).broadcast_to([1000, 2]);
    /// let drawn = tape.constant(Key::new(1)).categorical(logits, -1);
    /// assert!((drawn.cast(DType::F64).mean().item() - 0.75).abs() < 0.05);
    /// ```
    #[track_caller]
    pub fn categorical(self, logits: Var<'t>, axis: isize) -> Var<'t> {
        (logits + self.gumbel_of(logits.dtype(), logits.shape())).argmax(axis)
    }

    /// The numbers 0 to n − 1 in random order, as `I64`: the order of n uniform numbers of `F64`, of which the first comes first
    /// where two are equal.
    ///
    /// # Panics
    /// If `self` is not `I64` of shape \[2\].
    ///
    /// ```
    /// # use autograd::{Key, Tape};
    /// let tape = Tape::new();
    /// let order = tape.constant(Key::new(1)).permutation(5);
    /// let mut sorted = order.to_vec::<i64>();
    /// sorted.sort();
    /// assert_eq!(sorted, [0, 1, 2, 3, 4]);
    /// ```
    #[track_caller]
    pub fn permutation(self, n: usize) -> Var<'t> {
        self.uniform_of(DType::F64, [n]).argsort(0)
    }

    /// The dtype of numbers without one of their own.
    fn dtype_of_numbers(self) -> DType {
        self.tape().params().map_or(DType::F64, |params| params.dtype())
    }
}
