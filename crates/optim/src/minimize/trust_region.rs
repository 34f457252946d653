//! Newton's method within a region where the model is trusted.

use super::conjugate::{Stop, solve};
use super::error::{MinimizeError, check};
use super::minimizer::{Limits, Method, Minimizer, Step, Stopped};
use super::problem::{Point, Problem, Recorded};
use super::vectors::{along, dot, negative, norm};
use autograd::Params;

/// The method of trust regions: [`trust_region`] makes it.
#[derive(Clone, Debug)]
pub struct TrustRegion {
    radius: f64,
    largest: f64,
}

/// Newton's method in a trust region: the step d is where
///
/// m(d) = f + ∇fᵀd + ½·dᵀ∇²f·d,  ‖d‖ ≤ Δ
///
/// is small, by conjugate gradients that go on to the boundary where f curves down (Steihaug). The radius Δ grows where f follows m, and shrinks
/// where it does not. For functions with saddles and hollows, where a search along lines is lost; ∇²f·v costs about two gradients.
///
/// ```
/// use optim::minimize::trust_region;
/// fn saddle(p: autograd::Var<'_>) -> autograd::Var<'_> {
///     let (x, y) = (p.index(0, 0), p.index(0, 1));
///     x.square() + (y.square() - 1.0).square() // curves down in y at the start
/// }
/// let found = trust_region().run(saddle, [1.0, 0.1])?;
/// assert!(found.converged() && (found.x[1] - 1.0).abs() < 1e-8);
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
///
/// Source: J. Nocedal & S. J. Wright, *Numerical Optimization*, 2006, algorithms 4.1 and 7.2; for values that differ by rounding only, A. Conn, N. Gould &
/// P. Toint, *Trust-Region Methods*, 2000, section 17.4.2.
pub fn trust_region<'a>() -> Minimizer<'a, TrustRegion> {
    Minimizer::of(TrustRegion { radius: 1.0, largest: 1000.0 })
}

impl Minimizer<'_, TrustRegion> {
    /// The same with another radius to begin with, and a largest one; 1 and 1000.
    pub fn radius(mut self, first: f64, largest: f64) -> Self {
        self.method = TrustRegion { radius: first, largest };
        self
    }
}

impl Method for TrustRegion {
    #[track_caller]
    fn trace<'p>(&self, params: &'p mut Params, f: &Recorded<'_>) -> Result<Problem<'p>, MinimizeError> {
        Problem::with_hessian(params, f)
    }

    fn check(&self) -> Result<(), MinimizeError> {
        let TrustRegion { radius, largest } = *self;
        check("largest_radius", largest, largest > 0.0 && largest.is_finite(), "above 0")?;
        check("radius", radius, radius > 0.0 && radius <= largest, "above 0, at most the largest")
    }

    fn step(
        &mut self,
        problem: &mut Problem<'_>,
        at: &Point,
        limits: &Limits,
    ) -> Result<Step, MinimizeError> {
        let size = norm(&at.gradient);
        let residual = size.sqrt().min(0.5) * size;
        let stop = Stop { residual, radius: Some(self.radius) };
        let found = solve(&negative(&at.gradient), stop, |v| problem.product(&at.x, v))?;
        // m(0) − m(d), by ∇²f·d = r − ∇f.
        let promised = -0.5 * (dot(&found.x, &at.gradient) + dot(&found.x, &found.residual));
        if promised <= limits.decrement && limits.decrement > 0.0 {
            return Ok(Step::End(Stopped::Converged));
        }
        let to = problem.evaluate(along(&at.x, 1.0, &found.x))?;
        let rounding = 10.0 * f64::EPSILON * at.value.abs();
        let ratio = match to.is_finite() {
            true => (at.value - to.value + rounding) / (promised + rounding),
            false => f64::NEG_INFINITY,
        };
        let is_fair = ratio >= 0.25;
        if !is_fair {
            self.radius *= 0.25;
        } else if ratio > 0.75 && found.is_on_boundary {
            self.radius = (2.0 * self.radius).min(self.largest);
        }
        if ratio > 0.15 && to.improves(at) {
            return Ok(Step::To(to));
        }
        let can_improve = promised > rounding && self.radius > f64::EPSILON * norm(&at.x);
        Ok(if can_improve { Step::Refused } else { Step::End(Stopped::NoProgress) })
    }

    fn scale(&self) -> f64 {
        self.radius
    }
}
