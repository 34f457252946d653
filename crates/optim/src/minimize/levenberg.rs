//! Gauss and Newton's method with a damping that follows how well it does.

use super::dense::{back, cholesky, forward, scaled, scales};
use super::error::{MinimizeError, check};
use super::minimizer::{Limits, Method, Minimizer, Step, Stopped};
use super::problem::{Point, Problem, Recorded, half_squares};
use super::vectors::{along, dot};
use autograd::Params;

/// Beyond this damping a step is none.
const MOST: f64 = 1e16;
/// So that a damping that has fallen for long can rise again.
const LEAST: f64 = 1e-16;

/// Levenberg and Marquardt's method: [`levenberg_marquardt`] makes it.
#[derive(Clone, Debug)]
pub struct LevenbergMarquardt {
    damping: f64,
    precision: f64,
    /// JᵀJ at the latest point, while no step from there is accepted.
    matrix: Option<Vec<f64>>,
}

/// Levenberg and Marquardt's method for least squares: the function gives the residuals r, the value is ½·Σ rᵢ², and
///
/// (JᵀJ + λ·diag(JᵀJ))·d = −Jᵀr,  J = ∂r/∂x
///
/// A step that lowers the value is taken, and λ is divided by 10; another is refused, and λ is multiplied by 10. For up to some hundreds of parameters: JᵀJ is a
/// matrix, made of as many sweeps as there are. [`curve_fit`](super::curve_fit()) is the short way for curves through data. It stops where a
/// step promises to lower the value by less than 10⁻¹² of it, [or another part](Minimizer::precision), or to change no parameter by more than that part; not by units
/// of the gradient.
///
/// ```
/// use optim::minimize::levenberg_marquardt;
/// fn residuals(p: autograd::Var<'_>) -> autograd::Var<'_> {
///     let (x, y) = (p.index(0, 0), p.index(0, 1));
///     autograd::Var::stack(&[1.0 - x, 10.0 * (y - x.square())], 0) // Rosenbrock's valley as a sum of squares
/// }
/// let found = levenberg_marquardt().run(residuals, [-1.2, 1.0])?;
/// assert!(found.converged() && found.x.iter().all(|x| (x - 1.0).abs() < 1e-12));
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
///
/// Source: D. Marquardt, *An algorithm for least-squares estimation of nonlinear parameters*, 1963.
pub fn levenberg_marquardt<'a>() -> Minimizer<'a, LevenbergMarquardt> {
    let method = LevenbergMarquardt { damping: 0.01, precision: 1e-12, matrix: None };
    Minimizer::of(method).tolerance(0.0)
}

impl Minimizer<'_, LevenbergMarquardt> {
    /// The same with another λ to begin with; 0.01.
    pub fn damping(mut self, damping: f64) -> Self {
        self.method.damping = damping;
        self
    }

    /// The same with another precision, which is relative: 10⁻¹².
    pub fn precision(mut self, precision: f64) -> Self {
        self.method.precision = precision;
        self
    }
}

/// JᵀJ, row by row.
pub(crate) fn normal_matrix(problem: &mut Problem<'_>, x: &[f64]) -> Result<Vec<f64>, MinimizeError> {
    let mut unit = vec![0.0; x.len()];
    let mut rows = vec![];
    for i in 0..unit.len() {
        unit[i] = 1.0;
        rows.extend(problem.product(x, &unit)?);
        unit[i] = 0.0;
    }
    Ok(rows)
}

impl LevenbergMarquardt {
    /// The step, and what it promises: ½·(λ·dᵀDd − gᵀd) with D = diag(JᵀJ).
    fn direction(&self, matrix: &[f64], gradient: &[f64]) -> Option<(Vec<f64>, f64)> {
        let s = scales(matrix, gradient.len());
        let l = cholesky(&scaled(matrix, &s, self.damping), s.len())?;
        let mut d: Vec<f64> = gradient.iter().zip(&s).map(|(g, s)| -g * s).collect();
        forward(&l, &mut d);
        back(&l, &mut d);
        let damped = self.damping * dot(&d, &d);
        d.iter_mut().zip(&s).for_each(|(d, s)| *d *= s);
        let promised = 0.5 * (damped - dot(gradient, &d));
        Some((d, promised))
    }

    /// Whether a step is too small to matter. One that a large damping keeps small says nothing.
    fn is_small(&self, d: &[f64], promised: f64, at: &Point) -> bool {
        let changes_nothing = || d.iter().zip(&at.x).all(|(d, x)| d.abs() <= self.precision * x.abs());
        self.damping <= 1.0 && (promised <= self.precision * at.value || changes_nothing())
    }
}

impl Method for LevenbergMarquardt {
    #[track_caller]
    fn trace<'p>(&self, params: &'p mut Params, f: &Recorded<'_>) -> Result<Problem<'p>, MinimizeError> {
        Problem::of_outputs(params, f, &half_squares)
    }

    fn check(&self) -> Result<(), MinimizeError> {
        check("damping", self.damping, (LEAST..=MOST).contains(&self.damping), "1e-16 to 1e16")?;
        check("precision", self.precision, (0.0..1.0).contains(&self.precision), "at least 0 and below 1")
    }

    fn step(
        &mut self,
        problem: &mut Problem<'_>,
        at: &Point,
        limits: &Limits,
    ) -> Result<Step, MinimizeError> {
        let matrix = match self.matrix.take() {
            Some(matrix) => matrix,
            None => normal_matrix(problem, &at.x)?,
        };
        if let Some((d, promised)) = self.direction(&matrix, &at.gradient) {
            let is_enough = promised <= limits.decrement && limits.decrement > 0.0 && self.damping <= 1.0;
            if is_enough || self.is_small(&d, promised, at) {
                return Ok(Step::End(Stopped::Converged));
            }
            let to = problem.evaluate(along(&at.x, 1.0, &d))?;
            if to.is_finite() && to.value < at.value {
                self.damping = (self.damping / 10.0).max(LEAST);
                return Ok(Step::To(to));
            }
        }
        self.damping *= 10.0;
        self.matrix = Some(matrix);
        Ok(if self.damping > MOST { Step::End(Stopped::NoProgress) } else { Step::Refused })
    }

    fn scale(&self) -> f64 {
        self.damping
    }
}
