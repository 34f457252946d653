//! Minimisers: they call a function as often as they need, where an [`Optimizer`](crate::Optimizer) is given gradients.
//!
//! | function | for | what an iteration takes |
//! |---|---|---|
//! | [`lbfgs`] | functions of many variables | a gradient or two |
//! | [`newton_cg`] | the same, where curvature differs much between directions | gradients, and products ∇²f·v |
//! | [`trust_region`] | functions with saddles and hollows | the same |
//! | [`gauss_newton`] | least squares with many parameters | gradients, and products JᵀJ·v |
//! | [`levenberg_marquardt`] | least squares with few parameters | values, and JᵀJ |
//! | [`curve_fit`] | curves through data, with the covariance of what is found | the same |
//! | [`natural_gradient`] | models of probabilities | a gradient, and products with Fisher's information |
//! | [`conjugate_gradient`] | linear systems A·x = b, A symmetric positive definite | products A·x |
//!
//! Each makes a [`Minimizer`], which has settings, and runs on a [function of a tensor](Minimizer::run) or on
//! [all parameters of a model](Minimizer::run_model). The function is recorded once, as a [`Program`](autograd::Program); its derivatives are exact. A minimiser
//! always ends, and [tells why](Stopped).
//!
//! ```
//! use optim::minimize::lbfgs;
//! let found = lbfgs().memory(10).tolerance(1e-8).run(|x| (x.cosh() - 0.5 * x).sum(), [2.0, -1.0])?;
//! assert!(found.converged() && found.gradient_norm <= 1e-8);
//! assert!(found.x.iter().all(|x| (x - 0.5f64.asinh()).abs() < 1e-8));
//! # Ok::<(), optim::minimize::MinimizeError>(())
//! ```
//!
//! Data come to a function by the tape of its argument, `x.tape().constant(&data)`, or as constants of the tape of a model.

mod conjugate;
mod dense;
mod error;
mod fit;
mod lbfgs;
mod levenberg;
mod minimizer;
mod newton;
mod problem;
mod search;
mod trust_region;
mod vectors;

pub use conjugate::{ConjugateGradient, conjugate_gradient};
pub use error::MinimizeError;
pub use fit::{CurveFit, Fit, curve_fit};
pub use lbfgs::{Lbfgs, lbfgs};
pub use levenberg::{LevenbergMarquardt, levenberg_marquardt};
pub use minimizer::{Iterate, Method, Minimizer, Minimum, Stopped};
pub use newton::{Newton, gauss_newton, gauss_newton_product, natural_gradient, newton_cg};
pub use search::Directed;
pub use trust_region::{TrustRegion, trust_region};
