//! Probability distributions: what they draw, and the logarithm of their density as a function that can be differentiated.
//!
//! The parameters are tensors. The entries of their common shape, the batch, are distributions of their own. What is drawn
//! follows from a key alone ([`Key`](autograd::Key)), so nothing here has a state.
//!
//! A sample of a [`Reparameterised`] distribution is a function of the parameters and of noise, and has the derivative of that
//! function. Of the others, [`score`] gives a gradient of an expectation.
//!
//! ```
//! use autograd::{Key, Tape};
//! use nn::distributions::{Distribution, Normal, Reparameterised};
//! let tape = Tape::new();
//! let (mean, deviation) = (tape.var([0.0, 1.0]), tape.var([1.0, 2.0]));
//! let q = Normal::new(mean, deviation);
//! // A bound on the evidence of a variational model: samples of q, and its divergence from a prior.
//! let z = q.rsample(tape.constant(Key::new(1)), &[5]);
//! assert_eq!(z.shape()[..], [5, 2]);
//! let loss = z.square().mean() + q.kl(&Normal::new(mean.full_like(0.0), 1.0)).sum();
//! assert_eq!(q.kl(&q).to_vec::<f64>(), [0.0, 0.0]);
//! assert!(loss.grad([mean, deviation]).iter().all(|g| g.is_finite()));
//! ```

mod discrete;
mod extreme;
mod gamma;
mod line;
mod normal;
mod poisson;
mod shares;
mod student;

pub use discrete::{Bernoulli, Categorical};
pub use extreme::{Gumbel, TruncatedNormal};
pub use gamma::Gamma;
pub use line::{Exponential, Laplace, Uniform};
pub use normal::{LogNormal, MultivariateNormal, Normal};
pub use poisson::Poisson;
pub use shares::{Beta, Dirichlet};
pub use student::StudentT;

use autograd::Var;

/// A probability distribution, or one for each entry of a batch.
pub trait Distribution<'t> {
    /// What is drawn by a key: \[shape…, batch…\], and the axes of one event behind. There is no derivative.
    ///
    /// # Panics
    /// If the key is not `I64` of shape \[2\].
    #[track_caller]
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t>;

    /// ln p(x), the logarithm of the density, or of the probability of a discrete x. x is broadcast against the batch; the axes
    /// of one event disappear. It is −∞ outside of the support.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    fn log_prob(&self, x: Var<'t>) -> Var<'t>;

    /// −E ln p(x).
    fn entropy(&self) -> Var<'t>;

    /// E x, and the variance of x, for each element of an event.
    fn moments(&self) -> (Var<'t>, Var<'t>);

    /// The divergence of Kullback and Leibler from this distribution to another one, E (ln p(x) − ln q(x)) with p that of
    /// `self`. Batches are broadcast.
    ///
    /// # Panics
    /// If shapes do not fit.
    #[track_caller]
    fn kl(&self, other: &Self) -> Var<'t>;
}

/// A distribution whose samples are a differentiable function of its parameters and of noise. Source: Kingma & Welling,
/// *Auto-Encoding Variational Bayes*, 2014, section 2.4.
pub trait Reparameterised<'t>: Distribution<'t> {
    /// As [`sample`](Distribution::sample), with the derivative by the parameters.
    ///
    /// # Panics
    /// If the key is not `I64` of shape \[2\].
    #[track_caller]
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t>;
}

/// A number whose gradient estimates that of E f(x): ln p(x)·f, for samples x and values f = f(x) of the shape of ln p(x), which
/// count as constants. It serves where samples have no derivative. Source: Williams, *Simple statistical gradient-following
/// algorithms*, 1992, theorem 1.
///
/// # Panics
/// If shapes or dtypes do not fit.
///
/// ```
/// use autograd::Tape;
/// use nn::distributions::{Bernoulli, score};
/// let tape = Tape::new();
/// let logit = tape.var([0.0]);
/// let x = tape.constant([1.0]);
/// assert_eq!(score(&Bernoulli::new(logit), x, x * 3.0).sum().grad([logit])[0].item(), 1.5);
/// ```
#[track_caller]
pub fn score<'t>(of: &impl Distribution<'t>, x: Var<'t>, values: Var<'t>) -> Var<'t> {
    of.log_prob(x.detach()) * values.detach()
}

/// Two parameters in their common shape.
#[track_caller]
fn together<'t>(a: Var<'t>, b: impl autograd::Operand<'t>) -> (Var<'t>, Var<'t>) {
    let b = b.like(a);
    if a.shape() == b.shape() {
        return (a, b);
    }
    // The sum refuses what does not fit.
    let shape = (a + b).shape();
    (a.broadcast_to(&shape), b.broadcast_to(&shape))
}

/// \[shape…, batch…\].
fn drawn(shape: &[usize], batch: Var<'_>) -> Vec<usize> {
    [shape, &batch.shape()].concat()
}
