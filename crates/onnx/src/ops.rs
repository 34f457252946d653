//! The table of ops: what each is in ONNX. A new op does not compile without a decision here.

use crate::model::Attribute;
use crate::term::Term;
use crate::trace::{At, Held, NO_RANDOM, Why};
use crate::{attended, functions, indexed, loops, sliding};
use autograd::DType;
use autograd::planned::{DataRef, Op};

const NO_ALGEBRA: &str = "ONNX has no factorisations and no solver: make the result an input of the model, or end the model before it";
const NO_LOOPS: &str = "ONNX has no loops of the user's own: make their result an input of the model, or end the model before them";

/// Writes a node.
pub(crate) fn write<'a>(at: &At<'a>) -> Result<Held, Why> {
    let x = |i: usize| at.x(i);
    let term = match at.node.op {
        Op::Constant | Op::Variable | Op::Argument(_) => return Err("a leaf of no trace".into()),
        Op::Parameter(p) => return Ok(parameter(at, *p)),
        Op::Input(number) => return Ok(at.input(*number)),
        Op::Full(number) => return Ok(full(at, *number)),
        Op::Unary(f) => functions::unary(at, *f),
        Op::Binary(f) => functions::binary(at, *f),
        Op::Compare(f) => functions::compare(at, *f),
        Op::Select(_) => select(at),
        Op::Cast(cast) if cast.to == at.operand(0).1 => return Ok(at.same()),
        Op::Cast(cast) => x(0).cast(cast.to),
        Op::Copy(_) | Op::Detach(_) | Op::After(_) => return Ok(at.same()),
        Op::Broadcast(_) => return Ok(at.repeats()),
        Op::Reshape(_) => return Ok(at.reshapes()),
        Op::Permute(order) => x(0).transpose(order.axes.iter().map(|&axis| usize::from(axis))),
        Op::Slice(cut) => match at.part(cut.start) {
            Some(part) => return Ok(part),
            None => slice(at, (cut.start as i64, (cut.start + cut.length) as i64, 1), &[cut.axis]),
        },
        Op::Flip(flip) => slice(at, (-1, i64::MIN, -1), &flip.axes),
        Op::Pad(pad) => padded(at, usize::from(pad.axis), pad.before, pad.after),
        Op::Concat(joined) => node(at, "Concat", vec![axis(joined.axis)]),
        Op::Sum(sum) if sum.axes.is_empty() => return Ok(at.same()),
        Op::Sum(sum) => x(0).sum(sum.axes.iter().map(|&axis| i64::from(axis)), false),
        Op::Max(max) if max.axes.is_empty() => return Ok(at.same()),
        Op::Max(max) => node(at, "ReduceMax", vec![("axes", ints(&max.axes)), KEEP_NONE]),
        Op::Prod(prod) => node(at, "ReduceProd", vec![("axes", ints(&[prod.axis])), KEEP_NONE]),
        Op::Argmax(max) => node(at, "ArgMax", vec![axis(max.axis), KEEP_NONE]),
        Op::Cumsum(sum) => cumsum(at, sum.axis, sum.reverse),
        Op::Matmul(_) => product(at),
        Op::Softmax(softmax) => node(at, "Softmax", vec![axis(softmax.axis)]),
        Op::LogSoftmax(softmax) => node(at, "LogSoftmax", vec![axis(softmax.axis)]),
        Op::Pick(_) => indexed::pick(at),
        Op::Unpick(_) => indexed::unpick(at),
        Op::Gather(gather) => indexed::gather(at, x(0), x(1).value, gather.axis.into()),
        Op::ScatterAdd(add) => indexed::scatter_add(at, &add.to, x(0), x(1).value, add.axis.into()),
        Op::Uniform(_) | Op::FoldIn(_) => return Err(NO_RANDOM.into()),
        Op::Windows(w) => sliding::windows(at, w.axis.into(), w.size, w.step, w.dilation),
        Op::Overlap(w) => sliding::overlap(at, w.axis.into(), w.length, w.step, w.dilation),
        Op::Conv(conv) => sliding::conv(at, &conv.over, conv.groups)?,
        Op::ConvTranspose(conv) => sliding::conv_transpose(at, &conv.over, conv.groups)?,
        Op::ConvWeight(conv) => sliding::conv_weight(at, &conv.over, conv.groups)?,
        Op::PoolArgmax(pool) => sliding::pool_argmax(at, &pool.over)?,
        Op::PoolMax(pool) => sliding::pool_max(at, &pool.over)?,
        Op::PoolMaxBack(pool) => sliding::pool_max_back(at, &pool.over)?,
        Op::Diagonal(diagonal) => indexed::diagonal(at, diagonal.row, diagonal.column),
        Op::DiagEmbed(diagonal) => indexed::diagonal_matrix(at, diagonal.row, diagonal.column),
        Op::Det(_) => x(0).op("Det"),
        Op::Solve(_)
        | Op::SolveTriangular(_)
        | Op::Cholesky(_)
        | Op::CholeskyBack(_)
        | Op::Slogdet(_)
        | Op::MatrixExp(_) => {
            return Err(NO_ALGEBRA.into());
        }
        Op::Distances(_) => {
            offsets(at, 0, 1).op_with("ReduceL2", vec![("axes", Attribute::Ints(vec![-1])), KEEP_NONE])
        }
        Op::OffsetsDot(_) => offsets(at, 1, 2).with("Mul", apart(at, 0, 2)).sum([-1], false),
        Op::OffsetsSum(_) => offsets(at, 1, 2).with("Mul", apart(at, 0, 1)).sum([-2], false),
        Op::Qr(_) | Op::Eigh(_) | Op::Svd(_) | Op::Pinv(_) | Op::Lu(_) => return Err(NO_ALGEBRA.into()),
        Op::LinearRecurrence(r) => return loops::recurrence(at, r.axis.into(), r.reverse),
        Op::Cumargmax(max) => return loops::cumargmax(at, max.axis.into()),
        Op::Take(take) => indexed::take(at, x(0), x(1).value, take.axis.into()),
        Op::IndexAdd(add) => {
            let (operand, index) = ((x(0), &at.operand(0).0[..]), (x(1).value, at.operand(1).0.len()));
            indexed::index_add(at, operand, index, add.axis.into(), add.length)
        }
        Op::RavelIndex(ravel) => indexed::ravel(at, &ravel.lengths),
        Op::ScatterMax(_) => {
            return Err(
                "ONNX scatters maxima from opset 18 on, and this is 17: end the model before it".into()
            );
        }
        Op::Argsort(sort) => {
            Term::new(at.writer(), indexed::argsort(at, sort.axis.into(), sort.descending), DType::I64)
        }
        Op::SearchSorted(search) => indexed::search(at, search.right),
        Op::Scan(_) => return loops::scan(at),
        Op::Call(_) => return loops::called(at),
        Op::ByLoops(_) => return Err(NO_LOOPS.into()),
        Op::Special(special) => functions::special(at, special.family, special.order)?,
        Op::IncompleteGamma(_) => {
            return Err("ONNX has no incomplete gamma function: make its values an input of the model".into());
        }
        Op::Fft(fft) => fourier(at, usize::from(fft.axis), fft.inverse),
        Op::Attention(attention) => attended::attention(at, attention.form)?,
        Op::AttentionBack(attention) => attended::attention_back(at, attention.form)?,
        Op::AttentionBias(attention) => attended::attention_bias(at, attention.form)?,
    };
    Ok(at.gives(term.value))
}

/// An operand with a new axis, so many from the end.
fn apart<'a>(at: &At<'a>, operand: usize, from_end: usize) -> Term<'a> {
    let mut shape = at.operand(operand).0.to_vec();
    shape.insert(shape.len() + 1 - from_end, 1);
    at.x(operand).reshape(&shape)
}

/// The differences of each row of a from each row of b.
fn offsets<'a>(at: &At<'a>, a: usize, b: usize) -> Term<'a> {
    apart(at, a, 2).with("Sub", apart(at, b, 3))
}

const KEEP_NONE: (&str, Attribute) = ("keepdims", Attribute::Int(0));

fn axis(axis: u8) -> (&'static str, Attribute) {
    ("axis", Attribute::Int(axis.into()))
}

fn ints(all: &[u8]) -> Attribute {
    Attribute::Ints(all.iter().map(|&x| x.into()).collect())
}

/// An operator of all operands.
fn node<'a>(at: &At<'a>, op: &'static str, attributes: Vec<(&'static str, Attribute)>) -> Term<'a> {
    Term::new(at.writer(), at.writer().node_with(op, at.all(), attributes), at.node.dtype())
}

fn parameter(at: &At<'_>, p: autograd::Param) -> Held {
    let params = at.job().params;
    let data = match params.dtype() {
        DType::F32 => DataRef::F32(params.get(p)),
        _ => DataRef::F64(params.get(p)),
    };
    at.stored(params.name(p), data)
}

/// A number, repeated where somebody reads it as a tensor.
fn full(at: &At<'_>, number: f64) -> Held {
    let value = at.number(number);
    if at.shape().is_empty() { at.gives(value) } else { Held::repeated(value, autograd::Shape::from([])) }
}

/// `Where`, which not every runtime has for truth values.
fn select<'a>(at: &At<'a>) -> Term<'a> {
    let [mask, a, b] = at.loose(0)[..] else { unreachable!("three operands") };
    match at.node.dtype() {
        DType::Bool => mask.with("And", a).with("Or", mask.op("Not").with("And", b)),
        _ => mask.choose(a, b, a),
    }
}

/// From a place to before another one, along axes alike.
fn slice<'a>(at: &At<'a>, (start, end, step): (i64, i64, i64), axes: &[u8]) -> Term<'a> {
    let writer = at.writer();
    let each = |x: i64| writer.ints(vec![x; axes.len()]);
    let along = writer.ints(axes.iter().map(|&axis| axis.into()));
    let mut operands = vec![at.x(0).value, each(start), each(end), along];
    operands.extend((step != 1).then(|| each(step)));
    Term::new(writer, writer.node("Slice", operands), at.node.dtype())
}

fn padded<'a>(at: &At<'a>, axis: usize, before: usize, after: usize) -> Term<'a> {
    let (writer, rank) = (at.writer(), at.shape().len());
    let mut ends = vec![0; 2 * rank];
    (ends[axis], ends[rank + axis]) = (before as i64, after as i64);
    Term::new(writer, writer.node("Pad", [at.x(0).value, writer.ints(ends), at.number(0.0)]), at.node.dtype())
}

fn cumsum<'a>(at: &At<'a>, axis: u8, reverse: bool) -> Term<'a> {
    let writer = at.writer();
    let operands = [at.x(0).value, writer.number(DType::I64, axis.into())];
    let reverse = vec![("reverse", Attribute::Int(i64::from(reverse)))];
    Term::new(writer, writer.node_with("CumSum", operands, reverse), at.node.dtype())
}

/// Matrices that are the same for all of a batch stay one.
fn product<'a>(at: &At<'a>) -> Term<'a> {
    let [a, b] = at.loose(2)[..] else { unreachable!("two matrices") };
    a.with("MatMul", b)
}

/// `DFT`, whose first axis counts signals. Its inverse divides by the length.
fn fourier<'a>(at: &At<'a>, axis: usize, inverse: bool) -> Term<'a> {
    let x = at.x(0).reshape(&[&[1], &at.shape()[..]].concat());
    let attributes =
        vec![("axis", Attribute::Int(axis as i64 + 1)), ("inverse", Attribute::Int(i64::from(inverse)))];
    let y = x.op_with("DFT", attributes).reshape(at.shape());
    if inverse { y * at.shape()[axis] as f64 } else { y }
}
