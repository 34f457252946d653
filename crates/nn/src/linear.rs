//! The affine map of a layer.

use crate::Init;
use autograd::{Initial, Param, Scope, Var};

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
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// W, named `weight` in its scope.
    pub weight: Param,
    /// b, named `bias` in its scope.
    pub bias: Param,
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

    /// x·W + b.
    ///
    /// # Panics
    /// If x is not \[…, fan-in\] of the parameters' dtype, or on a tape that does not read them.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.weight, self.bias]);
        let shape = x.shape();
        let [lead @ .., fan_in] = &shape[..] else {
            panic!(
                "Linear: x is a single number\n  x: {}\n  rule: x is […, fan-in], of two axes or more",
                x.describe()
            );
        };
        if lead.len() < 2 {
            return x.matmul(self.weight) + self.bias;
        }
        // One product for all leading axes together.
        let rows = lead.iter().product();
        let y = x.reshape([rows, *fan_in]).matmul(self.weight) + self.bias;
        y.reshape(&[lead, &[y.shape()[1]]].concat()[..])
    }
}
