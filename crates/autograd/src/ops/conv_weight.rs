//! The derivative of a convolution by its weight: w[o, c, k] = Σ x[n, c, p·stride + k·dilation − before]·y[n, o, p], summed
//! over images and positions. The adjoint of `conv` in its weight.
//!
//! Bilinear, see `conv`: the adjoints are x̄ = conv_transpose(y, w̄) and ȳ = conv(x, w̄).

use super::conv::{bilinear, each_product, needs, require_axes, shaped};
use super::convolve::{convolve, convolve_transposed};
use super::prelude::*;
use crate::ir::ConvWeight;
use crate::kernels::conv::{Sizes, WeightOrder};

impl ConvWeight {
    fn sizes(&self, x: &[usize], y: &[usize]) -> Sizes<'_> {
        let groups = self.groups;
        Sizes { images: x[0], groups, inputs: x[1] / groups, outputs: y[1] / groups, over: &self.over }
    }

    /// The order in which an element adds up. None if rounded products are added one by one, image by image, without those beyond
    /// the ends.
    pub fn order(&self, x: &[usize], g: &[usize]) -> Option<WeightOrder> {
        self.sizes(x, g).weight_order()
    }
}

impl Rule for ConvWeight {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_axes(x, &self.over, [&self.over.input, &self.over.output])?;
        let (x, y, groups) = (&x[0].shape, &x[1].shape, self.groups);
        if x[0] != y[0] || !x[1].is_multiple_of(groups) || !y[1].is_multiple_of(groups) {
            let rule = format!("both have as many images, and {groups} groups divide the channels");
            return Err(Mismatch::new(rule).clash([Clash::Axis(0, 0), Clash::Axis(1, 0)]));
        }
        Ok(Meta::new(shaped(y[1], x[1] / groups, &self.over.kernel), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        // Each example is a group of channels.
        let [x, g] = [0, 1].map(|i| batch.merged(batch.of_all(i), 1));
        let conv = ConvWeight { groups: self.groups * batch.examples, ..self.clone() };
        batch.parted(record(conv, &[x, g]), 0)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let (over, groups) = (&self.over, self.groups);
        wanted.each(|i| {
            Some(match i {
                0 => convolve_transposed(at.x[1], g, over.clone(), groups),
                _ => convolve(at.x[0], g, over.clone(), groups),
            })
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        bilinear(self, at, t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let (a, g, out) = (x[0].slice::<T>(), x[1].slice::<T>(), y.slice::<T>());
            out.fill(T::default());
            let sizes = self.sizes(&x[0].meta.shape, &x[1].meta.shape);
            each_product(sizes, &mut |x, k, y| out[k] += a[x] * g[y]);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let sizes = self.sizes(x[0].shape, x[1].shape);
        with_float!(y.dtype(), T => {
            let [a, g] = [0, 1].map(|i| kernels::conv::contiguous::<T>(x[i].view()));
            kernels::conv::weight::<T>([&a, &g], y.slice(), sizes, room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        let sizes = self.sizes(&x[0].shape, &x[1].shape);
        needs(sizes, with_float!(y.dtype, T => kernels::conv::weight_bytes::<T>(sizes)))
    }
}

#[cfg(test)]
impl Tested for ConvWeight {
    fn rows() -> Vec<Row> {
        use crate::ConvForm;
        // The gradient by the weight, as a function of both operands.
        let by_weight = |name: &str, shapes: [&[usize]; 2], form: ConvForm<1>| {
            row(name, &shapes, move |x| {
                let y = x[0].conv1d(x[1], form);
                (y.square().sum() * 0.02).grads(&[x[1]])[0] + x[1]
            })
            .rounds()
        };
        let form = ConvForm::default();
        let products = |channels: usize| {
            row("conv_weight of products", &[&[1, channels, 1], &[channels, 1, 1]], move |x| {
                x[0].conv1d(x[1], form.groups(channels)).sin().sum().grads(&[x[1]])[0]
            })
        };
        vec![
            products(3),
            products(5),
            by_weight("conv_weight", [&[2, 2, 5], &[2, 2, 3]], form.padding(1)),
            by_weight("conv_weight strided", [&[1, 2, 7], &[2, 1, 2]], form.stride(2).dilation(2).groups(2)),
            by_weight("conv_weight of nothing", [&[0, 2, 5], &[2, 2, 3]], form),
            row("conv_weight", &[&[2, 8, 40, 40], &[16, 8, 3, 3]], |x| {
                let y = x[0].conv2d(x[1], ConvForm::default().padding(1));
                (y.square().sum() * 0.0001).grads(&[x[1]])[0].sin()
            })
            .rounds()
            .large(),
        ]
    }
}
