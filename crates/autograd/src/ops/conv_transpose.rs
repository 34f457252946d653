//! Transposed convolution: x[n, c, p·stride + k·dilation − before] += w[o, c, k]·y[n, o, p]. The adjoint of `conv` in its
//! first operand.
//!
//! Bilinear, see `conv`: the adjoints are ȳ = conv(x̄, w) and w̄ = conv_weight(x̄, y).

use super::conv::{bilinear, each_product, needs, require_axes, shaped};
use super::convolve::{convolve, convolve_weight};
use super::prelude::*;
use crate::ir::ConvTranspose;
use crate::kernels::conv::Sizes;

impl ConvTranspose {
    fn sizes(&self, y: &[usize], w: &[usize]) -> Sizes<'_> {
        let groups = self.groups;
        Sizes { images: y[0], groups, inputs: w[1], outputs: w[0] / groups, over: &self.over }
    }

    /// Whether an element adds up in chains of about equal length, over channels and then over those elements of the kernel that meet
    /// its place at a position, within the operand or beyond its ends. Else rounded products are added one by one, without those
    /// beyond the ends.
    pub fn in_chains(&self, x: &[usize], weight: &[usize]) -> bool {
        self.sizes(x, weight).adjoint_in_chains()
    }
}

impl Rule for ConvTranspose {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_axes(x, &self.over, [&self.over.output, &self.over.kernel])?;
        let (y, w) = (&x[0].shape, &x[1].shape);
        if y[1] != w[0] || !w[0].is_multiple_of(self.groups) {
            let rule = "x has as many channels as axis 0 of the weight, a multiple of the groups";
            return Err(Mismatch::new(rule).clash([Clash::Axis(0, 1), Clash::Axis(1, 0)]));
        }
        Ok(Meta::new(shaped(y[0], w[1].saturating_mul(self.groups), &self.over.input), dtype))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        let [x, weight] = [0, 1].map(|i| batch.of_all(i));
        match batch.x[1] {
            Each::Same(weight) => batch.parted(record(self.clone(), &[batch.merged(x, 0), weight]), 0),
            // Each example is a group of channels.
            Each::Own(_) => {
                let conv = ConvTranspose { groups: self.groups * batch.examples, ..self.clone() };
                batch.parted(record(conv, &[batch.merged(x, 1), batch.merged(weight, 0)]), 1)
            }
        }
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let (over, groups) = (&self.over, self.groups);
        wanted.each(|i| {
            Some(match i {
                0 => convolve(g, at.x[1], over.clone(), groups),
                _ => convolve_weight(g, at.x[0], over.clone(), groups),
            })
        })
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        bilinear(self, at, t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        with_float!(y.dtype(), T => {
            let (g, w, out) = (x[0].slice::<T>(), x[1].slice::<T>(), y.slice::<T>());
            out.fill(T::default());
            let sizes = self.sizes(&x[0].meta.shape, &x[1].meta.shape);
            each_product(sizes, &mut |x, k, y| out[x] += g[y] * w[k]);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        let sizes = self.sizes(x[0].shape, x[1].shape);
        with_float!(y.dtype(), T => {
            let [g, w] = [0, 1].map(|i| kernels::conv::contiguous::<T>(x[i].view()));
            kernels::conv::transpose::<T>([&g, &w], y.slice(), sizes, room.scratch, room.workers);
        });
        Ok(())
    }

    fn needs(&self, x: &[&Meta], y: &Meta) -> Needs {
        let sizes = self.sizes(&x[0].shape, &x[1].shape);
        needs(sizes, with_float!(y.dtype, T => kernels::conv::transpose_bytes::<T>(sizes)))
    }
}

#[cfg(test)]
impl Tested for ConvTranspose {
    fn rows() -> Vec<Row> {
        use crate::ConvForm;
        let form = ConvForm::default();
        let over1 = |name: &str, shapes: [&[usize]; 2], form: ConvForm<1>| {
            row(name, &shapes, move |x| x[0].sin().conv_transpose1d(x[1].cos(), form)).rounds()
        };
        let products = |channels: usize| {
            row("conv_transpose1d of products", &[&[1, channels, 1], &[channels, 1, 1]], move |x| {
                x[0].conv_transpose1d(x[1], form.groups(channels)).sin()
            })
        };
        vec![
            products(3),
            products(5),
            over1("conv_transpose1d", [&[2, 3, 4], &[3, 2, 3]], form.stride(2).longer_by(1)),
            over1("conv_transpose1d cut", [&[1, 2, 5], &[2, 2, 4]], form.stride(2).padding(1)),
            over1("conv_transpose1d in groups", [&[1, 2, 4], &[2, 2, 3]], form.dilation(2).groups(2)),
            over1("conv_transpose1d of nothing", [&[0, 2, 4], &[2, 2, 3]], form),
            over1("conv_transpose1d of no channels", [&[1, 0, 4], &[0, 2, 3]], form),
            over1("conv_transpose1d by number", [&[2, 2, 3], &[2, 3, 1]], form),
            row("conv_transpose2d", &[&[1, 2, 3, 2], &[2, 1, 2, 3]], |x| {
                x[0].conv_transpose2d(x[1], ConvForm::default().stride([2, 1])).sin()
            })
            .rounds(),
            row("conv_transpose3d", &[&[1, 1, 2, 2, 2], &[1, 2, 2, 1, 2]], |x| {
                x[0].conv_transpose3d(x[1], ConvForm::default().padding([1, 0, 0]))
            })
            .rounds(),
            row("conv_transpose2d", &[&[2, 8, 40, 40], &[8, 16, 3, 3]], |x| {
                (x[0].conv_transpose2d(x[1], ConvForm::default()) * 0.01).sin()
            })
            .rounds()
            .large(),
        ]
    }
}
