//! Fixed points and roots, with the derivative by the theorem of implicit functions.
//!
//! For z with r(z, θ) = 0:  ż = −(∂r/∂z)⁻¹·(∂r/∂θ)·θ̇, and θ̄ = −(∂r/∂θ)ᵀ·(∂r/∂z)⁻ᵀ·z̄. How z was found does not matter, and nothing of it is kept.

use crate::linear::{Linear, Residual, System, apart};
use autograd::custom::{Function, Point};
use autograd::{DType, Mistake, Var};

/// How the solution is found.
#[derive(Clone, Copy, Debug)]
enum Iteration {
    /// z ← z + damping·r.
    Damped(f64),
    /// The same, and the last residuals, as many as this, are combined to a small one.
    Anderson(usize),
    /// z ← z − damping·(∂r/∂z)⁻¹·r.
    Newton(f64),
}

/// An equation: [`fixed_point`] and [`root`] make it.
#[derive(Clone, Copy, Debug)]
pub struct Implicit<F> {
    f: F,
    is_root: bool,
    iteration: Iteration,
    tolerance: Option<f64>,
    most: usize,
    linear: Option<Linear>,
}

/// The z with z = f(z), as a function of all that f uses, found by Anderson's iteration.
///
/// Its derivative is that of the theorem of implicit functions, at any order. Nothing of the iteration is kept for it; it takes a linear
/// equation with I − ∂f/∂z, by [`Linear`].
///
/// ```
/// use autograd::Tape;
/// use solve::fixed_point;
/// let tape = Tape::new();
/// let a = tape.var(0.5);
/// let z = fixed_point(|z: autograd::Var<'_>| (a * z).cos()).solve(tape.constant(1.0));
/// assert!(((0.5 * z.item()).cos() - z.item()).abs() < 1e-10);
/// let s = (0.5 * z.item()).sin();
/// assert!((z.grad([a])[0].item() + z.item() * s / (1.0 + 0.5 * s)).abs() < 1e-9);
/// ```
///
/// Sources: D. G. Anderson, "Iterative procedures for nonlinear integral equations", 1965; S. Bai, J. Z. Kolter & V. Koltun, "Deep
/// equilibrium models", 2019.
pub fn fixed_point<'t, F: Fn(Var<'t>) -> Var<'t>>(f: F) -> Implicit<F> {
    Implicit {
        f,
        is_root: false,
        iteration: Iteration::Anderson(5),
        tolerance: None,
        most: 200,
        linear: None,
    }
}

/// The z with r(z) = 0, as a function of all that r uses, found by Newton's method.
///
/// ```
/// use autograd::Tape;
/// use solve::root;
/// let tape = Tape::new();
/// let a = tape.var([2.0, 9.0]);
/// let z = root(|z: autograd::Var<'_>| z.square() - a).solve(tape.constant([1.0, 1.0]));
/// assert!((z - a.sqrt()).abs().max().item() < 1e-12);
/// let [slope] = z.sum().grad([a]);
/// assert!((slope - 0.5 / a.sqrt()).abs().max().item() < 1e-12);
/// ```
pub fn root<'t, F: Fn(Var<'t>) -> Var<'t>>(r: F) -> Implicit<F> {
    Implicit {
        f: r,
        is_root: true,
        iteration: Iteration::Newton(1.0),
        tolerance: None,
        most: 50,
        linear: None,
    }
}

impl<F> Implicit<F> {
    /// Goes on by z ← z + damping·(f(z) − z); for a [`root`], by z ← z + damping·r(z).
    ///
    /// # Panics
    /// If the damping is not in (0, 1].
    #[track_caller]
    pub fn damped(self, damping: f64) -> Implicit<F> {
        self.check_damping(damping);
        Implicit { iteration: Iteration::Damped(damping), ..self }
    }

    /// Goes on by Anderson's iteration, which combines the last residuals, as many as `memory`, to a small one.
    ///
    /// # Panics
    /// If it has no memory.
    #[track_caller]
    pub fn anderson(self, memory: usize) -> Implicit<F> {
        if memory == 0 {
            Mistake::new(format!("{}: a memory of 0", self.name())).rule("at least one residual").raise();
        }
        Implicit { iteration: Iteration::Anderson(memory), ..self }
    }

    /// Goes on by Newton's method, z ← z − damping·(∂r/∂z)⁻¹·r; for a [`fixed_point`], r is f(z) − z.
    ///
    /// # Panics
    /// If the damping is not in (0, 1].
    #[track_caller]
    pub fn newton(self, damping: f64) -> Implicit<F> {
        self.check_damping(damping);
        Implicit { iteration: Iteration::Newton(damping), ..self }
    }

    /// z is found where |r(z)| ≤ tolerance·(1 + |z|), by the root of the mean square. Without it: 10⁻¹⁰ for F64, 10⁻⁵ for F32. Linear
    /// equations are solved to a tenth of it, relative to their right side.
    ///
    /// # Panics
    /// If it is not positive and finite.
    #[track_caller]
    pub fn tolerance(self, tolerance: f64) -> Implicit<F> {
        if !(tolerance.is_finite() && tolerance > 0.0) {
            Mistake::new(format!("{}: a tolerance of {tolerance}", self.name()))
                .rule("it is positive and finite")
                .raise();
        }
        Implicit { tolerance: Some(tolerance), ..self }
    }

    /// At most so many iterations; without it 200 for a fixed point, and 50 for a root.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn max_iterations(self, most: usize) -> Implicit<F> {
        if most == 0 {
            Mistake::new(format!("{}: at most 0 iterations", self.name())).rule("at least one").raise();
        }
        Implicit { most, ..self }
    }

    /// How linear equations with ∂r/∂z are solved. Without it: [`Linear::Dense`] for up to 32 elements of z, else GMRES that remembers 20
    /// products.
    pub fn linear(self, linear: Linear) -> Implicit<F> {
        Implicit { linear: Some(linear), ..self }
    }

    /// The solution, from a first guess, on which it does not depend.
    ///
    /// In a [`Program`](autograd::Program) the solution is NaN where it was not found.
    ///
    /// # Panics
    /// If f gives another shape or dtype than z has. Where values are computed at once: if the solution was not found.
    #[track_caller]
    pub fn solve<'t>(&self, guess: Var<'t>) -> Var<'t>
    where
        F: Fn(Var<'t>) -> Var<'t>,
    {
        let tape = guess.tape();
        // What f is called from is no caller to blame: a mistake of f waits until the body is closed.
        let mut mistake = None;
        let (r, used) = tape.close(&[guess], |z| {
            let found = (self.f)(z[0]);
            if (found.shape(), found.dtype()) != (guess.shape(), guess.dtype()) {
                mistake = Some(self.wrong_result(guess, found));
                return z[0];
            }
            if self.is_root { found } else { found - z[0] }
        });
        if let Some(mistake) = mistake {
            mistake.raise();
        }
        let tolerance = self.tolerance.unwrap_or(if guess.dtype() == DType::F32 { 1e-5 } else { 1e-10 });
        let n = guess.shape().elements();
        let by = self.linear.unwrap_or(if n <= 32 { Linear::Dense } else { Linear::Gmres { restart: 20 } });
        let system = System { by, tolerance: 0.1 * tolerance, most: 10 * n.clamp(20, 100) };
        let solution = Solution {
            name: self.name(),
            residual: Residual { r, system },
            iteration: self.iteration,
            tolerance,
            most: self.most,
        };
        let z = Var::call(solution, &[&[guess], &used[..]].concat());
        if !tape.is_traced() && z.cast(DType::F64).to_vec::<f64>().iter().any(|z| z.is_nan()) {
            Mistake::new(format!("{}: nothing found in {} iterations", self.name(), self.most))
                .line("guess", guess.describe())
                .rule(format!("|r(z)| ≤ {tolerance:e}·(1 + |z|) at the end"))
                .hint("another guess, `.damped(0.5)`, `.newton(1.0)` or `.max_iterations(…)`")
                .raise();
        }
        z
    }

    fn wrong_result(&self, guess: Var<'_>, found: Var<'_>) -> Mistake {
        let (z, dtype) = (guess.shape(), guess.dtype());
        Mistake::new(format!(
            "{}: f gives {} {} for z of {z} {dtype}",
            self.name(),
            found.shape(),
            found.dtype()
        ))
        .line("guess", guess.describe())
        .rule("both have one shape and one dtype")
    }

    fn name(&self) -> &'static str {
        if self.is_root { "root" } else { "fixed_point" }
    }

    #[track_caller]
    fn check_damping(&self, damping: f64) {
        if !(damping > 0.0 && damping <= 1.0) {
            Mistake::new(format!("{}: a damping of {damping}", self.name())).rule("it is in (0, 1]").raise();
        }
    }
}

/// z(θ) as a function of a guess and of θ.
struct Solution {
    name: &'static str,
    residual: Residual,
    iteration: Iteration,
    tolerance: f64,
    most: usize,
}

impl Function for Solution {
    fn name(&self) -> &'static str {
        self.name
    }

    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        let (guess, used) = (x[0], &x[1..]);
        let r = |z: Var<'t>| self.residual.r.call(&[&[z], used].concat());
        let z = match self.iteration {
            Iteration::Anderson(memory) => self.anderson(guess, memory, &r),
            Iteration::Damped(damping) => self.steps(guess, &r, |_, r| r * damping),
            Iteration::Newton(damping) => {
                self.steps(guess, &r, |z, r| self.residual.solve(&[&[z], used].concat(), r * -damping, false))
            }
        };
        let [size, bound] = self.sizes(z, r(z));
        size.le(bound).broadcast_to(z.shape()).select(z, f64::NAN)
    }

    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        let point = self.at(at);
        let mut all = vec![None; at.x.len()];
        let wanted: Vec<usize> =
            (1..at.x.len()).filter(|&i| at.wants(i) && at.x[i].dtype().is_float()).collect();
        if wanted.is_empty() {
            return all;
        }
        let w = self.residual.solve(&point, -g, true);
        let point = apart(&point);
        let by: Vec<Var<'t>> = wanted.iter().map(|&i| point[i]).collect();
        let r = self.residual.r.call(&point);
        for (i, cotangent) in wanted.into_iter().zip(r.vjp(w, &by)) {
            all[i] = Some(cotangent);
        }
        all
    }

    fn jvp<'t>(&self, at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let point = apart(&self.at(at));
        let (by, along): (Vec<Var<'t>>, Vec<Var<'t>>) =
            point.iter().zip(t).skip(1).filter_map(|(x, t)| Some((*x, (*t)?))).unzip();
        if by.is_empty() {
            return None;
        }
        let moved = self.residual.r.call(&point).jvp(&by, &along);
        Some(self.residual.solve(&self.at(at), -moved, false))
    }
}

impl Solution {
    /// The solution and what r uses.
    fn at<'t>(&self, at: &Point<'_, 't>) -> Vec<Var<'t>> {
        [&[at.y], &at.x[1..]].concat()
    }

    /// The size of r, and the bound below which z is found.
    #[track_caller]
    fn sizes<'t>(&self, z: Var<'t>, r: Var<'t>) -> [Var<'t>; 2] {
        let size = |x: Var<'t>| x.square().mean().sqrt();
        [size(r), (size(z) + 1.0) * self.tolerance]
    }

    /// Whether z is still to be found; not where it is lost.
    #[track_caller]
    fn goes_on<'t>(&self, z: Var<'t>, r: Var<'t>) -> Var<'t> {
        let [size, bound] = self.sizes(z, r);
        size.gt(bound)
    }

    /// z ← z + step(z, r(z)).
    #[track_caller]
    fn steps<'t>(
        &self,
        guess: Var<'t>,
        r: &impl Fn(Var<'t>) -> Var<'t>,
        step: impl Fn(Var<'t>, Var<'t>) -> Var<'t>,
    ) -> Var<'t> {
        let goes_on = |[z, r]: [Var<'t>; 2]| self.goes_on(z, r);
        let [z, _] = guess.tape().while_loop(self.most, [guess, r(guess)], goes_on, |[z, residual]| {
            let z = z + step(z, residual);
            [z, r(z)]
        });
        z
    }

    /// With Δr and Δz the last differences: z ← z + r − (Δz + Δr)ᵀ·γ, where γ makes |r − Δrᵀ·γ| least. Source: H. F. Walker & P. Ni,
    /// "Anderson acceleration for fixed-point iterations", 2011.
    #[track_caller]
    fn anderson<'t>(&self, guess: Var<'t>, memory: usize, r: &impl Fn(Var<'t>) -> Var<'t>) -> Var<'t> {
        let (tape, n, shape) = (guess.tape(), guess.shape().elements(), guess.shape());
        let flat = |z: Var<'t>| r(z.reshape(shape.clone())).reshape([n]);
        let nothing = tape.full(0.0, [memory, n], guess.dtype());
        let z = guess.reshape([n]);
        let start = [z, flat(z), nothing, nothing];
        let goes_on = |[z, r, ..]: [Var<'t>; 4]| self.goes_on(z, r);
        let [z, ..] = tape.while_loop(self.most, start, goes_on, |[z, residual, dz, dr]| {
            // Differences that are not there yet are zero, and weigh nothing.
            let products = dr.matmul(dr.t());
            let ridge = products.max() * if z.dtype() == DType::F32 { 1e-6 } else { 1e-12 }
                + f64::from(f32::MIN_POSITIVE);
            let weights = (products + tape.eye(memory, z.dtype()) * ridge).solve(dr.matmul(residual));
            let next = z + residual - weights.matmul(dz + dr);
            let r = flat(next);
            let after = |old: Var<'t>, new: Var<'t>| Var::concat(&[old.slice(0, 1..), new.unsqueeze(0)], 0);
            [next, r, after(dz, next - z), after(dr, r - residual)]
        });
        z.reshape(shape)
    }
}
