//! Ordinary differential equations: ẏ = f(t, y) from y₀ at t₀ to later or earlier times.

mod adaptive;
mod adjoint;
mod tableau;

use adaptive::Adaptive;
use autograd::{DType, Mistake, Var};
use std::cell::RefCell;

/// How an equation is solved.
#[derive(Clone, Copy, Debug)]
enum Method {
    RungeKutta {
        steps: usize,
    },
    DormandPrince(Adaptive),
    /// The same, with the derivative of the adjoint equation.
    Adjoint(Adaptive),
}

/// An equation ẏ = f(t, y): [`odeint`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct Ode<F> {
    f: F,
    method: Method,
}

/// The equation ẏ = f(t, y), for y of any shape and a time t, to be solved by the method of Dormand and Prince with steps as long as the
/// tolerance allows.
///
/// The solution has the derivatives of the steps that were taken, at any order: by y₀, by everything that f uses, and by the times. How
/// long the steps are counts as fixed.
///
/// ```
/// use autograd::Tape;
/// use solve::odeint;
/// let tape = Tape::new();
/// let (y0, k) = (tape.var(2.0), tape.var(0.5));
/// let times = tape.var([0.0, 1.0, 3.0]);
/// let y = odeint(|_t, y| -k * y).solve(y0, times);
/// let exact = |t: f64| 2.0 * (-0.5 * t).exp();
/// assert!(y.to_vec::<f64>().iter().zip([0.0, 1.0, 3.0]).all(|(y, t)| (y - exact(t)).abs() < 1e-6));
/// let [dk, dt] = y.index(0, 2).grad([k, times]);
/// assert!((dk.item() + 3.0 * exact(3.0)).abs() < 1e-5);
/// assert!((dt.to_vec::<f64>()[2] + 0.5 * exact(3.0)).abs() < 1e-6);
/// ```
///
/// Source: J. R. Dormand & P. J. Prince, "A family of embedded Runge–Kutta formulae", 1980; E. Hairer, S. P. Nørsett & G. Wanner,
/// *Solving Ordinary Differential Equations I*, 1993, sections II.4 to II.6.
pub fn odeint<'t, F: Fn(Var<'t>, Var<'t>) -> Var<'t>>(f: F) -> Ode<F> {
    Ode { f, method: Method::DormandPrince(Adaptive { tolerance: None, max_steps: 1000, first_step: None }) }
}

impl<F> Ode<F> {
    /// Takes so many steps of the classical Runge–Kutta method from each time to the next, all of one length.
    ///
    /// Source: W. Kutta, "Beitrag zur näherungsweisen Integration totaler Differentialgleichungen", 1901.
    ///
    /// ```
    /// # use autograd::Tape;
    /// # use solve::odeint;
    /// let tape = Tape::new();
    /// let y = odeint(|t, _y| 2.0 * t).rk4(3).solve(tape.var(0.0), tape.constant([0.0, 2.0]));
    /// assert!((y.index(0, 1).item() - 4.0).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If there are no steps.
    #[track_caller]
    pub fn rk4(self, steps: usize) -> Ode<F> {
        if steps == 0 {
            Mistake::new("odeint: 0 steps from each time to the next").rule("at least one step").raise();
        }
        Ode { method: Method::RungeKutta { steps }, ..self }
    }

    /// The largest error of a step, relative to y and absolute, by the root of the mean square over all elements of error ÷
    /// (absolute + relative·|y|). Without it: 10⁻⁶ and 10⁻⁹ for F64, 10⁻⁴ and 10⁻⁶ for F32.
    ///
    /// # Panics
    /// If one is negative, both are zero or one is not finite; after [`rk4`](Ode::rk4), whose steps have no tolerance.
    #[track_caller]
    pub fn tolerance(self, relative: f64, absolute: f64) -> Ode<F> {
        let is_right = |x: f64| x.is_finite() && x >= 0.0;
        if !(is_right(relative) && is_right(absolute) && relative + absolute > 0.0) {
            Mistake::new(format!("odeint: a tolerance of {relative} and {absolute}"))
                .rule("tolerances are finite and not negative, and one is positive")
                .raise();
        }
        self.adaptive("tolerance", |a| a.tolerance = Some((relative, absolute)))
    }

    /// At most so many steps, those that were refused included; without it 1000.
    ///
    /// A [`Program`](autograd::Program) keeps memory for as many, and its gradient takes as long as if all had been taken.
    ///
    /// # Panics
    /// If it is 0; after [`rk4`](Ode::rk4).
    #[track_caller]
    pub fn max_steps(self, steps: usize) -> Ode<F> {
        if steps == 0 {
            Mistake::new("odeint: at most 0 steps").rule("at least one step").raise();
        }
        self.adaptive("max_steps", |a| a.max_steps = steps)
    }

    /// The length of the first step that is tried; without it a guess from f at the start.
    ///
    /// # Panics
    /// If it is not positive and finite; after [`rk4`](Ode::rk4).
    #[track_caller]
    pub fn first_step(self, length: f64) -> Ode<F> {
        if !(length.is_finite() && length > 0.0) {
            Mistake::new(format!("odeint: a first step of {length}"))
                .rule("it is positive and finite")
                .raise();
        }
        self.adaptive("first_step", |a| a.first_step = Some(length))
    }

    /// The derivative by an equation of its own, the adjoint, which is solved backwards: nothing of the steps is kept. It agrees with that of
    /// the solution to the tolerance, where the derivative of the steps is that of what was computed, to rounding.
    ///
    /// Memory does not grow with the steps; time is that of a second solution, of y, its adjoint and the derivatives by all that f uses. Of
    /// any order.
    ///
    /// ```
    /// # use autograd::Tape;
    /// # use solve::odeint;
    /// let tape = Tape::new();
    /// let k = tape.var(0.5);
    /// let decay = odeint(|_t, y| -k * y).adjoint();
    /// let y = decay.solve(tape.var(2.0), tape.constant([0.0, 3.0])).index(0, 1);
    /// assert!((y.grad([k])[0].item() + 6.0 * (-1.5f64).exp()).abs() < 1e-5);
    /// ```
    ///
    /// Source: R. T. Q. Chen, Y. Rubanova, J. Bettencourt & D. Duvenaud, "Neural ordinary differential equations", 2018.
    ///
    /// # Panics
    /// After [`rk4`](Ode::rk4).
    #[track_caller]
    pub fn adjoint(mut self) -> Ode<F> {
        let mut how = None;
        self = self.adaptive("adjoint", |a| how = Some(*a));
        Ode { method: how.map_or(self.method, Method::Adjoint), ..self }
    }

    #[track_caller]
    fn adaptive(mut self, name: &str, set: impl FnOnce(&mut Adaptive)) -> Ode<F> {
        match &mut self.method {
            Method::DormandPrince(adaptive) | Method::Adjoint(adaptive) => set(adaptive),
            Method::RungeKutta { .. } => Mistake::new(format!("odeint: `{name}` of `rk4`"))
                .rule("`rk4` takes as many steps as it was told, and measures no error")
                .hint("leave `rk4` out")
                .raise(),
        }
        self
    }

    /// The solution at all times, of \[times, …y\], from y₀ at the first of them. The times ascend or descend; those between the first and
    /// the last lie on a curve of fourth order through the steps.
    ///
    /// In a [`Program`](autograd::Program) the solution is NaN at the times that were not reached.
    ///
    /// # Panics
    /// If f gives another shape or dtype than y has; if the times are no vector, have another dtype or are not in order. Where values are
    /// computed at once: if the last time is not reached, because there are too many steps or they are too short.
    #[track_caller]
    pub fn solve<'t>(&self, y0: Var<'t>, times: Var<'t>) -> Var<'t>
    where
        F: Fn(Var<'t>, Var<'t>) -> Var<'t>,
    {
        check(y0, times);
        let n = times.shape()[0];
        if n == 1 {
            return y0.unsqueeze(0);
        }
        // What f is called from is no caller to blame: a mistake of f waits until the equation is solved for y of velocity 0.
        let mistake = RefCell::new(None);
        let f = |t, y| {
            let found = (self.f)(t, y);
            if (found.shape(), found.dtype()) == (y.shape(), y.dtype()) {
                return found;
            }
            mistake.borrow_mut().get_or_insert_with(|| wrong_velocity(y, found));
            y * 0.0
        };
        let solution = match self.method {
            Method::RungeKutta { steps } => runge_kutta(&f, steps, y0, times),
            Method::DormandPrince(how) => adaptive::solve(&f, how, y0, times),
            Method::Adjoint(how) => adjoint::solve(&f, how, y0, times),
        };
        if let Some(mistake) = mistake.take() {
            mistake.raise();
        }
        if let Method::Adjoint(how) = self.method {
            check_reached(solution, y0, how);
        }
        solution
    }
}

fn wrong_velocity(y: Var<'_>, found: Var<'_>) -> Mistake {
    let given = format!("{} {} for y of {} {}", found.shape(), found.dtype(), y.shape(), y.dtype());
    Mistake::new(format!("odeint: f gives {given}"))
        .line("f", found.describe())
        .rule("a velocity has the shape and dtype of y")
}

#[track_caller]
fn check_reached(y: Var<'_>, y0: Var<'_>, how: Adaptive) {
    if !y.tape().is_traced() && y.cast(DType::F64).to_vec::<f64>().iter().any(|y| y.is_nan()) {
        Mistake::new("odeint: the last time was not reached")
            .line("y0", y0.describe())
            .rule(format!("at most {} steps, each within the tolerance", how.max_steps))
            .hint("without `.adjoint()` the message tells how far it came")
            .raise();
    }
}

#[track_caller]
fn check(y0: Var<'_>, times: Var<'_>) {
    let wrong = |what: String, rule: &str| {
        Mistake::new(format!("odeint: {what}"))
            .line("y0", y0.describe())
            .line("times", times.describe())
            .rule(rule)
    };
    let shape = times.shape();
    if shape.len() != 1 || shape[0] == 0 {
        wrong(format!("times of {shape}"), "the times are a vector, and the first is that of y0").raise();
    }
    if !y0.dtype().is_float() || times.dtype() != y0.dtype() {
        let what = format!("y0 is {}, the times are {}", y0.dtype(), times.dtype());
        wrong(what, "both are F64, or both are F32").raise();
    }
    if !times.tape().is_traced() {
        let all = times.cast(DType::F64).to_vec::<f64>();
        let ascend = all.windows(2).all(|w| w[0] <= w[1]);
        if !(ascend || all.windows(2).all(|w| w[0] >= w[1])) || all.iter().any(|t| !t.is_finite()) {
            wrong(format!("times {all:?}"), "the times are finite, and all ascend or all descend").raise();
        }
    }
}

/// Steps of one length from each time to the next.
#[track_caller]
fn runge_kutta<'t>(
    f: &impl Fn(Var<'t>, Var<'t>) -> Var<'t>,
    steps: usize,
    y0: Var<'t>,
    times: Var<'t>,
) -> Var<'t> {
    let (tape, n) = (y0.tape(), times.shape()[0]);
    let (from, to) = (times.slice(0, ..n - 1), times.slice(0, 1..));
    let (_, rest) = tape.scan(n - 1, y0, [from, to], |y, [from, to]| {
        let h = (to - from) / steps as f64;
        let step = |[t, y]: [Var<'t>; 2], ()| ([t + h, tableau::runge_kutta(f, t, y, h)], ());
        let [_, y] = if steps == 1 { step([from, y], ()).0 } else { tape.scan(steps, [from, y], (), step).0 };
        (y, y)
    });
    Var::concat(&[y0.unsqueeze(0), rest], 0)
}
