//! The ops that are kernels of their own as text: loops over the elements of the result, in the order of the engine's reference
//! loops. A new op does not compile without a decision here.

mod along;
mod attention;
mod conv;
mod indexed;
mod layout;
mod linear;
mod order;
mod pairs;
mod pool;
mod special;

use crate::at::At;
use crate::functions::Functions;
use crate::kernel::{Kernel, Writer};
use crate::memory::Memories;
use crate::terms::Adds;
use autograd::planned::{MemoryView, Op};

const ALGEBRA: &str = "its rotations and reflections are left to libraries that C has of its own";
const LIBRARY: &str = "a crate of others computes it, whose order of summation is not written down";

/// Prints a kernel that computes an op.
///
/// # Errors
/// Why this op has no text.
pub(crate) fn print(
    op: &Op,
    x: &[MemoryView],
    y: &MemoryView,
    memories: &Memories,
    functions: &mut Functions,
    kernel: &mut Kernel,
) -> Result<(), &'static str> {
    x.iter().for_each(|x| kernel.reads(x.memory));
    kernel.writes(y.memory);
    let empty = y.shape.contains(&0);
    let mut at = At { x, y, memories, functions, kernel, out: Writer::default() };
    if !empty {
        write(op, &mut at)?;
    }
    let At { kernel, out, .. } = at;
    kernel.body = out.text();
    Ok(())
}

fn write(op: &Op, at: &mut At<'_>) -> Result<(), &'static str> {
    match op {
        Op::Copy(_)
        | Op::Detach(_)
        | Op::After(_)
        | Op::Reshape(_)
        | Op::Broadcast(_)
        | Op::Permute(_)
        | Op::Slice(_)
        | Op::Flip(_)
        | Op::Windows(_)
        | Op::Diagonal(_) => layout::copy(at),
        Op::Cast(_) => layout::cast(at),
        Op::Pad(pad) => layout::pad(at, usize::from(pad.axis), pad.before),
        Op::Concat(joined) => layout::concat(at, usize::from(joined.axis)),
        Op::DiagEmbed(d) => layout::diagonal(at, [d.row, d.column, d.rows, d.columns]),
        Op::Overlap(w) => layout::overlap(at, usize::from(w.axis), w.step, w.dilation),
        Op::Sum(sum) => along::sum(at, &sum.axes),
        Op::Max(max) => along::max(at, &max.axes),
        Op::Argmax(max) => along::argmax(at, usize::from(max.axis)),
        Op::Cumsum(sum) => along::cumsum(at, usize::from(sum.axis), sum.reverse),
        Op::Cumargmax(max) => along::cumargmax(at, usize::from(max.axis)),
        Op::Prod(prod) => along::prod(at, usize::from(prod.axis)),
        Op::Softmax(softmax) => along::softmax(at, usize::from(softmax.axis), false),
        Op::LogSoftmax(softmax) => along::softmax(at, usize::from(softmax.axis), true),
        Op::LinearRecurrence(r) => along::recurrence(at, usize::from(r.axis), r.reverse),
        Op::Pick(_) => indexed::pick(at),
        Op::Unpick(op) => indexed::unpick(at, op.columns),
        Op::Gather(gather) => indexed::gather(at, usize::from(gather.axis)),
        Op::ScatterAdd(add) => indexed::scatter_add(at, usize::from(add.axis)),
        Op::Take(take) => indexed::take(at, usize::from(take.axis)),
        Op::IndexAdd(add) => indexed::index_add(at, usize::from(add.axis)),
        Op::RavelIndex(ravel) => indexed::ravel(at, &ravel.lengths),
        Op::Uniform(_) => indexed::uniform(at),
        Op::FoldIn(fold) => indexed::fold_in(at, fold.n),
        Op::Solve(_) => linear::solve(at),
        Op::SolveTriangular(solve) => {
            linear::solve_triangular(at, solve.upper, solve.transposed, solve.unit);
        }
        Op::Cholesky(_) => linear::cholesky(at),
        Op::CholeskyBack(_) => linear::cholesky_back(at),
        Op::Det(_) => linear::determinant(at),
        Op::Slogdet(_) => linear::log_determinant(at),
        Op::Lu(_) => linear::lu(at),
        Op::MatrixExp(_) | Op::Pinv(_) | Op::Qr(_) | Op::Eigh(_) | Op::Svd(_) => return Err(ALGEBRA),
        Op::Fft(_) => return Err(LIBRARY),
        Op::Conv(conv) => {
            let [x, weight] = [&at.x[0].shape, &at.x[1].shape];
            let terms = weight[1..].iter().product();
            let adds = Adds::of(conv.order(x, weight), terms);
            conv::forward(at, &conv.over, conv.groups, &adds);
        }
        Op::ConvTranspose(conv) => {
            let in_chains = conv.in_chains(&at.x[0].shape, &at.x[1].shape);
            conv::transposed(at, &conv.over, conv.groups, in_chains);
        }
        Op::ConvWeight(conv) => {
            let order = conv.order(&at.x[0].shape, &at.x[1].shape);
            conv::weight(at, &conv.over, conv.groups, order);
        }
        Op::PoolArgmax(pool) => pool::max(at, &pool.over, true),
        Op::PoolMax(pool) => pool::max(at, &pool.over, false),
        Op::PoolMaxBack(pool) => pool::max_back(at, &pool.over),
        Op::Attention(op) => {
            let order = op.order(&at.x[0].shape, &at.x[2].shape);
            attention::forward(at, op.form, order);
        }
        Op::AttentionBack(op) => {
            let order = op.order(&at.x[0].shape, &at.x[2].shape);
            attention::back(at, op.form, order);
        }
        Op::AttentionBias(op) => {
            let order = op.order(&at.x[0].shape, &at.x[2].shape, &at.y.shape);
            attention::bias(at, op.form, order);
        }
        Op::Distances(_) => pairs::distances(at),
        Op::OffsetsDot(_) => pairs::dot(at),
        Op::OffsetsSum(_) => pairs::sum(at),
        Op::Argsort(sort) => order::argsort(at, usize::from(sort.axis), sort.descending),
        Op::SearchSorted(search) => order::search(at, search.right),
        Op::ScatterMax(max) => order::scatter_max(at, usize::from(max.axis), max.include),
        Op::Special(special) => special::family(at, special.family, special.order),
        Op::IncompleteGamma(gamma) => special::incomplete_gamma(at, gamma.order, gamma.upper),
        Op::ByLoops(_) | Op::Call(_) => return Err("only the engine can call it"),
        Op::Constant
        | Op::Variable
        | Op::Parameter(_)
        | Op::Input(_)
        | Op::Argument(_)
        | Op::Full(_)
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Compare(_)
        | Op::Select(_)
        | Op::Scan(_)
        | Op::Matmul(_) => {
            return Err("no kernel of its own computes it");
        }
    }
    Ok(())
}
