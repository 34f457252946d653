//! Linear equations A·x = b, of whose matrix only products are known, within derivatives.

use autograd::custom::{Closed, Function, Point};
use autograd::{DType, Var};

/// How the linear equation is solved that the derivative of an implicit function takes. A is ∂r/∂z, or its transpose.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Linear {
    /// By factors of the whole matrix, which takes a sweep for each element of z: for up to some dozens of them.
    Dense,
    /// By products with A: GMRES, which begins anew after so many of them. For any matrix.
    ///
    /// Source: Y. Saad & M. H. Schultz, "GMRES: a generalized minimal residual algorithm", 1986.
    Gmres {
        /// How many products are remembered.
        restart: usize,
    },
    /// By products with A: conjugate gradients. Only where A, or −A, is symmetric and positive definite; where it is not, what is found
    /// is wrong.
    ///
    /// Source: M. R. Hestenes & E. Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.
    ConjugateGradient,
}

/// How far linear equations are solved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System {
    pub(crate) by: Linear,
    /// |A·x − b| ≤ tolerance·|b|.
    pub(crate) tolerance: f64,
    /// Products with A, at most.
    pub(crate) most: usize,
}

/// r(z, θ), whose derivative by z is the matrix.
#[derive(Clone, Debug)]
pub(crate) struct Residual {
    pub(crate) r: Closed,
    pub(crate) system: System,
}

/// The same values as other nodes. A solution depends on what an equation uses; a derivative by that alone must not go through it.
#[track_caller]
pub(crate) fn apart<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
    x.iter().map(|x| x.reshape(x.shape())).collect()
}

impl Residual {
    /// A·x at a point (z, θ…), or Aᵀ·x.
    #[track_caller]
    fn product<'t>(&self, at: &[Var<'t>], x: Var<'t>, transposed: bool) -> Var<'t> {
        let at = apart(at);
        let r = self.r.call(&at);
        if transposed { r.vjp(x, &at[..1])[0] } else { r.jvp(&at[..1], &[x]) }
    }

    /// x with A·x = b, or Aᵀ·x = b, at a point (z, θ…), with the derivatives by all of them.
    #[track_caller]
    pub(crate) fn solve<'t>(&self, at: &[Var<'t>], b: Var<'t>, transposed: bool) -> Var<'t> {
        if self.system.by == Linear::Dense {
            let at = apart(at);
            let (z, n) = (at[0], at[0].shape().elements());
            let flat = self.r.call(&at).reshape([n]);
            let rows: Vec<Var<'t>> =
                (0..n).map(|i| flat.index(0, i as isize).grad([z])[0].reshape([n])).collect();
            let a = Var::stack(&rows, 0);
            return if transposed { a.t() } else { a }.solve(b.reshape([n])).reshape(z.shape());
        }
        Var::call(Solution { of: self.clone(), transposed }, &[&[b], at].concat())
    }
}

/// x = A(z, θ)⁻¹·b as a function of b, z, θ…: ẋ = A⁻¹·(ḃ − Ȧ·x). Its rule solves the transposed equation, and so on.
struct Solution {
    of: Residual,
    transposed: bool,
}

impl Function for Solution {
    fn name(&self) -> &'static str {
        "linear_solution"
    }

    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        let (b, at) = (x[0], &x[1..]);
        let n = b.shape().elements();
        let product = |v: Var<'t>| self.of.product(at, v.reshape(b.shape()), self.transposed).reshape([n]);
        let System { by, tolerance, most } = self.of.system;
        let flat = b.reshape([n]);
        let found = match by {
            Linear::ConjugateGradient => conjugate_gradient(product, flat, tolerance, most),
            Linear::Gmres { restart } => gmres(product, flat, tolerance, restart.clamp(1, n.max(1)), most),
            Linear::Dense => unreachable!("a dense equation is solved by its factors"),
        };
        found.reshape(b.shape())
    }

    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        let (point, x) = (&at.x[1..], at.y);
        let u = self.of.solve(point, g, !self.transposed);
        let wanted: Vec<usize> =
            (0..point.len()).filter(|&i| at.wants(i + 1) && point[i].dtype().is_float()).collect();
        let mut all = vec![None; at.x.len()];
        if !wanted.is_empty() {
            // Fixed to what they are: x moves by itself, and not with the point.
            let point = apart(point);
            let by: Vec<Var<'t>> = wanted.iter().map(|&i| point[i]).collect();
            let moved = self.of.product(&point, x, self.transposed);
            for (i, cotangent) in wanted.into_iter().zip(moved.vjp(-u, &by)) {
                all[i + 1] = Some(cotangent);
            }
        }
        all[0] = Some(u);
        all
    }

    fn jvp<'t>(&self, at: &Point<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        let (point, x) = (apart(&at.x[1..]), at.y);
        let (by, along): (Vec<Var<'t>>, Vec<Var<'t>>) =
            point.iter().zip(&t[1..]).filter_map(|(x, t)| Some((*x, (*t)?))).unzip();
        let moved = (!by.is_empty()).then(|| self.of.product(&point, x, self.transposed).jvp(&by, &along));
        let b = match (t[0], moved) {
            (Some(b), Some(moved)) => b - moved,
            (Some(b), None) => b,
            (None, moved) => -moved?,
        };
        Some(self.of.solve(&at.x[1..], b, self.transposed))
    }
}

/// A number that no length of rounding falls below.
fn tiny(x: Var<'_>) -> f64 {
    if x.dtype() == DType::F32 { 1e-30 } else { 1e-200 }
}

/// Conjugate gradients from 0.
#[track_caller]
fn conjugate_gradient<'t>(
    product: impl Fn(Var<'t>) -> Var<'t>,
    b: Var<'t>,
    tolerance: f64,
    most: usize,
) -> Var<'t> {
    let stop = b.norm() * tolerance;
    let start = [b.full_like(0.0), b, b, b.square().sum()];
    let goes_on = |[_, _, _, square]: [Var<'t>; 4]| square.sqrt().gt(stop);
    let [x, ..] = b.tape().while_loop(most, start, goes_on, |[x, r, d, square]| {
        let ad = product(d);
        let step = square / d.dot(ad);
        let r = r - ad * step;
        let next = r.square().sum();
        [x + d * step, r, r + d * (next / square), next]
    });
    x
}

/// GMRES from 0.
#[track_caller]
fn gmres<'t>(
    product: impl Fn(Var<'t>) -> Var<'t>,
    b: Var<'t>,
    tolerance: f64,
    restart: usize,
    most: usize,
) -> Var<'t> {
    let tape = b.tape();
    let stop = b.norm() * tolerance;
    let goes_on = |[_, r]: [Var<'t>; 2]| r.norm().gt(stop);
    let [x, _] = tape.while_loop(most.div_ceil(restart), [b.full_like(0.0), b], goes_on, |[x, r]| {
        let x = x + best_of_krylov(&product, r, restart);
        [x, b - product(x)]
    });
    x
}

/// The x in the span of r, A·r, …, Aᵐ⁻¹·r for which |r − A·x| is least. By Arnoldi's iteration A·V = V⁺·H, with the columns of V orthonormal.
#[track_caller]
fn best_of_krylov<'t>(product: &impl Fn(Var<'t>) -> Var<'t>, r: Var<'t>, m: usize) -> Var<'t> {
    let (tape, n, dtype) = (r.tape(), r.shape()[0], r.dtype());
    let length = r.norm();
    let steps = tape.eye(m + 1, dtype);
    let unit = |k: usize| steps.index(0, k as isize);
    let outer = |a: Var<'t>, b: Var<'t>| a.unsqueeze(1) * b.unsqueeze(0);
    // The vectors are rows; those that are not there yet are zero.
    let first = outer(unit(0), r / (length + tiny(r)));
    let start = [first, tape.full(0.0, [m + 1, m], dtype)];
    let (now, next) = (steps.slice(0, ..m), steps.slice(0, 1..));
    let body = |[v, h]: [Var<'t>; 2], [now, next]: [Var<'t>; 2]| {
        let w = product(now.matmul(v));
        let before = w.norm();
        // Twice is enough to be orthogonal to the last digit.
        let a = v.matmul(w);
        let w = w - a.matmul(v);
        let b = v.matmul(w);
        let w = w - b.matmul(v);
        let after = w.norm();
        // What is left of rounding alone is no direction.
        let is_new = after.gt(before * if dtype == DType::F32 { 1e-6 } else { 1e-14 });
        let direction = is_new.broadcast_to([n]).select(w / (after + tiny(r)), 0.0);
        let column = a + b + next * is_new.select(after, 0.0);
        ([v + outer(next, direction), h + outer(column, now.slice(0, ..m))], ())
    };
    let ([v, h], ()) = tape.scan(m, start, [now, next], body);
    let y = h.pinv().matmul(unit(0) * length);
    y.matmul(v.slice(0, ..m))
}
