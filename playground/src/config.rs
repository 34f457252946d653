//! What a session is made from: a line of text that fits into an address.

use autograd::Optimizer;
use nn::{Activation, Init};
use optim::{Adam, AdamW, HyperparameterError, Momentum, RmsProp, Sgd};
use std::fmt;
use std::str::FromStr;

/// Bounds that keep every session small: points, units of a layer, hidden layers.
const MOST_POINTS: usize = 500;
const MOST_UNITS: usize = 10;
const MOST_LAYERS: usize = 5;
/// The largest coordinate of a point.
const FARTHEST: f64 = 10.0;

/// Data, network, start and steps of a session.
///
/// As text it is `key=value` for what differs from the [default](Config::default), with `&` between: `data=moons&hidden=8-4`.
///
/// ```
/// use playground::Config;
/// let config: Config = "hidden=10-5&activation=sigmoid&rate=0.01".parse()?;
/// assert_eq!(config.hidden, [10, 5]);
/// assert_eq!(config.to_string().parse::<Config>()?, config);
/// let error = "rate=fast".parse::<Config>().unwrap_err();
/// assert_eq!(error.to_string(), "rate = fast, expected a number from 0.000000001 to 1000000");
/// # Ok::<(), playground::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where points come from.
    pub data: Data,
    /// The deviation of what is added to each coordinate.
    pub noise: f64,
    /// How many points are made.
    pub n: usize,
    /// Own points: coordinates and class.
    pub points: Vec<([f64; 2], bool)>,
    /// 2 for x₁ and x₂; 3 for x₁² + x₂² beside them.
    pub inputs: usize,
    /// The units of the hidden layers.
    pub hidden: Vec<usize>,
    /// The function after each hidden layer.
    pub activation: Activation,
    /// What the last layer gives, and the loss that goes with it.
    pub head: Head,
    /// How weights start.
    pub start: Start,
    /// The rule of the steps.
    pub optimizer: Step,
    /// Its learning rate η.
    pub rate: f64,
    /// Samples of a step; 0 for all.
    pub batch: usize,
    /// The seed of points, weights and the order of batches.
    pub seed: u32,
}

/// The text of a session cannot be read: which part, what it was, and what was expected.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigError {
    field: String,
    found: String,
    expected: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}, expected {}", self.field, self.found, self.expected)
    }
}
impl std::error::Error for ConfigError {}

/// An enum whose variants have the names that stand in the text.
macro_rules! named {
    ($(#[$doc:meta])* $Name:ident { $($(#[$of:meta])* $variant:ident $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Name {
            $($(#[$of])* $variant,)+
        }
        impl $Name {
            const NAMES: &[&str] = &[$($text),+];

            /// The name in the text of a [`Config`].
            pub fn name(self) -> &'static str {
                match self {
                    $($Name::$variant => $text,)+
                }
            }

            fn named(name: &str) -> Option<$Name> {
                match name {
                    $($text => Some($Name::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

named! {
    /// Where points come from.
    Data {
        /// Two interleaving half circles.
        Moons "moons",
        /// A circle in a circle.
        Circles "circles",
        /// Two clouds.
        Blobs "blobs",
        /// Two arms of a spiral.
        Spiral "spiral",
        /// The points of [`Config::points`].
        Own "own",
    }
}

named! {
    /// What the last layer gives for its z, and the loss that goes with it.
    Head {
        /// o = z, L = ½·(o − y)².
        Linear "linear",
        /// o = σ(z), L = ½·(o − y)².
        Sigmoid "sigmoid",
        /// o = σ(z), and L = −ln of what it gives the true class: ln(1 + eᶻ) − y·z.
        CrossEntropy "cross_entropy",
        /// o = 1 where z ≥ 0, else 0, and Rosenblatt's rule, L = (o − y)·z with o held constant.
        Step "step",
    }
}

named! {
    /// How weights start. Biases start from 0.
    Start {
        /// Normal with variance 2/(fan-in + fan-out).
        Xavier "xavier",
        /// Normal with variance 2/fan-in.
        Kaiming "kaiming",
        /// Normal with deviation 0.1.
        Small "small",
        /// Normal with deviation 3.
        Large "large",
        /// All 0.
        Zeros "zeros",
        /// All 0.5.
        Equal "equal",
        /// Normal with deviation 1, and biases from −20, so that what follows gives 0.
        Dead "dead",
    }
}

named! {
    /// The rule of the steps.
    Step {
        /// p ← p − η·g.
        Sgd "sgd",
        /// With momentum 0.9.
        Momentum "momentum",
        /// RMSprop.
        RmsProp "rmsprop",
        /// Adam.
        Adam "adam",
        /// Adam with decoupled decay of weights, 0.01.
        AdamW "adamw",
    }
}

impl Start {
    /// The initialisers of weights and biases.
    pub(crate) fn inits(self) -> (Init, Init) {
        match self {
            Start::Xavier => (Init::XavierNormal, Init::Zeros),
            Start::Kaiming => (Init::kaiming_normal(std::f64::consts::SQRT_2), Init::Zeros),
            Start::Small => (Init::Normal(0.1), Init::Zeros),
            Start::Large => (Init::Normal(3.0), Init::Zeros),
            Start::Zeros => (Init::Zeros, Init::Zeros),
            Start::Equal => (Init::Constant(0.5), Init::Zeros),
            Start::Dead => (Init::Normal(1.0), Init::Constant(-20.0)),
        }
    }
}

impl Step {
    /// The optimiser with this learning rate.
    pub(crate) fn optimizer(self, rate: f64) -> Result<Box<dyn Optimizer + Send>, HyperparameterError> {
        Ok(match self {
            Step::Sgd => Box::new(Sgd::new(rate)?),
            Step::Momentum => Box::new(Momentum::new(rate, 0.9)?),
            Step::RmsProp => Box::new(RmsProp::new(rate)?),
            Step::Adam => Box::new(Adam::new(rate)?),
            Step::AdamW => Box::new(AdamW::new(rate)?.weight_decay(0.01)?),
        })
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: Data::Moons,
            noise: 0.1,
            n: 200,
            points: vec![],
            inputs: 2,
            hidden: vec![6, 4],
            activation: Activation::Tanh,
            head: Head::CrossEntropy,
            start: Start::Xavier,
            optimizer: Step::Adam,
            rate: 0.03,
            batch: 20,
            seed: 1,
        }
    }
}

impl Config {
    /// The sizes of all layers, from the inputs to the output.
    pub fn sizes(&self) -> Vec<usize> {
        [&[self.inputs], &self.hidden[..], &[1]].concat()
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ConfigError> {
        let refused = |expected: String| ConfigError { field: clipped(key), found: clipped(value), expected };
        let one_of = |names: &[&str]| refused(format!("one of {}", names.join(", ")));
        let number = |low: f64, high: f64| {
            let number: Option<f64> = value.parse().ok().filter(|x| (low..=high).contains(x));
            number.ok_or_else(|| refused(format!("a number from {low} to {high}")))
        };
        let whole = |low: usize, high: usize| {
            let number: Option<usize> = value.parse().ok().filter(|x| (low..=high).contains(x));
            number.ok_or_else(|| refused(format!("a whole number from {low} to {high}")))
        };
        match key {
            "data" => self.data = Data::named(value).ok_or_else(|| one_of(Data::NAMES))?,
            "noise" => self.noise = number(0.0, 1.0)?,
            "n" => self.n = whole(4, MOST_POINTS)?,
            "points" => self.points = points(value).map_err(refused)?,
            "inputs" => self.inputs = whole(2, 3)?,
            "hidden" => {
                self.hidden = hidden(value).ok_or_else(|| {
                    refused(format!("up to {MOST_LAYERS} layers of 1 to {MOST_UNITS} units, such as 8-4"))
                })?;
            }
            "activation" => {
                self.activation =
                    value.parse().map_err(|_| one_of(&Activation::ALL.map(Activation::name)))?;
            }
            "head" => self.head = Head::named(value).ok_or_else(|| one_of(Head::NAMES))?,
            "start" => self.start = Start::named(value).ok_or_else(|| one_of(Start::NAMES))?,
            "optimizer" => self.optimizer = Step::named(value).ok_or_else(|| one_of(Step::NAMES))?,
            "rate" => self.rate = number(1e-9, 1e6)?,
            "batch" => self.batch = whole(0, MOST_POINTS)?,
            "seed" => self.seed = whole(0, u32::MAX as usize)? as u32,
            _ => {
                return Err(ConfigError {
                    field: "key".into(),
                    found: clipped(key),
                    expected:
                        "data, noise, n, points, inputs, hidden, activation, head, start, optimizer, rate, \
                               batch or seed"
                            .into(),
                });
            }
        }
        Ok(())
    }

    /// All keys with their values, in the order of the text.
    pub(crate) fn entries(&self) -> [(&'static str, String); 13] {
        let points: Vec<String> =
            self.points.iter().map(|(x, class)| format!("{},{},{}", x[0], x[1], u8::from(*class))).collect();
        let hidden: Vec<String> = self.hidden.iter().map(usize::to_string).collect();
        [
            ("data", self.data.name().into()),
            ("noise", self.noise.to_string()),
            ("n", self.n.to_string()),
            ("points", points.join(";")),
            ("inputs", self.inputs.to_string()),
            ("hidden", hidden.join("-")),
            ("activation", self.activation.to_string()),
            ("head", self.head.name().into()),
            ("start", self.start.name().into()),
            ("optimizer", self.optimizer.name().into()),
            ("rate", self.rate.to_string()),
            ("batch", self.batch.to_string()),
            ("seed", self.seed.to_string()),
        ]
    }
}

impl FromStr for Config {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            config.set(key, value)?;
        }
        Ok(config)
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed =
            self.entries().into_iter().zip(Config::default().entries()).filter(|(own, usual)| own != usual);
        let parts: Vec<String> = changed.map(|((key, value), _)| format!("{key}={value}")).collect();
        f.write_str(&parts.join("&"))
    }
}

/// `8-4`; nothing for no hidden layer.
fn hidden(text: &str) -> Option<Vec<usize>> {
    let units = text.split('-').filter(|_| !text.is_empty()).take(MOST_LAYERS + 1);
    let units: Vec<usize> = units.map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let fits = units.len() <= MOST_LAYERS && units.iter().all(|n| (1..=MOST_UNITS).contains(n));
    fits.then_some(units)
}

/// `x,y,class` with `;` between.
fn points(text: &str) -> Result<Vec<([f64; 2], bool)>, String> {
    let mut all = vec![];
    for part in text.split(';').filter(|part| !part.is_empty()) {
        if all.len() == MOST_POINTS {
            return Err(format!("at most {MOST_POINTS} points"));
        }
        let numbers: Vec<f64> = part.split(',').take(4).map_while(|x| x.parse().ok()).collect();
        match numbers[..] {
            [x, y, class] if x.abs() <= FARTHEST && y.abs() <= FARTHEST && (class == 0.0 || class == 1.0) => {
                all.push(([x, y], class == 1.0));
            }
            _ => {
                return Err(format!(
                    "points x,y,class within ±{FARTHEST}, class 0 or 1; not `{}`",
                    clipped(part)
                ));
            }
        }
    }
    Ok(all)
}

/// A text from outside, short enough for a message.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}
