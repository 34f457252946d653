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
#[non_exhaustive]
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
    /// A function of yours: [`Activation::own`] makes it.
    Own(OwnActivation),
}

/// A function of yours with a name. Two are equal if name and function are.
///
/// ```
/// use nn::Activation;
/// let square = Activation::own("square", |x| x.square());
/// assert_eq!(format!("{square:?}"), r#"Own("square")"#);
/// ```
#[derive(Clone, Copy)]
pub struct OwnActivation {
    name: &'static str,
    f: for<'t> fn(Var<'t>) -> Var<'t>,
}

impl PartialEq for OwnActivation {
    fn eq(&self, other: &OwnActivation) -> bool {
        self.name == other.name && std::ptr::fn_addr_eq(self.f, other.f)
    }
}

impl fmt::Debug for OwnActivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.name, f)
    }
}

impl Activation {
    /// A function of yours, which the layers record like any other. It captures nothing, so that activations stay `Copy`. Its
    /// name cannot be parsed.
    ///
    /// ```
    /// use autograd::{Params, Tape, Var};
    /// use nn::{Activation, Mlp};
    /// /// x·tanh(softplus x). Source: Misra, *Mish*, 2019.
    /// fn mish(x: Var<'_>) -> Var<'_> {
    ///     x * x.softplus().tanh()
    /// }
    /// let mut params = Params::f64();
    /// let net = Mlp::new(&mut params.scope("net"), &[2, 8, 1], Activation::own("mish", mish));
    /// assert_eq!(net.activation.to_string(), "mish");
    /// let tape = Tape::with(&params);
    /// assert_eq!(net.activation.apply(tape.var(0.0)).item(), 0.0);
    /// assert!(net.forward(tape.constant([[0.5, -1.0]])).sum().backward().norm() > 0.0);
    /// ```
    pub fn own(name: &'static str, f: for<'t> fn(Var<'t>) -> Var<'t>) -> Activation {
        Activation::Own(OwnActivation { name, f })
    }

    /// Every activation that has a name here, with the parameter that its name stands for.
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
            Activation::Own(OwnActivation { f, .. }) => f(x),
        }
    }

    /// The factor of the deviation of initial weights before this function, which keeps the size of what goes through many layers:
    /// 5/3 for tanh, √2 for relu, √(2/(1 + slope²)) for leaky relu, and 1 for those for which none is known.
    ///
    /// Sources: He et al., *Delving Deep into Rectifiers*, 2015, equations 10 and 15; 5/3 as in PyTorch.
    ///
    /// ```
    /// use nn::Activation;
    /// assert_eq!(Activation::LeakyRelu(1.0).gain(), Activation::Identity.gain());
    /// assert_eq!(Activation::Relu.gain(), 2f64.sqrt());
    /// ```
    pub fn gain(self) -> f64 {
        match self {
            Activation::Tanh => 5.0 / 3.0,
            Activation::Relu => std::f64::consts::SQRT_2,
            Activation::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
            _ => 1.0,
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
            Activation::Own(OwnActivation { name, .. }) => name,
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
    fn own_functions_are_equal_by_name_and_function() {
        fn twice(x: Var<'_>) -> Var<'_> {
            x * 2.0
        }
        fn squared(x: Var<'_>) -> Var<'_> {
            x.square()
        }
        let own = Activation::own("twice", twice);
        assert_eq!((own, own.name()), (Activation::own("twice", twice), "twice"));
        assert_ne!(own, Activation::own("double", twice));
        assert_ne!(own, Activation::own("twice", squared));
        let tape = autograd::Tape::new();
        assert_eq!(own.apply(tape.var([1.0, -2.0])).to_vec::<f64>(), [2.0, -4.0]);
        assert!("twice".parse::<Activation>().is_err());
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
