//! Initialisers: the initial values of parameters.

use autograd::{Initial, Mistake};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// The distribution of a parameter's initial values.
///
/// Random distributions use ChaCha8, a generator whose numbers do not change between versions. The stream depends on the seed
/// of [`Params`](autograd::Params::with_seed) and on the parameter's full name. So the same seed and name give the same bits,
/// whatever else the model holds. A matrix has the shape \[fan-in, fan-out\]; a vector of n elements counts as \[1, n\]. More axes
/// are those of a convolution, \[out, in, k…\] with the fan-in in·∏k and the fan-out out·∏k.
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
    /// Normal or uniform with mean 0 and *variance* gain²/fan. See [`Init::kaiming_normal`] and its kin.
    Scaled(Scaled),
    /// Vectors of this length at right angles: the columns of a matrix, or the rows where there are fewer of them, of what is
    /// drawn evenly among such matrices. Axes behind the first count as one. Source: Saxe, McClelland & Ganguli, *Exact solutions
    /// to the nonlinear dynamics of learning in deep linear neural networks*, 2014.
    Orthogonal(f64),
    /// Normal, drawn until it lies between two bounds.
    TruncatedNormal {
        /// μ, before the cut.
        mean: f64,
        /// σ, before the cut.
        deviation: f64,
        /// The lower bound.
        low: f64,
        /// The upper bound, not below the lower one.
        high: f64,
    },
}

/// A variance that depends on the shape: gain²/fan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    /// What the activation behind the layer asks for: [`Activation::gain`](crate::Activation::gain).
    pub gain: f64,
    /// By what the variance is divided.
    pub fan: Fan,
    /// Whether it is uniform on ±√(3·variance), and else normal.
    pub uniform: bool,
}

/// A number of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// Those to a unit: the variance of what goes forward stays.
    In,
    /// Those from a unit: the variance of what comes back stays.
    Out,
    /// The mean of the two.
    Mean,
}

impl Init {
    /// The gain of SELU, 3/4, which keeps its own variance.
    pub const SELU_GAIN: f64 = 0.75;

    /// Normal with the variance gain²/fan-in. Source: He et al., *Delving Deep into Rectifiers*, 2015, equation 10.
    ///
    /// ```
    /// use nn::{Activation, Init};
    /// let mut params = autograd::Params::f64().with_seed(1);
    /// let init = Init::kaiming_normal(Activation::Relu.gain());
    /// let w = params.scope("conv").param("w", [40, 20, 5, 5], init);
    /// let variance = params.get::<f64>(w).iter().map(|x| x * x).sum::<f64>() / 20_000.0;
    /// assert!((variance - 2.0 / 500.0).abs() < 2e-4);
    /// ```
    pub const fn kaiming_normal(gain: f64) -> Init {
        Init::Scaled(Scaled { gain, fan: Fan::In, uniform: false })
    }

    /// Uniform with the variance gain²/fan-in. Source: He et al. 2015, equation 10.
    ///
    /// ```
    /// let mut params = autograd::Params::f64();
    /// let w = params.scope("layer").param("w", [75, 1], nn::Init::kaiming_uniform(1.0));
    /// assert!(params.get::<f64>(w).iter().all(|x| x.abs() <= 0.2));
    /// ```
    pub const fn kaiming_uniform(gain: f64) -> Init {
        Init::Scaled(Scaled { gain, fan: Fan::In, uniform: true })
    }

    /// As [`Init::XavierNormal`], times a gain.
    ///
    /// ```
    /// use nn::Init;
    /// let mut params = autograd::Params::f64();
    /// let a = params.scope("layer").param("w", [3, 5], Init::xavier_normal(1.0));
    /// let mut others = autograd::Params::f64();
    /// let b = others.scope("layer").param("w", [3, 5], Init::XavierNormal);
    /// assert_eq!(params.get::<f64>(a), others.get::<f64>(b));
    /// ```
    pub const fn xavier_normal(gain: f64) -> Init {
        Init::Scaled(Scaled { gain, fan: Fan::Mean, uniform: false })
    }

    /// As [`Init::XavierUniform`], times a gain.
    ///
    /// ```
    /// let mut params = autograd::Params::f64();
    /// let w = params.scope("layer").param("w", [50, 4], nn::Init::xavier_uniform(2.0));
    /// assert!(params.get::<f64>(w).iter().all(|x| x.abs() <= 2.0 / 3.0));
    /// ```
    pub const fn xavier_uniform(gain: f64) -> Init {
        Init::Scaled(Scaled { gain, fan: Fan::Mean, uniform: true })
    }
}

impl Initial for Init {
    fn values(&self, name: &str, shape: &[usize], seed: u64) -> Vec<f64> {
        let mut rng = stream(seed, name);
        let n = shape.iter().product();
        let scaled = |gain, fan, uniform| Scaled { gain, fan, uniform };
        match *self {
            Init::Zeros => vec![0.0; n],
            Init::Constant(x) => vec![x; n],
            Init::Normal(deviation) => normal(&mut rng, n, deviation),
            Init::XavierNormal => scaled(1.0, Fan::Mean, false).values(&mut rng, shape),
            Init::XavierUniform => scaled(1.0, Fan::Mean, true).values(&mut rng, shape),
            Init::Scaled(of) => of.values(&mut rng, shape),
            Init::Orthogonal(gain) => orthogonal(&mut rng, shape, gain),
            Init::TruncatedNormal { mean, deviation, low, high } => {
                let [a, b] = [low, high].map(|bound| (bound - mean) / deviation);
                if !(deviation > 0.0 && a <= b) {
                    Mistake::new(format!("TruncatedNormal: deviation {deviation}, from {low} to {high}"))
                        .rule("the deviation is positive, and the upper bound is not below the lower one")
                        .raise();
                }
                // Rounding must not lead beyond a bound.
                (0..n).map(|_| (mean + deviation * between(&mut rng, a, b)).clamp(low, high)).collect()
            }
        }
    }
}

impl Scaled {
    fn values(&self, rng: &mut ChaCha8Rng, shape: &[usize]) -> Vec<f64> {
        let (n, [fan_in, fan_out]) = (shape.iter().product(), fans(shape));
        let (of, fan) = match self.fan {
            Fan::In => (1.0, fan_in),
            Fan::Out => (1.0, fan_out),
            Fan::Mean => (2.0, fan_in + fan_out),
        };
        if !self.uniform {
            return normal(rng, n, self.gain * (of / fan).sqrt());
        }
        let bound = self.gain * (3.0 * of / fan).sqrt();
        (0..n).map(|_| bound * (2.0 * unit(rng) - 1.0)).collect()
    }
}

/// Fan-in and fan-out.
fn fans(shape: &[usize]) -> [f64; 2] {
    match *shape {
        [] => [1.0, 1.0],
        [n] => [1.0, n as f64],
        [fan_in, fan_out] => [fan_in as f64, fan_out as f64],
        [outputs, inputs, ref window @ ..] => {
            let places: usize = window.iter().product();
            [(inputs * places) as f64, (outputs * places) as f64]
        }
    }
}

fn unit(rng: &mut ChaCha8Rng) -> f64 {
    StandardUniform.sample(rng)
}

fn normal(rng: &mut ChaCha8Rng, n: usize, deviation: f64) -> Vec<f64> {
    (0..n).map(|_| deviation * <StandardNormal as Distribution<f64>>::sample(&StandardNormal, rng)).collect()
}

/// A standard normal number between a and b: drawn from what lies close to the density there, and accepted by their ratio.
/// Source: Robert, *Simulation of truncated normal variables*, 1995.
fn between(rng: &mut ChaCha8Rng, a: f64, b: f64) -> f64 {
    if b < 0.0 {
        return -between(rng, -b, -a);
    }
    // Where the density is largest.
    let top = a.max(0.0);
    loop {
        let (x, log_ratio) = if (b - a) * top.max(1.0) < 3.0 {
            let x = a + (b - a) * unit(rng);
            (x, 0.5 * (top * top - x * x))
        } else if top > 1.0 {
            let beyond = -(1.0 - unit(rng)).ln() / top;
            (top + beyond, -0.5 * beyond * beyond)
        } else {
            (normal(rng, 1, 1.0)[0], 0.0)
        };
        if a <= x && x <= b && unit(rng) < log_ratio.exp() {
            return x;
        }
    }
}

/// Normal vectors, each without its parts along the ones before it, of the length `gain`.
fn orthogonal(rng: &mut ChaCha8Rng, shape: &[usize], gain: f64) -> Vec<f64> {
    let elements: usize = shape.iter().product();
    let rows = shape.first().copied().unwrap_or(1);
    let columns = elements / rows.max(1);
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors = normal(rng, elements, 1.0);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for i in 0..count {
        let (before, rest) = vectors.split_at_mut(i * length);
        let vector = &mut rest[..length];
        // Twice, because the first time leaves what rounding lost.
        for other in before.chunks(length).chain(before.chunks(length)) {
            let along = dot(vector, other);
            vector.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
        }
        let norm = dot(vector, vector).sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
    }
    let at = |i: usize| {
        let (row, column) = (i / columns, i % columns);
        if rows <= columns { row * length + column } else { column * length + row }
    };
    (0..elements).map(|i| gain * vectors[at(i)]).collect()
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
    fn cut_normal_numbers_have_the_moments_of_the_cut() {
        // Between the bounds: near, on one side, in either tail, and far out. Mean and variance by their formulas.
        for (low, high, mean, variance) in [
            (-2.0, 2.0, 0.0, 0.7737413035499232),
            (-1.0, 9.0, 0.2876, 0.6296862),
            (2.0, 9.0, 2.3732155, 0.1142791),
            (-9.0, -2.0, -2.3732155, 0.1142791),
            (5.0, 5.1, 5.0458, 0.000825),
        ] {
            let init = Init::TruncatedNormal { mean: 0.0, deviation: 1.0, low, high };
            let x = init.values("w", &[40_000], 3);
            assert!(x.iter().all(|x| (low..=high).contains(x)), "{low} to {high}");
            let (got_mean, got_variance, _) = moments(init, &[40_000]);
            assert_abs_diff_eq!(got_mean, mean, epsilon = 5.0 * (variance / 40_000.0_f64).sqrt());
            assert_abs_diff_eq!(got_variance, variance, epsilon = 0.05 * variance);
        }
    }

    #[test]
    fn a_convolution_has_a_fan_for_each_place_of_its_window() {
        assert_eq!(fans(&[64, 32, 3, 3]), [288.0, 576.0]);
        assert_eq!(fans(&[5, 7]), [5.0, 7.0]);
        let of = |fan| Init::Scaled(Scaled { gain: 2.0, fan, uniform: false });
        let (_, variance, _) = moments(of(Fan::In), &[40, 10, 5, 5]);
        assert_abs_diff_eq!(variance, 4.0 / 250.0, epsilon = 1e-3);
        let (_, variance, _) = moments(of(Fan::Out), &[40, 10, 5, 5]);
        assert_abs_diff_eq!(variance, 4.0 / 1000.0, epsilon = 3e-4);
    }

    #[test]
    fn orthogonal_vectors_have_their_length_and_right_angles() {
        for shape in [&[6, 6][..], &[4, 9], &[9, 4], &[3, 2, 2], &[0, 3]] {
            let w = Init::Orthogonal(2.0).values("w", shape, 3);
            let rows = shape[0];
            let columns = shape[1..].iter().product::<usize>();
            for i in 0..rows.min(columns) {
                for j in 0..rows.min(columns) {
                    let product: f64 = if rows <= columns {
                        (0..columns).map(|k| w[i * columns + k] * w[j * columns + k]).sum()
                    } else {
                        (0..rows).map(|k| w[k * columns + i] * w[k * columns + j]).sum()
                    };
                    assert_abs_diff_eq!(product, if i == j { 4.0 } else { 0.0 }, epsilon = 1e-14);
                }
            }
        }
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
