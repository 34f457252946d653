//! Single operations on tensors, continued from `ops.rs`: shapes, parts, and layers without parameters.

use autograd::{Border, Keep, Var};
use nn::attention::{Mask, scaled_dot_product};

use crate::args::Args;
use crate::ops::Row;

/// Other shapes of the same elements.
pub(crate) fn layout(op: &str) -> Option<Row> {
    let row: Row = match op {
        "reshape" => |x, args| reshape(x[0], args),
        "transpose" => |x, args| {
            args.says("axes", vec![1, 0]);
            x[0].t()
        },
        "permute" => |x, args| x[0].permute(&args.need::<Vec<isize>>("axes")),
        "permute_reshape" => |x, args| reshape(x[0].permute(&args.need::<Vec<isize>>("axes")), args),
        "swapaxes" => |x, args| {
            let rank = x[0].rank() as isize;
            let [a, b] = args.need::<Vec<isize>>("axes")[..] else { panic!("swapaxes takes two axes") };
            let mut axes: Vec<isize> = (0..rank).collect();
            axes.swap(a.rem_euclid(rank) as usize, b.rem_euclid(rank) as usize);
            x[0].permute(&axes)
        },
        "moveaxis" => |x, args| {
            let [from, to] = ["source", "destination"].map(|name| args.list(name).unwrap_or_default());
            x[0].move_axes(&from, &to)
        },
        "expand" => |x, args| x[0].broadcast_to(&args.need::<Vec<usize>>("shape")[..]),
        "squeeze" => |x, args| {
            let axis = args.need::<Option<usize>>("axis");
            let lengths = x[0].shape().to_vec().into_iter().enumerate();
            let kept = lengths.filter(|&(i, n)| n != 1 || axis.is_some_and(|axis| axis != i));
            x[0].reshape(&kept.map(|(_, n)| n).collect::<Vec<_>>()[..])
        },
        "unsqueeze" => |x, args| {
            let mut shape = x[0].shape().to_vec();
            let rank = shape.len() as isize + 1;
            shape.insert(args.need::<isize>("axis").rem_euclid(rank) as usize, 1);
            x[0].reshape(&shape[..])
        },
        _ => return None,
    };
    Some(row)
}

/// Parts, and tensors of parts.
pub(crate) fn parts(op: &str) -> Option<Row> {
    let row: Row = match op {
        "concat" => |x, args| Var::concat(x, args.need("axis")),
        "concat_self" => |x, args| Var::concat(&[x[0], x[0]], args.need("axis")),
        "stack" => |x, args| Var::stack(x, args.need("axis")),
        "select" => |x, args| x[0].index(args.need("axis"), args.need("index")),
        "slice" => |x, args| {
            let [starts, stops, steps] = ["start", "stop", "step"].map(|name| args.need::<Vec<isize>>(name));
            let ranges = starts.into_iter().zip(stops).zip(steps);
            (0..)
                .zip(ranges)
                .fold(x[0], |x, (axis, ((start, stop), step))| x.slice_by(axis, start..stop, step))
        },
        // Backwards from `start` to the last before `stop`.
        "slice_reverse" => |x, args| {
            let [start, stop, step] = ["start", "stop", "step"].map(|name| args.need::<isize>(name));
            x[0].slice_by(0, stop + 1..=start, step)
        },
        "tile" => |x, args| x[0].tile(&args.need::<Vec<usize>>("reps")),
        "repeat_interleave" => |x, args| x[0].repeat_interleave(args.need("axis"), args.need("repeats")),
        "rot90" => |x, args| {
            let [a, b] = args.need::<Vec<isize>>("axes")[..] else { panic!("a turn takes two axes") };
            x[0].rot90(args.need("k"), [a, b])
        },
        "sliding_windows" => |x, args| {
            let sizes = args.need::<Vec<usize>>("size").into_iter().zip(args.need::<Vec<usize>>("step"));
            (0..).zip(sizes).fold(x[0], |x, (axis, (size, step))| x.windows(axis, size, step))
        },
        "pad_constant" => |x, args| padded(x[0], args, Border::Constant(args.need("value"))),
        "pad_reflect" => |x, args| padded(x[0], args, Border::Reflect),
        "pad_replicate" => |x, args| padded(x[0], args, Border::Replicate),
        "pad_circular" => |x, args| padded(x[0], args, Border::Circular),
        "roll" => |x, args| {
            let shifts = args.list("shifts").unwrap_or_else(|| args.unknown("shifts"));
            match args.list("axes") {
                Some(axes) => shifts.iter().zip(axes).fold(x[0], |x, (&shift, axis)| x.roll(axis, shift)),
                // Over all elements in row-major order.
                None => {
                    let flat = x[0].reshape([x[0].shape().elements()]);
                    let rolled = shifts.iter().fold(flat, |x, &shift| x.roll(0, shift));
                    rolled.reshape(x[0].shape())
                }
            }
        },
        "flip" => |x, args| x[0].flip(args.need::<Vec<isize>>("axes")),
        "diagonal" => |x, args| x[0].diagonal(args.need("offset")),
        "tril" => |x, args| x[0].tril(args.need("diagonal")),
        "triu" => |x, args| x[0].triu(args.need("diagonal")),
        _ => return None,
    };
    Some(row)
}

/// Layers without parameters of their own.
pub(crate) fn layers(op: &str) -> Option<Row> {
    let row: Row = match op {
        "layer_norm" => |x, args| {
            let y = x[0].standardize(normalized_axes(x[0], args), args.need("eps"));
            match *x {
                [_, weight, bias] => y * weight + bias,
                [_, weight] => y * weight,
                _ => y,
            }
        },
        "rms_norm" => |x, args| {
            let axes = normalized_axes(x[0], args);
            let squares = x[0].square().mean_over(Keep(axes)) + args.need::<f64>("eps");
            let y = x[0] / squares.sqrt();
            if let [_, weight] = *x { y * weight } else { y }
        },
        "scaled_dot_product_attention" => |x, args| {
            let mask = match x.get(3) {
                Some(&mask) => {
                    args.says("causal", false);
                    Mask::Where(mask)
                }
                None if args.need("causal") => Mask::Causal,
                None => Mask::All,
            };
            let root = (x[0].shape()[x[0].rank() - 1] as f64).sqrt();
            let scale = args.optional("scale", 1.0 / root) * root;
            let q = if scale == 1.0 { x[0] } else { x[0] * scale };
            // Several heads of queries read one head of keys.
            let heads = |of: Var<'_>| if of.rank() < 3 { 1 } else { of.shape()[of.rank() - 3] };
            let shared = args.optional("kv_heads", heads(x[1]));
            let [k, v] = [x[1], x[2]].map(|of| match heads(x[0]) / shared {
                1 => of,
                times => of.repeat_interleave(-3, times),
            });
            scaled_dot_product(q, k, v, mask)
        },
        _ => return None,
    };
    Some(row)
}

/// The last axes, as many as the shape that a case names, which must be theirs. Without one the last.
fn normalized_axes(x: Var<'_>, args: &Args) -> Vec<isize> {
    let last = x.shape()[x.rank() - 1];
    let shape: Vec<usize> = args.optional("normalized_shape", vec![last]);
    if !x.shape().to_vec().ends_with(&shape) {
        args.unknown("normalized_shape");
    }
    (-(shape.len() as isize)..0).collect()
}

/// Borders as the pairs of a case say, the last axis first.
fn padded<'t>(x: Var<'t>, args: &Args, border: Border) -> Var<'t> {
    let pads: Vec<isize> = args.need("pads_last_axis_first");
    let pairs = (0..).zip(pads.chunks(2));
    pairs.fold(x, |x, (i, pair)| x.pad_with(-1 - i, pair[0], pair[1], border))
}

/// To the shape of a case, in which one length may be left open as -1.
fn reshape<'t>(x: Var<'t>, args: &Args) -> Var<'t> {
    let wanted: Vec<isize> = args.need("shape");
    let known: usize = wanted.iter().filter_map(|&n| usize::try_from(n).ok()).product();
    let open = x.shape().elements() / known.max(1);
    let shape: Vec<usize> = wanted.iter().map(|&n| usize::try_from(n).unwrap_or(open)).collect();
    x.reshape(&shape[..])
}
