//! Training or evaluation.

use autograd::Var;

/// Whether a layer is trained or used. It is an argument of `forward`, for the layers where that makes a difference.
///
/// Training comes with a key of random numbers, because what is drawn is data of a step. So no layer is in training without a
/// key, and none draws anything where there is none. A layer that does not draw takes a `&Mode` and leaves the key alone.
///
/// A mode is used once: two layers with the same key would draw the same numbers. A model gives each layer, or each block of
/// layers, a mode of its own by [`fold_in`](Mode::fold_in):
///
/// ```
/// use autograd::{Key, Params, Tape, Var};
/// use nn::{Dropout, Linear, Mode};
/// struct Net {
///     hidden: Linear,
///     out: Linear,
///     dropout: Dropout,
/// }
/// impl Net {
///     fn forward<'t>(&self, x: Var<'t>, mode: Mode<'t>) -> Var<'t> {
///         let x = self.dropout.forward(x, mode.fold_in(0));
///         let h = self.hidden.forward(x).relu();
///         self.out.forward(self.dropout.forward(h, mode.fold_in(1)))
///     }
/// }
/// let mut params = Params::f64().with_seed(1);
/// let net = Net {
///     hidden: Linear::new(&mut params.scope("hidden"), 4, 8),
///     out: Linear::new(&mut params.scope("out"), 8, 1),
///     dropout: Dropout::new(0.5),
/// };
/// let tape = Tape::with(&params);
/// let (x, key) = (tape.constant([[1.0, 2.0, 3.0, 4.0]]), tape.constant(Key::new(7)));
/// let trained = net.forward(x, Mode::Train(key)).item();
/// assert_eq!(net.forward(x, Mode::Train(key)).item(), trained);
/// assert_ne!(net.forward(x, Mode::Eval).item(), trained);
/// ```
///
/// To use one twice does not compile:
///
/// ```compile_fail,E0382
/// use autograd::{Key, Tape};
/// use nn::{Dropout, Mode};
/// let tape = Tape::new();
/// let mode = Mode::Train(tape.constant(Key::new(7)));
/// let x = Dropout::new(0.5).forward(tape.constant([1.0, 2.0]), mode);
/// Dropout::new(0.5).forward(x, mode);
/// ```
#[derive(Debug)]
pub enum Mode<'t> {
    /// The layer is trained. What it draws is given by this key, the two words of a [`Key`](autograd::Key): a constant of the
    /// tape or an input of a program.
    Train(Var<'t>),
    /// The layer is used. It draws nothing.
    Eval,
}

impl<'t> Mode<'t> {
    /// The mode with the key that belongs to a number: see [`Key::fold_in`](autograd::Key::fold_in). Evaluation stays what it
    /// is.
    ///
    /// # Panics
    /// If the key of training is not `I64` of shape \[2\].
    ///
    /// ```
    /// use autograd::{Key, Tape};
    /// use nn::Mode;
    /// let tape = Tape::new();
    /// let Mode::Train(key) = Mode::Train(tape.constant(Key::new(1))).fold_in(3) else { unreachable!() };
    /// assert_eq!(key.to_vec::<i64>(), Key::new(1).fold_in(3).words());
    /// assert!(!Mode::Eval.fold_in(3).is_train());
    /// ```
    #[track_caller]
    pub fn fold_in(&self, n: u64) -> Mode<'t> {
        match self {
            Mode::Train(key) => Mode::Train(key.fold_in(n)),
            Mode::Eval => Mode::Eval,
        }
    }

    /// Whether it is training.
    ///
    /// ```
    /// use autograd::{Key, Tape};
    /// use nn::Mode;
    /// let tape = Tape::new();
    /// assert!(Mode::Train(tape.constant(Key::new(1))).is_train() && !Mode::Eval.is_train());
    /// ```
    pub fn is_train(&self) -> bool {
        matches!(self, Mode::Train(_))
    }
}
