//! Normalisation of the last axis.

use crate::normalize;
use autograd::{Mistake, Param, Scope, Var};

/// Layer normalisation over the last axis, y = w·(x − x̄)/√(σ² + ε) + b, with the mean x̄ and the biased variance σ² of
/// each row.
///
/// x is \[…, width\] and so is y; w and b are \[width\]. Source: Ba, Kiros & Hinton, *Layer Normalization*, 2016,
/// equation 4.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::LayerNorm;
/// let mut params = Params::f64();
/// let norm = LayerNorm { epsilon: 0.0, ..LayerNorm::new(&mut params.scope("norm"), 2) };
/// let tape = Tape::with(&params);
/// let y = norm.forward(tape.constant([[1.0, 3.0], [2.0, 8.0]]));
/// assert_eq!(y.to_vec::<f64>(), [-1.0, 1.0, -1.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    /// w, named `weight` in its scope.
    pub weight: Param,
    /// b, named `bias` in its scope.
    pub bias: Param,
    /// ε, which keeps rows of equal elements from a division by zero.
    pub epsilon: f64,
}

impl LayerNorm {
    /// For rows of `width` elements, with w = 1, b = 0 and ε = 10⁻⁵.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, width: usize) -> LayerNorm {
        let weight = scope.param("weight", [width], 1.0);
        let bias = scope.param("bias", [width], 0.0);
        LayerNorm { weight, bias, epsilon: 1e-5 }
    }

    /// w·(x − x̄)/√(σ² + ε) + b.
    ///
    /// # Panics
    /// If x is not \[…, width\] of the parameters' dtype, or on a tape that does not read them.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.weight, self.bias]);
        of_width("LayerNorm", x, self.weight);
        x.standardize([-1], self.epsilon) * self.weight + self.bias
    }
}

/// Normalisation by the root mean square of the last axis, y = w·x/√(mean x² + ε).
///
/// x is \[…, width\] and so is y; w is \[width\]. Source: Zhang & Sennrich, *Root Mean Square Layer Normalization*, 2019,
/// equation 4.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::RmsNorm;
/// let mut params = Params::f64();
/// let norm = RmsNorm { epsilon: 0.0, ..RmsNorm::new(&mut params.scope("norm"), 2) };
/// let tape = Tape::with(&params);
/// assert_eq!(norm.forward(tape.constant([[3.0, 3.0]])).to_vec::<f64>(), [1.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RmsNorm {
    /// w, named `weight` in its scope.
    pub weight: Param,
    /// ε, which keeps rows of zeros from a division by zero.
    pub epsilon: f64,
}

impl RmsNorm {
    /// For rows of `width` elements, with w = 1 and ε = 10⁻⁵.
    ///
    /// # Panics
    /// If the scope has a parameter named `weight`.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, width: usize) -> RmsNorm {
        RmsNorm { weight: scope.param("weight", [width], 1.0), epsilon: 1e-5 }
    }

    /// w·x/√(mean x² + ε).
    ///
    /// # Panics
    /// If x is not \[…, width\] of the parameters' dtype, or on a tape that does not read them.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.weight]);
        of_width("RmsNorm", x, self.weight);
        normalize::rms(x, &[-1], self.epsilon) * self.weight
    }
}

/// Refuses rows of another width than the weight's.
#[track_caller]
fn of_width(layer: &str, x: Var<'_>, weight: Param) {
    let (shape, width) = (x.shape(), x.tape().param(weight).shape());
    if !shape.ends_with(&width) {
        Mistake::new(format!("{layer}: x is {shape}"))
            .line("x", x.describe())
            .line("weight", weight.on(x.tape()).describe())
            .rule(format!("its last axis has the {} elements of the weight", width[0]))
            .hint("make the layer for that width, or `.move_axis(axis, -1)` the axis that is meant")
            .raise();
    }
}
