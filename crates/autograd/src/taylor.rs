//! Taylor mode: a forward sweep over the tape that appends all coefficients of t along a line x + t·v, in one pass.
//!
//! Each node yields the coefficients of its result from those of its operands:
//!
//! * a row of the table: from its derivative column, over truncated power series ([`series`]);
//! * an op that is linear in its operands: itself, on the coefficients of each order;
//! * a bilinear op: the products of the orders that add up, (a ∘ b)ₖ = Σ aⱼ ∘ bₖ₋ⱼ;
//! * any other: its forward rule, differentiated forward again, once for each order. These are *nested*, and told by name.
//!
//! Source: Griewank & Walther, *Evaluating Derivatives*, 2008, chapter 13. The sum of second derivatives alone is in
//! [`laplacian`].

mod laplacian;
mod series;

use crate::ir::{NodeId, Op};
use crate::op::{At, Rule, total};
use crate::reachable::Reachable;
use crate::record::record;
use crate::tape::Tape;
use crate::var::Var;
use series::Arena;
use std::collections::HashMap;

/// What a value is along a line: the coefficients of t¹ to tⁿ; `None` is zero.
type Later<'t> = Vec<Option<Var<'t>>>;

/// All coefficients of a value, and the names of the ops that were nested, each once.
pub(crate) struct Along<'t> {
    pub(crate) coefficients: Vec<Var<'t>>,
    pub(crate) nested: Vec<&'static str>,
}

/// How an op depends on its operands: what a sweep of higher order makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Degree {
    /// An elementwise function of the table.
    Table,
    /// Linear in all operands that have derivatives, taken together, or piecewise so.
    Linear,
    /// Linear in each of two operands.
    Bilinear,
    /// Anything else, and what is not known.
    Other,
}

impl Degree {
    fn of(op: &Op) -> Degree {
        match op {
            Op::Unary(_) | Op::Binary(_) => Degree::Table,
            Op::Matmul(_) | Op::Conv(_) | Op::ConvTranspose(_) | Op::ConvWeight(_) => Degree::Bilinear,
            Op::Select(_)
            | Op::Cast(_)
            | Op::Copy(_)
            | Op::Broadcast(_)
            | Op::Reshape(_)
            | Op::Permute(_) => Degree::Linear,
            Op::Slice(_)
            | Op::Flip(_)
            | Op::Pad(_)
            | Op::Concat(_)
            | Op::Sum(_)
            | Op::Max(_)
            | Op::Cumsum(_) => Degree::Linear,
            Op::Pick(_)
            | Op::Unpick(_)
            | Op::Gather(_)
            | Op::ScatterAdd(_)
            | Op::Take(_)
            | Op::IndexAdd(_) => Degree::Linear,
            Op::Windows(_) | Op::Overlap(_) | Op::Diagonal(_) | Op::DiagEmbed(_) | Op::Fft(_) => {
                Degree::Linear
            }
            _ => Degree::Other,
        }
    }
}

impl<'t> Var<'t> {
    /// The coefficients of t⁰ to tⁿ where each x moves to x + t·v.
    #[track_caller]
    pub(crate) fn taylor(self, x: &[Var<'t>], v: &[Var<'t>], order: usize) -> Along<'t> {
        self.check_tangents("taylor", x, v);
        if order == 0 {
            return Along { coefficients: vec![self], nested: vec![] };
        }
        let tape = self.tape();
        let inputs: Vec<NodeId> = x.iter().map(|x| x.id()).collect();
        let reachable = Reachable::new(&tape.list(), &inputs, self.id());
        let line = |v: &Var<'t>| [Some(*v)].into_iter().chain(vec![None; order - 1]).collect();
        let mut known: HashMap<NodeId, Later<'t>> = inputs.iter().copied().zip(v.iter().map(line)).collect();
        let mut nested = vec![];
        for &id in reachable.order.iter().filter(|id| !inputs.contains(id)) {
            let later = of_node(tape, id, order, &known, &mut nested);
            known.insert(id, later);
        }
        let later = known.remove(&self.id()).unwrap_or_else(|| vec![None; order]);
        let zero_or = |c: Option<Var<'t>>| c.unwrap_or_else(|| self.full_like(0.0));
        Along { coefficients: [self].into_iter().chain(later.into_iter().map(zero_or)).collect(), nested }
    }
}

/// The coefficients of a node, from those of its operands.
#[track_caller]
fn of_node<'t>(
    tape: &'t Tape<'t>,
    id: NodeId,
    order: usize,
    known: &HashMap<NodeId, Later<'t>>,
    nested: &mut Vec<&'static str>,
) -> Later<'t> {
    visit(tape, id, |op, rule, at, operands| {
        let zero = vec![None; order];
        let x: Vec<&Later<'t>> = operands.iter().map(|x| known.get(x).unwrap_or(&zero)).collect();
        match Degree::of(op) {
            Degree::Table => of_row(op, at, operands, &x),
            Degree::Linear => (0..order).map(|k| rule.jvp(at, &of_order(&x, k))).collect(),
            Degree::Bilinear => (1..=order).map(|k| of_product(op, at, &x, k)).collect(),
            Degree::Other => {
                if !nested.contains(&op.name()) {
                    nested.push(op.name());
                }
                of_rule(rule, at, &x)
            }
        }
    })
}

/// Calls `f` with a node that is computed: its op, its rule, where the rule is applied, and its operands.
#[track_caller]
fn visit<'t, R>(
    tape: &'t Tape<'t>,
    id: NodeId,
    f: impl FnOnce(&Op, &dyn Rule, &At<'_, 't>, &[NodeId]) -> R,
) -> R {
    let (op, operands) = {
        let list = tape.list();
        let node = list.node(id);
        (node.op.clone(), node.inputs.clone())
    };
    let x: Vec<Var<'t>> = operands.iter().map(|&x| Var::new(tape, x)).collect();
    let rule = op.rule().expect("what is reachable and no input is computed");
    let inherited = tape.inheriting(id);
    let found = f(&op, rule, &At { x: &x, y: Var::new(tape, id) }, &operands);
    drop(inherited);
    tape.raise_trapped();
    found
}

/// The coefficients of one order, by operand.
fn of_order<'t>(x: &[&Later<'t>], k: usize) -> Later<'t> {
    x.iter().map(|x| x[k]).collect()
}

/// A function of the table, over series.
#[track_caller]
fn of_row<'t>(op: &Op, at: &At<'_, 't>, operands: &[NodeId], x: &[&Later<'t>]) -> Later<'t> {
    let arena = Arena::new(at.y);
    let series = |i: usize| arena.given([Some(at.x[i])].into_iter().chain(x[i].iter().copied()));
    let a = series(0);
    let y = match op {
        Op::Unary(f) => arena.unary(*f, a, at.y),
        Op::Binary(f) => {
            let b = if operands[0] == operands[1] { a } else { series(1) };
            arena.binary(*f, [a, b], at.y)
        }
        _ => unreachable!("{} is no row of the table", op.name()),
    };
    (1..=x[0].len()).map(|k| y.at(k)).collect()
}

/// (a ∘ b)ₖ = Σ aⱼ ∘ bₖ₋ⱼ.
#[track_caller]
fn of_product<'t>(op: &Op, at: &At<'_, 't>, x: &[&Later<'t>], k: usize) -> Option<Var<'t>> {
    let coefficient = |i: usize, j: usize| if j == 0 { Some(at.x[i]) } else { x[i][j - 1] };
    total((0..=k).map(|j| Some(record(op.clone(), &[coefficient(0, j)?, coefficient(1, k - j)?]))))
}

/// Derivatives of the forward rule itself: as each operand has the derivatives x′, x″, …, the one of order k + 1 is that of order k
/// where x moves along x′, x′ along x″, and so on.
#[track_caller]
fn of_rule<'t>(rule: &dyn Rule, at: &At<'_, 't>, x: &[&Later<'t>]) -> Later<'t> {
    let order = x[0].len();
    let mut factorial = 1.0;
    let mut levels: Vec<Later<'t>> = vec![at.x.iter().copied().map(Some).collect()];
    for k in 0..order {
        factorial *= (k + 1) as f64;
        let of_level = |c: Option<Var<'t>>| c.map(|c| if k == 0 { c } else { c * factorial });
        levels.push(of_order(x, k).into_iter().map(of_level).collect());
    }
    let Some(first) = rule.jvp(at, &levels[1]) else { return vec![None; order] };
    let mut derivatives = vec![first];
    for k in 1..order {
        let moving = (0..k + 1).flat_map(|level| levels[level].iter().zip(&levels[level + 1]));
        let (mut from, mut along) = (vec![], vec![]);
        for (x, next) in moving {
            // What has no derivative along the line at any order does not move; what has one now and none later stops.
            let Some(x) = *x else { continue };
            let Some(next) = next.or_else(|| from_zero(x, &levels[1], at)) else { continue };
            from.push(x);
            along.push(next);
        }
        derivatives.push(derivatives[k - 1].jvp(&from, &along));
    }
    let mut factorial = 1.0;
    let coefficient = |(k, d): (usize, Var<'t>)| {
        factorial *= (k + 1) as f64;
        Some(if k == 0 { d } else { d * (1.0 / factorial) })
    };
    derivatives.into_iter().enumerate().map(coefficient).collect()
}

/// The tangent of what stops: zero, for all but operands that never move, whose dtype may have no derivative.
fn from_zero<'t>(x: Var<'t>, first: &Later<'t>, at: &At<'_, 't>) -> Option<Var<'t>> {
    let never = at.x.iter().zip(first).any(|(operand, tangent)| operand.id() == x.id() && tangent.is_none());
    (!never).then(|| x.full_like(0.0))
}

#[cfg(test)]
mod tests {
    use crate::tests::rows::{Row, every_row};
    use crate::{Tape, Var};

    /// The test rows of every op, where all operands move.
    fn each(check: impl for<'t> Fn(&Row, Var<'t>, &[Var<'t>], [&[Var<'t>]; 2])) {
        for row in every_row().filter(|row| !row.large) {
            let (tape, arguments) = (Tape::new(), row.arguments());
            let x: Vec<Var<'_>> = arguments.iter().map(|a| tape.var(a)).collect();
            let along = |f: fn(f64) -> f64| arguments.iter().map(|a| tape.constant(a.mapv(f))).collect();
            let (v, w): (Vec<Var<'_>>, Vec<Var<'_>>) = (along(|x| 0.4 + x.cos()), along(|x| (3.0 * x).sin()));
            check(&row, (row.f)(&x), &x, [&v, &w]);
        }
    }

    fn same(row: &Row, what: &str, found: Var<'_>, expected: Var<'_>) {
        let (a, b) = (found.to_array::<f64>(), expected.to_array::<f64>());
        let largest = b.iter().filter(|x| x.is_finite()).fold(1.0, |m: f64, x| m.max(x.abs()));
        for (a, b) in a.iter().zip(&b) {
            let close = (a - b).abs() <= 1e-9 * largest || a == b || (a.is_nan() && b.is_nan());
            assert!(close, "{}, {what}: {a} and {b}", row.name);
        }
    }

    #[test]
    fn coefficients_are_those_of_nested_derivatives_for_every_op() {
        each(|row, y, x, [v, _]| {
            if !y.dtype().is_float() {
                return;
            }
            let (along, mut nested, mut factorial) = (y.taylor(x, v, 4), y, 1.0);
            for (k, c) in along.coefficients.iter().enumerate().skip(1) {
                nested = nested.jvp(x, v);
                factorial *= k as f64;
                same(row, &format!("order {k}"), *c * factorial, nested);
            }
        });
    }

    #[test]
    fn sums_of_second_derivatives_are_those_of_nested_ones_for_every_op() {
        each(|row, y, x, [v, w]| {
            if !y.dtype().is_float() {
                return;
            }
            let directions: Vec<Var<'_>> = v.iter().zip(w).map(|(v, w)| Var::stack(&[*v, *w], 0)).collect();
            let sum = y.second_derivatives(x, &directions).coefficients[1];
            same(row, "sum", sum, y.jvp(x, v).jvp(x, v) + y.jvp(x, w).jvp(x, w));
        });
    }
}
