//! Initialisers: the initial values of parameters.

use autograd::Initial;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// The distribution of a parameter's initial values.
///
/// Random distributions use ChaCha8, a generator whose numbers do not change between versions. The stream depends on the seed
/// of [`Params`](autograd::Params::with_seed) and on the parameter's full name. So the same seed and name give the same bits,
/// whatever else the model holds. A matrix has the shape \[fan-in, fan-out\]; a vector of n elements counts as \[1, n\].
///
/// ```
/// use autograd::Params;
/// use nn::Init;
/// let mut params = Params::f64().with_seed(1);
/// let w = params.scope("net").param("w", [300, 100], Init::XavierNormal);
/// let variance = params.get::<f64>(w).iter().map(|x| x * x).sum::<f64>() / 30_000.0;
/// assert!((variance - 2.0 / 400.0).abs() < 2e-4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// Every element is 0.
    Zeros,
    /// Every element is this number.
    Constant(f64),
    /// Normal with mean 0 and the given standard deviation.
    Normal(f64),
    /// Normal with mean 0 and *variance* 2/(fan-in + fan-out). Source: Glorot & Bengio 2010, section 4.2.1.
    XavierNormal,
    /// Uniform on ±√(6/(fan-in + fan-out)), which has the same variance. Source: Glorot & Bengio 2010, equation 16.
    XavierUniform,
}

impl Initial for Init {
    fn values(&self, name: &str, shape: &[usize], seed: u64) -> Vec<f64> {
        let mut rng = stream(seed, name);
        let n = shape.iter().product();
        let mut normal = |std: f64| -> Vec<f64> {
            (0..n)
                .map(|_| std * <StandardNormal as Distribution<f64>>::sample(&StandardNormal, &mut rng))
                .collect()
        };
        match *self {
            Init::Zeros => vec![0.0; n],
            Init::Constant(x) => vec![x; n],
            Init::Normal(std) => normal(std),
            Init::XavierNormal => normal((2.0 / fans(shape)).sqrt()),
            Init::XavierUniform => {
                let bound = (6.0 / fans(shape)).sqrt();
                let unit = |rng: &mut ChaCha8Rng| -> f64 { StandardUniform.sample(rng) };
                (0..n).map(|_| bound * (2.0 * unit(&mut rng) - 1.0)).collect()
            }
        }
    }
}

/// Fan-in plus fan-out.
fn fans(shape: &[usize]) -> f64 {
    match shape {
        [] => 2.0,
        [n] => 1.0 + *n as f64,
        [fan_in, rest @ ..] => *fan_in as f64 + rest.iter().product::<usize>() as f64,
    }
}

/// A parameter's own stream of random numbers.
fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // FNV-1a (Fowler, Noll, Vo) never changes, unlike the standard library's hashes.
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    rng.set_stream(hash);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    fn moments(init: Init, shape: &[usize]) -> (f64, f64, f64) {
        let x = init.values("w", shape, 3);
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        (mean, variance, x.iter().fold(0.0, |m: f64, x| m.max(x.abs())))
    }

    #[test]
    fn distributions_have_the_moments_that_they_promise() {
        let (mean, variance, _) = moments(Init::Normal(0.1), &[200, 200]);
        assert_abs_diff_eq!(mean, 0.0, epsilon = 2e-3);
        assert_abs_diff_eq!(variance, 0.01, epsilon = 3e-4);
        let (mean, variance, _) = moments(Init::XavierNormal, &[300, 100]);
        assert_abs_diff_eq!(mean, 0.0, epsilon = 2e-3);
        assert_abs_diff_eq!(variance, 2.0 / 400.0, epsilon = 2e-4);
        let (_, variance, largest) = moments(Init::XavierUniform, &[300, 100]);
        assert_abs_diff_eq!(variance, 2.0 / 400.0, epsilon = 2e-4);
        let bound = (6.0f64 / 400.0).sqrt();
        assert!(largest <= bound && largest > 0.999 * bound);
    }

    #[test]
    fn a_stream_depends_on_seed_and_name_alone() {
        let draw = |name: &str, seed| Init::Normal(1.0).values(name, &[4], seed);
        assert_eq!(draw("net.0.weight", 1), draw("net.0.weight", 1));
        assert_ne!(draw("net.0.weight", 1), draw("net.1.weight", 1));
        assert_ne!(draw("net.0.weight", 1), draw("net.0.weight", 2));
    }

    /// The generator is value-stable. These numbers guard against a change of stream or order.
    #[test]
    fn the_first_draws_are_for_ever() {
        let draws: [f64; 2] = Init::XavierUniform.values("net.0.weight", &[2, 1], 42).try_into().unwrap();
        assert_eq!(draws.map(f64::to_bits), [4601013756950684740, 13829125951765066580]);
    }
}
