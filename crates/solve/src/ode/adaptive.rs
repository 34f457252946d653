//! Steps as long as the tolerance allows: a loop with a bound, which has the derivatives of the steps that it took.

use super::tableau::Step;
use autograd::{DType, Mistake, Var};

/// What an adaptive method goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adaptive {
    /// Relative and absolute tolerance.
    pub(super) tolerance: Option<(f64, f64)>,
    pub(super) max_steps: usize,
    pub(super) first_step: Option<f64>,
}

/// Between two steps: the time, the length of the next step with its sign, y, and the velocity there.
type State<'t> = [Var<'t>; 4];

/// What the steps leave for the times between: their starts, lengths and points, and the curves from there, stacked.
type Curves<'t> = [Var<'t>; 7];

struct Equation<'a, 't, F> {
    f: &'a F,
    last: Var<'t>,
    tolerance: (f64, f64),
}

/// The solution at all times.
#[track_caller]
pub(super) fn solve<'t>(
    f: &impl Fn(Var<'t>, Var<'t>) -> Var<'t>,
    how: Adaptive,
    y0: Var<'t>,
    times: Var<'t>,
) -> Var<'t> {
    let n = times.shape()[0];
    let (first, last) = (times.index(0, 0), times.index(0, n as isize - 1));
    let tolerance =
        how.tolerance.unwrap_or(if y0.dtype() == DType::F32 { (1e-4, 1e-6) } else { (1e-6, 1e-9) });
    let equation = Equation { f, last, tolerance };
    let velocity = f(first, y0);
    let length = match how.first_step {
        Some(length) => (last - first).detach().sign() * length,
        None => equation.first_step(first.detach(), y0.detach(), velocity.detach()),
    };
    let (end, curves) = equation.steps([first, length, y0, velocity], how.max_steps, n > 2);
    let inner = curves.map(|curves| at(&curves, times.slice(0, 1..n - 1), last - first));
    let all: Vec<Var<'t>> = [y0.unsqueeze(0)].into_iter().chain(inner).chain([end[2].unsqueeze(0)]).collect();
    let all = Var::concat(&all, 0);
    if !y0.tape().is_traced() {
        return all;
    }
    // What was not reached is not to be taken for a solution.
    let direction = (last - first).sign();
    let reached = (times * direction).le(end[0] * direction);
    let reached = reached.reshape([&[n], &vec![1; y0.rank()][..]].concat()).broadcast_to(all.shape());
    reached.select(all, f64::NAN)
}

/// The root of the mean square.
#[track_caller]
fn size(x: Var<'_>) -> Var<'_> {
    x.square().mean().sqrt()
}

impl<'t, F: Fn(Var<'t>, Var<'t>) -> Var<'t>> Equation<'_, 't, F> {
    /// What an error is measured by.
    #[track_caller]
    fn scale(&self, y: Var<'t>) -> Var<'t> {
        y * self.tolerance.0 + self.tolerance.1
    }

    /// A first step whose error is likely to be right. Source: Hairer, Nørsett & Wanner, section II.4.
    #[track_caller]
    fn first_step(&self, t: Var<'t>, y: Var<'t>, velocity: Var<'t>) -> Var<'t> {
        let scale = self.scale(y.abs());
        let whole = (self.last - t).detach();
        let (d0, d1) = (size(y / scale), size(velocity / scale));
        let tiny = d0.minimum(d1).lt(1e-5);
        let guess = tiny.select(d0.full_like(1e-6), 0.01 * d0 / d1).minimum(whole.abs());
        let probe = guess * whole.sign();
        let bent = ((self.f)(t + probe, y + probe * velocity) - velocity).detach();
        let d2 = size(bent / scale) / guess;
        let most = d1.maximum(d2);
        let by_curvature = (0.01 / most).powf(0.2);
        let next = most.le(1e-15).select((guess * 1e-3).maximum(1e-6), by_curvature);
        // Where f is not finite, or there is no way to go.
        let next = next.minimum(guess * 100.0).minimum(whole.abs());
        next.gt(0.0).select(next, whole.abs()) * whole.sign()
    }

    /// Steps until the end or the bound; with the curves within the steps where they are wanted.
    #[track_caller]
    fn steps(&self, start: State<'t>, most: usize, curves: bool) -> (State<'t>, Option<Curves<'t>>) {
        let tape = self.last.tape();
        if tape.is_traced() {
            return self.some_steps(start, most, curves);
        }
        // Values are there to be looked at: more steps as long as they are needed.
        let (mut state, mut taken, mut parts, mut next) = (start, 0, vec![], 16.min(most));
        loop {
            let (end, part) = self.some_steps(state, next, curves);
            (state, taken) = (end, taken + next);
            parts.extend(part);
            if state[0].item() == self.last.item() {
                break;
            }
            self.check(state);
            if taken == most {
                self.refuse(state, format!("{most} steps did not reach the end"));
            }
            next = (2 * next).min(most - taken);
        }
        let joined = |i: usize| Var::concat(&parts.iter().map(|part| part[i]).collect::<Vec<_>>(), 0);
        (state, curves.then(|| std::array::from_fn(joined)))
    }

    #[track_caller]
    fn some_steps(&self, start: State<'t>, steps: usize, curves: bool) -> (State<'t>, Option<Curves<'t>>) {
        let tape = self.last.tape();
        if curves {
            let (end, curves) = tape.scan(steps, start, (), |state, ()| self.step(state));
            return (end, Some(curves));
        }
        (tape.scan(steps, start, (), |state, ()| (self.step(state).0, ())).0, None)
    }

    /// A step that is taken, or refused for a shorter one. At the end it changes nothing.
    #[track_caller]
    fn step(&self, [t, h, y, velocity]: State<'t>) -> (State<'t>, Curves<'t>) {
        let rest = self.last - t;
        let ends = h.abs().ge(rest.abs());
        // The last step goes where the end is, also where it moves.
        let length = ends.select(rest, h.detach());
        let step = Step::new(self.f, [t, y, velocity], length);
        let scale = self.scale(y.abs().maximum(step.y.abs()).detach());
        let error = size(step.error.detach() / scale);
        let is_taken = error.le(1.0);
        // The error grows as the fifth power of the length. Beyond all numbers, or none: much shorter.
        let factor = (0.9 * error.powf(-0.2)).minimum(10.0).maximum(0.2);
        let factor = error.le(f64::MAX).select(factor, 0.2);
        let shorter = factor.minimum(1.0);
        let next = is_taken.select(ends.select(h, h * factor), length.detach() * shorter);
        let to = ends.select(self.last, t + length);
        let wide = |x: Var<'t>| is_taken.broadcast_to(x.shape());
        let state = [
            is_taken.select(to, t),
            next.detach(),
            wide(y).select(step.y, y),
            wide(y).select(step.velocity(), velocity),
        ];
        let [a, b, c, d] = step.curve();
        (state, [t, length, y, a, b, c, d])
    }

    /// Refuses steps that no longer move.
    #[track_caller]
    fn check(&self, state: State<'t>) {
        let (t, h) = (state[0].item(), state[1].item());
        let epsilon = if self.last.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let too_short = h.abs() <= 4.0 * epsilon * t.abs().max(self.last.item().abs());
        if too_short || !h.is_finite() {
            self.refuse(state, "the steps became too short".to_owned());
        }
    }

    #[track_caller]
    fn refuse(&self, state: State<'t>, what: String) -> ! {
        let (relative, absolute) = self.tolerance;
        Mistake::new(format!("odeint: {what}"))
            .line("reached", format!("{} of {}, next step {:e}", state[0].item(), self.last.item(), state[1].item()))
            .line("tolerance", format!("{relative:e} relative, {absolute:e} absolute"))
            .rule("the solution is smooth, and its error at each step within the tolerance")
            .hint("`.tolerance(…)` or `.max_steps(…)`; a stiff equation, or one that blows up, is not for this method")
            .raise()
    }
}

/// The solution at times within the steps.
#[track_caller]
fn at<'t>(curves: &Curves<'t>, times: Var<'t>, way: Var<'t>) -> Var<'t> {
    let direction = way.detach().sign();
    let [starts, ..] = curves;
    // The last step that begins at or before each time. What was refused began where its shorter successor does.
    let begun = (starts.detach() * direction).slice(0, 1..);
    let index = begun.search_sorted(times.detach() * direction, true);
    let [start, length, y, a, b, c, d] = curves.map(|x| x.take(0, index));
    let wide = |x: Var<'t>| x.reshape([&x.shape()[..], &vec![1; y.rank() - 1][..]].concat());
    let since = times - start;
    let share = wide(since / length.eq(0.0).select(1.0, length));
    y + wide(since) * (a + share * (b + share * (c + share * d)))
}
