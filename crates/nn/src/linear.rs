//! The affine map of a layer.

use crate::Init;
use autograd::{Initial, Mistake, Param, Scope, Var, Within};

/// A fully connected layer, y = x·W + b.
///
/// W is \[fan-in, fan-out\] (as in the formula, not its transpose), b is \[fan-out\]; x is \[…, fan-in\], y \[…, fan-out\],
/// of two axes or more.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::{Init, Linear};
/// let mut params = Params::f64();
/// let layer = Linear::with_init(&mut params.scope("layer"), 2, 1, [1.0, 2.0], Init::Constant(0.5));
/// let tape = Tape::with(&params);
/// assert_eq!(layer.forward(tape.constant([[10.0, 20.0]])).item(), 50.5);
/// ```
///
/// Without a bias it is y = x·W, a `Linear<NoBias>`:
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::{Linear, NoBias};
/// let mut params = Params::f64();
/// let layer: Linear<NoBias> = Linear::without_bias(&mut params.scope("layer"), 2, 1);
/// assert_eq!((params.len(), params.name(layer.weight)), (1, "layer.weight"));
/// params.set(layer.weight, [[1.0], [2.0]]);
/// let tape = Tape::with(&params);
/// assert_eq!(layer.forward(tape.constant([[10.0, 20.0]])).item(), 50.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Linear<B = Param> {
    /// W, named `weight` in its scope.
    pub weight: Param,
    /// b, named `bias` in its scope; or [`NoBias`].
    pub bias: B,
}

/// In the place of a bias: there is none. See [`Linear::without_bias`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoBias;

/// What stands in the place of a bias: a parameter, or [`NoBias`].
pub trait Bias: sealed::Add {}
impl Bias for Param {}
impl Bias for NoBias {}

mod sealed {
    use super::*;

    pub trait Add: Copy {
        /// Enters the scope of the layer.
        fn within<'t>(self, weight: Param, x: Var<'t>) -> Within<'t>;
        /// y + b.
        #[track_caller]
        fn add(self, y: Var<'_>) -> Var<'_>;
    }
    impl Add for Param {
        fn within<'t>(self, weight: Param, x: Var<'t>) -> Within<'t> {
            x.tape().within([weight, self])
        }
        #[track_caller]
        fn add(self, y: Var<'_>) -> Var<'_> {
            y + self
        }
    }
    impl Add for NoBias {
        fn within<'t>(self, weight: Param, x: Var<'t>) -> Within<'t> {
            x.tape().within([weight])
        }
        #[track_caller]
        fn add(self, y: Var<'_>) -> Var<'_> {
            y
        }
    }
}

impl Linear {
    /// A layer with Xavier-normal weights and zero bias.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, fan_in: usize, fan_out: usize) -> Linear {
        Linear::with_init(scope, fan_in, fan_out, Init::XavierNormal, Init::Zeros)
    }

    /// A layer with other initial values.
    ///
    /// # Panics
    /// If the scope has parameters of these names, or the number of given values is wrong.
    #[track_caller]
    pub fn with_init(
        scope: &mut Scope<'_>,
        fan_in: usize,
        fan_out: usize,
        weight: impl Initial,
        bias: impl Initial,
    ) -> Linear {
        let weight = scope.param("weight", [fan_in, fan_out], weight);
        let bias = scope.param("bias", [fan_out], bias);
        Linear { weight, bias }
    }
}

impl Linear<NoBias> {
    /// A layer without a bias, with Xavier-normal weights.
    ///
    /// # Panics
    /// If the scope has a parameter named `weight`.
    #[track_caller]
    pub fn without_bias(scope: &mut Scope<'_>, fan_in: usize, fan_out: usize) -> Linear<NoBias> {
        Linear::without_bias_with(scope, fan_in, fan_out, Init::XavierNormal)
    }

    /// As [`without_bias`](Linear::without_bias), with other initial weights.
    ///
    /// # Panics
    /// If the scope has a parameter named `weight`, or the number of given values is wrong.
    #[track_caller]
    pub fn without_bias_with(
        scope: &mut Scope<'_>,
        fan_in: usize,
        fan_out: usize,
        weight: impl Initial,
    ) -> Linear<NoBias> {
        Linear { weight: scope.param("weight", [fan_in, fan_out], weight), bias: NoBias }
    }
}

impl<B: Bias> Linear<B> {
    /// x·W + b, or x·W without a bias.
    ///
    /// # Panics
    /// If x is not \[…, fan-in\] of the parameters' dtype, or on a tape that does not read them.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let _layer = self.bias.within(self.weight, x);
        let shape = x.shape();
        let [lead @ .., fan_in] = &shape[..] else {
            Mistake::new("Linear: x is a single number")
                .line("x", x.describe())
                .rule("x is […, fan-in], of two axes or more")
                .hint("`x.reshape([1, 1])` makes a batch of one number")
                .raise();
        };
        if lead.len() < 2 {
            return self.bias.add(x.matmul(self.weight));
        }
        // One product for all leading axes together.
        let rows = lead.iter().product();
        let y = self.bias.add(x.reshape([rows, *fan_in]).matmul(self.weight));
        y.reshape(&[lead, &[y.shape()[1]]].concat()[..])
    }
}
