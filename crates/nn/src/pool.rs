//! Pooling: windows of the last axes, each of which becomes one element.

use autograd::{Mistake, PoolForm, Var};

/// A pooling over the last N axes: [`Pool1d`], [`Pool2d`], [`Pool3d`].
///
/// x is \[…, L₁, …, Lₙ\], and so is y, with the number of windows along each of these axes. The axes before them, rows and channels,
/// stay. Source: LeCun et al., *Gradient-based learning applied to document recognition*, 1998, section II.
///
/// ```
/// use autograd::{PoolForm, Tape};
/// use nn::Pool2d;
/// let tape = Tape::new();
/// let x = tape.var([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]);
/// let halves = PoolForm::of(2);
/// assert_eq!(Pool2d::Max(halves).forward(x).to_vec::<f64>(), [6.0, 8.0]);
/// assert_eq!(Pool2d::Mean(halves).forward(x).to_vec::<f64>(), [3.5, 5.5]);
/// assert_eq!(Pool2d::Norm(1.0, halves).forward(x).to_vec::<f64>(), [14.0, 22.0]);
/// assert_eq!(Pool2d::AdaptiveMean([1, 4]).forward(x).to_vec::<f64>(), [3.0, 4.0, 5.0, 6.0]);
/// ```
#[doc(alias = "MaxPool2d")]
#[doc(alias = "AvgPool2d")]
#[doc(alias = "LPPool2d")]
#[doc(alias = "AdaptiveAvgPool2d")]
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Pool<const N: usize> {
    /// The largest element of each window: see [`Var::max_pool2d`].
    Max(PoolForm<N>),
    /// The mean of each window: see [`Var::avg_pool2d`].
    Mean(PoolForm<N>),
    /// (Σ xᵖ)^(1/p) of each window, for the given p: see [`Var::lp_pool2d`].
    Norm(f64, PoolForm<N>),
    /// The largest element of each of so many windows, which cover an axis evenly: see [`Var::adaptive_max_pool2d`].
    AdaptiveMax([usize; N]),
    /// The mean of each of so many windows, which cover an axis evenly: see [`Var::adaptive_avg_pool2d`].
    AdaptiveMean([usize; N]),
}

macro_rules! over_axes {
    ($($n:literal $name:ident $max:ident $mean:ident $norm:ident $largest:ident $even:ident;)*) => {$(
        #[doc = concat!("A pooling over the last ", $n, " of the axes.")]
        pub type $name = Pool<$n>;

        impl Pool<$n> {
            /// An element for each window.
            ///
            /// # Panics
            /// If x has fewer axes, a window is longer than an axis with its padding, or one has no element.
            #[track_caller]
            pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
                match *self {
                    Pool::Max(form) => x.$max(form),
                    Pool::Mean(form) => x.$mean(form),
                    Pool::Norm(p, form) => x.$norm(p, form),
                    Pool::AdaptiveMax(windows) => x.$largest(windows),
                    Pool::AdaptiveMean(windows) => x.$even(windows),
                }
            }
        }
    )*};
}
over_axes! {
    1 Pool1d max_pool1d avg_pool1d lp_pool1d adaptive_max_pool1d adaptive_avg_pool1d;
    2 Pool2d max_pool2d avg_pool2d lp_pool2d adaptive_max_pool2d adaptive_avg_pool2d;
    3 Pool3d max_pool3d avg_pool3d lp_pool3d adaptive_max_pool3d adaptive_avg_pool3d;
}

/// A pooling over all places of each channel: x is \[n, channels, …\] and y \[n, channels\]. Source: Lin, Chen & Yan, *Network In Network*,
/// 2014, section 3.2.
///
/// ```
/// use nn::GlobalPool;
/// let tape = autograd::Tape::new();
/// let x = tape.var([1.0, 2.0, 3.0, 6.0]).reshape([1, 2, 2]);
/// assert_eq!(GlobalPool::Mean.forward(x).to_vec::<f64>(), [1.5, 4.5]);
/// assert_eq!(GlobalPool::Max.forward(x).to_vec::<f64>(), [2.0, 6.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobalPool {
    /// The largest element of a channel. Equal ones share the gradient.
    Max,
    /// The mean of a channel.
    Mean,
}

impl GlobalPool {
    /// A number for each channel.
    ///
    /// # Panics
    /// If x has fewer than three axes.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let axes: Vec<isize> = (2..x.rank() as isize).collect();
        if axes.is_empty() {
            Mistake::new(format!("GlobalPool: x is {}", x.shape()))
                .line("x", x.describe())
                .rule("x is [n, channels, …], with an axis or more of places")
                .hint("there is nothing to pool where a channel is one number")
                .raise();
        }
        match self {
            GlobalPool::Max => x.max_over(&axes[..]),
            GlobalPool::Mean => x.mean_over(&axes[..]),
        }
    }
}
