//! A model summed up.

use autograd::{Params, Summary, Tape, Var};

/// What a forward pass does, layer by layer: ops, shapes of the results, parameters and floating-point operations. It is traced, and no
/// value is computed. See [`Summary`].
///
/// # Panics
/// Where recording does, and if `forward` reads a value.
///
/// ```
/// use autograd::{ConvForm, Params, PoolForm};
/// use nn::{BatchNorm, Conv2d, Linear, Mode, Pool2d};
/// let mut params = Params::f32();
/// let mut net = params.scope("net");
/// let conv = Conv2d::new(&mut net.scope("conv"), 3, 8, 3, ConvForm::default().padding(1));
/// let norm = BatchNorm::new(&mut net.scope("norm"), 8);
/// let out = Linear::new(&mut net.scope("out"), 8 * 16 * 16, 10);
/// let summary = nn::summary(&params, |t| {
///     let x = norm.forward(conv.forward(t.input("x", [1, 3, 32, 32])), &Mode::Eval);
///     out.forward(nn::flatten(Pool2d::Max(PoolForm::of(2)).forward(x.relu())))
/// });
/// println!("{summary}");
/// let shapes: Vec<String> = summary.rows.iter().map(|row| row.output.to_string()).collect();
/// assert_eq!(shapes, ["[1×3×32×32]", "[1×8×32×32]", "[1×8×32×32]", "[1×2048]", "[1×10]"]);
/// assert_eq!(summary.rows[1].parameters, 8 * 3 * 9 + 8);
/// ```
#[track_caller]
pub fn summary(params: &Params, forward: impl for<'t> FnOnce(&'t Tape<'t>) -> Var<'t>) -> Summary {
    Summary::of(params, forward)
}
