//! Dropout.

use crate::Mode;
use autograd::Var;

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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// p, the share of elements that training drops: 0 ≤ p < 1.
    pub rate: f64,
}

impl Dropout {
    /// A layer that drops this share of the elements.
    ///
    /// # Panics
    /// If the rate is not in 0 ≤ p < 1.
    #[track_caller]
    pub fn new(rate: f64) -> Dropout {
        let dropout = Dropout { rate };
        dropout.check();
        dropout
    }

    /// x·m/(1 − p) in training, x in evaluation.
    ///
    /// # Panics
    /// If x is neither `F32` nor `F64`; if the key is not `I64` of shape \[2\]; if the rate is not in 0 ≤ p < 1.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
        self.check();
        let dtype = x.dtype();
        assert!(
            dtype.is_float(),
            "Dropout: x is {dtype}\n  x: {}\n  rule: x is F32 or F64\n  hint: convert with `.cast(DType::F64)`",
            x.describe()
        );
        let Mode::Train(key) = mode else { return x };
        // One factor, which the gradient reads as well.
        let kept = key.uniform_of(dtype, x.shape()).ge(self.rate);
        x * (kept.cast(dtype) * (1.0 / (1.0 - self.rate)))
    }

    #[track_caller]
    fn check(&self) {
        let rate = self.rate;
        assert!(
            (0.0..1.0).contains(&rate),
            "Dropout: the rate is {rate}\n  rule: it is the share of dropped elements, at least 0 and less than 1\n  \
             hint: `Mode::Eval` drops nothing"
        );
    }
}
