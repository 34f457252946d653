//! Kernels and windows that slide over axes.

use crate::indexed::{index_add, scatter_add, take};
use crate::model::{Attribute, Value};
use crate::term::Term;
use crate::trace::{At, Why};
use autograd::DType;
use autograd::planned::Sliding;

/// Attributes of an operator that slides, padded so far behind the input.
fn attributes(over: &Sliding, groups: Option<usize>, after: &[usize]) -> Vec<(&'static str, Attribute)> {
    let ints = |all: &[usize]| Attribute::Ints(all.iter().map(|&n| n as i64).collect());
    let mut all = vec![
        ("kernel_shape", ints(&over.kernel)),
        ("strides", ints(&over.stride)),
        ("dilations", ints(&over.dilation)),
        ("pads", ints(&[&over.before[..], after].concat())),
    ];
    all.extend(groups.map(|groups| ("group", Attribute::Int(groups as i64))));
    all
}

/// How far the last position of the kernel ends behind the input, of each axis; less than 0 where it ends within.
fn behind(over: &Sliding) -> Vec<i64> {
    let along = |axis: usize| {
        let last = over.output[axis].saturating_sub(1) * over.stride[axis];
        let extent = over.kernel[axis].saturating_sub(1) * over.dilation[axis] + 1;
        (last + extent) as i64 - (over.before[axis] + over.input[axis]) as i64
    };
    (0..over.kernel.len()).map(along).collect()
}

/// The padding behind the input that gives as many positions, and more only where the kernel leaves some out.
fn after(over: &Sliding) -> Vec<usize> {
    behind(over).into_iter().map(|n| n.max(0) as usize).collect()
}

/// The elements that are kept of a result with more positions.
fn kept<'a>(at: &At<'a>, y: Value, dtype: DType, over: &Sliding, lead: usize) -> Term<'a> {
    let more = behind(over).iter().zip(&over.stride[..]).any(|(&n, &stride)| -n >= stride as i64);
    let (writer, axes) = (at.writer(), over.output.len());
    if !more {
        return Term::new(writer, y, dtype);
    }
    let starts = writer.ints(vec![0; axes]);
    let which = writer.ints((lead..lead + axes).map(|axis| axis as i64));
    let operands = [y, starts, writer.lengths(&over.output), which];
    Term::new(writer, writer.node("Slice", operands), dtype)
}

/// Needs an axis to slide along.
fn require_axis(over: &Sliding) -> Result<(), Why> {
    let hint = "an operator of ONNX slides over one axis at least: reshape, and multiply matrices";
    if over.kernel.is_empty() { Err(Why::Hint(hint)) } else { Ok(()) }
}

pub(crate) fn conv<'a>(at: &At<'a>, over: &Sliding, groups: usize) -> Result<Term<'a>, Why> {
    require_axis(over)?;
    let attributes = attributes(over, Some(groups), &after(over));
    let y = at.writer().node_with("Conv", at.all(), attributes);
    Ok(kept(at, y, at.node.dtype(), over, 2))
}

/// What the kernel does not reach stays zero.
pub(crate) fn conv_transpose<'a>(at: &At<'a>, over: &Sliding, groups: usize) -> Result<Term<'a>, Why> {
    require_axis(over)?;
    let writer = at.writer();
    let y = writer.node_with("ConvTranspose", at.all(), attributes(over, Some(groups), &after(over)));
    let missing = behind(over).into_iter().map(|n| (-n).max(0));
    let ends: Vec<i64> = [0, 0].into_iter().chain(missing).collect();
    let y = if ends.iter().all(|&n| n == 0) {
        y
    } else {
        writer.node("Pad", [y, writer.ints(vec![0; ends.len()].into_iter().chain(ends)), at.number(0.0)])
    };
    Ok(Term::new(writer, y, at.node.dtype()))
}

/// A convolution too: images take the place of channels, the cotangent that of the kernel, strides that of dilations.
pub(crate) fn conv_weight<'a>(at: &At<'a>, over: &Sliding, groups: usize) -> Result<Term<'a>, Why> {
    require_axis(over)?;
    let (shape, axes) = (at.operand(0).0, over.kernel.len());
    let (images, channels) = (shape[0], shape[1] / groups);
    let lead = |first: [usize; 2]| [&first, &over.input[..]].concat();
    let x = at.x(0).reshape(&[&[images, groups, channels], &over.input[..]].concat());
    let x = x.transpose([2, 1, 0].into_iter().chain(3..3 + axes)).reshape(&lead([channels, groups * images]));
    let swap = || [1, 0].into_iter().chain(2..2 + axes);
    let over = Sliding {
        kernel: over.output.clone(),
        output: over.kernel.clone(),
        stride: over.dilation.clone(),
        dilation: over.stride.clone(),
        ..over.clone()
    };
    let operands = [x.value, at.x(1).transpose(swap()).value];
    let w = at.writer().node_with("Conv", operands, attributes(&over, Some(groups), &after(&over)));
    Ok(kept(at, w, at.node.dtype(), &over, 2).transpose(swap()))
}

/// What `MaxPool` gives for x: elements, and the indices, which count through all planes; with the planes as one axis.
fn max_pool<'a>(at: &At<'a>, over: &Sliding) -> Result<[Term<'a>; 2], Why> {
    require_axis(over)?;
    let after = after(over);
    if (0..after.len()).any(|axis| over.before[axis].max(after[axis]) >= over.kernel[axis]) {
        return Err(Why::Hint("`MaxPool` of ONNX is padded by less than its window: pad before, by `pad`"));
    }
    let (writer, shape) = (at.writer(), at.operand(0).0);
    let planes: usize = shape[..shape.len() - over.kernel.len()].iter().product();
    let x = at.x(0).reshape(&[&[planes, 1], &over.input[..]].concat());
    let found = writer.nodes_with("MaxPool", [x.value], 2, attributes(over, None, &after));
    Ok([(0, at.operand(0).1), (1, DType::I64)].map(|(i, dtype)| kept(at, found[i], dtype, over, 2)))
}

/// Indices within each plane.
fn in_planes<'a>(found: Term<'a>, over: &Sliding) -> Term<'a> {
    found.with("Mod", over.input.iter().product::<usize>() as f64)
}

pub(crate) fn pool_argmax<'a>(at: &At<'a>, over: &Sliding) -> Result<Term<'a>, Why> {
    let [_, found] = max_pool(at, over)?;
    Ok(in_planes(found, over).reshape(at.shape()))
}

pub(crate) fn pool_max<'a>(at: &At<'a>, over: &Sliding) -> Result<Term<'a>, Why> {
    let [largest, _] = max_pool(at, over)?;
    Ok(largest.reshape(at.shape()))
}

/// Cotangents added to zeros at the indices.
pub(crate) fn pool_max_back<'a>(at: &At<'a>, over: &Sliding) -> Result<Term<'a>, Why> {
    let [_, found] = max_pool(at, over)?;
    let positions: usize = over.output.iter().product();
    let planes = at.operand(1).0.iter().product::<usize>() / positions.max(1);
    let index = in_planes(found, over).reshape(&[planes, positions]);
    let g = at.x(1).reshape(&[planes, positions]);
    let to = [planes, over.input.iter().product()];
    Ok(scatter_add(at, &to, g, index.value, 1).reshape(at.shape()))
}

/// Where the elements of windows are: `count` windows of `size`.
fn places<'a>(at: &At<'a>, count: usize, size: usize, step: usize, dilation: usize) -> Term<'a> {
    let all = (0..count).flat_map(|i| (0..size).map(move |k| (i * step + k * dilation) as i64));
    let flat = Term::new(at.writer(), at.writer().ints(all), DType::I64);
    flat.reshape(&[count, size])
}

/// Windows along an axis; the axis through each window goes last.
pub(crate) fn windows<'a>(at: &At<'a>, axis: usize, size: usize, step: usize, dilation: usize) -> Term<'a> {
    let rank = at.operand(0).0.len();
    let places = places(at, at.shape()[axis], size, step, dilation);
    let order = (0..=rank).filter(|&i| i != axis + 1).chain([axis + 1]);
    take(at, at.x(0), places.value, axis).transpose(order)
}

/// Windows added up where they lie.
pub(crate) fn overlap<'a>(at: &At<'a>, axis: usize, length: usize, step: usize, dilation: usize) -> Term<'a> {
    let shape = at.operand(0).0;
    let last = shape.len() - 1;
    let order: Vec<usize> = (0..=axis).chain([last]).chain(axis + 1..last).collect();
    let moved: Vec<usize> = order.iter().map(|&i| shape[i]).collect();
    let places = places(at, shape[axis], shape[last], step, dilation);
    index_add(at, (at.x(0).transpose(order), &moved), (places.value, 2), axis, length)
}
