//! Ops that read or write elements at places which an operand holds, or which the op itself says.

use crate::model::{Attribute, Value};
use crate::term::{self, Term};
use crate::trace::At;
use autograd::{DType, Shape};

fn axis(axis: usize) -> Vec<(&'static str, Attribute)> {
    vec![("axis", Attribute::Int(axis as i64))]
}

/// Elements along an axis, with an index for each.
pub(crate) fn gather<'a>(at: &At<'a>, x: Term<'a>, index: Value, along: usize) -> Term<'a> {
    term_of(at, at.writer().node_with("GatherElements", [x.value, index], axis(along)))
}

/// Slices of an axis at indices, whose axes take the place of the axis.
pub(crate) fn take<'a>(at: &At<'a>, x: Term<'a>, index: Value, along: usize) -> Term<'a> {
    term_of(at, at.writer().node_with("Gather", [x.value, index], axis(along)))
}

/// Zeros of a shape, with elements added along an axis.
pub(crate) fn scatter_add<'a>(
    at: &At<'a>,
    shape: &[usize],
    x: Term<'a>,
    index: Value,
    along: usize,
) -> Term<'a> {
    let mut attributes = axis(along);
    attributes.push(("reduction", Attribute::Text("add")));
    term_of(at, at.writer().node_with("ScatterElements", [at.zeros(shape).value, index, x.value], attributes))
}

/// Zeros of this length along an axis, with slices added: `places` has the shape of the axes from `along` on that it stands for.
pub(crate) fn index_add<'a>(
    at: &At<'a>,
    x: (Term<'a>, &[usize]),
    index: (Value, usize),
    along: usize,
    length: usize,
) -> Term<'a> {
    let ((x, shape), (index, rank)) = (x, index);
    let product = |lengths: &[usize]| lengths.iter().product::<usize>();
    let (before, rest) = shape.split_at(along);
    let (count, after) = rest.split_at(rank);
    let [rows, count, inner] = [before, count, after].map(product);
    let writer = at.writer();
    let places = term::reshape(writer, index, &[1, count, 1]);
    let places = writer.node("Expand", [places, writer.lengths(&[rows, count, inner])]);
    let sums = scatter_add(at, &[rows, length, inner], x.reshape(&[rows, count, inner]), places, 1);
    sums.reshape(at.shape())
}

/// One entry of each row.
pub(crate) fn pick<'a>(at: &At<'a>) -> Term<'a> {
    let rows = at.operand(0).0[0];
    let index = at.x(1).reshape(&[rows, 1]).value;
    gather(at, at.x(0), index, 1).reshape(&[rows])
}

/// Rows of zeros with one entry set.
pub(crate) fn unpick<'a>(at: &At<'a>) -> Term<'a> {
    let rows = at.shape()[0];
    let index = at.x(1).reshape(&[rows, 1]).value;
    scatter_add(at, at.shape(), at.x(0).reshape(&[rows, 1]), index, 1)
}

/// Places in row-major order.
pub(crate) fn ravel<'a>(at: &At<'a>, lengths: &Shape) -> Term<'a> {
    let mut operands = (0..lengths.len()).map(|i| at.x(i)).zip(&lengths[..]);
    let (first, _) = operands.next().expect("an index for one axis at least");
    operands.fold(first, |place, (index, &length)| place * length as f64 + index)
}

/// How many of the sorted elements are less than a value, or not greater.
pub(crate) fn search<'a>(at: &At<'a>, right: bool) -> Term<'a> {
    let number = |i: usize| if at.operand(i).1 == DType::Bool { at.x(i).cast(DType::I64) } else { at.x(i) };
    let with_axis = |shape: &[usize], place: usize| {
        let mut shape = shape.to_vec();
        shape.insert(place, 1);
        shape
    };
    let (sorted, values) = (at.operand(0).0, at.operand(1).0);
    let places = with_axis(values, values.len());
    let sorted = number(0).reshape(&with_axis(sorted, sorted.len() - 1));
    let is_before = if right { "LessOrEqual" } else { "Less" };
    sorted.with(is_before, number(1).reshape(&places)).cast(DType::I64).sum([-1], false)
}

/// Elements of a diagonal.
pub(crate) fn diagonal<'a>(at: &At<'a>, row: usize, column: usize) -> Term<'a> {
    let (shape, length) = (at.operand(0).0, at.shape()[at.shape().len() - 1]);
    let (lead, [rows, columns]) = shape.split_last_chunk().expect("matrices");
    let places = (0..length).map(|k| ((row + k) * columns + column + k) as i64);
    let flat = at.x(0).reshape(&[lead, &[rows * columns]].concat());
    take(at, flat, at.writer().ints(places), lead.len())
}

/// Matrices of zeros with one diagonal.
pub(crate) fn diagonal_matrix<'a>(at: &At<'a>, row: usize, column: usize) -> Term<'a> {
    let (shape, writer) = (at.operand(0).0, at.writer());
    let (lead, [rows, columns]) = at.shape().split_last_chunk().expect("matrices");
    let places = (0..shape[lead.len()]).map(|k| ((row + k) * columns + column + k) as i64);
    let places = writer.node("Expand", [writer.ints(places), writer.lengths(shape)]);
    // Truth values cannot be added; here each place is written once.
    let zeros = at.zeros(&[lead, &[rows * columns]].concat());
    let set = writer.node_with("ScatterElements", [zeros.value, places, at.x(0).value], axis(lead.len()));
    term_of(at, set).reshape(at.shape())
}

/// Indices of the elements in order.
pub(crate) fn argsort(at: &At<'_>, along: usize, descending: bool) -> Value {
    let writer = at.writer();
    let operands = [at.x(0).value, writer.lengths(&[at.shape()[along]])];
    let mut attributes = axis(along);
    attributes.push(("largest", Attribute::Int(i64::from(descending))));
    writer.nodes_with("TopK", operands, 2, attributes)[1]
}

fn term_of<'a>(at: &At<'a>, value: Value) -> Term<'a> {
    Term::new(at.writer(), value, at.node.dtype())
}
