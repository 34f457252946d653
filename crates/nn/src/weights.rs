//! Weights that are functions of parameters.

use crate::Mode;
use crate::normalize::{self, power_iteration};
use autograd::{Buffer, Initial, Mistake, Param, Scope, Shape, Tape, Var};
use std::cell::RefCell;

/// A weight of given directions and lengths, W = g·v/|v|, with a norm for each place of one axis, or one for all.
///
/// W and v have any shape; g has the length of the axis, and 1 along the others. Source: Salimans & Kingma, *Weight Normalization*, 2016,
/// equation 2.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::WeightNorm;
/// let mut params = Params::f64();
/// // A linear layer of three inputs and two outputs, with a norm for each output.
/// let weight = WeightNorm::new(&mut params.scope("weight"), [3, 2], Some(1), [1.0, 0.0, 2.0, 3.0, 2.0, 4.0]);
/// let tape = Tape::with(&params);
/// // At the start it is v.
/// let y = tape.constant([[1.0, 1.0, 1.0]]).matmul(weight.forward(&tape));
/// assert!((y - tape.constant([[5.0, 7.0]])).abs().max().item() < 1e-14);
/// assert_eq!(params.get::<f64>(weight.length), [3.0, 5.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct WeightNorm {
    /// v, named `direction` in its scope.
    pub direction: Param,
    /// g, named `length` in its scope. At the start it is |v|.
    pub length: Param,
    /// The axis whose places have a norm of their own.
    pub axis: Option<usize>,
}

impl WeightNorm {
    /// A weight of a shape, with initial values.
    ///
    /// # Panics
    /// If the axis does not exist, the scope has parameters of these names, or the number of given values is wrong.
    #[track_caller]
    pub fn new(
        scope: &mut Scope<'_>,
        shape: impl Into<Shape>,
        axis: Option<usize>,
        init: impl Initial,
    ) -> WeightNorm {
        let shape = shape.into();
        let mut of_length = vec![1; shape.len()];
        if let Some(axis) = axis {
            let Some(length) = of_length.get_mut(axis) else {
                Mistake::new(format!("WeightNorm: axis {axis} of {shape}"))
                    .rule(format!("the weight has {} axes, counted from 0", shape.len()))
                    .hint("`None` is one norm for all")
                    .raise();
            };
            *length = shape[axis];
        }
        let values = RefCell::default();
        let direction = scope.param("direction", shape.clone(), Kept(init, &values));
        let mut norms = vec![0.0f64; of_length.iter().product()];
        let after = axis.map_or(1, |axis| shape[axis + 1..].iter().product());
        let places = norms.len();
        for (i, v) in values.borrow().iter().enumerate() {
            let norm = &mut norms[i / after % places];
            *norm = norm.hypot(*v);
        }
        WeightNorm { direction, length: scope.param("length", &of_length[..], &norms[..]), axis }
    }

    /// W.
    ///
    /// # Panics
    /// If the tape does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, tape: &'t Tape<'t>) -> Var<'t> {
        let _layer = tape.within([self.direction, self.length]);
        let axis = self.axis.map(|axis| axis as isize);
        normalize::weight(tape.param(self.direction), tape.param(self.length), axis)
    }
}

/// A weight divided by its largest singular value, W/σ. Two vectors estimate it, σ = uᵀ·W·v, and each step of training brings them closer
/// by a step of power iteration, which is [written](Tape::write) to the state.
///
/// W is \[rows, …\] and is read as a matrix. Source: Miyato et al., *Spectral Normalization for Generative Adversarial Networks*, 2018,
/// equation 8 and algorithm 1.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::{Mode, SpectralNorm};
/// let mut params = Params::f64();
/// let weight = SpectralNorm::new(&mut params.scope("weight"), [2, 2], [4.0, 0.0, 0.0, 1.0]);
/// let tape = Tape::with(&params);
/// let w = weight.forward(&tape, &Mode::Eval);
/// assert!((w - tape.constant([[1.0, 0.0], [0.0, 0.25]])).abs().max().item() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SpectralNorm {
    /// W, named `weight` in its scope.
    pub weight: Param,
    /// u, named `left` in its scope.
    pub left: Buffer,
    /// v, named `right` in its scope.
    pub right: Buffer,
    /// How many steps of power iteration a step of training makes.
    pub steps: usize,
    /// ε, which norms are at least.
    pub epsilon: f64,
}

/// Steps before the first use.
const STEPS: usize = 15;

impl SpectralNorm {
    /// A weight of a shape, with initial values; a step of power iteration for each of training, ε = 10⁻¹².
    ///
    /// # Panics
    /// If the shape has no axis, the scope has parameters or buffers of these names, or the number of given values is wrong.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, shape: impl Into<Shape>, init: impl Initial) -> SpectralNorm {
        let (shape, epsilon) = (shape.into(), 1e-12);
        let [rows, rest @ ..] = &shape[..] else {
            Mistake::new("SpectralNorm: the weight is a single number")
                .rule("the weight is [rows, …]")
                .raise();
        };
        let matrix = RefCell::default();
        let columns = rest.iter().product::<usize>();
        let weight = scope.param("weight", shape.clone(), Kept(init, &matrix));
        let tape = Tape::new();
        let w = tape.constant(&matrix.borrow()[..]).reshape([*rows, columns]);
        // Any first vector will do that is no singular vector of a small value.
        let start: Vec<f64> = (0..columns).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect();
        let (u, v) = power_iteration(w, tape.constant(&start[..]), STEPS, epsilon);
        let left = scope.buffer("left", [*rows], &u.to_vec::<f64>()[..]);
        let right = scope.buffer("right", [columns], &v.to_vec::<f64>()[..]);
        SpectralNorm { weight, left, right, steps: 1, epsilon }
    }

    /// W/σ.
    ///
    /// # Panics
    /// If the tape does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, tape: &'t Tape<'t>, mode: &Mode<'t>) -> Var<'t> {
        let _layer = tape.within([self.weight]);
        let (w, mut u, mut v) = (tape.param(self.weight), tape.buffer(self.left), tape.buffer(self.right));
        if mode.is_train() {
            (u, v) = power_iteration(w, v, self.steps, self.epsilon);
            tape.write(self.left, u);
            tape.write(self.right, v);
        }
        normalize::spectral(w, u, v)
    }
}

/// Initial values, of which a copy is kept.
struct Kept<'a, I>(I, &'a RefCell<Vec<f64>>);

impl<I: Initial> Initial for Kept<'_, I> {
    fn values(&self, name: &str, shape: &[usize], seed: u64) -> Vec<f64> {
        let values = self.0.values(name, shape, seed);
        self.1.replace(values.clone());
        values
    }
}
