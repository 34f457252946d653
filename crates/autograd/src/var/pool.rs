//! Pooling over windows of the last axes.

use super::Var;
use super::axes::Keep;
use super::conv::PerAxis;
use crate::dtype::DType;
use crate::ir::{Gather, ScatterAdd, Sliding, Windows};
use crate::lists::IntoList;
use crate::ops::{at_places, maxima, places_of_maxima};
use crate::record::{check_memory, check_size, record};
use crate::shape::{Axis, Shape};
use std::sync::Arc;

/// The windows of a pooling over the last N axes. By default they lie side by side.
///
/// ```
/// use autograd::{PoolForm, Shape, Tape};
/// let tape = Tape::new();
/// let x = tape.constant(&[1.0; 25]).reshape([1, 5, 5]);
/// assert_eq!(x.max_pool2d(PoolForm::of(2)).shape(), Shape::from([1, 2, 2]));
/// assert_eq!(x.max_pool2d(PoolForm::of(2).ceil()).shape(), Shape::from([1, 3, 3]));
/// assert_eq!(x.avg_pool2d(PoolForm::of(3).stride([1, 2]).padding(1)).shape(), Shape::from([1, 5, 3]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolForm<const N: usize> {
    size: [usize; N],
    stride: [usize; N],
    dilation: [usize; N],
    padding: [usize; N],
    ceil: bool,
    padding_counts: bool,
    divisor: Option<usize>,
}

/// A window is walked through element by element, also beyond the ends of an axis.
const FARTHEST: usize = 1 << 31;

impl<const N: usize> PoolForm<N> {
    /// Windows of this size, side by side.
    pub fn of(size: impl Into<PerAxis<N>>) -> PoolForm<N> {
        let size = size.into().0;
        let (dilation, padding) = ([1; N], [0; N]);
        PoolForm { size, stride: size, dilation, padding, ceil: false, padding_counts: true, divisor: None }
    }

    /// The step from one window to the next.
    pub fn stride(self, stride: impl Into<PerAxis<N>>) -> PoolForm<N> {
        PoolForm { stride: stride.into().0, ..self }
    }

    /// The step from one element of a window to the next.
    pub fn dilation(self, dilation: impl Into<PerAxis<N>>) -> PoolForm<N> {
        PoolForm { dilation: dilation.into().0, ..self }
    }

    /// Places beyond both ends of each axis: no elements for a maximum, zeros for a mean.
    pub fn padding(self, padding: impl Into<PerAxis<N>>) -> PoolForm<N> {
        PoolForm { padding: padding.into().0, ..self }
    }

    /// A last window may reach beyond the end, if it begins before.
    pub fn ceil(self) -> PoolForm<N> {
        PoolForm { ceil: true, ..self }
    }

    /// For means: the padding does not count.
    pub fn elements_only(self) -> PoolForm<N> {
        PoolForm { padding_counts: false, ..self }
    }

    /// For means: what the sum of each window is divided by, instead of the number of its elements.
    pub fn divided_by(self, divisor: usize) -> PoolForm<N> {
        PoolForm { divisor: Some(divisor), ..self }
    }

    /// How the windows slide over the last axes of x.
    #[track_caller]
    pub(super) fn over(&self, op: &str, x: Var<'_>) -> Sliding {
        Form::of(self).over(op, x)
    }
}

/// A form for any number of axes: one function serves all.
struct Form<'a> {
    size: &'a [usize],
    stride: &'a [usize],
    dilation: &'a [usize],
    padding: &'a [usize],
    ceil: bool,
    padding_counts: bool,
    divisor: Option<usize>,
    /// For messages.
    shown: &'a dyn std::fmt::Debug,
}

impl Form<'_> {
    fn of<const N: usize>(form: &PoolForm<N>) -> Form<'_> {
        let PoolForm { size, stride, dilation, padding, ceil, padding_counts, divisor } = form;
        let (ceil, padding_counts, divisor) = (*ceil, *padding_counts, *divisor);
        Form { size, stride, dilation, padding, ceil, padding_counts, divisor, shown: form }
    }

    /// How many windows there are along an axis of a length.
    fn windows(&self, i: usize, length: usize) -> Option<usize> {
        let extent = (self.size[i].checked_sub(1)?.checked_mul(self.dilation[i])?).checked_add(1)?;
        let room = length.checked_add(self.padding[i].checked_mul(2)?)?.checked_sub(extent)?;
        if !self.ceil {
            return Some(room / self.stride[i] + 1);
        }
        let windows = room.div_ceil(self.stride[i]) + 1;
        let last_is_beyond = (windows - 1).saturating_mul(self.stride[i]) >= length + self.padding[i];
        Some(windows - usize::from(last_is_beyond))
    }

    /// How many places a window covers, with those of the padding.
    fn reach(&self, i: usize) -> usize {
        let padding = self.padding[i].saturating_mul(2);
        self.size[i].saturating_mul(self.dilation[i]).saturating_add(padding)
    }

    /// How the windows slide over the last axes of x.
    #[track_caller]
    fn over(&self, op: &str, x: Var<'_>) -> Sliding {
        let n = self.size.len();
        let shape = x.shape();
        let Some((_, input)) = shape.split_at_checked(shape.len().wrapping_sub(n)) else {
            x.mistake(op, format!("shape {shape}"), "x")
                .rule(format!("the windows go over the last {n} axes"))
                .raise()
        };
        if self.size.contains(&0) || self.stride.contains(&0) || self.dilation.contains(&0) {
            x.mistake(op, format!("{:?}", self.shown), "x")
                .rule("sizes, strides and dilations are at least 1")
                .raise();
        }
        let counts: Vec<Option<usize>> = (0..n).map(|i| self.windows(i, input[i])).listed();
        if let Some(i) = counts.iter().position(Option::is_none) {
            let axis = shape.len() - n + i;
            x.mistake(op, format!("windows of {} along axis {axis} of {shape}", self.size[i]), "x")
                .rule("a window is no longer than the axis with its padding")
                .hint("take smaller windows or more padding, or fewer of them by adaptive pooling")
                .raise();
        }
        if let Some(i) = (0..n).find(|&i| self.reach(i) > FARTHEST) {
            x.mistake(op, format!("windows of {} in steps of {}", self.size[i], self.dilation[i]), "x")
                .rule(format!("a window and the padding cover at most {FARTHEST} places"))
                .raise();
        }
        let over = Sliding {
            output: counts.into_iter().flatten().collect(),
            input: Shape::from(input),
            kernel: Shape::from(self.size),
            stride: Shape::from(self.stride),
            dilation: Shape::from(self.dilation),
            before: Shape::from(self.padding),
        };
        check_size(op, &over.kernel);
        check_size(op, &over.output);
        if over.empty_position().is_some() {
            x.mistake(op, format!("{:?}", self.shown), "x")
                .rule("every window has an element of x")
                .hint("padding is at most half of the window")
                .raise();
        }
        over
    }
}

macro_rules! pools {
    ($($n:literal $max:ident $with_index:ident $unpool:ident $avg:ident $lp:ident $amax:ident $aavg:ident
        $x:literal $largest:literal $places:literal $means:literal $sums:literal;)*) => {
        impl<'t> Var<'t> {$(
            /// The largest element of each window of the last axes. A NaN makes the maximum NaN. The gradient goes to the first
            /// of equal elements, in row-major order.
            ///
            /// # Panics
            /// If there are fewer axes, a window is longer than an axis with its padding, or one has no element.
            ///
            /// ```
            /// # use autograd::{PoolForm, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape(", $x, ");")]
            #[doc = concat!("let y = x.", stringify!($max), "(PoolForm::of(2));")]
            #[doc = concat!("assert_eq!(y.to_vec::<f64>(), ", $largest, ");")]
            #[doc = concat!("assert_eq!(y.sum().grad([x])[0].sum().item(), ", $largest, ".len() as f64);")]
            /// ```
            #[track_caller]
            pub fn $max(self, form: PoolForm<$n>) -> Var<'t> {
                maxima(self, Arc::new(form.over(stringify!($max), self)))
            }

            #[doc = concat!("As [`", stringify!($max), "`](Var::", stringify!($max), "), with the places of the elements as `I64`: ")]
            /// offsets in the flattened last axes.
            ///
            /// # Panics
            /// If there are fewer axes, a window is longer than an axis with its padding, or one has no element.
            ///
            /// ```
            /// # use autograd::{PoolForm, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape(", $x, ");")]
            #[doc = concat!("let (_, places) = x.", stringify!($with_index), "(PoolForm::of(2));")]
            #[doc = concat!("assert_eq!(places.to_vec::<i64>(), ", $places, ");")]
            /// ```
            #[track_caller]
            pub fn $with_index(self, form: PoolForm<$n>) -> (Var<'t>, Var<'t>) {
                self.max_pool_by(stringify!($with_index), &Form::of(&form))
            }

            /// Elements put back to their places: zeros of the given lengths, to which each element is added at the offset
            #[doc = concat!("that [`", stringify!($with_index), "`](Var::", stringify!($with_index), ") has given.")]
            ///
            /// # Panics
            /// If the shapes differ, there are fewer axes, or an index is out of range ([`Fault`](crate::Fault)).
            ///
            /// ```
            /// # use autograd::{PoolForm, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape(", $x, ");")]
            #[doc = concat!("let (y, places) = x.", stringify!($with_index), "(PoolForm::of(2));")]
            #[doc = concat!("let back = y.", stringify!($unpool), "(places, ", $x, ");")]
            /// assert_eq!((back.shape(), back.sum().item()), (x.shape(), y.sum().item()));
            /// ```
            #[track_caller]
            pub fn $unpool(self, index: Var<'t>, lengths: [usize; $n]) -> Var<'t> {
                self.max_unpool_by(stringify!($unpool), index, &lengths)
            }

            /// The mean of each window of the last axes. Zeros of the padding count, unless the form says
            /// [`elements_only`](PoolForm::elements_only); what a last window has beyond the padding never does.
            ///
            /// # Panics
            /// If there are fewer axes, a window is longer than an axis with its padding, or one has no element.
            ///
            /// ```
            /// # use autograd::{PoolForm, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape(", $x, ");")]
            #[doc = concat!("let y = x.", stringify!($avg), "(PoolForm::of(2));")]
            #[doc = concat!("assert_eq!(y.to_vec::<f64>(), ", $means, ");")]
            /// ```
            #[track_caller]
            pub fn $avg(self, form: PoolForm<$n>) -> Var<'t> {
                self.avg_pool_by(stringify!($avg), &Form::of(&form))
            }

            /// The p-norm without absolute values of each window of the last axes, (Σ xᵖ)^(1/p).
            ///
            /// # Panics
            /// If there are fewer axes, a window is longer than an axis with its padding, or one has no element.
            ///
            /// ```
            /// # use autograd::{PoolForm, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape(", $x, ");")]
            #[doc = concat!("let y = x.", stringify!($lp), "(1.0, PoolForm::of(2));")]
            #[doc = concat!("assert_eq!(y.to_vec::<f64>(), ", $sums, ");")]
            /// ```
            #[track_caller]
            pub fn $lp(self, p: f64, form: PoolForm<$n>) -> Var<'t> {
                let over = form.over(stringify!($lp), self);
                self.powf(p).window_sums(&over).powf(p.recip())
            }

            /// The largest element of each of the given number of windows, which cover each axis evenly: window p of an axis of
            /// length n goes from ⌊p·n/m⌋ to ⌈(p + 1)·n/m⌉. The gradient goes to the first of equal elements.
            ///
            /// # Panics
            /// If there are fewer axes, or one has no element.
            ///
            /// ```
            /// # use autograd::{PoolForm, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape(", $x, ");")]
            #[doc = concat!("assert_eq!(x.", stringify!($amax), "(1).to_vec::<f64>(), [8.0]);")]
            /// ```
            #[track_caller]
            pub fn $amax(self, windows: impl Into<PerAxis<$n>>) -> Var<'t> {
                self.adaptive(stringify!($amax), &windows.into().0, true)
            }

            /// The mean of each of the given number of windows, which cover each axis evenly: window p of an axis of length n
            /// goes from ⌊p·n/m⌋ to ⌈(p + 1)·n/m⌉.
            ///
            /// # Panics
            /// If there are fewer axes, or one has no element.
            ///
            /// ```
            /// # use autograd::{PoolForm, Tape};
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape(", $x, ");")]
            #[doc = concat!("assert_eq!(x.", stringify!($aavg), "(1).to_vec::<f64>(), [4.5]);")]
            /// ```
            #[track_caller]
            pub fn $aavg(self, windows: impl Into<PerAxis<$n>>) -> Var<'t> {
                self.adaptive(stringify!($aavg), &windows.into().0, false)
            }
        )*}
    };
}
pools! {
    1 max_pool1d max_pool1d_with_index max_unpool1d avg_pool1d lp_pool1d adaptive_max_pool1d adaptive_avg_pool1d
        "[8]" "[2.0, 4.0, 6.0, 8.0]" "[1, 3, 5, 7]" "[1.5, 3.5, 5.5, 7.5]" "[3.0, 7.0, 11.0, 15.0]";
    2 max_pool2d max_pool2d_with_index max_unpool2d avg_pool2d lp_pool2d adaptive_max_pool2d adaptive_avg_pool2d
        "[2, 4]" "[6.0, 8.0]" "[5, 7]" "[3.5, 5.5]" "[14.0, 22.0]";
    3 max_pool3d max_pool3d_with_index max_unpool3d avg_pool3d lp_pool3d adaptive_max_pool3d adaptive_avg_pool3d
        "[2, 2, 2]" "[8.0]" "[7]" "[4.5]" "[36.0]";
}

impl<'t> Var<'t> {
    /// Maxima and their places: the places are found in one pass, and the rules are those of `gather`.
    #[track_caller]
    fn max_pool_by(self, op: &str, form: &Form<'_>) -> (Var<'t>, Var<'t>) {
        let over = Arc::new(form.over(op, self));
        let index = places_of_maxima(self, over.clone());
        (at_places(self, index, &over), index)
    }

    #[track_caller]
    fn max_unpool_by(self, op: &str, index: Var<'t>, lengths: &[usize]) -> Var<'t> {
        let shape = self.shape();
        if index.shape() != shape || shape.len() < lengths.len() {
            self.mistake(op, format!("x {shape} and index {}", index.shape()), "x")
                .rule(format!("both have the same shape, of at least {} axes", lengths.len()))
                .raise();
        }
        check_size(op, &Shape::from(lengths));
        let (lead, last) = shape.split_at(shape.len() - lengths.len());
        let (planes, positions) = (lead.iter().product::<usize>(), last.iter().product::<usize>());
        let to = Shape::from([planes, Shape::from(lengths).elements()]);
        let (x, index) = (self.reshape([planes, positions]), index.reshape([planes, positions]));
        record(ScatterAdd { axis: 1, to }, &[x, index]).reshape([lead, lengths].concat())
    }

    /// The sum of each window, axis by axis: a sum of n elements along each axis instead of nᴺ.
    #[track_caller]
    fn window_sums(self, over: &Sliding) -> Var<'t> {
        let mut x = self;
        for i in 0..over.axes() {
            let axis = (self.rank() - over.axes() + i) as Axis;
            let padded = x.padded(over, i, axis);
            let (size, step, dilation) = (over.kernel[i], over.stride[i], over.dilation[i]);
            x = record(Windows { axis, size, step, dilation }, &[padded]).sum_over(-1);
        }
        x
    }

    /// Zeros at both ends of an axis, just as many as the windows reach; elements that no window reaches are cut off.
    #[track_caller]
    pub(super) fn padded(self, over: &Sliding, i: usize, axis: Axis) -> Var<'t> {
        let reached =
            over.output[i].saturating_sub(1) * over.stride[i] + over.dilation[i] * (over.kernel[i] - 1) + 1;
        let length = over.input[i] + over.before[i];
        let (axis, before) = (isize::from(axis), over.before[i]);
        match reached.checked_sub(length) {
            Some(0) if before == 0 => self,
            Some(after) => self.pad(axis, before, after),
            None if before == 0 => self.slice(axis, ..reached),
            None => self.pad(axis, before, 0).slice(axis, ..reached),
        }
    }

    #[track_caller]
    fn avg_pool_by(self, op: &str, form: &Form<'_>) -> Var<'t> {
        let over = form.over(op, self);
        if let Some(divisor) = form.divisor {
            return self.window_sums(&over) / divisor as f64;
        }
        // How many places of a window count, along an axis.
        let count = |i: usize, p: usize| {
            let (length, before) = (over.input[i], over.before[i]);
            let within = |k: &usize| {
                let place = p * over.stride[i] + k * over.dilation[i];
                if form.padding_counts { place < length + 2 * before } else { over.place(i, p, *k).is_some() }
            };
            (0..over.kernel[i]).filter(within).count() as f64
        };
        for &n in over.output.iter() {
            check_memory(op, &Shape::from(n), DType::F64);
        }
        // The product of these, one axis after the other.
        let mut divisors = vec![1.0];
        for i in 0..over.axes() {
            let mut longer = vec![];
            for &n in &divisors {
                longer.extend((0..over.output[i]).map(|p| n * count(i, p)));
            }
            divisors = longer;
        }
        let sums = self.window_sums(&over);
        match divisors.first() {
            Some(first) if divisors.iter().any(|n| n != first) => {
                sums / self.tape.constant(&divisors).reshape(&over.output[..]).cast(self.dtype())
            }
            first => sums / first.copied().unwrap_or(1.0),
        }
    }

    /// A reduction over even windows, one axis after the other, the last one first.
    #[track_caller]
    fn adaptive(self, op: &str, windows: &[usize], largest: bool) -> Var<'t> {
        let shape = self.shape();
        let Some(first) = shape.len().checked_sub(windows.len()) else {
            self.mistake(op, format!("shape {shape}"), "x")
                .rule(format!("the windows cover the last {} axes", windows.len()))
                .raise()
        };
        if shape[first..].contains(&0) {
            self.mistake(op, format!("shape {shape}"), "x")
                .rule("an axis has an element for its windows")
                .raise();
        }
        let mut x = self;
        for (i, &count) in windows.iter().enumerate().rev() {
            let axis = (first + i) as Axis;
            let (length, to) = (shape[first + i], x.shape().with_length(first + i, count));
            check_size(op, &to);
            check_memory(op, &Shape::from([count, length.div_ceil(count.max(1)) + 1]), DType::I64);
            x = if largest { x.first_largest(axis, count) } else { x.even_means(axis, count) };
        }
        x
    }

    /// The first largest element of each even window of an axis.
    #[track_caller]
    fn first_largest(self, axis: Axis, count: usize) -> Var<'t> {
        let windows = self.even_windows(axis, count);
        let index = windows.argmax(Keep(-1));
        let last = windows.rank() - 1;
        let y = record(Gather { axis: last as Axis }, &[windows, index]);
        y.reshape(self.shape().with_length(axis as usize, count))
    }

    /// The mean of each even window of an axis.
    #[track_caller]
    fn even_means(self, axis: Axis, count: usize) -> Var<'t> {
        let length = self.shape()[axis as usize];
        let windows = self.even_windows(axis, count);
        let sizes: Vec<usize> = (0..count).map(|p| even_window(p, length, count).len()).listed();
        let longest = sizes.iter().copied().max().unwrap_or(1);
        if sizes.iter().all(|&size| size == longest) {
            return windows.sum_over(-1) / longest as f64;
        }
        // Shorter windows repeat their last element, which does not count.
        let mut counts = vec![];
        for &size in &sizes {
            counts.extend((0..longest).map(|k| k < size));
        }
        let mut along = vec![1; windows.rank()];
        (along[axis as usize], along[self.rank()]) = (count, longest);
        let counts = self.tape.constant(&counts).reshape(&along[..]).broadcast_to(windows.shape());
        let sums = counts.select(windows, 0.0).sum_over(-1);
        along.pop();
        let sizes: Vec<f64> = sizes.iter().map(|&n| n as f64).listed();
        sums / self.tape.constant(sizes).cast(self.dtype()).reshape(&along[..])
    }

    /// Windows that cover an axis evenly, along a new last axis. Shorter ones repeat their last element.
    #[track_caller]
    fn even_windows(self, axis: Axis, count: usize) -> Var<'t> {
        let length = self.shape()[axis as usize];
        if count > 0 && length.is_multiple_of(count) {
            return self.windows(isize::from(axis), length / count, length / count);
        }
        let windows: Vec<_> = (0..count).map(|p| even_window(p, length, count)).listed();
        let longest = windows.iter().map(ExactSizeIterator::len).max().unwrap_or(1);
        let places =
            windows.iter().flat_map(|window| (0..longest).map(|k| (window.start + k).min(window.end - 1)));
        self.places(axis, places).windows(isize::from(axis), longest, longest)
    }
}

/// Window p of `count` that cover a length evenly.
fn even_window(p: usize, length: usize, count: usize) -> std::ops::Range<usize> {
    // A product of two lengths may be longer than a length can be.
    let (p, length, count) = (p as u128, length as u128, count as u128);
    (p * length / count) as usize..((p + 1) * length).div_ceil(count) as usize
}
