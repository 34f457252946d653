//! Newton's method by products with the curvature: of the Hessian, of Gauss and Newton's part of it, of Fisher's information.

use super::conjugate::{Stop, solve};
use super::error::{MinimizeError, check};
use super::minimizer::{Limits, Method, Minimizer, Step};
use super::problem::{OfOutputs, Point, Problem, Recorded, half_squares};
use super::search::{Directed, Line};
use super::vectors::{along, negative, norm};
use autograd::{Params, Var, transform};
use std::fmt;

/// Newton's method: [`newton_cg`], [`gauss_newton`] and [`natural_gradient`] make it.
pub struct Newton<'a> {
    /// Of the outputs, where the curvature is JᵀH·J with its Hessian H; `None` for the Hessian of the function itself.
    loss: Option<Box<OfOutputs<'a>>>,
    damping: f64,
    /// `None` for min(½, √‖∇f‖).
    inner: Option<f64>,
    line: Line,
}

impl fmt::Debug for Newton<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Newton { loss: _, damping, inner, line } = self;
        let mut shown = f.debug_struct("Newton");
        shown.field("damping", damping).field("inner", inner).field("line", line).finish_non_exhaustive()
    }
}

/// Newton's method with conjugate gradients: ∇²f·d = −∇f, solved as exactly as the gradient is small, and a search along d.
///
/// ‖∇²f·d + ∇f‖ ≤ min(½, √‖∇f‖)·‖∇f‖
///
/// The Hessian is never made: each inner iteration is a product ∇²f·v, for the cost of about two gradients. Where f curves down, the direction is what was
/// found before, and at first −∇f.
///
/// ```
/// use optim::minimize::newton_cg;
/// let found = newton_cg().run(|x| (x.exp() - 2.0 * x).sum(), [0.0, 3.0])?; // at x = ln 2
/// assert!(found.converged() && found.iterations < 8);
/// assert!(found.x.iter().all(|x| (x - 2f64.ln()).abs() < 1e-8));
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
///
/// Source: J. Nocedal & S. J. Wright, *Numerical Optimization*, 2006, algorithm 7.1.
pub fn newton_cg<'a>() -> Minimizer<'a, Newton<'a>> {
    Minimizer::of(Newton { loss: None, damping: 0.0, inner: None, line: Line::new() })
}

/// Gauss and Newton's method for least squares: the function gives the residuals r, the value is ½·Σ rᵢ², and
///
/// JᵀJ·d = −Jᵀr,  J = ∂r/∂x
///
/// with a search along d. JᵀJ·v is a sweep forward and one back, so that it suits models with many parameters. With few of them, and far
/// from a solution, [`levenberg_marquardt`](super::levenberg_marquardt()) is surer.
///
/// ```
/// use optim::minimize::gauss_newton;
/// let found = gauss_newton().run(
///     |p| {
///         let t = p.tape().constant([0.0, 1.0, 2.0, 3.0]);
///         p.index(0, 0) * (p.index(0, 1) * t).exp() - p.tape().constant([2.0, 1.0, 0.5, 0.25])
///     },
///     [1.0, -1.0],
/// )?; // 2·exp(−t·ln 2)
/// assert!(found.converged() && found.iterations < 10);
/// assert!((found.x[0] - 2.0).abs() < 1e-7 && (found.x[1] + 2f64.ln()).abs() < 1e-7);
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
///
/// Source: J. Nocedal & S. J. Wright, *Numerical Optimization*, 2006, section 10.3.
pub fn gauss_newton<'a>() -> Minimizer<'a, Newton<'a>> {
    let loss: Option<Box<OfOutputs<'a>>> = Some(Box::new(half_squares));
    Minimizer::of(Newton { loss, damping: 0.0, inner: Some(1e-10), line: Line::new() })
}

/// The natural gradient: the function gives the outputs z of a model, such as the logits of a classifier, a loss L of them is given here, and
///
/// x ← x − η·(F + λ·I)⁻¹·∇L,  F = Jᵀ·∇²L·J,  J = ∂z/∂x
///
/// F is Fisher's information where z are the natural parameters of an exponential family and L is −log p: logits with a cross entropy, means with
/// squares. Otherwise it is the generalised Gauss–Newton matrix. Steps are full, of [rate](Minimizer::rate) η; [`wolfe`](Minimizer::wolfe) searches instead.
///
/// ```
/// use optim::minimize::natural_gradient;
/// let x = [[1.0, 0.5], [1.0, -0.5], [1.0, -1.0]];
/// let found = natural_gradient(|z| (z.softplus() - z * z.tape().constant([1.0, 0.0, 1.0])).mean())
///     .damping(1e-3)
///     .run(|w| w.tape().constant(x).matmul(w), [0.0, 0.0])?;
/// assert!(found.converged() && found.iterations < 10);
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
///
/// Sources: S. Amari, *Natural gradient works efficiently in learning*, 1998; J. Martens, *New insights and perspectives on the natural gradient
/// method*, 2020, section 9.
pub fn natural_gradient<'a>(loss: impl for<'t> Fn(Var<'t>) -> Var<'t> + 'a) -> Minimizer<'a, Newton<'a>> {
    let loss: Option<Box<OfOutputs<'a>>> = Some(Box::new(loss));
    Minimizer::of(Newton { loss, damping: 0.0, inner: Some(1e-12), line: Line::new() }).full_steps()
}

impl Minimizer<'_, Newton<'_>> {
    /// The same with λ·I added to the curvature; 0.
    pub fn damping(mut self, damping: f64) -> Self {
        self.method.damping = damping;
        self
    }

    /// The same with a fixed tolerance of the inner residual, relative to the gradient: the smaller, the closer to Newton's own step.
    pub fn inner_tolerance(mut self, tolerance: f64) -> Self {
        self.method.inner = Some(tolerance);
        self
    }
}

/// The product Jᵀ·∇²L·J·v of the generalised Gauss–Newton matrix of a model z with J = ∂z/∂x and a loss L of z: a sweep forward, one back,
/// and no matrix. For L = ½·Σ zᵢ² it is JᵀJ·v.
///
/// ```
/// use autograd::Tape;
/// use optim::minimize::gauss_newton_product;
/// let tape = Tape::new();
/// let product = gauss_newton_product(|x| x.square(), |z| 0.5 * z.square().sum()); // J = 2·diag x
/// assert_eq!(product(tape.var([1.0, 3.0]), tape.constant([1.0, 1.0])).to_vec::<f64>(), [4.0, 36.0]);
/// ```
///
/// # Panics
/// The function that it gives panics if the loss gives more than one element, or the tangent has not the shape and dtype of the argument.
///
/// Source: N. Schraudolph, *Fast curvature matrix-vector products for second-order gradient descent*, 2002.
pub fn gauss_newton_product<'t>(
    model: impl Fn(Var<'t>) -> Var<'t>,
    loss: impl Fn(Var<'t>) -> Var<'t>,
) -> impl Fn(Var<'t>, Var<'t>) -> Var<'t> {
    let curvature = transform::hvp(loss);
    move |x, v| {
        let x = x.reshape(x.shape()); // fixed where the closures use it
        let z = model(x);
        z.vjp(curvature(z, z.jvp(&[x], &[v])), &[x])[0]
    }
}

impl Method for Newton<'_> {
    #[track_caller]
    fn trace<'p>(&self, params: &'p mut Params, f: &Recorded<'_>) -> Result<Problem<'p>, MinimizeError> {
        match &self.loss {
            Some(loss) => Problem::of_outputs(params, f, loss),
            None => Problem::with_hessian(params, f),
        }
    }

    fn check(&self) -> Result<(), MinimizeError> {
        let (damping, inner) = (self.damping, self.inner.unwrap_or(0.5));
        check("damping", damping, damping >= 0.0 && damping.is_finite(), "at least 0")?;
        check("inner_tolerance", inner, (0.0..1.0).contains(&inner), "at least 0 and below 1")?;
        self.line.check()
    }

    fn step(
        &mut self,
        problem: &mut Problem<'_>,
        at: &Point,
        limits: &Limits,
    ) -> Result<Step, MinimizeError> {
        let size = norm(&at.gradient);
        let residual = self.inner.unwrap_or(size.sqrt().min(0.5)) * size;
        let stop = Stop { residual, radius: None };
        let d = solve(&negative(&at.gradient), stop, |v| {
            Ok(along(&problem.product(&at.x, v)?, self.damping, v))
        })?;
        self.line.go(problem, at, &d.x, 1.0, limits)
    }

    fn scale(&self) -> f64 {
        self.line.latest
    }
}

impl Directed for Newton<'_> {
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }
}
