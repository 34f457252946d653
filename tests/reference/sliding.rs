//! Kernels and windows that slide over axes: convolutions, pooling, interpolation.

use autograd::{ConvForm, Interpolation, PoolForm, Var};

use crate::args::Args;
use crate::ops::Row;

/// Convolutions, and windows as columns.
pub(crate) fn convolutions(op: &str) -> Option<Row> {
    let row: Row = match op {
        "conv1d" => |x, args| biased(x[0].conv1d(x[1], conv_form(args)), x),
        "conv2d" => |x, args| biased(x[0].conv2d(x[1], conv_form(args)), x),
        "conv3d" => |x, args| biased(x[0].conv3d(x[1], conv_form(args)), x),
        "conv_transpose1d" => |x, args| biased(x[0].conv_transpose1d(x[1], conv_form(args)), x),
        "conv_transpose2d" => |x, args| biased(x[0].conv_transpose2d(x[1], conv_form(args)), x),
        "conv_transpose3d" => |x, args| biased(x[0].conv_transpose3d(x[1], conv_form(args)), x),
        "im2col" => |x, args| x[0].im2col::<2>(pool_form(args)),
        "col2im" => |x, args| x[0].col2im::<2>(each(args, "output_size", 1), pool_form(args)),
        _ => return None,
    };
    Some(row)
}

/// Pooling by windows.
pub(crate) fn pools(op: &str) -> Option<Row> {
    let row: Row = match op {
        "max_pool1d" => |x, args| x[0].max_pool1d(pool_form(args)),
        "max_pool2d" => |x, args| x[0].max_pool2d(pool_form(args)),
        "max_pool3d" => |x, args| x[0].max_pool3d(pool_form(args)),
        "avg_pool1d" => |x, args| x[0].avg_pool1d(pool_form(args)),
        "avg_pool2d" => |x, args| x[0].avg_pool2d(pool_form(args)),
        "avg_pool3d" => |x, args| x[0].avg_pool3d(pool_form(args)),
        "lp_pool1d" => |x, args| x[0].lp_pool1d(args.need("p"), pool_form(args)),
        "lp_pool2d" => |x, args| x[0].lp_pool2d(args.need("p"), pool_form(args)),
        "adaptive_max_pool1d" => |x, args| x[0].adaptive_max_pool1d(each(args, "output_size", 1)),
        "adaptive_max_pool2d" => |x, args| x[0].adaptive_max_pool2d(each(args, "output_size", 1)),
        "adaptive_max_pool3d" => |x, args| x[0].adaptive_max_pool3d(each(args, "output_size", 1)),
        "adaptive_avg_pool1d" => |x, args| x[0].adaptive_avg_pool1d(each(args, "output_size", 1)),
        "adaptive_avg_pool2d" => |x, args| x[0].adaptive_avg_pool2d(each(args, "output_size", 1)),
        "adaptive_avg_pool3d" => |x, args| x[0].adaptive_avg_pool3d(each(args, "output_size", 1)),
        "max_unpool2d" => |x, args| {
            // The lengths say the same.
            args.remarks(&["kernel_size", "stride"]);
            x[0].max_unpool2d(x[1], each(args, "output_size", 1))
        },
        _ => return None,
    };
    Some(row)
}

/// Other lengths of axes, and channels that become places.
pub(crate) fn interpolations(op: &str) -> Option<Row> {
    let row: Row = match op {
        "interpolate" => |x, args| match x[0].rank() {
            3 => interpolated::<1>(x[0], args),
            4 => interpolated::<2>(x[0], args),
            _ => interpolated::<3>(x[0], args),
        },
        "pixel_shuffle" => |x, args| x[0].pixel_shuffle(args.need("r")),
        "pixel_unshuffle" => |x, args| x[0].pixel_unshuffle(args.need("r")),
        "channel_shuffle" => |x, args| x[0].channel_shuffle(1, args.need("groups")),
        _ => return None,
    };
    Some(row)
}

fn interpolated<'t, const N: usize>(x: Var<'t>, args: &Args) -> Var<'t> {
    let corners = args.need::<Option<bool>>("align_corners").unwrap_or(false);
    let how = match args.need::<String>("mode").as_str() {
        "nearest" => Interpolation::Nearest,
        "nearest-exact" => Interpolation::NearestExact,
        "linear" | "bilinear" | "trilinear" => Interpolation::Linear { corners },
        "bicubic" => Interpolation::Cubic { corners },
        _ => args.unknown("mode"),
    };
    let size: [usize; N] = each(args, "size", 1);
    if !args.has("scale") {
        return x.interpolate(size, how);
    }
    let y = x.interpolate_by([args.need("scale"); N], how);
    assert_eq!(y.shape()[2..], size);
    y
}

/// The result with the bias of a case that has one, a number for each channel.
fn biased<'t>(y: Var<'t>, x: &[Var<'t>]) -> Var<'t> {
    let Some(bias) = x.get(2) else { return y };
    let mut shape = vec![1; y.rank()];
    shape[1] = bias.shape()[0];
    y + bias.reshape(&shape[..])
}

fn conv_form<const N: usize>(args: &Args) -> ConvForm<N> {
    let form = ConvForm::default().stride(each(args, "stride", 1)).dilation(each(args, "dilation", 1));
    let form = form.groups(args.optional("groups", 1)).longer_by(each(args, "output_padding", 0));
    match args.read::<String>("padding").as_deref() {
        Ok("same") => form.same(),
        Ok("valid") => form.padding(0),
        Ok(_) => args.unknown("padding"),
        Err(_) => form.padding(each(args, "padding", 0)),
    }
}

pub(crate) fn pool_form<const N: usize>(args: &Args) -> PoolForm<N> {
    let size = each(args, "kernel_size", 1);
    let mut form = PoolForm::of(size).padding(each(args, "padding", 0)).dilation(each(args, "dilation", 1));
    if args.has("stride") {
        form = form.stride(each(args, "stride", 1));
    }
    if args.optional("ceil_mode", false) {
        form = form.ceil();
    }
    if !args.optional("count_include_pad", true) {
        form = form.elements_only();
    }
    if args.has("divisor_override") { form.divided_by(args.need("divisor_override")) } else { form }
}

/// One number for all axes, or one for each.
fn each<const N: usize>(args: &Args, name: &str, usual: usize) -> [usize; N] {
    if !args.has(name) {
        return [usual; N];
    }
    match args.read::<usize>(name) {
        Ok(n) => [n; N],
        Err(_) => args.need::<Vec<usize>>(name).try_into().unwrap_or_else(|_| args.unknown(name)),
    }
}
