//! Rosenblatt's perceptron.

use crate::Init;
use autograd::{Mistake, Param, Scope, Var};

/// The perceptron: class 1 where z = w·x + b ≥ 0, else class 0.
///
/// Its learning rule, w ← w + η·(y − ŷ)·x, is gradient descent on L = (ŷ − y)·z with ŷ = step(z) held constant:
/// ∂L/∂w = (ŷ − y)·x. (The gradient of max(0, −ỹ·z) with ỹ = ±1 is no substitute: with relu′(0) = 0 it never leaves
/// zero weights.) Source: Rosenblatt 1958; Novikoff 1962 for its convergence on separable data.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::teaching::Perceptron;
/// let mut params = Params::f64();
/// let perceptron = Perceptron::new(&mut params.scope("p"), 2);
/// let tape = Tape::with(&params);
/// let (x, y) = (tape.constant([[2.0, -1.0]]), tape.constant([0.0]));
/// assert_eq!(perceptron.predict(x).to_vec::<f64>(), [1.0]); // a score of 0 is class 1
/// let grads = perceptron.loss(x, y).backward();
/// assert_eq!(grads.get::<f64>(perceptron.weight).unwrap(), [2.0, -1.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Perceptron {
    /// w of \[features, 1\], named `weight`.
    pub weight: Param,
    /// b of \[1\], named `bias`.
    pub bias: Param,
}

impl Perceptron {
    /// A perceptron with zero weights and bias.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, features: usize) -> Perceptron {
        let weight = scope.param("weight", [features, 1], Init::Zeros);
        let bias = scope.param("bias", [1], Init::Zeros);
        Perceptron { weight, bias }
    }

    /// The scores z = x·w + b, of \[n\], for x of \[n, features\].
    #[track_caller]
    pub fn score<'t>(&self, x: Var<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.weight, self.bias]);
        let z = x.matmul(self.weight) + self.bias;
        z.reshape([z.shape()[0]])
    }

    /// The classes step(z), 0 or 1 in the dtype of x, of \[n\]. No gradient flows through a step.
    #[track_caller]
    pub fn predict<'t>(&self, x: Var<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.weight, self.bias]);
        step(self.score(x))
    }

    /// L = Σ (step(z) − y)·z with step(z) held constant, for targets y (0 or 1) of \[n\].
    ///
    /// # Panics
    /// If there are not n targets of the dtype of x.
    #[track_caller]
    pub fn loss<'t>(&self, x: Var<'t>, y: Var<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.weight, self.bias]);
        let z = self.score(x);
        if y.shape() != z.shape() {
            Mistake::new(format!("Perceptron::loss: targets {} for scores {}", y.shape(), z.shape()))
                .line("targets", y.describe())
                .line("scores", z.describe())
                .rule("there is one target per row of x")
                .raise();
        }
        ((step(z) - y).detach() * z).sum()
    }
}

/// 1 where z ≥ 0, else 0.
#[track_caller]
fn step(z: Var<'_>) -> Var<'_> {
    z.ge(0.0).cast(z.dtype())
}
