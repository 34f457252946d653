//! Convolution over any number of axes: y[n, o, p] = Σ w[o, c, k]·x[n, c, p·stride + k·dilation − before], summed over the
//! channels c of the group of o, and over the kernel k. As in other libraries the kernel is not reversed.
//!
//! It is one of three ops around the form Σ x·w·y, which is linear in each of the three: each op gives the derivative of the
//! form in one of them, so the adjoints of each are the other two.
//! ẏ = conv(ẋ, w) + conv(x, ẇ);  x̄ = conv_transpose(ȳ, w),  w̄ = conv_weight(x, ȳ).
//! Source: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016.

use super::convolve::{convolve_transposed, convolve_weight};
use super::prelude::*;
use crate::ir::{Conv, Sliding};
use crate::kernels::conv::Sizes;
use crate::tree::Order;

/// Shapes of x, weight and y that a kernel over the same axes has, with the channels that the form demands.
pub(super) fn require_axes(x: &[&Meta], over: &Sliding, lengths: [&Shape; 2]) -> Result<DType, Mismatch> {
    let dtype = require_float(x)?;
    for (operand, lengths) in lengths.into_iter().enumerate() {
        let shape = &x[operand].shape;
        if shape.len() != over.axes() + 2 || shape[2..] != lengths[..] {
            let rule = format!("the shape ends in {lengths}, after two axes");
            return Err(Mismatch::new(rule).clash([Clash::Axis(operand, shape.len().saturating_sub(1))]));
        }
    }
    Ok(dtype)
}

/// The shape of two leading axes and the lengths of the others.
pub(super) fn shaped(a: usize, b: usize, lengths: &Shape) -> Shape {
    [a, b].into_iter().chain(lengths.iter().copied()).collect()
}

/// The sum of products that the reference loops make: `f` is called with the offsets in x, w and y of each product, all
/// products of a y first.
pub(super) fn each_product(sizes: Sizes<'_>, f: &mut dyn FnMut(usize, usize, usize)) {
    let over = sizes.over;
    let (kernel, output) = (over.kernel.elements(), over.output.elements());
    let mut places = vec![];
    for (p, position) in indices(&over.output).enumerate() {
        for (k, index) in indices(&over.kernel).enumerate() {
            let along = |i: usize| over.place(i, position[i], index[i]);
            let inside: Option<Vec<usize>> = (0..index.len()).map(along).collect();
            if let Some(place) = inside {
                places.push((p, k, offset(&place, &over.input)));
            }
        }
    }
    let (inputs, outputs) = (sizes.inputs, sizes.outputs);
    for [n, g, o] in indices(&[sizes.images, sizes.groups, outputs]).map(|i| [i[0], i[1], i[2]]) {
        for &(p, k, place) in &places {
            for c in 0..inputs {
                let (x, y) = ((n * sizes.groups + g) * inputs + c, (n * sizes.groups + g) * outputs + o);
                let w = (g * outputs + o) * inputs + c;
                f(x * over.input.elements() + place, w * kernel + k, y * output + p);
            }
        }
    }
}

impl Conv {
    fn sizes(&self, x: &[usize], w: &[usize]) -> Sizes<'_> {
        let groups = self.groups;
        Sizes { images: x[0], groups, inputs: w[1], outputs: w[0] / groups, over: &self.over }
    }

    /// The order in which an element adds up, over channels and then over the elements of the kernel; beyond the ends of an axis lie
    /// zeros. None if rounded products are added one by one, without those beyond the ends.
    pub fn order(&self, x: &[usize], weight: &[usize]) -> Option<Order> {
        self.sizes(x, weight).forward_order()
    }
}

impl Rule for Conv {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_axes(x, &self.over, [&self.over.input, &self.over.kernel])?;
        let (x, w) = (&x[0].shape, &x[1].shape);
        if w[1].checked_mul(self.groups) != Some(x[1]) || !w[0].is_multiple_of(self.groups) {
            let rule = format!("x has {} times the channels that axis 1 of the weight has", self.groups);
            return Err(Mismatch::new(rule).clash([Clash::Axis(0, 1), Clash::Axis(1, 1)]));
        }
        Ok(Meta::new(shaped(x[0], w[0], &self.over.output), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let [x, weight] = [0, 1].map(|i| batch.of_all(i));
        match batch.x[1] {
            Each::Same(weight) => batch.parted(record(self.clone(), &[batch.merged(x, 0), weight]), 0),
            // Each example is a group of channels.
            Each::Own(_) => {
                let conv = Conv { groups: self.groups * batch.examples, ..self.clone() };
                batch.parted(record(conv, &[batch.merged(x, 1), batch.merged(weight, 0)]), 1)
            }
        }
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let (over, groups) = (&self.over, self.groups);
        wanted.each(|i| {
            Some(match i {
                0 => convolve_transposed(g, at.x[1], over.clone(), groups),
                _ => convolve_weight(at.x[0], g, over.clone(), groups),
            })
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        bilinear(self, at, t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let (a, w, out) = (x[0].slice::<T>(), x[1].slice::<T>(), y.slice::<T>());
            out.fill(T::default());
            let sizes = self.sizes(&x[0].meta.shape, &x[1].meta.shape);
            each_product(sizes, &mut |x, k, y| out[y] += a[x] * w[k]);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let sizes = self.sizes(x[0].shape, x[1].shape);
        with_float!(y.dtype(), T => {
            let [a, w] = [0, 1].map(|i| kernels::conv::contiguous::<T>(x[i].view()));
            kernels::conv::conv::<T>([&a, &w], y.slice(), sizes, room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        let sizes = self.sizes(&x[0].shape, &x[1].shape);
        needs(sizes, with_float!(y.dtype, T => kernels::conv::conv_bytes::<T>(sizes)))
    }
}

/// What a convolution with so much scratch needs.
pub(super) fn needs(sizes: Sizes<'_>, scratch: usize) -> Needs {
    Needs { shared: sizes.products() >= Target::CPU.threads.products_from, scratch }
}

/// The tangent of an op that is linear in each of two operands.
pub(super) fn bilinear<'t>(
    op: &(impl Into<crate::ir::Op> + Clone),
    at: &At<'_, 't>,
    t: &[Option<Var<'t>>],
) -> Option<Var<'t>> {
    let first = t[0].map(|t| record(op.clone(), &[t, at.x[1]]));
    total([first, t[1].map(|t| record(op.clone(), &[at.x[0], t]))])
}

#[cfg(test)]
impl Tested for Conv {
    fn rows() -> Vec<Row> {
        use crate::ConvForm;
        let conv1 = |name: &str, shapes: [&[usize]; 2], form: ConvForm<1>| {
            row(name, &shapes, move |x| x[0].sin().conv1d(x[1].cos(), form)).rounds()
        };
        let conv2 = |name: &str, shapes: [&[usize]; 2], form: ConvForm<2>| {
            row(name, &shapes, move |x| x[0].conv2d(x[1], form).sin()).rounds()
        };
        let form = ConvForm::default();
        let mut all = vec![
            conv1("conv1d", [&[2, 2, 6], &[3, 2, 3]], form),
            conv1("conv1d strided", [&[1, 2, 9], &[2, 2, 3]], form.stride(2).padding(2).dilation(2)),
            conv1("conv1d beyond", [&[1, 1, 3], &[2, 1, 2]], form.padding(4).stride(3)),
            conv1("conv1d same", [&[1, 1, 5], &[1, 1, 4]], form.same()),
            conv1("conv1d of nothing", [&[0, 2, 6], &[3, 2, 3]], form),
            conv1("conv1d without channels", [&[2, 0, 6], &[3, 0, 3]], form),
            conv1("conv1d without outputs", [&[2, 2, 6], &[0, 2, 3]], form),
            conv1("conv1d by number", [&[2, 2, 4], &[3, 2, 1]], form),
        ];
        let form1 = form;
        let form = ConvForm::default();
        all.push(conv2("conv2d", [&[1, 2, 4, 5], &[2, 2, 2, 3]], form.padding([1, 0])));
        all.push(conv2("conv2d in groups", [&[1, 4, 3, 4], &[6, 2, 2, 2]], form.groups(2).stride([1, 2])));
        all.push(conv2("conv2d by channel", [&[1, 3, 3, 3], &[3, 1, 3, 3]], form.groups(3).padding(1)));
        all.push(conv2("conv2d strided", [&[2, 3, 9, 8], &[17, 3, 3, 2]], form.stride([2, 3]).padding(1)));
        all.push(conv2("conv2d far apart", [&[1, 2, 3, 4], &[2, 2, 2, 2]], form.dilation(50).padding(25)));
        all.push(conv2("conv2d of patches", [&[2, 3, 8, 9], &[4, 3, 4, 3]], form.stride([4, 3])));
        // Each number is one product, so no sum rounds: random programs, which are compared to the last bit, take these.
        for channels in [3, 5] {
            all.push(row("conv1d of products", &[&[1, channels, 1], &[channels, 1, 1]], move |x| {
                x[0].conv1d(x[1], form1.groups(channels)).sin()
            }));
        }
        all.push(
            row("conv3d", &[&[1, 1, 2, 3, 2], &[2, 1, 2, 2, 1]], |x| {
                x[0].conv3d(x[1], ConvForm::default().padding([0, 1, 0]))
            })
            .rounds(),
        );
        all.push(
            row("conv2d of transposes", &[&[1, 2, 5, 4], &[2, 2, 3, 2]], |x| {
                x[0].t().conv2d(x[1].t(), ConvForm::default())
            })
            .rounds(),
        );
        for form in [form.groups(3).stride(2).padding([2, 1]), form.groups(3).dilation([1, 2])] {
            all.push(conv2("conv2d by channel", [&[2, 3, 6, 5], &[6, 1, 3, 2]], form));
        }
        all.push(
            row("conv2d by channel", &[&[2, 8, 40, 40], &[8, 1, 3, 3]], |x| {
                (x[0].conv2d(x[1], ConvForm::default().groups(8).padding(1)) * 0.1).sin()
            })
            .rounds()
            .large(),
        );
        all.push(
            row("conv2d", &[&[2, 8, 40, 40], &[16, 8, 3, 3]], |x| {
                (x[0].conv2d(x[1], ConvForm::default().padding(1)) * 0.01).sin()
            })
            .rounds()
            .large(),
        );
        all
    }
}
