//! Single operations on tensors, continued from `ops.rs`: scans, indices, scattering, segments, masks and order.

use autograd::{Bag, DType, Quantile, ScatterReduce, Var};
use nn::embedding::{self, Pairs};

use crate::args::Args;
use crate::ops::{Outputs, Row, over};

pub(crate) fn find(op: &str) -> Option<Row> {
    scans(op).or_else(|| indices(op)).or_else(|| segments(op)).or_else(|| masks(op)).or_else(|| order(op))
}

/// Products and scans.
fn scans(op: &str) -> Option<Row> {
    let row: Row = match op {
        "prod" => |x, args| over(x[0], args, |x, axes| x.prod_over(axes)),
        "cumprod" => |x, args| x[0].cumprod(args.axis()),
        "logcumsumexp" => |x, args| x[0].logcumsumexp(args.axis()),
        "linear_recurrence" => |x, args| x[1].linear_recurrence(x[0], args.axis()),
        "diff" => |x, args| {
            let axis = args.axis();
            let x = if let [x, before, after] = *x { Var::concat(&[before, x, after], axis) } else { x[0] };
            (0..args.need::<usize>("n")).fold(x, |x, _| difference(x, axis))
        },
        "trapezoid" => |x, args| areas(x[0], x[1], args.axis()).sum_over(args.axis()),
        "cumulative_trapezoid" => |x, args| areas(x[0], x[1], args.axis()).cumsum(args.axis()),
        _ => return None,
    };
    Some(row)
}

/// Neighbours along an axis: all but the last, and all but the first.
fn neighbours(x: Var<'_>, axis: isize) -> [Var<'_>; 2] {
    let last = x.shape()[axis.rem_euclid(x.rank() as isize) as usize] - 1;
    [x.slice(axis, ..last), x.slice(axis, 1..)]
}

fn difference(x: Var<'_>, axis: isize) -> Var<'_> {
    let [a, b] = neighbours(x, axis);
    b - a
}

/// The areas of the trapezoids under y, over points x that lie along the same axis or are a vector.
fn areas<'t>(y: Var<'t>, x: Var<'t>, axis: isize) -> Var<'t> {
    let [a, b] = neighbours(y, axis);
    (a + b) * 0.5 * difference(x, if x.rank() == 1 { 0 } else { axis })
}

/// Indices of which negative ones count from the end of an axis of n elements.
fn from_the_end(index: Var<'_>, n: usize) -> Var<'_> {
    let i = index.cast(DType::F64);
    i.lt(0.0).select(i + n as f64, i).cast(DType::I64)
}

/// Reading and writing by index.
fn indices(op: &str) -> Option<Row> {
    let row: Row = match op {
        "index_select" => |x, args| x[0].take(args.axis(), x[1]),
        "index_rows" => |x, _| x[0].take(0, from_the_end(x[1], x[0].shape()[0])),
        "index_rows_middle" => |x, _| x[0].take(1, x[1]),
        "take" => |x, _| x[0].reshape([x[0].shape().elements()]).take(0, x[1]),
        "index_pairs" => |x, _| x[0].take_at(&x[1..]),
        "index_put" => |x, args| {
            let (at, source) = (&x[1..x.len() - 1], x[x.len() - 1]);
            if args.need("accumulate") {
                return x[0].add_at(at, source);
            }
            let written = x[0].full_like(0.0).add_at(at, 1.0).gt(0.0);
            x[0].masked_fill(written, 0.0).add_at(at, source)
        },
        "index_add" => |x, args| x[0].index_add(args.axis(), x[1], x[2] * args.optional("alpha", 1.0)),
        "index_copy" => |x, args| {
            let index = along(x[1], args.axis(), x[2]);
            x[0].scatter_reduce(args.axis(), index, x[2], ScatterReduce::Sum, false)
        },
        "index_fill" => |x, args| {
            let written = x[1].one_hot(x[0].shape()[args.axis() as usize], DType::F64).sum_over(0);
            x[0].masked_fill(along(written, args.axis(), x[0]).gt(0.0), args.need::<f64>("value"))
        },
        "scatter_value" => |x, args| {
            let source = x[0].tape().full(args.need("value"), x[1].shape(), DType::F64);
            x[0].scatter_reduce(args.axis(), x[1], source, ScatterReduce::Sum, false)
        },
        "scatter_reduce" => |x, args| {
            let how = match args.need::<String>("reduce").as_str() {
                "sum" => ScatterReduce::Sum,
                "mean" => ScatterReduce::Mean,
                "prod" => ScatterReduce::Prod,
                "amax" => ScatterReduce::Max,
                "amin" => ScatterReduce::Min,
                _ => args.unknown("reduce"),
            };
            x[0].scatter_reduce(args.axis(), x[1], x[2], how, args.need("include_self"))
        },
        "one_hot" => |x, args| x[0].one_hot(args.need("classes"), DType::F64),
        "one_hot_product" => |x, args| x[0].one_hot(args.need("classes"), DType::F64).matmul(x[1]),
        "embedding" => |x, args| {
            let rows = x[1].shape()[0] as isize;
            let padding: Option<isize> = args.optional("padding_idx", None);
            let y = x[1].embedding(x[0], padding.map(|row| row.rem_euclid(rows) as usize));
            match args.optional("scale_grad_by_freq", false) {
                true => embedding::by_frequency(y, x[0], rows as usize),
                false => y,
            }
        },
        "rotary" => |x, args| {
            let pairs = match args.need::<String>("style").as_str() {
                "half" => Pairs::Halves,
                "interleaved" => Pairs::Neighbours,
                _ => args.unknown("style"),
            };
            embedding::rotary(x[0], args.need("first_position"), args.need("base"), pairs)
        },
        "embedding_bag" => |x, args| {
            let rows = x[2].shape()[0] as isize;
            let padding: Option<isize> = args.optional("padding_idx", None);
            let bag = match (args.need::<String>("mode").as_str(), x.get(3)) {
                ("sum", Some(&weights)) => Bag::Weighted(weights),
                ("sum", None) => Bag::Sum,
                ("mean", None) => Bag::Mean,
                ("max", None) => Bag::Max,
                _ => args.unknown("mode"),
            };
            x[2].embedding_bag(x[0], x[1], bag, padding.map(|row| row.rem_euclid(rows) as usize))
        },
        "bilinear" => |x, _| {
            let y = Var::einsum("...i,oij,...j->...o", &[x[0], x[2], x[1]]);
            x.get(3).map_or(y, |&bias| y + bias)
        },
        _ => return None,
    };
    Some(row)
}

/// A vector along an axis of a tensor, repeated along the others.
fn along<'t>(vector: Var<'t>, axis: isize, of: Var<'t>) -> Var<'t> {
    let mut shape = vec![1; of.rank()];
    shape[axis.rem_euclid(of.rank() as isize) as usize] = vector.shape()[0];
    vector.reshape(&shape[..]).broadcast_to(of.shape())
}

/// Reductions of segments of the first axis.
fn segments(op: &str) -> Option<Row> {
    let row: Row = match op {
        "segment_sum" => |x, args| x[0].segment_sum(x[1], args.need("segments")),
        "segment_mean" => |x, args| x[0].segment_mean(x[1], args.need("segments")),
        "segment_amax" => |x, args| x[0].segment_max(x[1], args.need("segments")),
        "segment_amin" => |x, args| x[0].segment_min(x[1], args.need("segments")),
        "segment_softmax" => |x, args| x[0].segment_softmax(x[1], args.need("segments")),
        "segment_logsumexp" => |x, args| x[0].segment_logsumexp(x[1], args.need("segments")),
        _ => return None,
    };
    Some(row)
}

/// What a mask chooses.
fn masks(op: &str) -> Option<Row> {
    let row: Row = match op {
        "masked_fill" => |x, args| x[0].masked_fill(x[1], args.need::<f64>("value")),
        "masked_scatter" => |x, _| x[0].masked_scatter(x[1], x[2]),
        "masked_mean" => |x, args| mean_where(x[0], x[1], args.axis()),
        "nanmean" => |x, args| mean_where(x[0], x[0].eq(x[0]), args.axis()),
        "masked_softmax" => |x, args| x[0].masked_fill(x[1].eq(0.0), f64::NEG_INFINITY).softmax(args.axis()),
        _ => return None,
    };
    Some(row)
}

fn mean_where<'t>(x: Var<'t>, mask: Var<'t>, axis: isize) -> Var<'t> {
    mask.select(x, 0.0).sum_over(axis) / mask.cast(x.dtype()).sum_over(axis)
}

/// Ops whose result has a shape that depends on values, so that no program has them.
pub(crate) fn eager(op: &str) -> Option<Row> {
    let row: Row = match op {
        "masked_select" => |x, _| x[0].masked_select(x[1]),
        "repeat_interleave_counts" => |x, args| {
            let times: Vec<usize> = x[1].to_vec::<i64>().iter().map(|&n| n as usize).collect();
            x[0].repeat_each(args.axis(), &times)
        },
        "mask_rows" => |x, _| x[0].take(0, x[1].true_places()),
        _ => return None,
    };
    Some(row)
}

/// Sorting and searching.
fn order(op: &str) -> Option<Row> {
    let row: Row = match op {
        "argsort" => |x, args| argsort(x[0], args),
        "median_all" => |x, args| {
            args.says("which", "lower");
            if args.axes().is_some() {
                args.unknown("axis");
            }
            lower_median(x[0].reshape([x[0].shape().elements()]), 0).0
        },
        "quantile" => |x, args| {
            let how = match args.need::<String>("method").as_str() {
                "linear" => Quantile::Linear,
                "lower" => Quantile::Lower,
                "higher" => Quantile::Higher,
                "midpoint" => Quantile::Midpoint,
                "nearest" => Quantile::Nearest,
                _ => args.unknown("method"),
            };
            match args.read::<f64>("q") {
                Ok(q) => x[0].quantiles(args.axis(), &[q], how).index(0, 0),
                Err(_) => x[0].quantiles(args.axis(), &args.need::<Vec<f64>>("q"), how),
            }
        },
        "histogram_edges" => |x, _| x[0].histogram_between(x[1]),
        "searchsorted" => |x, args| x[0].search_sorted(x[1], args.need("right")),
        "bucketize" => |x, args| x[1].search_sorted(x[0], args.need("right")),
        "bincount" => |x, args| match *x {
            [index, weights] => weights.segment_sum(index, args.need("minlength")),
            _ => x[0].bincount(args.need("minlength")),
        },
        _ => return None,
    };
    Some(row)
}

fn argsort<'t>(x: Var<'t>, args: &Args) -> Var<'t> {
    args.says("stable", true);
    match args.need("descending") {
        true => x.argsort_descending(args.axis()),
        false => x.argsort(args.axis()),
    }
}

/// The median as an element, and its index: of two middle ones the lower.
fn lower_median(x: Var<'_>, axis: isize) -> (Var<'_>, Var<'_>) {
    let n = x.shape()[axis.rem_euclid(x.rank() as isize) as usize];
    x.kth_value(axis, n.div_ceil(2))
}

/// Ops that give values and their indices.
pub(crate) fn with_indices(op: &str) -> Option<Outputs> {
    let row: Outputs = match op {
        "cummax" => |x, args| vec![x[0].cummax(args.axis()), x[0].cumargmax(args.axis())],
        "cummin" => |x, args| vec![x[0].cummin(args.axis()), x[0].cumargmin(args.axis())],
        "sort" => |x, args| {
            let sorted = match args.need("descending") {
                true => x[0].sort_descending(args.axis()),
                false => x[0].sort(args.axis()),
            };
            vec![sorted, argsort(x[0], args)]
        },
        "topk" => |x, args| {
            let (axis, k) = (args.axis(), args.need("k"));
            listed(if args.need("largest") { x[0].top_k(axis, k) } else { x[0].bottom_k(axis, k) })
        },
        "kthvalue" => |x, args| listed(x[0].kth_value(args.axis(), args.need("k"))),
        "histogram" => |x, args| {
            let [low, high] = args.need::<Vec<f64>>("range")[..] else { args.unknown("range") };
            listed(x[0].histogram(args.need("bins"), [low, high]))
        },
        "median" => |x, args| {
            args.says("which", "lower");
            listed(lower_median(x[0], args.axis()))
        },
        _ => return None,
    };
    Some(row)
}

fn listed<'t>((values, indices): (Var<'t>, Var<'t>)) -> Vec<Var<'t>> {
    vec![values, indices]
}
