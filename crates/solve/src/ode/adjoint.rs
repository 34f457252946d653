//! The derivative of a solution by equations of its own, which keep nothing of the steps.
//!
//! With the adjoint a = ∂L/∂y(t):  ȧ = −(∂f/∂y)ᵀ·a, from the last time back to the first, where it grows at each time by the cotangent
//! given there; θ̄ = −∫ (∂f/∂θ)ᵀ·a dt, back as well. Tangents run forwards: ṡ = ∂f/∂y·s + ∂f/∂θ·θ̇. Each is solved as the equation
//! itself, and so it has derivatives in turn.
//!
//! Source: R. T. Q. Chen, Y. Rubanova, J. Bettencourt & D. Duvenaud, "Neural ordinary differential equations", 2018.

use super::adaptive::{self, Adaptive};
use autograd::Var;
use autograd::custom::{Closed, Function, Point};

/// The solution at all times, as a function of y₀, of the times, and of what f uses.
struct Solution {
    f: Closed,
    how: Adaptive,
}

/// The solution at all times, with the derivatives of the adjoint equation.
#[track_caller]
pub(super) fn solve<'t>(
    f: &impl Fn(Var<'t>, Var<'t>) -> Var<'t>,
    how: Adaptive,
    y0: Var<'t>,
    times: Var<'t>,
) -> Var<'t> {
    let time = times.index(0, 0);
    let (f, used) = y0.tape().close(&[time, y0], |x| f(x[0], x[1]));
    Var::call(Solution { f, how }, &[&[y0, times], &used[..]].concat())
}

impl Function for Solution {
    fn name(&self) -> &'static str {
        "odeint"
    }

    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        adaptive::solve(&|t, y| self.f.call(&[&[t, y], &x[2..]].concat()), self.how, x[0], x[1])
    }

    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        let (y, times, used) = (at.y, at.x[1], &at.x[2..]);
        let n = times.shape()[0];
        let wanted: Vec<usize> =
            (0..used.len()).filter(|&i| at.wants(i + 2) && used[i].dtype().is_float()).collect();
        let by: Vec<Var<'t>> = wanted.iter().map(|&i| used[i]).collect();
        let velocity = |t: Var<'t>, y: Var<'t>| self.f.call(&[&[t, y], used].concat());
        let like: Vec<Var<'t>> = [at.x[0], at.x[0]].iter().chain(&by).copied().collect();
        // y, a and θ̄ as one vector.
        let field = |t: Var<'t>, all: Var<'t>| {
            let parts = split(all, &like);
            let (y, a) = (parts[0], parts[1]);
            let v = velocity(t, y);
            let cotangents = v.vjp(-a, &[&[y], &by[..]].concat());
            flat(&[&[v], &cotangents[..]].concat())
        };
        let nothing: Vec<Var<'t>> = by.iter().map(|x| x.full_like(0.0)).collect();
        let last = |x: Var<'t>| x.index(0, n as isize - 1);
        let carry: Vec<Var<'t>> = [last(g)].into_iter().chain(nothing).collect();
        let rows = |x: Var<'t>, first: usize| x.slice(0, first..first + n - 1);
        let inputs = vec![rows(times, 0), rows(times, 1), rows(y, 1), rows(g, 0)];
        let (end, ()) = y.tape().scan_back(n - 1, carry, inputs, |carry, row| {
            let [from, to, y, g] = row[..] else { unreachable!("four inputs") };
            let start = flat(&[&[y], &carry[..]].concat());
            let back = solve(&field, self.how, start, Var::stack(&[to, from], 0)).index(0, 1);
            let mut parts = split(back, &like).split_off(1);
            parts[0] += g;
            (parts, ())
        });
        let mut all = vec![None; at.x.len()];
        all[0] = Some(end[0]);
        if at.wants(1) {
            // A later time moves its own point; the first moves all others, against the adjoint there.
            let each = |i: usize| {
                let row = |x: Var<'t>| x.index(0, i as isize);
                let cotangent = if i == 0 { row(g) - end[0] } else { row(g) };
                (velocity(row(times), row(y)) * cotangent).sum()
            };
            all[1] = Some(Var::stack(&(0..n).map(each).collect::<Vec<_>>(), 0));
        }
        wanted.iter().zip(&end[1..]).for_each(|(&i, &cotangent)| all[i + 2] = Some(cotangent));
        all
    }

    fn jvp<'t>(&self, at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (y0, times, used) = (at.x[0], at.x[1], &at.x[2..]);
        let n = times.shape()[0];
        let velocity = |t: Var<'t>, y: Var<'t>| self.f.call(&[&[t, y], used].concat());
        let (by, along): (Vec<Var<'t>>, Vec<Var<'t>>) =
            used.iter().zip(&t[2..]).filter_map(|(x, t)| Some((*x, (*t)?))).unzip();
        let field = |time: Var<'t>, all: Var<'t>| {
            let [y, s] = split(all, &[y0, y0])[..] else { unreachable!("two parts") };
            let v = velocity(time, y);
            let moved = v.jvp(&[&[y], &by[..]].concat(), &[&[s], &along[..]].concat());
            flat(&[v, moved])
        };
        let row = |x: Var<'t>, i: usize| x.index(0, i as isize);
        let mut start = t[0].unwrap_or_else(|| y0.full_like(0.0));
        if let Some(moved) = t[1] {
            start -= velocity(row(times, 0), y0) * row(moved, 0);
        }
        let both = solve(&field, self.how, flat(&[y0, start]), times);
        let elements = y0.shape().elements();
        let of_start = both.slice(1, elements..).reshape(at.y.shape());
        let Some(moved) = t[1] else { return Some(of_start) };
        let of_times = (0..n).map(|i| velocity(row(times, i), row(at.y, i)) * row(moved, i));
        Some(of_start + Var::stack(&of_times.collect::<Vec<_>>(), 0))
    }
}

/// All elements as one vector.
#[track_caller]
fn flat<'t>(parts: &[Var<'t>]) -> Var<'t> {
    let flat: Vec<Var<'t>> = parts.iter().map(|x| x.reshape([x.shape().elements()])).collect();
    Var::concat(&flat, 0)
}

/// The parts of a vector, of the shapes of others.
#[track_caller]
fn split<'t>(vector: Var<'t>, like: &[Var<'t>]) -> Vec<Var<'t>> {
    let mut begin = 0;
    let part = |x: &Var<'t>| {
        let range = begin..begin + x.shape().elements();
        begin = range.end;
        vector.slice(0, range).reshape(x.shape())
    };
    like.iter().map(part).collect()
}
