//! Convolutions over one, two and three axes, and how their kernels move.

use super::Var;
use crate::ir::Sliding;
use crate::lists::IntoList;
use crate::ops::{convolve, convolve_transposed};
use crate::record::check_size;
use crate::shape::Shape;
use std::sync::Arc;

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

/// A form for any number of axes: one function serves all.
struct Form<'a> {
    stride: &'a [usize],
    dilation: &'a [usize],
    padding: Option<&'a [usize]>,
    extra: &'a [usize],
    groups: usize,
}

impl Form<'_> {
    fn of<const N: usize>(form: &ConvForm<N>) -> Form<'_> {
        let ConvForm { stride, dilation, padding, extra, groups } = form;
        Form { stride, dilation, padding: padding.as_ref().map(|p| &p[..]), extra, groups: *groups }
    }
}

/// The most places of an axis with what lies beyond its ends: few enough for sums of them.
const FARTHEST: usize = usize::MAX >> 4;

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
                self.conv_by(stringify!($conv), weight, &Form::of(&form))
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
                self.conv_transpose_by(stringify!($transpose), weight, &Form::of(&form))
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
    fn require_form(self, op: &str, weight: Var<'t>, form: &Form<'_>, channels: usize) {
        let n = form.stride.len();
        let (x, w) = (self.shape(), weight.shape());
        let found = format!("x {x} and weight {w}");
        if x.len() != n + 2 || w.len() != n + 2 {
            self.mistake(op, found, "x")
                .rule(format!(
                    "both have {} axes: two for images and channels, {n} that the kernel slides over",
                    n + 2
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
            let hint = if x[1] != channels && x.last() == Some(&channels) {
                "`x.move_axis(-1, 1)` where the channels stand last: x is [images, channels, …]"
            } else {
                "a weight is [outputs, channels / groups, kernel…], of a transposed convolution [channels, outputs / groups, kernel…]"
            };
            self.mistake(op, found, "x")
                .rule(format!(
                    "x has {channels} channels, and {groups} groups divide axis 0 of the weight, {outputs}"
                ))
                .hint(hint)
                .raise();
        }
        if w[2..].contains(&0) {
            self.mistake(op, found, "x").rule("a kernel has at least one element along each axis").raise();
        }
    }

    #[track_caller]
    fn conv_by(self, op: &str, weight: Var<'t>, form: &Form<'_>) -> Var<'t> {
        let n = form.stride.len();
        let w = weight.shape();
        self.require_form(op, weight, form, w.get(1).map_or(0, |&c| c.saturating_mul(form.groups)));
        let x = self.shape();
        if form.extra.iter().any(|&n| n != 0)
            || (form.padding.is_none() && form.stride.iter().any(|&n| n != 1))
        {
            self.mistake(op, format!("stride {:?}, longer by {:?}", form.stride, form.extra), "x")
                .rule("`same` goes with strides of 1, and `longer_by` with transposed convolutions")
                .raise();
        }
        let extent = |i: usize| form.dilation[i].saturating_mul(w[i + 2] - 1);
        let before: Vec<usize> = (0..n).map(|i| form.padding.map_or(extent(i) / 2, |p| p[i])).listed();
        let room = |i: usize| match form.padding {
            Some(padding) => x[i + 2]
                .saturating_add(padding[i].saturating_mul(2))
                .checked_sub(extent(i))
                .filter(|&room| room > 0),
            None => Some(x[i + 2]),
        };
        if let Some(i) = (0..n).find(|&i| room(i).is_none()) {
            self.mistake(op, format!("x {x} and weight {w}"), "x")
                .rule(format!(
                    "axis {} with its padding is at least {} long, as the kernel is",
                    i + 2,
                    extent(i).saturating_add(1)
                ))
                .raise();
        }
        let reach = |i: usize| before[i].saturating_mul(2).saturating_add(x[i + 2]).saturating_add(extent(i));
        if let Some(i) = (0..n).find(|&i| reach(i) > FARTHEST) {
            self.mistake(op, format!("a kernel and a padded axis {} of {} places", i + 2, reach(i)), "x")
                .rule("their places can be counted")
                .raise();
        }
        let positions = |i: usize| room(i).unwrap_or(0).div_ceil(form.stride[i]);
        let over = Sliding {
            output: (0..n).map(positions).collect(),
            input: Shape::from(&x[2..]),
            kernel: Shape::from(&w[2..]),
            stride: Shape::from(form.stride),
            dilation: Shape::from(form.dilation),
            before: Shape::from(before),
        };
        convolve(self, weight, Arc::new(over), form.groups)
    }

    #[track_caller]
    fn conv_transpose_by(self, op: &str, weight: Var<'t>, form: &Form<'_>) -> Var<'t> {
        let n = form.stride.len();
        let w = weight.shape();
        self.require_form(op, weight, form, w.first().copied().unwrap_or(0));
        let x = self.shape();
        let Some(padding) = form.padding else {
            self.mistake(op, "padding `same`", "x")
                .rule("a transposed convolution has padding of a stated size")
                .raise()
        };
        let length = |i: usize| {
            let extent = form.dilation[i].saturating_mul(w[i + 2] - 1).saturating_add(1);
            let whole = if x[i + 2] == 0 {
                0
            } else {
                (x[i + 2] - 1).saturating_mul(form.stride[i]).saturating_add(extent)
            };
            whole.saturating_add(form.extra[i]).checked_sub(padding[i].saturating_mul(2))
        };
        let lengths: Option<Shape> = (0..n).map(length).collect::<Option<Vec<usize>>>().map(Shape::from);
        let Some(lengths) = lengths else {
            self.mistake(op, format!("x {x}, weight {w}, padding {padding:?}"), "x")
                .rule("the padding cuts off no more than there is")
                .raise()
        };
        if (0..n).any(|i| form.extra[i] >= form.stride[i].max(form.dilation[i])) {
            self.mistake(op, format!("longer by {:?}", form.extra), "x")
                .rule("the result is longer by less than the stride or the dilation")
                .raise();
        }
        check_size(op, &lengths);
        if let Some(i) = (0..n).find(|&i| lengths[i].saturating_add(padding[i].saturating_mul(2)) > FARTHEST)
        {
            self.mistake(
                op,
                format!("an axis {} of {} places, padding {}", i + 2, lengths[i], padding[i]),
                "x",
            )
            .rule("their places can be counted")
            .raise();
        }
        let over = Sliding {
            input: lengths,
            output: Shape::from(&x[2..]),
            kernel: Shape::from(&w[2..]),
            stride: Shape::from(form.stride),
            dilation: Shape::from(form.dilation),
            before: Shape::from(padding),
        };
        convolve_transposed(self, weight, Arc::new(over), form.groups)
    }
}
