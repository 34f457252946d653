//! Normalisation by the numbers of each channel: over a batch, or over groups of channels.

use crate::Mode;
use crate::normalize::{self, Statistics, per_channel};
use autograd::{Buffer, Param, Scope, Var};

/// Batch normalisation, y = w·(x − x̄)/√(σ² + ε) + b for each channel. In training x̄ and σ² are mean and biased variance over
/// the batch and all places; in evaluation they are running averages of these.
///
/// x is \[n, channels, …\] and so is y; w and b are \[channels\]. A step of training [writes](autograd::Tape::write) the running
/// averages, r + f·(r′ − r) with the batch's r′, whose variance is estimated without bias. f is the momentum. Source: Ioffe &
/// Szegedy, *Batch Normalization*, 2015, algorithms 1 and 2.
///
/// ```
/// use autograd::{Key, Params, Tape};
/// use nn::{BatchNorm, Mode};
/// let mut params = Params::f64();
/// let norm = BatchNorm { epsilon: 0.0, ..BatchNorm::new(&mut params.scope("norm"), 1) };
/// let mut tape = Tape::with(&params);
/// let x = tape.constant([[1.0], [3.0]]);
/// let train = Mode::Train(tape.constant(Key::new(1)));
/// assert_eq!(norm.forward(x, &train).to_vec::<f64>(), [-1.0, 1.0]);
/// assert_eq!(tape.buffer(norm.mean).to_vec::<f64>(), [0.2]);
/// assert_eq!(norm.forward(tape.constant([[0.2]]), &Mode::Eval).item(), 0.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    /// w, named `weight` in its scope.
    pub weight: Param,
    /// b, named `bias` in its scope.
    pub bias: Param,
    /// The running mean, named `mean` in its scope.
    pub mean: Buffer,
    /// The running variance, named `variance` in its scope.
    pub variance: Buffer,
    /// The number of batches so far, named `batches` in its scope.
    pub batches: Buffer,
    /// f, the share of a batch in the running averages; `None` for the average of all batches, 1/k at the k-th.
    pub momentum: Option<f64>,
    /// ε, which keeps channels of equal elements from a division by zero.
    pub epsilon: f64,
}

impl BatchNorm {
    /// For so many channels, with w = 1, b = 0, running mean 0 and variance 1, momentum 0.1 and ε = 10⁻⁵.
    ///
    /// # Panics
    /// If the scope has parameters or buffers of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, channels: usize) -> BatchNorm {
        BatchNorm {
            weight: scope.param("weight", [channels], 1.0),
            bias: scope.param("bias", [channels], 0.0),
            mean: scope.buffer("mean", [channels], 0.0),
            variance: scope.buffer("variance", [channels], 1.0),
            batches: scope.buffer("batches", [], 0.0),
            momentum: Some(0.1),
            epsilon: 1e-5,
        }
    }

    /// w·(x − x̄)/√(σ² + ε) + b.
    ///
    /// # Panics
    /// If x is not \[n, channels, …\] of the parameters' dtype, or on a tape that does not read them; in training, if a channel
    /// has a single element.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, mode: &Mode<'t>) -> Var<'t> {
        let tape = x.tape();
        let _layer = tape.within([self.weight, self.bias]);
        let weight = per_channel("BatchNorm", tape.param(self.weight), x);
        let running = Statistics { mean: tape.buffer(self.mean), variance: tape.buffer(self.variance) };
        let y = if mode.is_train() {
            let (y, of) = normalize::batch(x, self.epsilon);
            let batches = tape.buffer(self.batches) + 1.0;
            let factor = self.momentum.map_or_else(|| batches.recip(), |f| batches.full_like(f));
            let next = running.after(of, x, factor);
            tape.write(self.mean, next.mean);
            tape.write(self.variance, next.variance);
            tape.write(self.batches, batches);
            y
        } else {
            running.apply(x, self.epsilon)
        };
        y * weight + per_channel("BatchNorm", tape.param(self.bias), x)
    }
}

/// Group normalisation, y = w·(x − x̄)/√(σ² + ε) + b with mean and biased variance over the channels of each group and all
/// places, for each row by itself: the same in training and evaluation.
///
/// x is \[n, channels, …\] and so is y; w and b are \[channels\]. With a group for each channel it is instance normalisation.
/// Source: Wu & He, *Group Normalization*, 2018, equations 1 to 7.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::GroupNorm;
/// let mut params = Params::f64();
/// let norm = GroupNorm { epsilon: 0.0, ..GroupNorm::new(&mut params.scope("norm"), 4, 2) };
/// let tape = Tape::with(&params);
/// let y = norm.forward(tape.constant([[1.0, 3.0, 2.0, 8.0]]));
/// assert_eq!(y.to_vec::<f64>(), [-1.0, 1.0, -1.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GroupNorm {
    /// w, named `weight` in its scope.
    pub weight: Param,
    /// b, named `bias` in its scope.
    pub bias: Param,
    /// The number of groups.
    pub groups: usize,
    /// ε, which keeps groups of equal elements from a division by zero.
    pub epsilon: f64,
}

impl GroupNorm {
    /// For so many channels in so many groups, with w = 1, b = 0 and ε = 10⁻⁵.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, channels: usize, groups: usize) -> GroupNorm {
        let weight = scope.param("weight", [channels], 1.0);
        let bias = scope.param("bias", [channels], 0.0);
        GroupNorm { weight, bias, groups, epsilon: 1e-5 }
    }

    /// w·(x − x̄)/√(σ² + ε) + b.
    ///
    /// # Panics
    /// If x is not \[n, channels, …\] of the parameters' dtype, or on a tape that does not read them; if the channels are no
    /// multiple of the groups.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let tape = x.tape();
        let _layer = tape.within([self.weight, self.bias]);
        let weight = per_channel("GroupNorm", tape.param(self.weight), x);
        let y = normalize::groups(x, self.groups, self.epsilon);
        y * weight + per_channel("GroupNorm", tape.param(self.bias), x)
    }
}
