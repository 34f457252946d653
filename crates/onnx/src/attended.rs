//! Attention and its adjoint, of products and softmax: at this opset there is no operator that does it at once.

use crate::term::Term;
use crate::trace::At;
use autograd::planned::DataRef;
use autograd::{DType, Shape};

/// The last two axes in the other order.
fn turned<'a>(x: Term<'a>, rank: usize) -> Term<'a> {
    x.transpose((0..rank - 2).chain([rank - 1, rank - 2]))
}

/// softmax(Q·Kᵀ), where a mask may leave keys out; a query that sees none has zeros.
fn weights<'a>(at: &At<'a>, mask: Option<usize>, causal: bool) -> Term<'a> {
    let (queries, keys) = (at.operand(0).0, at.operand(1).0);
    let rank = queries.len();
    let softmax = |scores: Term<'a>| scores.op("Softmax");
    let scores = at.x(0).with("MatMul", turned(at.x(1), rank));
    let mask = if causal {
        let [m, n] = [queries[rank - 2], keys[rank - 2]];
        let seen: Vec<bool> = (0..m * n).map(|i| i % n <= i / n).collect();
        let value = at.writer().constant(DataRef::Bool(&seen), &Shape::from([m, n]));
        Some(Term::new(at.writer(), value, DType::Bool))
    } else {
        mask.map(|i| at.x(i))
    };
    let Some(mask) = mask else { return softmax(scores) };
    // The lowest number, not −∞: of a row without a key softmax would make NaN.
    let lowest = if at.node.dtype() == DType::F32 { f64::from(f32::MIN) } else { f64::MIN };
    let weights = softmax(mask.choose(scores, lowest, scores));
    mask.choose(weights, 0.0, weights)
}

/// P·V with the weights P.
pub(crate) fn attention<'a>(at: &At<'a>, causal: bool) -> Term<'a> {
    let mask = (at.node.operands.len() > 3).then_some(3);
    weights(at, mask, causal).with("MatMul", at.x(2))
}

/// With Ḡ the cotangent and S = P∘(Ḡ·Vᵀ − Σ P∘(Ḡ·Vᵀ)): Q̄ = S·K, K̄ = Sᵀ·Q, V̄ = Pᵀ·Ḡ, one after the other.
pub(crate) fn attention_back<'a>(at: &At<'a>, causal: bool) -> Term<'a> {
    let rank = at.operand(0).0.len();
    let mask = (at.node.operands.len() > 4).then_some(4);
    let p = weights(at, mask, causal);
    let g = at.x(3);
    let d = g.with("MatMul", turned(at.x(2), rank));
    let s = p * (d - (p * d).sum([-1], true));
    let all = [
        s.with("MatMul", at.x(1)),
        turned(s, rank).with("MatMul", at.x(0)),
        turned(p, rank).with("MatMul", g),
    ];
    let lead = &at.shape()[..at.shape().len() - 1];
    let row = |i: usize| {
        let size = at.operand(i).0[rank - 2..].iter().product();
        all[i].reshape(&[lead, &[size]].concat()).value
    };
    let axis = vec![("axis", crate::model::Attribute::Int(-1))];
    Term::new(at.writer(), at.writer().node_with("Concat", [row(0), row(1), row(2)], axis), at.node.dtype())
}
