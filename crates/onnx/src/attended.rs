//! Attention and its adjoints, of products and softmax: at this opset there is no operator that does it at once.

use crate::term::Term;
use crate::trace::{At, NO_RANDOM, Why};
use autograd::planned::{Attending, DataRef};
use autograd::{DType, Shape};

/// The last two axes in the other order.
fn turned<'a>(x: Term<'a>, rank: usize) -> Term<'a> {
    x.transpose((0..rank - 2).chain([rank - 1, rank - 2]))
}

/// softmax(Q·Kᵀ + B), where a mask, or a bias of −∞, may leave keys out; a query that sees none has zeros. What is given beside the
/// others follows from operand `first` on.
fn weights<'a>(at: &At<'a>, first: usize, form: Attending) -> Term<'a> {
    let (queries, keys) = (at.operand(0).0, at.operand(1).0);
    let (rank, beside) = (queries.len(), form.beside(first..at.node.operands.len()));
    let softmax = |scores: Term<'a>| scores.op("Softmax");
    let mut scores = at.x(0).with("MatMul", turned(at.x(1), rank));
    let open = beside.bias.map(|i| at.x(i).with("Equal", f64::NEG_INFINITY).op("Not"));
    if let (Some(bias), Some(open)) = (beside.bias.map(|i| at.x(i)), open) {
        scores = scores + open.choose(bias, 0.0, scores);
    }
    let causal = form.causal.then(|| {
        let [m, n] = [queries[rank - 2], keys[rank - 2]];
        let seen: Vec<bool> = (0..m * n).map(|i| i % n <= i / n).collect();
        let value = at.writer().constant(DataRef::Bool(&seen), &Shape::from([m, n]));
        Term::new(at.writer(), value, DType::Bool)
    });
    let all = [causal, beside.mask.map(|i| at.x(i)), open].into_iter().flatten();
    let Some(mask) = all.reduce(|a, b| a.with("And", b)) else { return softmax(scores) };
    // The lowest number, not −∞: of a row without a key softmax would make NaN.
    let lowest = if at.node.dtype() == DType::F32 { f64::from(f32::MIN) } else { f64::MIN };
    let weights = softmax(mask.choose(scores, lowest, scores));
    mask.choose(weights, 0.0, weights)
}

/// P·V with the weights P.
pub(crate) fn attention<'a>(at: &At<'a>, form: Attending) -> Result<Term<'a>, Why> {
    undropped(form)?;
    Ok(weights(at, 3, form).with("MatMul", at.x(2)))
}

/// ONNX draws no numbers of a key.
fn undropped(form: Attending) -> Result<(), Why> {
    if form.drop > 0.0 { Err(NO_RANDOM.into()) } else { Ok(()) }
}

/// P, and the cotangents of the scores S = P∘(Ḡ·Vᵀ − Σ P∘(Ḡ·Vᵀ)) for the cotangent Ḡ.
fn slopes<'a>(at: &At<'a>, form: Attending) -> [Term<'a>; 2] {
    let p = weights(at, 4, form);
    let d = at.x(3).with("MatMul", turned(at.x(2), at.operand(0).0.len()));
    [p, p * (d - (p * d).sum([-1], true))]
}

/// Q̄ = S·K, K̄ = Sᵀ·Q, V̄ = Pᵀ·Ḡ, one after the other.
pub(crate) fn attention_back<'a>(at: &At<'a>, form: Attending) -> Result<Term<'a>, Why> {
    undropped(form)?;
    let rank = at.operand(0).0.len();
    let [p, s] = slopes(at, form);
    let all = [
        s.with("MatMul", at.x(1)),
        turned(s, rank).with("MatMul", at.x(0)),
        turned(p, rank).with("MatMul", at.x(3)),
    ];
    let lead = &at.shape()[..at.shape().len() - 1];
    let row = |i: usize| {
        let size = at.operand(i).0[rank - 2..].iter().product();
        all[i].reshape(&[lead, &[size]].concat()).value
    };
    let axis = vec![("axis", crate::model::Attribute::Int(-1))];
    let value = at.writer().node_with("Concat", [row(0), row(1), row(2)], axis);
    Ok(Term::new(at.writer(), value, at.node.dtype()))
}

/// S, summed over the axes along which the bias was broadcast.
pub(crate) fn attention_bias<'a>(at: &At<'a>, form: Attending) -> Result<Term<'a>, Why> {
    undropped(form)?;
    let [_, s] = slopes(at, form);
    let axes: Vec<i64> =
        (0..).zip(at.shape().iter()).filter(|(_, length)| **length == 1).map(|(axis, _)| axis).collect();
    Ok(if axes.is_empty() { s } else { s.sum(axes, true) })
}
