//! Functions of two variables, written once for the tape: a point, or many at once.

use std::ops::Range;
use wengert::prelude::*;

/// A function to be minimised; its minimum is 0.
pub(crate) struct Surface {
    pub(crate) formula: &'static str,
    /// Values at which the picture has contour lines.
    pub(crate) levels: &'static [f64],
    /// What the picture shows of x and of y; without y, both axes have the same scale.
    pub(crate) ranges: (Range<f64>, Option<Range<f64>>),
    function: for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>,
}

/// The notebook's quadratic function.
pub(crate) static BOWL: Surface = Surface {
    formula: "x² + y²",
    levels: &[0.25, 1.0, 2.0, 3.5, 5.5, 8.0, 11.0, 14.5],
    ranges: (-3.4..3.4, None),
    function: |x, y| x.square() + y.square(),
};

/// Rosenbrock's valley along y = x², with its minimum at (1, 1).
pub(crate) static VALLEY: Surface = Surface {
    formula: "(1 − x)² + 100·(y − x²)²",
    levels: &[1.0, 4.0, 15.0, 50.0, 150.0, 400.0, 1000.0],
    ranges: (-2.0..2.0, Some(-0.8..3.2)),
    function: |x, y| (1.0 - x).square() + 100.0 * (y - x.square()).square(),
};

impl Surface {
    /// The values at many points, in one pass.
    pub(crate) fn values(&self, points: &[(f64, f64)]) -> Vec<f64> {
        let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let tape = Tape::new();
        (self.function)(tape.constant(&x), tape.constant(&y)).to_vec()
    }

    /// The gradient at a point. The memory of the tape is reused.
    pub(crate) fn gradient(&self, tape: &mut Tape<'static>, [x, y]: [f64; 2]) -> [f64; 2] {
        tape.reset();
        let (x, y) = (tape.var(x), tape.var(y));
        (self.function)(x, y).grad([x, y]).map(|slope| slope.item())
    }
}
