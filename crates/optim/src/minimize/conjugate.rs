//! Conjugate gradients: for linear systems, and inside of Newton's method.

use super::error::{MinimizeError, check_finite};
use super::minimizer::{Limits, Method, Minimizer, Step, Stopped};
use super::problem::{Point, Problem, Recorded};
use super::vectors::{add, along, dot, negative, norm};
use autograd::Params;

/// When conjugate gradients stop.
pub(crate) struct Stop {
    /// At this norm of the residual.
    pub(crate) residual: f64,
    /// At this norm of the solution: the radius of a trust region.
    pub(crate) radius: Option<f64>,
}

/// What they found.
pub(crate) struct Found {
    pub(crate) x: Vec<f64>,
    /// A·x − b.
    pub(crate) residual: Vec<f64>,
    /// Whether it lies on the boundary of the trust region.
    pub(crate) is_on_boundary: bool,
}

/// Solves A·x = b for a symmetric A that is given by its products, from 0.
///
/// Where xᵀAx curves down, the solution goes on to the boundary of the trust region; without one, it ends before, and is b where that is the
/// first direction.
pub(crate) fn solve(
    b: &[f64],
    stop: Stop,
    mut product: impl FnMut(&[f64]) -> Result<Vec<f64>, MinimizeError>,
) -> Result<Found, MinimizeError> {
    let (mut x, mut r) = (vec![0.0; b.len()], negative(b));
    let mut d = b.to_vec();
    let mut square = dot(&r, &r);
    // Rounding may keep the residual up; where n is large, what is found after long is a good direction.
    for k in 0..(20 * b.len()).min(1000) {
        if square.sqrt() <= stop.residual {
            break;
        }
        let ad = product(&d)?;
        let curvature = dot(&d, &ad);
        let is_convex = curvature > 0.0 && curvature.is_finite();
        let step = square / curvature;
        if let Some(radius) = stop.radius
            && (!is_convex || norm(&along(&x, step, &d)) >= radius)
        {
            let step = to_boundary(&x, &d, radius);
            add(&mut x, step, &d);
            add(&mut r, step, &ad);
            return Ok(Found { x, residual: r, is_on_boundary: true });
        }
        if !is_convex {
            if k == 0 {
                (x, r) = (b.to_vec(), along(&ad, -1.0, b));
            }
            break;
        }
        add(&mut x, step, &d);
        add(&mut r, step, &ad);
        let next = dot(&r, &r);
        d = along(&negative(&r), next / square, &d);
        square = next;
    }
    Ok(Found { x, residual: r, is_on_boundary: false })
}

/// The t ≥ 0 with |x + t·d| = radius.
fn to_boundary(x: &[f64], d: &[f64], radius: f64) -> f64 {
    let (a, b, c) = (dot(d, d), dot(x, d), dot(x, x) - radius * radius);
    let root = (b * b - a * c).max(0.0).sqrt();
    // The two roots, each in the form that does not cancel.
    if b > 0.0 { -c / (b + root) } else { (root - b) / a }
}

/// Conjugate gradients: [`conjugate_gradient`] makes it.
#[derive(Clone, Debug)]
pub struct ConjugateGradient {
    b: Vec<f64>,
    /// The latest direction, and the square of the residual before it.
    latest: Option<(Vec<f64>, f64)>,
    step: f64,
}

/// Conjugate gradients for A·x = b with a symmetric positive definite A, of which only the products A·x are given:
///
/// x ← x + α·d,  α = rᵀr / dᵀAd,  d ← −r + (rᵀr)′/(rᵀr)·d,  r = A·x − b
///
/// Without rounding it ends after as many iterations as A has different eigenvalues. It minimises ½·xᵀAx − bᵀx, which is the value of the
/// minimum; its gradient is the residual r, computed anew each time.
///
/// ```
/// use optim::minimize::conjugate_gradient;
/// let a = [[4.0, 1.0], [1.0, 3.0]];
/// let found = conjugate_gradient(&[1.0, 2.0]).run(|x| x.tape().constant(a).matmul(x), [0.0, 0.0])?;
/// assert!(found.converged() && found.iterations == 2);
/// assert!((found.x[0] - 1.0 / 11.0).abs() < 1e-9 && (found.x[1] - 7.0 / 11.0).abs() < 1e-9);
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
///
/// Source: J. Nocedal & S. J. Wright, *Numerical Optimization*, 2006, algorithm 5.2.
pub fn conjugate_gradient<'a>(b: &[f64]) -> Minimizer<'a, ConjugateGradient> {
    Minimizer::of(ConjugateGradient { b: b.to_vec(), latest: None, step: 0.0 })
}

impl Method for ConjugateGradient {
    #[track_caller]
    fn trace<'p>(&self, params: &'p mut Params, f: &Recorded<'_>) -> Result<Problem<'p>, MinimizeError> {
        let n = params.iter().filter(|&p| !params.is_frozen(p)).map(|p| params.range(p).len()).sum();
        if self.b.len() != n {
            let given = [self.b.len()].into();
            return Err(MinimizeError::Shape { what: "b", given, expected: format!("[{n}], as x") });
        }
        Problem::quadratic(params, f, &self.b)
    }

    fn check(&self) -> Result<(), MinimizeError> {
        check_finite("b", &self.b)
    }

    fn step(
        &mut self,
        problem: &mut Problem<'_>,
        at: &Point,
        limits: &Limits,
    ) -> Result<Step, MinimizeError> {
        let square = dot(&at.gradient, &at.gradient);
        let r = negative(&at.gradient);
        let d = match self.latest.take() {
            Some((d, before)) => along(&r, square / before, &d),
            None => r,
        };
        let curvature = dot(&d, &problem.product(&at.x, &d)?);
        self.step = square / curvature;
        let is_convex = curvature > 0.0 && self.step.is_finite();
        if !is_convex {
            return Ok(Step::End(Stopped::NoProgress));
        }
        if square * self.step <= limits.decrement {
            return Ok(Step::End(Stopped::Converged));
        }
        let to = problem.evaluate(along(&at.x, self.step, &d))?;
        self.latest = Some((d, square));
        Ok(if to.improves(at) { Step::To(to) } else { Step::End(Stopped::NoProgress) })
    }

    fn scale(&self) -> f64 {
        self.step
    }
}
