//! Interpolation, and channels that become places.

use super::Var;
use crate::dtype::DType;
use crate::lists::IntoList;
use crate::record::{check_memory, check_size};
use crate::shape::{Axis, Shape};

/// How elements between the given ones are made up: see [`Var::interpolate`]. The source of place o of m is a position of the n
/// given ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interpolation {
    /// The element at ⌊o·n/m⌋.
    Nearest,
    /// The element at ⌊(o + ½)·n/m⌋.
    NearestExact,
    /// Between the two nearest elements, in proportion, along each axis.
    Linear {
        /// Whether the first and the last elements stay in their places, o·(n − 1)/(m − 1); else the position is
        /// (o + ½)·n/m − ½, and the first and last element go on beyond the ends.
        corners: bool,
    },
    /// By cubic polynomials through four elements, with a = −¾ (Keys, 1981), along each axis.
    Cubic {
        /// As for `Linear`.
        corners: bool,
    },
}

/// Which elements of an axis make up a new one, and with which weights.
type Taps = Vec<(usize, f64)>;

impl Interpolation {
    /// The taps of a place of an axis of m, of n elements. `ratio` is n/m, or the inverse of a scale.
    fn taps(self, o: usize, m: usize, n: usize, ratio: Option<f64>) -> Taps {
        let scaled = |doubled: usize, ratio: f64| (doubled as f64 * 0.5 * ratio) as usize;
        let position = |corners: bool| match (corners, m) {
            (true, 0 | 1) => 0.0,
            (true, _) => o as f64 * ((n - 1) as f64 / (m - 1) as f64),
            (false, _) => (o as f64 + 0.5) * ratio.unwrap_or(n as f64 / m as f64) - 0.5,
        };
        match self {
            Interpolation::Nearest | Interpolation::NearestExact => {
                let doubled = 2 * o + usize::from(self == Interpolation::NearestExact);
                let place = ratio.map_or_else(
                    || (doubled as u128 * n as u128 / (2 * m as u128)) as usize,
                    |ratio| scaled(doubled, ratio),
                );
                vec![(place.min(n - 1), 1.0)]
            }
            Interpolation::Linear { corners } => {
                let at = position(corners).max(0.0);
                let place = (at as usize).min(n - 1);
                let part = at - place as f64;
                vec![(place, 1.0 - part), ((place + 1).min(n - 1), part)]
            }
            Interpolation::Cubic { corners } => {
                let at = position(corners);
                let part = at - at.floor();
                let place = |k: i64| (at.floor() as i64 + k).clamp(0, n as i64 - 1) as usize;
                (-1..3).map(|k| (place(k), cubic((k as f64 - part).abs()))).listed()
            }
        }
    }
}

/// The weight of an element at a distance, by Keys' kernel with a = −¾.
fn cubic(distance: f64) -> f64 {
    const A: f64 = -0.75;
    let x = distance;
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    }
}

impl<'t> Var<'t> {
    /// The last N axes with other lengths, interpolated one axis after the other. Linear in `self`, so its derivatives are exact
    /// at any order.
    ///
    /// # Panics
    /// If there are fewer axes, or elements are to be made up of none.
    ///
    /// ```
    /// # use autograd::{Interpolation, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([0.0, 2.0]);
    /// let y = x.interpolate([3], Interpolation::Linear { corners: true });
    /// assert_eq!(y.to_vec::<f64>(), [0.0, 1.0, 2.0]);
    /// assert_eq!(y.sum().grad([x])[0].to_vec::<f64>(), [1.5, 1.5]);
    /// assert_eq!(x.interpolate([4], Interpolation::Nearest).to_vec::<f64>(), [0.0, 0.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn interpolate<const N: usize>(self, lengths: [usize; N], how: Interpolation) -> Var<'t> {
        self.resampled("interpolate", &lengths, &[None; N], how)
    }

    /// The last N axes made longer by factors: the lengths are ⌊n·factor⌋, and the factor itself, not the quotient of the
    /// lengths, gives the positions. Else as [`interpolate`](Var::interpolate).
    ///
    /// # Panics
    /// If there are fewer axes, a factor is not positive, or elements are to be made up of none.
    ///
    /// ```
    /// # use autograd::{Interpolation, Tape};
    /// let tape = Tape::new();
    /// let y = tape.var([1.0, 2.0]).interpolate_by([1.5], Interpolation::Nearest);
    /// assert_eq!(y.to_vec::<f64>(), [1.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn interpolate_by<const N: usize>(self, factors: [f64; N], how: Interpolation) -> Var<'t> {
        let shape = self.shape();
        if factors.iter().any(|&factor| factor.is_nan() || factor <= 0.0 || factor.is_infinite()) {
            self.mistake("interpolate_by", format!("factors {factors:?}"), "x")
                .rule("factors are positive")
                .raise();
        }
        let first = shape.len().saturating_sub(N);
        let length = |(&n, &factor): (&usize, &f64)| (n as f64 * factor) as usize;
        let lengths: Vec<usize> = shape[first..].iter().zip(&factors).map(length).listed();
        self.resampled("interpolate_by", &lengths, &factors.map(|factor| Some(factor.recip())), how)
    }

    #[track_caller]
    fn resampled(self, op: &str, lengths: &[usize], ratios: &[Option<f64>], how: Interpolation) -> Var<'t> {
        let shape = self.shape();
        let Some(first) = shape.len().checked_sub(ratios.len()) else {
            self.mistake(op, format!("shape {shape}"), "x")
                .rule(format!("the last {} axes are interpolated", ratios.len()))
                .raise()
        };
        if shape[first..].iter().zip(lengths).any(|(&n, &m)| n == 0 && m > 0) {
            self.mistake(op, format!("shape {shape}"), "x")
                .rule("an axis has elements to be made up of")
                .raise();
        }
        let mut x = self;
        for (axis, (&m, &ratio)) in (first..).zip(lengths.iter().zip(ratios)) {
            check_memory(op, &Shape::from([m, 8]), DType::F64);
            let taps: Vec<Taps> = (0..m).map(|o| how.taps(o, m, shape[axis], ratio)).listed();
            x = x.tapped(axis as Axis, &taps);
        }
        x
    }

    /// Weighted sums of elements along an axis, with as many taps for each new element.
    #[track_caller]
    fn tapped(self, axis: Axis, taps: &[Taps]) -> Var<'t> {
        let along = Shape::from(vec![1; self.rank()]).with_length(axis as usize, taps.len());
        let each = taps.first().map_or(1, Vec::len);
        let mut sum: Option<Var<'t>> = None;
        for k in 0..each {
            let mut part = self.places(axis, taps.iter().map(|taps| taps[k].0));
            if each > 1 {
                let weights: Vec<f64> = taps.iter().map(|taps| taps[k].1).listed();
                part *= self.tape.constant(weights).cast(self.dtype()).reshape(&along);
            }
            sum = Some(match sum {
                Some(sum) => sum + part,
                None => part,
            });
        }
        sum.unwrap_or(self)
    }

    /// Channels that become places: \[…, channels·r², height, width\] gives \[…, channels, height·r, width·r\]; channel
    /// c·r² + i·r + j goes to row offset i and column offset j.
    ///
    /// # Panics
    /// If there are fewer than three axes, or r² does not divide the number of channels.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0, 4.0]).reshape([4, 1, 1]);
    /// assert_eq!(x.pixel_shuffle(2).to_vec::<f64>(), [1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.pixel_shuffle(2).pixel_unshuffle(2).shape(), x.shape());
    /// ```
    #[track_caller]
    pub fn pixel_shuffle(self, r: usize) -> Var<'t> {
        let (images, [channels, height, width]) = self.planes("pixel_shuffle");
        if r == 0 || !channels.is_multiple_of(r.saturating_mul(r)) {
            self.mistake("pixel_shuffle", format!("{channels} channels, r = {r}"), "x")
                .rule("the number of channels is a multiple of r²")
                .raise();
        }
        let out = channels / r.saturating_mul(r);
        let [height_to, width_to] = [height, width].map(|n| n.saturating_mul(r));
        check_size("pixel_shuffle", &self.shaped([out, height_to, width_to]));
        let y = self.reshape([images, out, r, r, height, width]).permute(&[0, 1, 4, 2, 5, 3]);
        y.reshape(self.shaped([out, height_to, width_to]))
    }

    /// Places that become channels: the inverse of [`pixel_shuffle`](Var::pixel_shuffle).
    ///
    /// # Panics
    /// If there are fewer than three axes, or r does not divide the lengths of the last two.
    ///
    /// ```
    /// # use autograd::{Shape, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0], [3.0, 4.0]]).unsqueeze(0);
    /// assert_eq!(x.pixel_unshuffle(2).shape(), Shape::from([4, 1, 1]));
    /// ```
    #[track_caller]
    pub fn pixel_unshuffle(self, r: usize) -> Var<'t> {
        let (images, [channels, height, width]) = self.planes("pixel_unshuffle");
        if r == 0 || !height.is_multiple_of(r) || !width.is_multiple_of(r) {
            self.mistake("pixel_unshuffle", format!("planes of {height} by {width}, r = {r}"), "x")
                .rule("height and width are multiples of r")
                .raise();
        }
        let (height, width) = (height / r, width / r);
        let y = self.reshape([images, channels, height, r, width, r]).permute(&[0, 1, 3, 5, 2, 4]);
        y.reshape(self.shaped([channels.saturating_mul(r).saturating_mul(r), height, width]))
    }

    /// The places of an axis dealt out anew: they are `groups` rows, and are read column by column. A negative axis counts from
    /// the end.
    ///
    /// # Panics
    /// If the axis does not exist, or `groups` does not divide its length.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.channel_shuffle(0, 2).to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn channel_shuffle(self, axis: isize, groups: usize) -> Var<'t> {
        let (axis, shape) = (self.axis("channel_shuffle", axis) as usize, self.shape());
        if groups == 0 || !shape[axis].is_multiple_of(groups) {
            self.mistake("channel_shuffle", format!("{groups} groups of axis {axis} of {shape}"), "x")
                .rule("the number of groups divides the length of the axis")
                .raise();
        }
        let (lead, rest) =
            (shape[..axis].iter().product::<usize>(), shape[axis + 1..].iter().product::<usize>());
        self.reshape([lead, groups, shape[axis] / groups, rest]).permute(&[0, 2, 1, 3]).reshape(shape)
    }

    /// The product of the axes before the last three, and those.
    #[track_caller]
    fn planes(self, op: &str) -> (usize, [usize; 3]) {
        let shape = self.shape();
        let Some((lead, &last)) = shape.split_last_chunk::<3>() else {
            self.mistake(op, format!("shape {shape}"), "x")
                .rule("the last axes are channels, height and width")
                .raise()
        };
        (lead.iter().product(), last)
    }

    /// The shape with other lengths of the last three axes.
    fn shaped(self, last: [usize; 3]) -> Shape {
        let shape = self.shape();
        shape[..shape.len() - 3].iter().copied().chain(last).collect()
    }
}
