//! Distributions of truth values and of classes.

use super::{Distribution, drawn, together};
use autograd::{DType, Mistake, Var};

/// The distribution of a 1 with probability p = σ(logit), or else a 0.
///
/// It is given by its logit, so that no digits are lost near p = 0 and p = 1: see [`logit`](Var::logit).
///
/// ```
/// use nn::distributions::{Bernoulli, Distribution};
/// let tape = autograd::Tape::new();
/// let p = Bernoulli::new(tape.var([0.0]));
/// assert_eq!(p.log_prob(tape.constant([1.0])).item(), 0.5f64.ln());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bernoulli<'t> {
    logits: Var<'t>,
}

impl<'t> Bernoulli<'t> {
    /// With these logits.
    pub fn new(logits: Var<'t>) -> Bernoulli<'t> {
        Bernoulli { logits }
    }
}

impl<'t> Distribution<'t> for Bernoulli<'t> {
    /// Zeros and ones, of the dtype of the logits.
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let p = self.logits.detach().sigmoid().broadcast_to(drawn(shape, self.logits));
        key.bernoulli(p).cast(p.dtype())
    }

    /// x·logit − ln(1 + e^logit), for x of the dtype of the logits.
    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        x * self.logits - self.logits.softplus()
    }

    fn entropy(&self) -> Var<'t> {
        self.logits.softplus() - self.logits.sigmoid() * self.logits
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let p = self.logits.sigmoid();
        (p, p * (-self.logits).sigmoid())
    }

    fn kl(&self, other: &Self) -> Var<'t> {
        let (a, b) = together(self.logits, other.logits);
        a.sigmoid() * (a - b) - a.softplus() + b.softplus()
    }
}

/// The distribution of a class i with probability pᵢ = softmax(logits)ᵢ.
///
/// ```
/// use nn::distributions::{Categorical, Distribution};
/// let tape = autograd::Tape::new();
/// let p = Categorical::new(tape.var([[0.0, 0.0], [0.0, 1000.0]]));
/// assert_eq!(p.log_prob(tape.constant([1i64, 0])).to_vec::<f64>(), [0.5f64.ln(), -1000.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Categorical<'t> {
    /// ln p.
    logs: Var<'t>,
}

impl<'t> Categorical<'t> {
    /// With logits of \[…, classes\].
    ///
    /// # Panics
    /// If the logits are a single number, or neither `F32` nor `F64`.
    #[track_caller]
    pub fn new(logits: Var<'t>) -> Categorical<'t> {
        Categorical { logs: logits.log_softmax(-1) }
    }

    /// pᵢ, of \[…, classes\].
    pub fn probabilities(&self) -> Var<'t> {
        self.logs.exp()
    }

    /// Numbers of the classes, along the last axis.
    fn classes(&self) -> Var<'t> {
        let n = self.logs.shape()[self.logs.rank() - 1];
        let numbers: Vec<i64> = (0..n as i64).collect();
        self.logs.tape().constant(&numbers[..]).cast(self.logs.dtype())
    }
}

impl<'t> Distribution<'t> for Categorical<'t> {
    /// Classes, as `I64`.
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        key.categorical(self.logs.detach().broadcast_to(drawn(shape, self.logs)), -1)
    }

    /// For classes of `I64`.
    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        if x.dtype() != DType::I64 {
            Mistake::new(format!("Categorical: x is {}", x.dtype()))
                .line("x", x.describe())
                .rule("x holds classes, as I64")
                .hint("convert with `.cast(DType::I64)`")
                .raise();
        }
        let index = x.unsqueeze(-1);
        let (ours, theirs) = (self.logs.shape(), index.shape());
        let (&[ref lead @ .., classes], [other @ .., _]) = (&ours[..], &theirs[..]) else {
            unreachable!("both have a last axis")
        };
        // The sum of two tensors of these leading axes has their common shape, or refuses them.
        let lead = match lead == other {
            true => lead.to_vec(),
            false => (self.logs.index(-1, 0) + x.cast(self.logs.dtype())).shape().to_vec(),
        };
        let logs = self.logs.broadcast_to(&[&lead[..], &[classes]].concat()[..]);
        logs.gather(-1, index.broadcast_to(&[&lead[..], &[1]].concat()[..])).index(-1, 0)
    }

    fn entropy(&self) -> Var<'t> {
        -self.logs.exp().strong_mul(self.logs).sum_over(-1)
    }

    /// Those of the number of the class.
    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let (p, classes) = (self.probabilities(), self.classes());
        let mean = (p * classes).sum_over(-1);
        (mean, (p * (classes - mean.unsqueeze(-1)).square()).sum_over(-1))
    }

    fn kl(&self, other: &Self) -> Var<'t> {
        self.logs.exp().strong_mul(self.logs - other.logs).sum_over(-1)
    }
}
