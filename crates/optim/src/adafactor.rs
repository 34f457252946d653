//! Adafactor.

use crate::formula::with;
use crate::{HyperparameterError, Hyperparameters, PerTensor, Range, TensorRule};
use autograd::{DType, Shape, Var};

/// Adafactor (Shazeer & Stern 2018, algorithms 4 and 5, without momentum), in PyTorch's form.
///
/// For matrices, rows and columns of the second average are kept in place of all of it: r ← r + t^γ·(mean of g² over columns − r),
/// c ← c + t^γ·(mean over rows − c), v = r·c/mean r. For vectors, v ← v + t^γ·(g² − v). With u = g/√v,
/// p ← (1 − η·λ)·p − α·u/max(1, rms u/d) and α = max(ε₂, rms p)·min(η, 1/√t). Further axes count as many matrices. State:
/// `row` and `column`, or `v`.
///
/// ```
/// use autograd::{Params, Tape};
/// use optim::{Adafactor, Optimizer};
/// let mut params = Params::f64();
/// let w = params.scope("net").param("w", [2], [3.0, 4.0]);
/// let grads = Tape::with(&params).param(w).square().sum().backward();
/// Adafactor::new(0.5)?.step(&mut params, &grads)?;
/// assert!((params.get::<f64>(w)[0] - (3.0 - 0.5 * 12.5f64.sqrt())).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adafactor = PerTensor<AdafactorRule>;

/// The rule of [`Adafactor`], with its hyper-parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct AdafactorRule {
    /// η.
    pub learning_rate: f64,
    /// −γ.
    pub decay_power: f64,
    /// The least √v, and at least the machine epsilon of the type.
    pub epsilon1: f64,
    /// ε₂.
    pub epsilon2: f64,
    /// d.
    pub clipping: f64,
    /// λ.
    pub weight_decay: f64,
}

impl Adafactor {
    /// With the largest rate η (0.01 in PyTorch), γ = −0.8, ε₂ = 10⁻³, d = 1, without weight decay.
    ///
    /// # Errors
    /// If η is negative or not finite.
    pub fn new(learning_rate: f64) -> Result<Adafactor, HyperparameterError> {
        PerTensor::of(AdafactorRule {
            learning_rate,
            decay_power: 0.8,
            epsilon1: 0.0,
            epsilon2: 1e-3,
            clipping: 1.0,
            weight_decay: 0.0,
        })
    }
}

with! { Adafactor {
    /// With another −γ.
    decay_power(decay_power);
    /// With other least sizes: of √v, and of rms p.
    epsilons(epsilon1, epsilon2);
    /// With another d.
    clipping(clipping);
    /// With weight decay λ.
    weight_decay(weight_decay);
} }

/// The root of the mean square.
fn rms(x: Var<'_>) -> Var<'_> {
    x.square().mean().sqrt()
}

/// The distance from 1 to the next number of the type.
fn machine_epsilon(x: Var<'_>) -> f64 {
    if x.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

impl TensorRule for AdafactorRule {
    fn state(&self, shape: &Shape) -> Vec<(&'static str, Shape)> {
        let n = shape.len();
        if n < 2 {
            return vec![("v", shape.clone())];
        }
        let (mut rows, mut columns) = (shape.to_vec(), shape.to_vec());
        (rows[n - 1], columns[n - 2]) = (1, 1);
        vec![("row", rows.into()), ("column", columns.into())]
    }

    fn coefficients(&self, t: u64) -> Vec<f64> {
        let t = t as f64;
        let rate = self.learning_rate.min(1.0 / t.sqrt());
        let shrink = 1.0 - self.learning_rate * self.weight_decay;
        vec![t.powf(-self.decay_power), rate, self.epsilon1, self.epsilon2, 1.0 / self.clipping, shrink]
    }

    fn update<'t>(
        &self,
        c: &[Var<'t>],
        p: Var<'t>,
        g: Var<'t>,
        state: &[Var<'t>],
    ) -> (Var<'t>, Vec<Var<'t>>) {
        let [fresh, rate, epsilon1, epsilon2, by_clipping, shrink] = c[..] else {
            unreachable!("six coefficients")
        };
        let towards = |old: Var<'t>, new: Var<'t>| old + fresh * (new - old);
        let square = g.square();
        let (v, new) = match state {
            [v] => {
                let v = towards(*v, square);
                (v, vec![v])
            }
            _ => {
                let row = towards(state[0], square.mean_over([-1]).unsqueeze(-1));
                let column = towards(state[1], square.mean_over([-2]).unsqueeze(-2));
                let mean = row.mean_over([-2]).unsqueeze(-2);
                (row * column / mean.maximum(epsilon1.maximum(machine_epsilon(p))), vec![row, column])
            }
        };
        let u = g / v.sqrt().maximum(epsilon1.maximum(machine_epsilon(p)));
        let step = rate * rms(p).maximum(epsilon2) / (rms(u) * by_clipping).maximum(1.0);
        (shrink * p - step * u, new)
    }

    fn hyperparameters(&mut self, each: &mut Hyperparameters<'_>) {
        each("learning_rate", &mut self.learning_rate, Range::NOT_NEGATIVE);
        each("decay_power", &mut self.decay_power, Range::NOT_NEGATIVE);
        each("epsilon1", &mut self.epsilon1, Range::NOT_NEGATIVE);
        each("epsilon2", &mut self.epsilon2, Range::NOT_NEGATIVE);
        each("clipping", &mut self.clipping, Range::POSITIVE);
        each("weight_decay", &mut self.weight_decay, Range::NOT_NEGATIVE);
    }
}
