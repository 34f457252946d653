//! Dropout.

use crate::Mode;
use autograd::{Mistake, Var};

/// Dropout: in training y = x·m/(1 − p), with m = 0 for a random share p of the elements and m = 1 for the others; in
/// evaluation y = x. So the mean of y is x in both.
///
/// m is 1 where u ≥ p, for numbers u of the mode's key that are uniform in [0, 1), one for each element of x. x has any
/// shape, and y has the same. It is a product, so that a NaN stays one. Source: Srivastava et al., *Dropout: A Simple Way to
/// Prevent Neural Networks from Overfitting*, 2014, section 4; the division, which they do in evaluation, is their section 10.
///
/// ```
/// use autograd::{Key, Tape};
/// use nn::{Dropout, Mode};
/// let tape = Tape::new();
/// let x = tape.var([3.0; 8]);
/// let dropout = Dropout::new(0.25);
/// let y = dropout.forward(x, Mode::Train(tape.constant(Key::new(1))));
/// assert!(y.to_vec::<f64>().iter().all(|&y| y == 0.0 || y == 4.0));
/// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), (y / 3.0).to_vec::<f64>());
/// assert_eq!(dropout.forward(x, Mode::Eval).to_vec::<f64>(), [3.0; 8]);
/// ```
///
/// In a program the key is an input, and each step brings its own. A step with the same key is the same step:
///
/// ```
/// use autograd::{Key, Params, Program};
/// use nn::{Activation, Dropout, Mlp, Mode, loss};
/// let mut params = Params::f64().with_seed(1);
/// let net = Mlp::new(&mut params.scope("net"), &[2, 8, 1], Activation::Tanh);
/// let dropout = Dropout::new(0.1);
/// let step = Program::trace(&params, |t| {
///     let (x, y, key) = (t.input("x", [3, 2]), t.input("y", [3, 1]), t.input_key("key"));
///     let h = net.layers[0].forward(x).tanh();
///     let h = dropout.forward(h, Mode::Train(key));
///     t.outputs(loss::mse(net.layers[1].forward(h), y)).with_gradients()
/// })?;
/// let (x, y, key) = ([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[1.0], [1.0], [0.0]], Key::new(42));
/// let mut state = step.state();
/// let mut losses = vec![];
/// for n in 0..100 {
///     let run = step.run(&mut state, &params, (x, y, key.fold_in(n)))?;
///     losses.push(run.item(0));
///     for p in params.iter() {
///         let slope = run.grads().get::<f64>(p).unwrap();
///         params.get_mut::<f64>(p).iter_mut().zip(slope).for_each(|(w, g)| *w -= 0.1 * g);
///     }
/// }
/// assert!(losses[99] < losses[0]);
/// let again = step.run(&mut state, &params, (x, y, key))?.item(0);
/// assert_eq!(step.run(&mut state, &params, (x, y, key))?.item(0), again);
/// # Ok::<(), autograd::ProgramError>(())
/// ```
///
/// Some variants are the same layer at another place: on weights it is DropConnect (Wan et al. 2013), on the weights of
/// [attention](crate::attention::dropped_dot_product) the dropout of transformers. With one draw for many elements
/// ([`forward_shared`](Dropout::forward_shared)) it drops channels (Tompson et al. 2015), the same units at all times (Gal &
/// Ghahramani 2016), or, on a branch and along all axes but the first, the branch of a sample: stochastic depth (Huang et al.
/// 2016).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// p, the share of elements that training drops: 0 ≤ p ≤ 1.
    pub rate: f64,
}

impl Dropout {
    /// A layer that drops this share of the elements.
    ///
    /// # Panics
    /// If the rate is not in 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn new(rate: f64) -> Dropout {
        let dropout = Dropout { rate };
        check(rate);
        dropout
    }

    /// x·m/(1 − p) in training, x in evaluation.
    ///
    /// # Panics
    /// If x is neither `F32` nor `F64`; if the key is not `I64` of shape \[2\]; if the rate is not in 0 ≤ p ≤ 1.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        self.forward_shared(x, mode, &[])
    }

    /// As [`forward`](Dropout::forward), with one draw for all elements along some axes, which are dropped together.
    ///
    /// # Panics
    /// As `forward`, and if an axis does not exist.
    ///
    /// ```
    /// use autograd::{Key, Tape};
    /// use nn::{Dropout, Mode};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]);
    /// let rows = Dropout::new(0.5).forward_shared(x, Mode::Train(tape.constant(Key::new(4))), &[-1]);
    /// assert!(rows.to_vec::<f64>().chunks(2).all(|row| row == [0.0, 0.0] || row == [2.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn forward_shared<'t>(&self, x: Var<'t>, mode: Mode<'t>, axes: &[isize]) -> Var<'t> {
        check(self.rate);
        let kept = kept("Dropout", x, self.rate, mode, axes);
        kept.map_or(x, |kept| self.masked(x, kept))
    }

    /// x·m/(1 − p) for a given mask m, a number or a truth value for each element, which is broadcast. With p = 1 it is 0.
    ///
    /// # Panics
    /// If shapes do not fit, or the rate is not in 0 ≤ p ≤ 1.
    ///
    /// ```
    /// let tape = autograd::Tape::new();
    /// let mask = tape.constant([true, false]);
    /// assert_eq!(nn::Dropout::new(0.5).masked(tape.var([1.0, 1.0]), mask).to_vec::<f64>(), [2.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn masked<'t>(&self, x: Var<'t>, mask: Var<'t>) -> Var<'t> {
        check(self.rate);
        let factor = if self.rate < 1.0 { 1.0 / (1.0 - self.rate) } else { 0.0 };
        // One factor, which the gradient reads as well.
        x * (mask.cast(x.dtype()) * factor)
    }
}

/// Dropout after SELU: in training y = a·(x·m − α′·(1 − m)) + a·α′·p, which keeps mean 0 and variance 1; in evaluation y = x.
///
/// α′ = λ·α of [`selu`](autograd::Var::selu) is minus its least value, a = ((1 − p)·(1 + p·α′²))^(−½), and m is 0 for a random
/// share p of the elements. x has any shape, and y has the same. Source: Klambauer et al., *Self-Normalizing Neural Networks*,
/// 2017, section "new dropout technique".
///
/// ```
/// use autograd::{Key, Tape};
/// use nn::{AlphaDropout, Mode};
/// let tape = Tape::new();
/// let y = AlphaDropout::new(0.5).forward(tape.var([0.0; 8]), Mode::Train(tape.constant(Key::new(1))));
/// assert!(y.to_vec::<f64>().iter().all(|y| (y.abs() - 0.779).abs() < 1e-3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlphaDropout {
    /// p, the share of elements that training replaces: 0 ≤ p < 1.
    pub rate: f64,
}

impl AlphaDropout {
    /// A layer that replaces this share of the elements.
    ///
    /// # Panics
    /// If the rate is not in 0 ≤ p < 1.
    #[track_caller]
    pub fn new(rate: f64) -> AlphaDropout {
        let dropout = AlphaDropout { rate };
        dropout.scale();
        dropout
    }

    /// a·(x·m − α′·(1 − m)) + a·α′·p in training, x in evaluation.
    ///
    /// # Panics
    /// If x is neither `F32` nor `F64`; if the key is not `I64` of shape \[2\]; if the rate is not in 0 ≤ p < 1.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        self.scale();
        let kept = kept("AlphaDropout", x, self.rate, mode, &[]);
        kept.map_or(x, |kept| self.masked(x, kept))
    }

    /// a·(x·m − α′·(1 − m)) + a·α′·p for a given mask m, a number or a truth value for each element, which is broadcast.
    ///
    /// # Panics
    /// If shapes do not fit, or the rate is not in 0 ≤ p < 1.
    #[track_caller]
    pub fn masked<'t>(&self, x: Var<'t>, mask: Var<'t>) -> Var<'t> {
        let a = self.scale();
        let mask = mask.cast(x.dtype());
        x * (mask * a) + (mask - (1.0 - self.rate)) * (a * LEAST)
    }

    /// a.
    #[track_caller]
    fn scale(&self) -> f64 {
        let p = self.rate;
        check(p);
        if p == 1.0 {
            refuse(p);
        }
        ((1.0 - p) * (1.0 + p * LEAST * LEAST)).sqrt().recip()
    }
}

/// λ·α of SELU.
const LEAST: f64 = 1.0507009873554805 * 1.6732632423543772;

/// Which elements training keeps, one draw along the given axes; nothing in evaluation.
#[track_caller]
fn kept<'t>(layer: &str, x: Var<'t>, rate: f64, mode: Mode<'t>, axes: &[isize]) -> Option<Var<'t>> {
    let (dtype, mut shape) = (x.dtype(), x.shape().to_vec());
    if !dtype.is_float() {
        Mistake::new(format!("{layer}: x is {dtype}"))
            .line("x", x.describe())
            .rule("x is F32 or F64")
            .hint("convert with `.cast(DType::F64)`")
            .raise();
    }
    for &axis in axes {
        let from_front = if axis < 0 { axis + shape.len() as isize } else { axis };
        let Some(length) = usize::try_from(from_front).ok().and_then(|at| shape.get_mut(at)) else {
            Mistake::new(format!("{layer}: axis {axis} does not exist")).line("x", x.describe()).raise();
        };
        *length = 1;
    }
    let Mode::Train(key) = mode else { return None };
    Some(key.uniform_of(dtype, shape).ge(rate))
}

#[track_caller]
fn check(rate: f64) {
    if !(0.0..=1.0).contains(&rate) {
        refuse(rate);
    }
}

#[cold]
#[track_caller]
fn refuse(rate: f64) -> ! {
    Mistake::new(format!("Dropout: the rate is {rate}"))
        .rule("it is the share of dropped elements, at least 0 and at most 1; for alpha dropout less than 1")
        .hint("`Mode::Eval` drops nothing")
        .raise()
}
