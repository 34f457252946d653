//! Directions from the latest differences of gradients.

use super::error::{MinimizeError, check};
use super::minimizer::{Limits, Method, Minimizer, Step, Stopped};
use super::problem::{Point, Problem, Recorded};
use super::search::{Directed, Line};
use super::vectors::{add, along, dot, negative, norm};
use autograd::Params;
use std::collections::VecDeque;

/// L-BFGS: [`lbfgs`] makes it.
#[derive(Clone, Debug)]
pub struct Lbfgs {
    memory: usize,
    first: Option<f64>,
    line: Line,
    /// The latest steps s, what they changed the gradient by, y, and 1/sᵀy.
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
}

/// L-BFGS: d = −H·∇f, where H approximates the inverse Hessian by the last m steps s and differences of gradients y,
///
/// H ← (I − ρ·s·yᵀ)·H·(I − ρ·y·sᵀ) + ρ·s·sᵀ,  ρ = 1/sᵀy,  from H = (sᵀy / yᵀy)·I
///
/// and a search for the length of each step. For functions of many variables: it stores 2·m vectors, and takes a gradient or
/// two an iteration. The first direction is −∇f, and so it is again where another leads nowhere.
///
/// ```
/// use optim::minimize::lbfgs;
/// fn valley(p: autograd::Var<'_>) -> autograd::Var<'_> {
///     let (x, y) = (p.index(0, 0), p.index(0, 1));
///     (1.0 - x).square() + 100.0 * (y - x.square()).square() // Rosenbrock's
/// }
/// let found = lbfgs().memory(10).tolerance(1e-8).run(valley, [-1.2, 1.0])?;
/// assert!(found.converged() && found.iterations < 45);
/// assert!(found.x.iter().all(|x| (x - 1.0).abs() < 1e-8));
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
///
/// Source: J. Nocedal & S. J. Wright, *Numerical Optimization*, 2006, algorithms 7.4 and 7.5.
pub fn lbfgs<'a>() -> Minimizer<'a, Lbfgs> {
    Minimizer::of(Lbfgs { memory: 10, first: None, line: Line::new(), pairs: VecDeque::new() })
}

impl Minimizer<'_, Lbfgs> {
    /// The same with another number m of steps that are remembered; 10.
    pub fn memory(mut self, memory: usize) -> Self {
        self.method.memory = memory;
        self
    }

    /// The same with another t for the first step −t·∇f, or where the search for it begins; min(1, 1/‖∇f‖).
    pub fn first_step(mut self, t: f64) -> Self {
        self.method.first = Some(t);
        self
    }
}

impl Lbfgs {
    /// H·g.
    fn product(&self, g: &[f64]) -> Vec<f64> {
        let mut q = g.to_vec();
        let newest_first = self.pairs.iter().rev();
        let weights: Vec<f64> = newest_first
            .map(|(s, y, rho)| {
                let weight = rho * dot(s, &q);
                add(&mut q, -weight, y);
                weight
            })
            .collect();
        if let Some((_, y, rho)) = self.pairs.back() {
            let scale = 1.0 / (rho * dot(y, y));
            q.iter_mut().for_each(|q| *q *= scale);
        }
        for ((s, y, rho), weight) in self.pairs.iter().zip(weights.iter().rev()) {
            let step = weight - rho * dot(y, &q);
            add(&mut q, step, s);
        }
        q
    }

    /// Remembers a step, unless the function curves down along it or too little to be told from rounding.
    fn remember(&mut self, from: &Point, to: &Point) {
        let (s, y) = (along(&to.x, -1.0, &from.x), along(&to.gradient, -1.0, &from.gradient));
        let product = dot(&s, &y);
        if product > f64::EPSILON * dot(&y, &y) {
            if self.pairs.len() == self.memory {
                self.pairs.pop_front();
            }
            self.pairs.push_back((s, y, 1.0 / product));
        }
    }
}

impl Method for Lbfgs {
    #[track_caller]
    fn trace<'p>(&self, params: &'p mut Params, f: &Recorded<'_>) -> Result<Problem<'p>, MinimizeError> {
        Problem::new(params, &|t, _| f(t), None)
    }

    fn check(&self) -> Result<(), MinimizeError> {
        check("memory", self.memory as f64, self.memory > 0, "at least 1")?;
        let first = self.first.unwrap_or(1.0);
        check("first_step", first, first > 0.0 && first.is_finite(), "above 0")?;
        self.line.check()
    }

    fn step(
        &mut self,
        problem: &mut Problem<'_>,
        at: &Point,
        limits: &Limits,
    ) -> Result<Step, MinimizeError> {
        loop {
            let is_first = self.pairs.is_empty();
            let d = negative(&self.product(&at.gradient));
            let first = || self.first.unwrap_or((1.0 / norm(&at.gradient)).min(1.0));
            let scale = if is_first { first() } else { 1.0 };
            match self.line.go(problem, at, &d, scale, limits)? {
                Step::To(to) => {
                    self.remember(at, &to);
                    return Ok(Step::To(to));
                }
                Step::End(Stopped::NoProgress) if !is_first => self.pairs.clear(),
                end => return Ok(end),
            }
        }
    }

    fn scale(&self) -> f64 {
        self.line.latest
    }
}

impl Directed for Lbfgs {
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }
}
