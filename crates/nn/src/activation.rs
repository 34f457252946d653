//! Activation functions by name.

use autograd::Var;
use std::fmt;
use std::str::FromStr;

/// An activation function. [`Display`](fmt::Display) gives its name, and [`FromStr`] parses it.
///
/// ```
/// use nn::Activation;
/// let tape = autograd::Tape::new();
/// let f: Activation = "leaky_relu".parse()?;
/// assert_eq!(f, Activation::LeakyRelu(0.01));
/// assert_eq!(f.apply(tape.var([-2.0, 3.0])).to_vec::<f64>(), [-0.02, 3.0]);
/// assert!("sigmoidal".parse::<Activation>().is_err());
/// # Ok::<(), nn::UnknownActivation>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// x itself.
    Identity,
    /// 1/(1 + e⁻ˣ), see [`Var::sigmoid`].
    Sigmoid,
    /// tanh x, see [`Var::tanh`].
    Tanh,
    /// max(0, x), see [`Var::relu`].
    Relu,
    /// x, or slope·x where x ≤ 0, see [`Var::leaky_relu`]. The name stands for the slope 0.01.
    LeakyRelu(f64),
    /// x, or α·(eˣ − 1) where x ≤ 0, see [`Var::elu`]. The name stands for α = 1.
    Elu(f64),
    /// x·σ(x), also called SiLU, see [`Var::swish`].
    Swish,
    /// x·Φ(x), see [`Var::gelu`].
    Gelu,
    /// The approximation of GELU with tanh, see [`Var::gelu_tanh`].
    GeluTanh,
    /// ln(1 + eˣ), see [`Var::softplus`].
    Softplus,
}

impl Activation {
    /// Every activation, with the parameter that its name stands for.
    pub const ALL: [Activation; 10] = [
        Activation::Identity,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Relu,
        Activation::LeakyRelu(0.01),
        Activation::Elu(1.0),
        Activation::Swish,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Softplus,
    ];

    /// The function, elementwise.
    #[track_caller]
    pub fn apply(self, x: Var<'_>) -> Var<'_> {
        match self {
            Activation::Identity => x,
            Activation::Sigmoid => x.sigmoid(),
            Activation::Tanh => x.tanh(),
            Activation::Relu => x.relu(),
            Activation::LeakyRelu(slope) => x.leaky_relu(slope),
            Activation::Elu(alpha) => x.elu(alpha),
            Activation::Swish => x.swish(),
            Activation::Gelu => x.gelu(),
            Activation::GeluTanh => x.gelu_tanh(),
            Activation::Softplus => x.softplus(),
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Identity => "identity",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::LeakyRelu(_) => "leaky_relu",
            Activation::Elu(_) => "elu",
            Activation::Swish => "swish",
            Activation::Gelu => "gelu",
            Activation::GeluTanh => "gelu_tanh",
            Activation::Softplus => "softplus",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for a name that no activation has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownActivation {
    /// The name that was given.
    pub name: String,
}

impl fmt::Display for UnknownActivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Activation::ALL.iter().map(|a| a.name()).collect();
        write!(f, "no activation is called `{}`; there are {}", self.name, names.join(", "))
    }
}

impl std::error::Error for UnknownActivation {}

impl FromStr for Activation {
    type Err = UnknownActivation;
    fn from_str(name: &str) -> Result<Activation, UnknownActivation> {
        let known = Activation::ALL.into_iter().find(|a| a.name() == name);
        known.ok_or_else(|| UnknownActivation { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_functions() {
        let names = [
            "identity",
            "sigmoid",
            "tanh",
            "relu",
            "leaky_relu",
            "elu",
            "swish",
            "gelu",
            "gelu_tanh",
            "softplus",
        ];
        for (f, name) in Activation::ALL.into_iter().zip(names) {
            assert_eq!((f.name(), f.to_string().as_str()), (name, name));
            assert_eq!(name.parse(), Ok(f));
        }
        // The name does not tell the parameter.
        assert_eq!(Activation::Elu(0.5).to_string().parse(), Ok(Activation::Elu(1.0)));
        assert_eq!(Activation::LeakyRelu(0.5).to_string().parse(), Ok(Activation::LeakyRelu(0.01)));
    }

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        let known = "identity, sigmoid, tanh, relu, leaky_relu, elu, swish, gelu, gelu_tanh, softplus";
        for name in ["ReLU", "", " tanh"] {
            let error = name.parse::<Activation>().unwrap_err();
            assert_eq!(error, UnknownActivation { name: name.to_owned() });
            assert_eq!(error.to_string(), format!("no activation is called `{name}`; there are {known}"));
        }
    }
}
