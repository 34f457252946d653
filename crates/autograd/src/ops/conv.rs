//! Convolution over any number of axes: y[n, o, p] = Σ w[o, c, k]·x[n, c, p·stride + k·dilation − before], summed over the
//! channels c of the group of o, and over the kernel k. As in other libraries the kernel is not reversed.
//!
//! It is one of three ops around the form Σ x·w·y, which is linear in each of the three: each op gives the derivative of the
//! form in one of them, so the adjoints of each are the other two.
//! ẏ = conv(ẋ, w) + conv(x, ẇ);  x̄ = conv_transpose(ȳ, w),  w̄ = conv_weight(x, ȳ).
//! Source: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016.

use super::prelude::*;
use crate::ir::{Conv, ConvTranspose, ConvWeight, Sliding};
use crate::kernels::conv::Sizes;

/// Numbers for each axis that a kernel slides over: one number for all, or an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerAxis<const N: usize>(pub [usize; N]);

impl<const N: usize> From<usize> for PerAxis<N> {
    fn from(n: usize) -> PerAxis<N> {
        PerAxis([n; N])
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis<N> {
    fn from(all: [usize; N]) -> PerAxis<N> {
        PerAxis(all)
    }
}

/// How the kernel of a convolution over N axes moves: `ConvForm::default()` goes by single steps and stays within the input.
///
/// ```
/// use autograd::{ConvForm, Shape, Tape};
/// let tape = Tape::new();
/// let x = tape.constant(&[1.0; 50]).reshape([1, 2, 5, 5]);
/// let weight = tape.constant(&[1.0; 54]).reshape([3, 2, 3, 3]);
/// assert_eq!(x.conv2d(weight, ConvForm::default()).shape(), Shape::from([1, 3, 3, 3]));
/// let form = ConvForm::default().stride(2).padding([1, 0]);
/// assert_eq!(x.conv2d(weight, form).shape(), Shape::from([1, 3, 3, 2]));
/// assert_eq!(x.conv2d(weight, ConvForm::default().same()).shape(), Shape::from([1, 3, 5, 5]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvForm<const N: usize> {
    stride: [usize; N],
    dilation: [usize; N],
    padding: Option<[usize; N]>,
    extra: [usize; N],
    groups: usize,
}

impl<const N: usize> Default for ConvForm<N> {
    fn default() -> ConvForm<N> {
        ConvForm { stride: [1; N], dilation: [1; N], padding: Some([0; N]), extra: [0; N], groups: 1 }
    }
}

impl<const N: usize> ConvForm<N> {
    /// The step from one position of the kernel to the next.
    pub fn stride(self, stride: impl Into<PerAxis<N>>) -> ConvForm<N> {
        ConvForm { stride: stride.into().0, ..self }
    }

    /// The step from one element of the kernel to the next.
    pub fn dilation(self, dilation: impl Into<PerAxis<N>>) -> ConvForm<N> {
        ConvForm { dilation: dilation.into().0, ..self }
    }

    /// Zeros at both ends of each axis.
    pub fn padding(self, padding: impl Into<PerAxis<N>>) -> ConvForm<N> {
        ConvForm { padding: Some(padding.into().0), ..self }
    }

    /// As many zeros as give the result the lengths of the input. An odd one is at the end.
    pub fn same(self) -> ConvForm<N> {
        ConvForm { padding: None, ..self }
    }

    /// Channels in groups: each group of the result sees the channels of one group only.
    pub fn groups(self, groups: usize) -> ConvForm<N> {
        ConvForm { groups, ..self }
    }

    /// For transposed convolutions: how much longer the result is than it has to be. A stride of s leaves s lengths open.
    pub fn longer_by(self, extra: impl Into<PerAxis<N>>) -> ConvForm<N> {
        ConvForm { extra: extra.into().0, ..self }
    }
}

macro_rules! conv_over {
    ($($conv:ident $transpose:ident $n:literal $axes:literal $x:literal $w:literal $wt:literal $to:literal;)*) => {
        impl<'t> Var<'t> {
            $(#[doc = concat!(
                "The convolution of \\[images, channels, ", $axes, "\\] with a weight of \\[outputs, channels / groups, ", $axes,
                " of the kernel\\]: y\\[n, o, p\\] = Σ w\\[o, c, k\\]·x\\[n, c, p·stride + k·dilation − padding\\]."
            )]
            ///
            /// # Panics
            /// If the shapes do not fit each other or the form, or the kernel is longer than the padded input.
            ///
            /// ```
            /// # use autograd::{ConvForm, Shape, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0; 32]).reshape(", $x, ");")]
            #[doc = concat!("let weight = tape.var(&[0.5; 8]).reshape(", $w, ");")]
            #[doc = concat!("let y = x.", stringify!($conv), "(weight, ConvForm::default().stride(2));")]
            #[doc = concat!("assert_eq!(y.shape(), Shape::from(", $to, "));")]
            /// assert_eq!(y.to_vec::<f64>()[0], 4.0);
            /// ```
            #[track_caller]
            pub fn $conv(self, weight: Var<'t>, form: ConvForm<$n>) -> Var<'t> {
                self.conv_by(stringify!($conv), weight, form)
            }

            #[doc = concat!(
                "The transposed convolution of \\[images, channels, ", $axes, "\\] with a weight of \\[channels, outputs / groups, ",
                $axes, " of the kernel\\]: each element adds a scaled copy of the kernel, y\\[n, o, p·stride + k·dilation − padding\\] ",
                "+= w\\[c, o, k\\]·x\\[n, c, p\\]. An axis of length n has (n − 1)·stride + dilation·(kernel − 1) + 1 − 2·padding ",
                "places in the result, and [some more](ConvForm::longer_by) if asked."
            )]
            ///
            /// # Panics
            /// If the shapes do not fit each other or the form.
            ///
            /// ```
            /// # use autograd::{ConvForm, Shape, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0; 8]).reshape(", $wt, ");")]
            #[doc = concat!("let weight = tape.var(&[0.5; 8]).reshape(", $wt, ");")]
            #[doc = concat!("let y = x.", stringify!($transpose), "(weight, ConvForm::default());")]
            /// assert_eq!(y.sum().item(), 0.5 * 64.0);
            #[doc = concat!("let back = y.", stringify!($conv), "(weight, ConvForm::default());")]
            /// assert_eq!(back.shape(), x.shape());
            /// ```
            #[track_caller]
            pub fn $transpose(self, weight: Var<'t>, form: ConvForm<$n>) -> Var<'t> {
                self.conv_transpose_by(stringify!($transpose), weight, form)
            })*
        }
    };
}
conv_over! {
    conv1d conv_transpose1d 1 "length" "[1, 2, 16]" "[1, 2, 4]" "[1, 1, 8]" "[1, 1, 7]";
    conv2d conv_transpose2d 2 "height, width" "[1, 2, 4, 4]" "[1, 2, 2, 2]" "[1, 1, 2, 4]" "[1, 1, 2, 2]";
    conv3d conv_transpose3d 3 "depth, height, width" "[1, 1, 4, 4, 2]" "[1, 1, 2, 2, 2]" "[1, 1, 2, 2, 2]" "[1, 1, 2, 2, 1]";
}

impl<'t> Var<'t> {
    /// Lengths, channels and the form fit: else the mistake of the op.
    #[track_caller]
    fn require_form<const N: usize>(self, op: &str, weight: Var<'t>, form: &ConvForm<N>, channels: usize) {
        let (x, w) = (self.shape(), weight.shape());
        let found = format!("x {x} and weight {w}");
        if x.len() != N + 2 || w.len() != N + 2 {
            self.mistake(op, found, "x")
                .rule(format!(
                    "both have {} axes: two for images and channels, {N} that the kernel slides over",
                    N + 2
                ))
                .hint("`.unsqueeze(0)` makes a batch of one image")
                .raise();
        }
        let (stride, dilation) = (form.stride, form.dilation);
        if form.groups == 0 || stride.contains(&0) || dilation.contains(&0) {
            self.mistake(
                op,
                format!("stride {stride:?}, dilation {dilation:?}, {} groups", form.groups),
                "x",
            )
            .rule("strides, dilations and the number of groups are at least 1")
            .raise();
        }
        if x[1] != channels || !w[0].is_multiple_of(form.groups) {
            let (groups, outputs) = (form.groups, w[0]);
            self.mistake(op, found, "x")
                .rule(format!("x has {channels} channels, and {groups} groups divide axis 0 of the weight, {outputs}"))
                .hint("a weight is [outputs, channels / groups, kernel…], of a transposed convolution [channels, outputs / groups, kernel…]")
                .raise();
        }
        if w[2..].contains(&0) {
            self.mistake(op, found, "x").rule("a kernel has at least one element along each axis").raise();
        }
    }

    #[track_caller]
    fn conv_by<const N: usize>(self, op: &str, weight: Var<'t>, form: ConvForm<N>) -> Var<'t> {
        let w = weight.shape();
        self.require_form(op, weight, &form, w.get(1).map_or(0, |&c| c * form.groups));
        let x = self.shape();
        if form.extra != [0; N] || (form.padding.is_none() && form.stride != [1; N]) {
            self.mistake(op, format!("stride {:?}, longer by {:?}", form.stride, form.extra), "x")
                .rule("`same` goes with strides of 1, and `longer_by` with transposed convolutions")
                .raise();
        }
        let extent = |i: usize| form.dilation[i] * (w[i + 2] - 1);
        let before: Vec<usize> = (0..N).map(|i| form.padding.map_or(extent(i) / 2, |p| p[i])).collect();
        let room = |i: usize| match form.padding {
            Some(padding) => (x[i + 2] + 2 * padding[i]).checked_sub(extent(i)).filter(|&room| room > 0),
            None => Some(x[i + 2]),
        };
        let positions = |i: usize| match room(i) {
            Some(room) => room.div_ceil(form.stride[i]),
            None => self
                .mistake(op, format!("x {x} and weight {w}"), "x")
                .rule(format!(
                    "axis {} with its padding is at least {} long, as the kernel is",
                    i + 2,
                    extent(i) + 1
                ))
                .raise(),
        };
        let over = Sliding {
            output: (0..N).map(positions).collect(),
            input: Shape::from(&x[2..]),
            kernel: Shape::from(&w[2..]),
            stride: Shape::from(form.stride),
            dilation: Shape::from(form.dilation),
            before: Shape::from(before),
        };
        conv(self, weight, over, form.groups)
    }

    #[track_caller]
    fn conv_transpose_by<const N: usize>(self, op: &str, weight: Var<'t>, form: ConvForm<N>) -> Var<'t> {
        let w = weight.shape();
        self.require_form(op, weight, &form, w.first().copied().unwrap_or(0));
        let x = self.shape();
        let Some(padding) = form.padding else {
            self.mistake(op, "padding `same`", "x")
                .rule("a transposed convolution has padding of a stated size")
                .raise()
        };
        let length = |i: usize| {
            let whole = match x[i + 2] {
                0 => 0,
                n => (n - 1) * form.stride[i] + form.dilation[i] * (w[i + 2] - 1) + 1,
            };
            (whole + form.extra[i]).checked_sub(2 * padding[i]).unwrap_or_else(|| {
                self.mistake(op, format!("x {x}, weight {w}, padding {padding:?}"), "x")
                    .rule("the padding cuts off no more than there is")
                    .raise()
            })
        };
        if (0..N).any(|i| form.extra[i] >= form.stride[i].max(form.dilation[i])) {
            self.mistake(op, format!("longer by {:?}", form.extra), "x")
                .rule("the result is longer by less than the stride or the dilation")
                .raise();
        }
        let over = Sliding {
            input: (0..N).map(length).collect(),
            output: Shape::from(&x[2..]),
            kernel: Shape::from(&w[2..]),
            stride: Shape::from(form.stride),
            dilation: Shape::from(form.dilation),
            before: Shape::from(padding),
        };
        conv_transpose(self, weight, over, form.groups)
    }
}

/// Records a convolution.
#[track_caller]
pub(super) fn conv<'t>(x: Var<'t>, weight: Var<'t>, over: Sliding, groups: usize) -> Var<'t> {
    let flops = 2 * weight.shape()[1..].iter().product::<usize>();
    record(Conv { over, groups, flops }, &[x, weight])
}

/// Records a transposed convolution: what `conv` gives is `y`.
#[track_caller]
pub(super) fn conv_transpose<'t>(y: Var<'t>, weight: Var<'t>, over: Sliding, groups: usize) -> Var<'t> {
    let products = y.shape()[1..].iter().product::<usize>() * weight.shape()[1..].iter().product::<usize>();
    let elements = weight.shape()[1] * groups * over.input.elements();
    record(ConvTranspose { over, groups, flops: 2 * products / elements.max(1) }, &[y, weight])
}

/// Records the derivative by the weight.
#[track_caller]
pub(super) fn conv_weight<'t>(x: Var<'t>, y: Var<'t>, over: Sliding, groups: usize) -> Var<'t> {
    let flops = 2 * y.shape()[0] * over.output.elements();
    record(ConvWeight { over, groups, flops }, &[x, y])
}

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
pub(super) fn each_product(sizes: Sizes<'_>, mut f: impl FnMut(usize, usize, usize)) {
    let over = sizes.over;
    let (kernel, output) = (over.kernel.elements(), over.output.elements());
    let places: Vec<(usize, usize, usize)> = indices(&over.output)
        .enumerate()
        .flat_map(|(p, position)| {
            let place = move |k: Vec<usize>| -> Option<usize> {
                let places: Option<Vec<usize>> =
                    (0..k.len()).map(|i| over.place(i, position[i], k[i])).collect();
                places.map(|places| offset(&places, &over.input))
            };
            indices(&over.kernel).enumerate().filter_map(move |(k, index)| Some((p, k, place(index)?)))
        })
        .collect();
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
}

impl Rule for Conv {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        let dtype = require_axes(x, &self.over, [&self.over.input, &self.over.kernel])?;
        let (x, w) = (&x[0].shape, &x[1].shape);
        if x[1] != w[1] * self.groups || !w[0].is_multiple_of(self.groups) {
            let rule = format!("x has {} times the channels that axis 1 of the weight has", self.groups);
            return Err(Mismatch::new(rule).clash([Clash::Axis(0, 1), Clash::Axis(1, 1)]));
        }
        Ok(Meta::new(shaped(x[0], w[0], &self.over.output), dtype))
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        let (over, groups) = (&self.over, self.groups);
        wanted.each(|i| {
            Some(match i {
                0 => conv_transpose(g, at.x[1], over.clone(), groups),
                _ => conv_weight(at.x[0], g, over.clone(), groups),
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
            each_product(sizes, |x, k, y| out[y] += a[x] * w[k]);
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
        product_needs(y.dtype, sizes, [sizes.outputs, sizes.rows(), sizes.positions()])
    }
}

/// What the product of the groups of an image needs.
pub(super) fn product_needs(dtype: DType, sizes: Sizes<'_>, [m, k, n]: [usize; 3]) -> Needs {
    let products = [sizes.groups, m, k, n].iter().fold(1usize, |all, &n| all.saturating_mul(n));
    Needs {
        shared: products >= Target::CPU.threads.products_from,
        scratch: with_float!(dtype, T => kernels::matmul::scratch_bytes::<T>(m, k, n)),
    }
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
        let form = ConvForm::default();
        all.push(conv2("conv2d", [&[1, 2, 4, 5], &[2, 2, 2, 3]], form.padding([1, 0])));
        all.push(conv2("conv2d in groups", [&[1, 4, 3, 4], &[6, 2, 2, 2]], form.groups(2).stride([1, 2])));
        all.push(conv2("conv2d by channel", [&[1, 3, 3, 3], &[3, 1, 3, 3]], form.groups(3).padding(1)));
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
