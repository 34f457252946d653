//! Cells of recurrent networks: one step in time.

use crate::Linear;
use autograd::{Mistake, Scope, Var};

/// A cell of long short-term memory. From the sum of two affine maps, z = x·W + b + h·U + d, come four gates side by side:
/// c′ = σ(z_f)·c + σ(z_i)·tanh(z_g) and h′ = σ(z_o)·tanh(c′).
///
/// x is \[n, inputs\]; h and c are \[n, units\], and so are h′ and c′. The gates stand in the order i, f, g, o. Source: Hochreiter &
/// Schmidhuber, *Long Short-Term Memory*, 1997, with the forget gate of Gers, Schmidhuber & Cummins, 2000.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::LstmCell;
/// let mut params = Params::f64().with_seed(1);
/// let cell = LstmCell::new(&mut params.scope("cell"), 3, 2);
/// let tape = Tape::with(&params);
/// let (x, zeros) = (tape.constant([[0.5, -1.0, 2.0]]), tape.constant([[0.0, 0.0]]));
/// let (h, c) = cell.forward(x, (zeros, zeros));
/// assert_eq!((h.shape(), c.shape()), (zeros.shape(), zeros.shape()));
/// assert!(h.abs().max().item() < c.tanh().abs().max().item());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LstmCell {
    /// W of \[inputs, 4·units\] and b, named `input` in the scope.
    pub input: Linear,
    /// U of \[units, 4·units\] and d, named `hidden` in the scope.
    pub hidden: Linear,
}

impl LstmCell {
    /// A cell with Xavier-normal weights and zero biases.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, inputs: usize, units: usize) -> LstmCell {
        let input = Linear::new(&mut scope.scope("input"), inputs, 4 * units);
        LstmCell { input, hidden: Linear::new(&mut scope.scope("hidden"), units, 4 * units) }
    }

    /// h′ and c′ for x and the state (h, c).
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, (h, c): (Var<'t>, Var<'t>)) -> (Var<'t>, Var<'t>) {
        let _layer = x.tape().within([self.input.weight, self.hidden.weight]);
        LstmCell::step(self.input.forward(x) + self.hidden.forward(h), c)
    }

    /// h′ and c′ for the gates z of \[…, 4·units\] before their functions, and c of \[…, units\].
    ///
    /// # Panics
    /// If shapes do not fit.
    ///
    /// ```
    /// let tape = autograd::Tape::new();
    /// let gates = tape.var([[0.0, 0.0, 1.0, 0.0]]);
    /// let (h, c) = nn::LstmCell::step(gates, tape.var([[2.0]]));
    /// assert!((c.item() - 1.0 - 0.5 * 1f64.tanh()).abs() < 1e-15);
    /// assert!((h.item() - 0.5 * c.item().tanh()).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn step<'t>(z: Var<'t>, c: Var<'t>) -> (Var<'t>, Var<'t>) {
        let [i, f, g, o] = gates("LstmCell", z, c);
        let c = f.sigmoid() * c + i.sigmoid() * g.tanh();
        (o.sigmoid() * c.tanh(), c)
    }
}

/// A cell of gated recurrent units. From two affine maps, a = x·W + b and z = h·U + d, come three gates side by side:
/// r = σ(a_r + z_r), u = σ(a_u + z_u), n = tanh(a_n + r·z_n), and h′ = (1 − u)·n + u·h.
///
/// x is \[n, inputs\], h is \[n, units\], and so is h′. The gates stand in the order r, u, n; the reset gate r multiplies after
/// the product. Source: Cho et al., *Learning Phrase Representations using RNN Encoder–Decoder*, 2014, with r as in cuDNN.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::GruCell;
/// let mut params = Params::f64().with_seed(1);
/// let cell = GruCell::new(&mut params.scope("cell"), 3, 2);
/// let tape = Tape::with(&params);
/// let h = cell.forward(tape.constant([[0.5, -1.0, 2.0]]), tape.constant([[0.0, 0.0]]));
/// assert!(h.abs().max().item() < 1.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GruCell {
    /// W of \[inputs, 3·units\] and b, named `input` in the scope.
    pub input: Linear,
    /// U of \[units, 3·units\] and d, named `hidden` in the scope.
    pub hidden: Linear,
}

impl GruCell {
    /// A cell with Xavier-normal weights and zero biases.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, inputs: usize, units: usize) -> GruCell {
        let input = Linear::new(&mut scope.scope("input"), inputs, 3 * units);
        GruCell { input, hidden: Linear::new(&mut scope.scope("hidden"), units, 3 * units) }
    }

    /// h′ for x and h.
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>, h: Var<'t>) -> Var<'t> {
        let _layer = x.tape().within([self.input.weight, self.hidden.weight]);
        GruCell::step(self.input.forward(x), self.hidden.forward(h), h)
    }

    /// h′ for a and z of \[…, 3·units\], before the functions of the gates, and h of \[…, units\].
    ///
    /// # Panics
    /// If shapes do not fit.
    ///
    /// ```
    /// let tape = autograd::Tape::new();
    /// let (a, z) = (tape.var([[0.0, 0.0, 1.0]]), tape.var([[0.0, 0.0, 2.0]]));
    /// let h = nn::GruCell::step(a, z, tape.var([[3.0]]));
    /// assert!((h.item() - 0.5 * 2f64.tanh() - 1.5).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn step<'t>(a: Var<'t>, z: Var<'t>, h: Var<'t>) -> Var<'t> {
        let ([r, u, n], [r_h, u_h, n_h]) = (gates("GruCell", a, h), gates("GruCell", z, h));
        let n = (n + (r + r_h).sigmoid() * n_h).tanh();
        n + (u + u_h).sigmoid() * (h - n)
    }
}

/// Equal parts of the last axis, each as wide as the state.
#[track_caller]
fn gates<'t, const N: usize>(cell: &str, z: Var<'t>, state: Var<'t>) -> [Var<'t>; N] {
    let units = state.shape().last().copied().unwrap_or(0);
    if state.rank() == 0 || z.shape().last() != Some(&(N * units)) {
        Mistake::new(format!("{cell}: gates {} and state {} do not fit", z.shape(), state.shape()))
            .line("gates", z.describe())
            .line("state", state.describe())
            .rule(format!("{N} gates stand side by side, each as wide as the state"))
            .hint(format!("these gates are of {} units", z.shape().last().map_or(0, |all| all / N)))
            .raise();
    }
    std::array::from_fn(|k| z.slice(-1, k * units..(k + 1) * units))
}
