//! Sums of second derivatives along several directions, in one sweep forward: each node carries its derivatives along all directions,
//! as one batch, and the sum of its second derivatives.
//!
//! For y = f(x): ∂ᵢy = f′·∂ᵢx, and Δy = f′·Δx + f″·Σ (∂ᵢx)². For y = a ∘ b: Δy = Δa ∘ b + a ∘ Δb + 2·Σ ∂ᵢa ∘ ∂ᵢb.
//!
//! Source: Li et al., "A computational framework for neural network-based variational Monte Carlo with Forward Laplacian", 2024.

use super::{Along, Degree, series::Arena, visit};
use crate::ir::{Broadcast, Concat, NodeId, Op, Permute, Reshape, Slice, Sum};
use crate::number::{Slope, Zero};
use crate::op::{At, Rule, total};
use crate::reachable::Reachable;
use crate::record::record;
use crate::rows::times;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::var::Var;
use std::collections::HashMap;

/// What a value is beside its elements.
#[derive(Clone, Copy)]
struct Second<'t> {
    /// Its derivatives along the directions, stacked. Where they are the same along an axis, it may have length 1.
    tangents: Var<'t>,
    /// The sum of its second derivatives along each; `None` is zero.
    sum: Option<Var<'t>>,
}

impl<'t> Var<'t> {
    /// The sum of the second derivatives along directions, which are stacked along a first axis before those of x; where they are the same
    /// along an axis, it may have length 1. The coefficients are the value, and that sum.
    #[track_caller]
    pub(crate) fn second_derivatives(self, x: &[Var<'t>], directions: &[Var<'t>]) -> Along<'t> {
        let tape = self.tape();
        let inputs: Vec<NodeId> = x.iter().map(|x| x.id()).collect();
        let reachable = Reachable::new(&tape.list(), &inputs, self.id());
        let start = directions.iter().map(|&tangents| Second { tangents, sum: None });
        let mut known: HashMap<NodeId, Second<'t>> = inputs.iter().copied().zip(start).collect();
        let mut nested = vec![];
        for &id in reachable.order.iter().filter(|id| !inputs.contains(id)) {
            if let Some(second) = of_node(tape, id, &known, &mut nested) {
                known.insert(id, second);
            }
        }
        let sum = known.get(&self.id()).and_then(|second| second.sum);
        Along { coefficients: vec![self, sum.unwrap_or_else(|| self.full_like(0.0))], nested }
    }
}

#[track_caller]
fn of_node<'t>(
    tape: &'t Tape<'t>,
    id: NodeId,
    known: &HashMap<NodeId, Second<'t>>,
    nested: &mut Vec<&'static str>,
) -> Option<Second<'t>> {
    visit(tape, id, |op, rule, at, operands| {
        let x: Vec<Option<Second<'t>>> = operands.iter().map(|x| known.get(x).copied()).collect();
        let keeps = matches!(op, Op::Unary(_) | Op::Binary(_) | Op::Matmul(_));
        let tangents: Vec<Option<Var<'t>>> = x
            .iter()
            .zip(at.x)
            .map(|(known, x)| {
                known.map(|known| if keeps { known.tangents } else { whole(known.tangents, &x.shape()) })
            })
            .collect();
        let sums: Vec<Option<Var<'t>>> = x.iter().map(|x| x.and_then(|x| x.sum)).collect();
        match Degree::of(op) {
            Degree::Table => of_row(op, at, operands, &tangents, &sums),
            Degree::Linear => {
                Some(Second { tangents: of_batch(op, rule, at, &tangents)?, sum: rule.jvp(at, &sums) })
            }
            Degree::Bilinear => of_product(op, rule, at, &tangents, &sums),
            Degree::Other => {
                if !nested.contains(&op.name()) {
                    nested.push(op.name());
                }
                of_rule(rule, at, &tangents, &sums)
            }
        }
    })
}

/// f′·∂ᵢx and f′·Δx + f″·Σ (∂ᵢx)², over the operands, with the mixed derivative of two.
#[track_caller]
fn of_row<'t>(
    op: &Op,
    at: &At<'_, 't>,
    operands: &[NodeId],
    tangents: &[Option<Var<'t>>],
    sums: &[Option<Var<'t>>],
) -> Option<Second<'t>> {
    let same = operands.len() == 2 && operands[0] == operands[1];
    let operands = if same { 1 } else { operands.len() };
    let moving: Vec<usize> = (0..operands).filter(|&i| tangents[i].is_some()).collect();
    let (mut first, mut second) = (vec![], vec![]);
    for &i in &moving {
        // Along operand i alone, the coefficients of the slopes are the slopes, and the second derivatives by it and each operand.
        let arena = Arena::new(at.y);
        let one = at.x[i].full_like(1.0);
        let series = |j: usize| arena.given([Some(at.x[j])].into_iter().chain((i == j).then_some(Some(one))));
        let slopes = match op {
            Op::Unary(f) => arena.unary(*f, series(0), at.y).slopes(),
            Op::Binary(f) => {
                let a = series(0);
                arena.binary(*f, [a, if same { a } else { series(1) }], at.y).slopes()
            }
            _ => unreachable!("{} is no row of the table", op.name()),
        };
        for (j, slope) in slopes.into_iter().enumerate() {
            let Some((zero, slope)) = slope else { continue };
            let j = if same { 0 } else { j };
            if i == j {
                first.push(tangents[i].and_then(|t| by(zero, slope_at(slope), t)));
                second.push(sums[i].and_then(|s| by(zero, slope_at(slope), s)));
            }
            if let (Slope::Varying(slope), Some(a), Some(b)) = (slope, tangents[i], tangents[j])
                && let Some(curvature) = slope.at(1)
            {
                let squares = if i == j { a.square() } else { a * b }.sum_over(0);
                second.push(Some(times(zero, Slope::Varying(curvature), squares)));
            }
        }
    }
    Some(Second { tangents: total(first)?, sum: total(second).map(|sum| sum.broadcast_to(at.y.shape())) })
}

fn slope_at<'t>(slope: Slope<super::series::Series<'_, 't>>) -> Slope<Var<'t>> {
    match slope {
        Slope::Constant(c) => Slope::Constant(c),
        Slope::Varying(s) => Slope::Varying(s.at(0).expect("a slope has a value")),
    }
}

/// A derivative times a slope; `None` is zero.
#[track_caller]
fn by<'t>(zero: Zero, slope: Slope<Var<'t>>, x: Var<'t>) -> Option<Var<'t>> {
    match slope {
        Slope::Constant(0.0) => None,
        Slope::Constant(1.0) => Some(x),
        Slope::Constant(-1.0) => Some(-x),
        Slope::Constant(c) => Some(x * c),
        slope => Some(times(zero, slope, x)),
    }
}

/// The tangents of a linear op along all directions at once, or one after the other.
#[track_caller]
fn of_batch<'t>(op: &Op, rule: &dyn Rule, at: &At<'_, 't>, tangents: &[Option<Var<'t>>]) -> Option<Var<'t>> {
    let some = tangents.iter().flatten().next()?;
    let n = some.shape()[0];
    let with_lead = |shape: &Shape| -> Shape { [n].into_iter().chain(shape.iter().copied()).collect() };
    let to = with_lead(&at.y.shape());
    let op: Op = match op {
        Op::Cast(_) | Op::Copy(_) => op.clone(),
        Op::Reshape(_) => Reshape { to }.into(),
        Op::Broadcast(_) => {
            let mut from = at.x().shape();
            while from.len() < at.y.rank() {
                from = [1].into_iter().chain(from.iter().copied()).collect();
            }
            return Some(record(Broadcast { to }, &[some.reshape(with_lead(&from))]));
        }
        Op::Permute(Permute { axes }) => {
            Permute { axes: [0].into_iter().chain(axes.iter().map(|a| a + 1)).collect() }.into()
        }
        Op::Sum(Sum { axes }) => Sum { axes: axes.iter().map(|a| a + 1).collect() }.into(),
        Op::Slice(slice) => Slice { axis: slice.axis + 1, ..slice.clone() }.into(),
        Op::Concat(Concat { axis }) => {
            let part = |(x, t): (&Var<'t>, &Option<Var<'t>>)| {
                t.unwrap_or_else(|| x.tape().full(0.0, with_lead(&x.shape()), x.dtype()))
            };
            let parts: Vec<Var<'t>> = at.x.iter().zip(tangents).map(part).collect();
            return Some(record(Concat { axis: axis + 1 }, &parts));
        }
        _ => return one_by_one(n, |i| rule.jvp(at, &along(tangents, i))),
    };
    Some(record(op, &[*some]))
}

/// Tangents with all axes at their length: those of values of this shape.
#[track_caller]
fn whole<'t>(tangents: Var<'t>, shape: &Shape) -> Var<'t> {
    tangents.broadcast_to(tangents.shape()[..1].iter().chain(shape.iter()).copied().collect::<Shape>())
}

/// The tangents along one direction.
#[track_caller]
fn along<'t>(tangents: &[Option<Var<'t>>], direction: usize) -> Vec<Option<Var<'t>>> {
    tangents.iter().map(|t| t.map(|t| t.index(0, direction as isize))).collect()
}

#[track_caller]
fn one_by_one<'t>(n: usize, of: impl Fn(usize) -> Option<Var<'t>>) -> Option<Var<'t>> {
    let all: Option<Vec<Var<'t>>> = (0..n).map(of).collect();
    Some(Var::stack(&all?, 0))
}

#[track_caller]
fn of_product<'t>(
    op: &Op,
    rule: &dyn Rule,
    at: &At<'_, 't>,
    tangents: &[Option<Var<'t>>],
    sums: &[Option<Var<'t>>],
) -> Option<Second<'t>> {
    let [a, b] = [at.x[0], at.x[1]];
    let n = tangents.iter().flatten().next()?.shape()[0];
    let (all, mixed) = if let Op::Matmul(_) = op {
        // Rows of the left operand may be the same; what is summed over is there.
        let left =
            tangents[0].map(|t| if t.shape().last() == a.shape().last() { t } else { whole(t, &a.shape()) });
        let right = tangents[1].map(|t| whole(t, &b.shape()));
        let terms = [left.map(|t| t.matmul(b)), right.map(|t| a.matmul(t))];
        let mixed = left.zip(right).map(|(a, b)| a.matmul(b).sum_over(0));
        (total(terms)?, mixed)
    } else {
        let product = |i: usize| {
            let [a, b] = [tangents[0]?, tangents[1]?].map(|t| t.index(0, i as isize));
            Some(record(op.clone(), &[a, b]))
        };
        (one_by_one(n, |i| rule.jvp(at, &along(tangents, i)))?, total((0..n).map(product)))
    };
    let mixed = mixed.map(|x| (x * 2.0).broadcast_to(at.y.shape()));
    Some(Second { tangents: all, sum: total([rule.jvp(at, sums), mixed]) })
}

/// By derivatives of the forward rule, one direction after the other.
#[track_caller]
fn of_rule<'t>(
    rule: &dyn Rule,
    at: &At<'_, 't>,
    tangents: &[Option<Var<'t>>],
    sums: &[Option<Var<'t>>],
) -> Option<Second<'t>> {
    let n = tangents.iter().flatten().next()?.shape()[0];
    let (mut first, mut second) = (vec![], vec![rule.jvp(at, sums)]);
    for i in 0..n {
        let t = along(tangents, i);
        let d = rule.jvp(at, &t)?;
        let (x, v): (Vec<Var<'t>>, Vec<Var<'t>>) =
            at.x.iter().zip(&t).filter_map(|(x, t)| Some((*x, (*t)?))).unzip();
        // The tangents do not move: what comes of them is in the sum already.
        let still: Vec<Var<'t>> = v.iter().map(|v| v.full_like(0.0)).collect();
        let (from, along) = ([&x[..], &v].concat(), [&v[..], &still].concat());
        first.push(d);
        second.push(Some(d.jvp(&from, &along)));
    }
    Some(Second { tangents: Var::stack(&first, 0), sum: total(second) })
}
