//! Normalisation without parameters of its own. The layers are built of these functions.
//!
//! They are compositions: a program fuses each into the passes over memory that its sums demand, and derivatives of any order
//! follow from their ops.

use autograd::{Keep, Mistake, Var};

/// With root mean square 1 over some axes: x/√(mean x² + ε).
///
/// x has any shape, and the result has the same. Source: Zhang & Sennrich, *Root Mean Square Layer Normalization*, 2019,
/// equation 4.
///
/// # Panics
/// If an axis does not exist.
///
/// ```
/// let tape = autograd::Tape::new();
/// let y = nn::normalize::rms(tape.var([[3.0, 3.0], [0.0, 2.0]]), &[-1], 0.0);
/// assert_eq!(y.index(0, 0).to_vec::<f64>(), [1.0, 1.0]);
/// ```
#[track_caller]
pub fn rms<'t>(x: Var<'t>, axes: &[isize], epsilon: f64) -> Var<'t> {
    x / (x.square().mean_over(Keep(axes)) + epsilon).sqrt()
}

/// With mean 0 and variance 1 over the channels of each group and all places: (x − x̄)/√(σ² + ε).
///
/// x is \[n, channels, …\], the channels of a group stand side by side, and the result has the shape of x. One group is layer
/// normalisation, a group for each channel instance normalisation. Source: Wu & He, *Group Normalization*, 2018, equation 7.
///
/// # Panics
/// If x has fewer than two axes, or the channels are no multiple of the groups.
///
/// ```
/// let tape = autograd::Tape::new();
/// let y = nn::normalize::groups(tape.var([[1.0, 3.0, 2.0, 8.0]]), 2, 0.0);
/// assert_eq!(y.to_vec::<f64>(), [-1.0, 1.0, -1.0, 1.0]);
/// ```
#[track_caller]
pub fn groups<'t>(x: Var<'t>, groups: usize, epsilon: f64) -> Var<'t> {
    let (rows, channels, places) = by_channel("groups", x);
    if groups == 0 || channels % groups != 0 {
        Mistake::new(format!("GroupNorm: {groups} groups of {channels} channels"))
            .line("x", x.describe())
            .rule("the number of channels, the length of axis 1, is a multiple of the number of groups")
            .hint(format!("such as {} groups", equal_parts(channels, groups)))
            .raise();
    }
    let split = x.reshape([rows, groups, channels / groups * places]);
    split.standardize([-1], epsilon).reshape(x.shape())
}

/// With mean 0 and variance 1 of each channel over a batch and all places: (x − x̄)/√(σ² + ε); and what was subtracted and
/// divided by.
///
/// x is \[n, channels, …\], and the result has the same shape. The mean is taken first and the variance from the differences, so
/// that a large mean costs no digits. Source: Ioffe & Szegedy, *Batch Normalization*, 2015, algorithm 1.
///
/// # Panics
/// If x has fewer than two axes.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (y, of) = nn::normalize::batch(tape.var([[1.0], [3.0]]), 0.0);
/// assert_eq!(y.to_vec::<f64>(), [-1.0, 1.0]);
/// assert_eq!((of.mean.item(), of.variance.item()), (2.0, 1.0));
/// ```
#[track_caller]
pub fn batch<'t>(x: Var<'t>, epsilon: f64) -> (Var<'t>, Statistics<'t>) {
    by_channel("batch", x);
    let axes: Vec<isize> = (0..x.rank() as isize).filter(|&axis| axis != 1).collect();
    let mean = x.mean_over(Keep(&axes[..]));
    let centred = x - mean;
    let variance = centred.square().mean_over(Keep(&axes[..]));
    let y = centred / (variance + epsilon).sqrt();
    let channels = x.shape()[1];
    let [mean, variance] = [mean, variance].map(|all| all.reshape([channels]));
    (y, Statistics { mean, variance })
}

/// Mean and biased variance of each channel.
#[derive(Clone, Copy, Debug)]
pub struct Statistics<'t> {
    /// x̄, of \[channels\].
    pub mean: Var<'t>,
    /// σ², of \[channels\].
    pub variance: Var<'t>,
}

impl<'t> Statistics<'t> {
    /// (x − x̄)/√(σ² + ε) by these statistics, for x of \[n, channels, …\].
    ///
    /// # Panics
    /// If x has fewer than two axes, or another number of channels.
    ///
    /// ```
    /// use nn::normalize::Statistics;
    /// let tape = autograd::Tape::new();
    /// let of = Statistics { mean: tape.constant([1.0]), variance: tape.constant([4.0]) };
    /// assert_eq!(of.apply(tape.var([[5.0], [1.0]]), 0.0).to_vec::<f64>(), [2.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn apply(self, x: Var<'t>, epsilon: f64) -> Var<'t> {
        by_channel("Statistics", x);
        let mean = per_channel("Statistics", self.mean, x);
        let variance = per_channel("Statistics", self.variance, x);
        (x - mean) / (variance + epsilon).sqrt()
    }

    /// These running statistics after a batch of \[n, channels, …\] with the given ones: r + f·(b − r), where b is its mean, and
    /// its variance as estimated without bias. The factor f is the momentum, or 1/k at the k-th batch for a cumulative average.
    /// There is no derivative.
    ///
    /// # Panics
    /// If a batch has a single element for each channel, whose variance cannot be estimated.
    ///
    /// ```
    /// use nn::normalize::{Statistics, batch};
    /// let tape = autograd::Tape::new();
    /// let running = Statistics { mean: tape.constant([0.0]), variance: tape.constant([1.0]) };
    /// let x = tape.var([[1.0], [3.0]]);
    /// let next = running.after(batch(x, 0.0).1, x, 0.5);
    /// assert_eq!((next.mean.item(), next.variance.item()), (1.0, 1.5));
    /// ```
    #[track_caller]
    pub fn after(self, of: Statistics<'t>, x: Var<'t>, factor: impl autograd::Operand<'t>) -> Statistics<'t> {
        let (rows, _, places) = by_channel("Statistics", x);
        let n = rows * places;
        if n == 1 {
            Mistake::new(format!("BatchNorm: x is {}, one element for each channel", x.shape()))
                .line("x", x.describe())
                .rule("a variance is estimated from two elements or more")
                .hint("train with batches of two or more; `Mode::Eval` normalises by the running statistics")
                .raise();
        }
        let factor = factor.like(self.mean);
        let unbiased = of.variance.detach() * (n as f64 / (n as f64 - 1.0));
        let mean = self.mean + factor * (of.mean.detach() - self.mean);
        Statistics { mean, variance: self.variance + factor * (unbiased - self.variance) }
    }
}

/// Rows, channels, and places of a channel.
#[track_caller]
pub(crate) fn by_channel(what: &str, x: Var<'_>) -> (usize, usize, usize) {
    let shape = x.shape();
    let [rows, channels, places @ ..] = &shape[..] else {
        Mistake::new(format!("{what}: x is {shape}"))
            .line("x", x.describe())
            .rule("x is [n, channels, …]")
            .raise();
    };
    (*rows, *channels, places.iter().product())
}

/// The largest number of equal parts that so many can be split into, up to a number of parts.
pub(crate) fn equal_parts(all: usize, parts: usize) -> usize {
    (1..=parts.min(all)).rev().find(|parts| all.is_multiple_of(*parts)).unwrap_or(1)
}

/// A number for each channel, to be broadcast against x of \[n, channels, …\].
#[track_caller]
pub(crate) fn per_channel<'t>(what: &str, numbers: Var<'t>, x: Var<'t>) -> Var<'t> {
    by_channel(what, x);
    let (shape, made) = (x.shape(), numbers.shape().elements());
    let channels = shape[1];
    if numbers.shape()[..] != [channels] {
        let last = shape.len() > 2 && shape.last() == Some(&made);
        let hint = if last {
            "`x.move_axis(-1, 1)` where the channels stand last".to_owned()
        } else {
            format!("make the layer for {channels} channels")
        };
        Mistake::new(format!("{what}: x {shape} has {channels} channels, not {made}"))
            .line("x", x.describe())
            .line("numbers", numbers.describe())
            .rule("x is [n, channels, …], and there is a number for each channel")
            .hint(hint)
            .raise();
    }
    let mut shape = vec![1; x.rank()];
    shape[1] = channels;
    numbers.reshape(&shape[..])
}

/// Local response normalisation, x/(k + α/size · Σ x²)^β with the sum over a window of `size` channels around each.
///
/// x is \[n, channels, …\], and the result has the same shape. The window of channel c begins at c − ⌊size/2⌋; beyond the first
/// and the last channel there are zeros. Source: Krizhevsky, Sutskever & Hinton, *ImageNet Classification with Deep
/// Convolutional Neural Networks*, 2012, section 3.3; α is divided by the size as PyTorch has it.
///
/// # Panics
/// If x has fewer than two axes, or the size is 0.
///
/// ```
/// use nn::normalize::{LocalResponse, local_response};
/// let tape = autograd::Tape::new();
/// let form = LocalResponse { size: 3, alpha: 3.0, beta: 1.0, k: 1.0 };
/// let y = local_response(tape.var([[1.0, 2.0]]), form);
/// assert_eq!(y.to_vec::<f64>(), [1.0 / 6.0, 2.0 / 6.0]);
/// ```
#[track_caller]
pub fn local_response<'t>(x: Var<'t>, form: LocalResponse) -> Var<'t> {
    by_channel("local_response", x);
    if form.size == 0 {
        Mistake::new("local_response: a window of 0 channels").rule("a window has at least one").raise();
    }
    let (before, after) = (form.size / 2, (form.size - 1) / 2);
    let squares = x.square().pad(1, before, after).windows(1, form.size, 1).sum_over(-1);
    x / (squares * (form.alpha / form.size as f64) + form.k).powf(form.beta)
}

/// The numbers of [`local_response`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalResponse {
    /// The number of channels of a window.
    pub size: usize,
    /// α.
    pub alpha: f64,
    /// β.
    pub beta: f64,
    /// k.
    pub k: f64,
}

/// A weight of given direction and length, g·v/|v|. The norm is taken over all axes but one, or over all.
///
/// v has any shape, g one that broadcasts against it. Source: Salimans & Kingma, *Weight Normalization*, 2016, equation 2.
///
/// # Panics
/// If the axis does not exist, or shapes do not fit.
///
/// ```
/// let tape = autograd::Tape::new();
/// let (v, g) = (tape.var([[3.0, 4.0], [0.0, 2.0]]), tape.var([[10.0], [1.0]]));
/// assert_eq!(nn::normalize::weight(v, g, Some(0)).to_vec::<f64>(), [6.0, 8.0, 0.0, 1.0]);
/// ```
#[track_caller]
pub fn weight<'t>(v: Var<'t>, g: Var<'t>, axis: Option<isize>) -> Var<'t> {
    let rank = v.rank() as isize;
    let kept = axis.map(|axis| if axis < 0 { axis + rank } else { axis });
    if let (Some(axis), Some(kept)) = (axis, kept)
        && !(0..rank).contains(&kept)
    {
        Mistake::new(format!("weight: axis {axis} does not exist")).line("v", v.describe()).raise();
    }
    let axes: Vec<isize> = (0..rank).filter(|&axis| Some(axis) != kept).collect();
    v * (g / v.norm_over(2.0, Keep(&axes[..])))
}

/// A weight divided by its largest singular value as two vectors estimate it, W/(uᵀ·W·v).
///
/// W is \[out, …\] and is read as a matrix of `out` rows, u is \[out\], v has an element for each column. u and v are
/// constants for the derivative; [`power_iteration`] finds them. Source: Miyato et al., *Spectral Normalization for Generative
/// Adversarial Networks*, 2018, equation 8 and algorithm 1.
///
/// # Panics
/// If shapes do not fit.
///
/// ```
/// let tape = autograd::Tape::new();
/// let w = tape.var([[4.0, 0.0], [0.0, 1.0]]);
/// let (u, v) = nn::normalize::power_iteration(w, tape.constant([1.0, 1.0]), 40, 1e-12);
/// let y = nn::normalize::spectral(w, u, v);
/// assert!((y.to_vec::<f64>()[0] - 1.0).abs() < 1e-12 && (y.to_vec::<f64>()[3] - 0.25).abs() < 1e-12);
/// ```
#[track_caller]
pub fn spectral<'t>(w: Var<'t>, u: Var<'t>, v: Var<'t>) -> Var<'t> {
    w / u.detach().dot(matrix(w).matmul(v.detach()))
}

/// The singular vectors u and v of the largest singular value of W, by steps of u = W·v/|W·v|, v = Wᵀ·u/|Wᵀ·u| from a first v.
/// They have no derivative. Norms below ε count as ε.
///
/// W is \[out, …\] and is read as a matrix of `out` rows, v has an element for each column. Source: as [`spectral`], algorithm 1.
///
/// # Panics
/// If shapes do not fit, or there is no step.
#[track_caller]
pub fn power_iteration<'t>(w: Var<'t>, v: Var<'t>, steps: usize, epsilon: f64) -> (Var<'t>, Var<'t>) {
    if steps == 0 {
        Mistake::new("power_iteration: 0 steps").rule("u is known after one step").raise();
    }
    let unit = |x: Var<'t>| x / x.norm().maximum(epsilon);
    let w = matrix(w.detach());
    let (mut v, mut u) = (unit(v.detach()), v);
    for _ in 0..steps {
        u = unit(w.matmul(v));
        v = unit(w.t().matmul(u));
    }
    (u, v)
}

/// A weight as a matrix with a row for each output.
#[track_caller]
fn matrix(w: Var<'_>) -> Var<'_> {
    let shape = w.shape();
    let [rows, rest @ ..] = &shape[..] else {
        Mistake::new("spectral: W is a number").line("w", w.describe()).rule("W is [out, …]").raise();
    };
    w.reshape([*rows, rest.iter().product()])
}
