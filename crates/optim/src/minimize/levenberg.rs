//! Gauss and Newton's method with a damping that follows how well it does.

use super::dense::{back, cholesky, forward, scaled, scales};
use super::error::{MinimizeError, check};
use super::minimizer::{Limits, Method, Minimizer, Step, Stopped};
use super::problem::{Point, Problem, Recorded, half_squares};
use super::vectors::{along, dot, norm};
use autograd::Params;

/// The matrix of more parameters takes gigabytes.
const LARGEST: usize = 10_000;
/// Beyond this damping a step is none.
const MOST: f64 = 1e16;
/// So that a damping that has fallen for long can rise again.
const LEAST: f64 = 1e-16;

/// Levenberg and Marquardt's method: [`levenberg_marquardt`] makes it.
#[derive(Clone, Debug)]
pub struct LevenbergMarquardt {
    precision: f64,
    /// λ of the latest step.
    damping: f64,
    rule: Rule,
    /// The equations at the latest point, while no step from there is accepted.
    equations: Option<Equations>,
    /// Whether the latest step was too small to matter.
    is_done: bool,
}

/// How the damping follows.
#[derive(Clone, Debug)]
enum Rule {
    /// A tenth after a good step, tenfold after a bad one.
    Tenfold,
    /// As a step of at most this length needs it; 0 before the first step. Lengths count in units of 1/s.
    Radius { radius: f64, s: Vec<f64> },
}

/// Levenberg and Marquardt's method for least squares: the function gives the residuals r, the value is ½·Σ rᵢ², and
///
/// (JᵀJ + λ·D²)·d = −Jᵀr,  ‖D·d‖ ≤ Δ,  J = ∂r/∂x,  D² the largest diag(JᵀJ) so far
///
/// The radius Δ grows where the squares follow what is promised, and shrinks where they do not; λ is 0 where the step of Gauss and Newton is short enough. For
/// up to some hundreds of parameters: JᵀJ is a matrix, made of as many sweeps as there are. [`curve_fit`](super::curve_fit()) is the short way for
/// curves through data.
///
/// It stops where Gauss and Newton's step promises to lower the value by less than 10⁻¹² of it, [or another part](Minimizer::precision), or to change no
/// parameter by more than that part: no unit of measure matters.
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
/// Sources: D. Marquardt, *An algorithm for least-squares estimation of nonlinear parameters*, 1963; J. Moré, *The Levenberg–Marquardt algorithm:
/// implementation and theory*, 1978; for λ, J. Nocedal & S. J. Wright, *Numerical Optimization*, 2006, algorithm 4.3.
pub fn levenberg_marquardt<'a>() -> Minimizer<'a, LevenbergMarquardt> {
    let rule = Rule::Radius { radius: 0.0, s: vec![] };
    let method = LevenbergMarquardt { precision: 1e-12, damping: 0.0, rule, equations: None, is_done: false };
    Minimizer::of(method).tolerance(0.0)
}

impl Minimizer<'_, LevenbergMarquardt> {
    /// The same by Marquardt's own rule, with D² = diag(JᵀJ) and this λ to begin with: after a step that lowers the value, λ is divided by 10; another is
    /// refused, and λ is multiplied by 10.
    pub fn damping(mut self, damping: f64) -> Self {
        (self.method.damping, self.method.rule) = (damping, Rule::Tenfold);
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
    if x.len() > LARGEST {
        let expected = format!("at most {LARGEST}, since JᵀJ is a matrix: `gauss_newton` makes none");
        return Err(MinimizeError::Shape { what: "parameters", given: [x.len()].into(), expected });
    }
    let mut unit = vec![0.0; x.len()];
    let mut rows = vec![];
    for i in 0..unit.len() {
        unit[i] = 1.0;
        rows.extend(problem.product(x, &unit)?);
        unit[i] = 0.0;
    }
    Ok(rows)
}

/// C·u = b for u = D·d: the normal equations in units of 1/s.
#[derive(Clone, Debug)]
struct Equations {
    c: Vec<f64>,
    b: Vec<f64>,
    s: Vec<f64>,
}

impl Equations {
    fn of(matrix: &[f64], gradient: &[f64], s: Vec<f64>) -> Self {
        let b = gradient.iter().zip(&s).map(|(g, s)| -g * s).collect();
        Equations { c: scaled(matrix, &s), b, s }
    }

    /// The u of a damping, and the factor that gave it; `None` where C + λ·I is not positive definite.
    fn solve(&self, damping: f64) -> Option<(Vec<f64>, Vec<f64>)> {
        let n = self.b.len();
        let mut c = self.c.clone();
        (0..n).for_each(|i| c[i * n + i] += damping);
        let l = cholesky(&c, n)?;
        let mut u = self.b.clone();
        forward(&l, &mut u);
        back(&l, &mut u);
        Some((u, l))
    }

    /// The least damping that can be solved with, tenfold each time; `None` where numbers are not finite.
    fn full(&self) -> Option<(Vec<f64>, Vec<f64>, f64)> {
        let dampings = std::iter::successors(Some(0.0), |l| Some(if *l == 0.0 { LEAST } else { 10.0 * l }));
        let mut solved = dampings.take_while(|l| *l <= MOST).map(|l| self.solve(l).map(|(u, f)| (u, f, l)));
        solved.find_map(|found| found)
    }

    /// The u of about this length, if the full one is longer, and its damping: by Newton's method for 1/‖u‖ = 1/Δ, which comes from below.
    fn within(&self, radius: f64) -> Option<(Vec<f64>, f64)> {
        let (mut u, mut l, mut damping) = self.full()?;
        for _ in 0..50 {
            let size = norm(&u);
            if size <= 1.1 * radius {
                break;
            }
            let mut q = u.clone();
            forward(&l, &mut q);
            damping += (size / norm(&q)).powi(2) * (size - radius) / radius;
            (u, l) = self.solve(damping)?;
        }
        Some((u, damping))
    }
}

impl LevenbergMarquardt {
    /// The equations at a point, in the units of the rule.
    fn equations(&mut self, problem: &mut Problem<'_>, at: &Point) -> Result<Equations, MinimizeError> {
        let matrix = normal_matrix(problem, &at.x)?;
        let mut s = scales(&matrix, at.x.len());
        if let Rule::Radius { radius, s: before } = &mut self.rule {
            s.iter_mut().zip(&*before).for_each(|(s, before)| *s = s.min(*before));
            before.clone_from(&s);
            if *radius == 0.0 {
                let lengths: Vec<f64> = at.x.iter().zip(&s).map(|(x, s)| x / s).collect();
                *radius = 100.0 * if norm(&lengths) > 0.0 { norm(&lengths) } else { 1.0 };
            }
        }
        Ok(Equations::of(&matrix, &at.gradient, s))
    }

    /// Whether Gauss and Newton's step is too small to matter.
    fn is_small(&self, full: &[f64], equations: &Equations, at: &Point, limits: &Limits) -> bool {
        let least = limits.decrement.max(self.precision * at.value);
        let steps = full.iter().zip(&equations.s).map(|(u, s)| (u * s).abs());
        0.5 * dot(full, &equations.b) <= least
            || steps.zip(&at.x).all(|(step, x)| step <= self.precision * x.abs())
    }

    /// The next step in units of 1/s.
    fn direction(&mut self, equations: &Equations, at: &Point, limits: &Limits) -> Option<Vec<f64>> {
        let (full, ..) = equations.full()?;
        // One that is small is taken all the same, where it improves something: it is the most exact one.
        self.is_done = self.is_small(&full, equations, at, limits);
        match &self.rule {
            _ if self.is_done => Some(full),
            Rule::Tenfold => equations.solve(self.damping).map(|(u, _)| u),
            Rule::Radius { radius, .. } => {
                let (u, damping) = equations.within(*radius)?;
                self.damping = damping;
                Some(u)
            }
        }
    }

    /// Follows how well a step of length `size` did, which promised `promised`; gives whether it is accepted. `slope` is gᵀd.
    fn follow(&mut self, lowered: f64, promised: f64, slope: f64, size: f64, is_first: bool) -> bool {
        let Rule::Radius { radius, .. } = &mut self.rule else {
            let is_good = lowered > 0.0;
            self.damping = (self.damping * if is_good { 0.1 } else { 10.0 }).max(LEAST);
            return is_good;
        };
        if is_first {
            *radius = radius.min(size);
        }
        let ratio = lowered / promised;
        let is_fair = ratio > 0.25;
        if ratio >= 0.75 || (is_fair && self.damping == 0.0) {
            *radius = 2.0 * size;
        } else if !is_fair {
            // Where the parabola through both values and the slope is least.
            let part = 0.5 * slope / (slope + lowered);
            let part = if part >= 0.1 { part.min(0.5) } else { 0.1 };
            *radius = part * radius.min(10.0 * size);
        }
        ratio >= 1e-4 && lowered > 0.0
    }

    /// Whether no step can be taken any more.
    fn is_stuck(&self, at: &Point, equations: &Equations) -> bool {
        let Rule::Radius { radius, .. } = &self.rule else { return self.damping > MOST };
        let lengths: Vec<f64> = at.x.iter().zip(&equations.s).map(|(x, s)| x / s).collect();
        *radius <= f64::EPSILON * norm(&lengths) || *radius < f64::MIN_POSITIVE
    }
}

impl Method for LevenbergMarquardt {
    #[track_caller]
    fn trace<'p>(&self, params: &'p mut Params, f: &Recorded<'_>) -> Result<Problem<'p>, MinimizeError> {
        Problem::of_outputs(params, f, &half_squares)
    }

    fn check(&self) -> Result<(), MinimizeError> {
        let is_right = !matches!(self.rule, Rule::Tenfold) || (LEAST..=MOST).contains(&self.damping);
        check("damping", self.damping, is_right, "1e-16 to 1e16")?;
        check("precision", self.precision, (0.0..1.0).contains(&self.precision), "at least 0 and below 1")
    }

    fn step(
        &mut self,
        problem: &mut Problem<'_>,
        at: &Point,
        limits: &Limits,
    ) -> Result<Step, MinimizeError> {
        if self.is_done {
            return Ok(Step::End(Stopped::Converged));
        }
        let is_first = matches!(&self.rule, Rule::Radius { radius: 0.0, .. });
        let equations = match self.equations.take() {
            Some(equations) => equations,
            None => self.equations(problem, at)?,
        };
        let Some(u) = self.direction(&equations, at, limits) else {
            return Ok(Step::End(Stopped::NoProgress));
        };
        let d: Vec<f64> = u.iter().zip(&equations.s).map(|(u, s)| u * s).collect();
        let to = problem.evaluate(along(&at.x, 1.0, &d))?;
        let lowered = if to.is_finite() { at.value - to.value } else { f64::NEG_INFINITY };
        if self.is_done {
            return Ok(if lowered > 0.0 { Step::To(to) } else { Step::End(Stopped::Converged) });
        }
        let slope = dot(&at.gradient, &d);
        let promised = 0.5 * (self.damping * dot(&u, &u) - slope);
        if self.follow(lowered, promised, slope, norm(&u), is_first) {
            return Ok(Step::To(to));
        }
        let is_stuck = self.is_stuck(at, &equations);
        self.equations = Some(equations);
        Ok(if is_stuck { Step::End(Stopped::NoProgress) } else { Step::Refused })
    }

    fn scale(&self) -> f64 {
        self.damping
    }
}
